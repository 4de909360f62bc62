#include "dti/service/ledger/round_lots.hpp"

#include <string_view>

namespace dti {
namespace {

constexpr std::string_view kTag = "dti-lot-1";

template <std::size_t kSize>
std::string_view view_of(const std::array<std::uint8_t, kSize>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

RoundLots::RoundLots(const RoundSecret& secret, const Seal& seal) {
  hash_.add(kTag);
  hash_.add(view_of(secret.bytes));
  hash_.add(view_of(seal.bytes));
}

std::uint64_t RoundLots::of(ProgramId program) const {
  std::array<std::uint8_t, sizeof(std::uint64_t)> id;
  auto number = static_cast<std::uint64_t>(program);
  for (auto byte = id.rbegin(); byte != id.rend(); ++byte, number >>= 8) *byte = static_cast<std::uint8_t>(number);
  auto hash = hash_;
  hash.add(view_of(id));
  const auto bytes = hash.finish().bytes;
  std::uint64_t lot = 0;
  for (std::size_t i = 0; i < sizeof lot; ++i) lot = lot << 8 | bytes[i];
  return lot;
}

}  // namespace dti
