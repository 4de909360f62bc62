#pragma once

#include <string>

namespace dti {

/// Holds a TCP port for this process while nothing listens on it: connections are refused, and no other process gets the
/// port. Linux refuses to listen beside a bound socket unless both have SO_REUSEADDR, which this one has while share().
/// Thread: one.
class PortHold {
 public:
  /// @param endpoint  a numeric address on which nothing listens now, such as `tcp://127.0.0.1:6000`
  /// @throws std::system_error  if another process has it
  explicit PortHold(const std::string& endpoint);
  ~PortHold();
  PortHold(const PortHold&) = delete;
  PortHold& operator=(const PortHold&) = delete;

  /// A socket of this process may listen there; libzmq's have SO_REUSEADDR.
  void share();
  /// Again nobody may.
  void keep();

 private:
  const int socket_;
};

}  // namespace dti
