#include "dti/quota/connection_table.hpp"

namespace dti {

ConnectionTable::Verdict ConnectionTable::add(int descriptor, Network network) {
  remove(descriptor);  // the system has given the number again, so an earlier connection with it has ended
  auto& stored = networks_[descriptor];
  if (network == Network::kLocal && !limits_.are_for_local) return Verdict::kAdmitted;
  if (limits_.connections_max > 0 && admitted_ >= limits_.connections_max) return Verdict::kFull;
  const auto found = counts_.find(network);
  const auto count = found == counts_.end() ? 0 : found->second;
  if (limits_.connections_per_address > 0 && count >= limits_.connections_per_address) return Verdict::kAddressFull;
  stored = network;
  ++counts_[network];
  ++admitted_;
  return Verdict::kAdmitted;
}

void ConnectionTable::remove(int descriptor) {
  const auto found = networks_.find(descriptor);
  if (found == networks_.end()) return;
  const auto network = found->second;
  networks_.erase(found);
  if (!network) return;
  --admitted_;
  const auto count = counts_.find(*network);
  if (--count->second == 0) counts_.erase(count);
}

}  // namespace dti
