#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/quota/peer_limits.hpp"
#include "dti/service/faculty/faculty_service.hpp"
#include "dti/transport/faculty/faculty_figures.hpp"
#include "dti/transport/zeromq/locks.hpp"

namespace dti {

struct FacultyNodeOptions {
  FacultyOptions service;                                // its client.endpoints are the servers' host:port
  std::vector<ListenAt> listen_at{{"127.0.0.1", 5000}};  // at least one
  std::optional<PortLock> lock = {};                     // needed for a secured address
  std::vector<ClientLock> server_locks = {};             // one for each server; empty: plain connections
  PeerLimits limits = {};                                // of programs
  std::size_t memory_max = 0;  // bytes of the process; above it, all connections of programs are closed; 0: no limit
  std::string memory_max_name = "the memory limit";  // the name of memory_max in the log; a program gives its flag
};

/// The options that may change while a faculty runs, as in FacultyOptions.
struct FacultyChanges {
  std::size_t programs_min = 1;
  std::chrono::milliseconds batch_wait{};
  PeerLimits limits = {};            // as in FacultyNodeOptions
  std::size_t memory_max = 0;        // as in FacultyNodeOptions
  std::optional<KeyList> keys = {};  // of programs that may connect; none: they stay
};

/// A faculty on the network: it listens for programs, sends requests to the servers, and replies to each program in the
/// envelope of its request. It has the thread, the sockets and the clock for a FacultyService.
/// Thread: one, the one that calls run().
class FacultyNode {
 public:
  /// Begins to listen, so that programs can send requests. run() handles them.
  /// @throws std::runtime_error  with a sentence for people, if it cannot listen there
  FacultyNode(FacultyNodeOptions options, LogSink log);
  ~FacultyNode();
  FacultyNode(const FacultyNode&) = delete;
  FacultyNode& operator=(const FacultyNode&) = delete;

  /// The addresses at which programs reach it, such as `tcp://127.0.0.1:5000` and `curve://127.0.0.1:5001`, with the
  /// ports that were chosen.
  [[nodiscard]] const std::vector<std::string>& endpoints() const;
  /// The first of them.
  [[nodiscard]] const std::string& endpoint() const { return endpoints().front(); }

  /// The newest figures, at most 0.1 s old while run() runs. They live as long as this. Thread: any.
  [[nodiscard]] const FacultyBoard& figures() const;

  /// Serves until the work is complete (only if a semester was given) or a stop is requested. Call it once.
  /// The last replies have been sent when it returns, unless a program does not read them. It does not wait for the end
  /// of a name lookup, which may outlive it: see lookup_hangs().
  /// @return the exit code: 0 after a clean end, 1 if a stop ended before the servers had replied
  [[nodiscard]] int run(StopSignals& stop);

  /// Call it on the thread of run(), from a handler of the stop signals.
  void change(const FacultyChanges& changes);

 private:
  class Shell;
  std::unique_ptr<Shell> shell_;
};

}  // namespace dti
