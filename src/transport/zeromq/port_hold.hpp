#pragma once

#include <string>

namespace dti {

/// Reserves a TCP port for this process while no socket listens on it. Connections are refused, and no other process
/// can get the port. Linux allows another socket to listen on the port of a bound socket only if both have
/// SO_REUSEADDR; this socket has it from share() to keep().
/// Thread: one.
class PortHold {
 public:
  /// @param endpoint  a numeric address on which no socket listens now, such as `tcp://127.0.0.1:6000`
  /// @throws std::system_error  if another process has the port
  explicit PortHold(const std::string& endpoint);
  ~PortHold();
  PortHold(const PortHold&) = delete;
  PortHold& operator=(const PortHold&) = delete;

  /// Allows a socket with SO_REUSEADDR, such as libzmq's, to listen on the port.
  void share();
  /// Allows no other socket to listen on the port.
  void keep();

 private:
  const int socket_;
};

}  // namespace dti
