#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dti/base/descriptor.hpp"
#include "dti/quota/network.hpp"

namespace dti {

/// Looks at TCP connections that libzmq owns, and ends them. libzmq reports only the number of a descriptor. By the
/// time of the report, the number may belong to another connection, or to a file. A duplicate of the descriptor cannot
/// change, so everything is asked of a duplicate.
/// Thread: one.
class AcceptedConnection {
 public:
  /// Reserves its descriptors, so that it can end connections when no descriptor is left.
  /// @throws std::system_error
  AcceptedConnection();

  /// Takes hold of a connection until the next call.
  /// @param ports  at which this process listens
  /// @return the network of its peer; none if the number does not belong to a connection at one of these ports
  [[nodiscard]] std::optional<Network> hold(int descriptor, std::span<const std::uint16_t> ports);
  /// Ends the connection that is held, as if its peer had closed it: libzmq then closes the descriptor.
  void end();
  /// Lets go, so that the end of a connection is the end of its resources.
  void release();

 private:
  Descriptor nothing_;
  Descriptor held_;  // a duplicate of the connection, or of nothing_
};

}  // namespace dti
