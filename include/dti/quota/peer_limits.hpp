#pragma once

#include <cstdint>

namespace dti {

/// How much the peers of a port may use; 0: no limit. Peers on this machine (Network::kLocal) have no limit, apart from
/// messages_per_second for those with a key: old proxies, tunnels and tests end there, so one address is many peers.
struct PeerLimits {
  std::int64_t connections_max = 0;          // in all
  std::int64_t connections_per_address = 0;  // of each Network
  std::int64_t messages_per_second = 0;      // of each key, or without a key of each Network
  bool are_for_local = false;                // peers on this machine have these limits too, for tests
};

}  // namespace dti
