#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include "dti/quota/network.hpp"
#include "dti/quota/peer_limits.hpp"

namespace dti {

/// The connections of a port, by the descriptors that libzmq reports, and which of them exceed a limit. It makes no
/// system calls. Thread: one.
class ConnectionTable {
 public:
  enum class Verdict {
    kAdmitted,
    kAddressFull,  // its network has as many as it may have
    kFull,         // all networks together have
  };

  explicit ConnectionTable(const PeerLimits& limits) : limits_(limits) {}

  /// From now on. Connections that exceed a smaller limit stay.
  void change(const PeerLimits& limits) { limits_ = limits; }

  /// A connection was made. One that is not admitted is in the table too, but does not count for the limits.
  Verdict add(int descriptor, Network network);
  /// A connection has ended.
  void remove(int descriptor);

  /// All connections.
  [[nodiscard]] std::size_t count() const { return networks_.size(); }

 private:
  PeerLimits limits_;
  std::unordered_map<int, std::optional<Network>> networks_;  // by descriptor; none: it does not count
  std::map<Network, std::int64_t> counts_;                    // of the admitted ones
  std::int64_t admitted_ = 0;                                 // their sum
};

}  // namespace dti
