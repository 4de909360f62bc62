#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dti/base/log.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/service/faculty/faculty_service.hpp"
#include "dti/transport/faculty/faculty_figures.hpp"

namespace dti {

struct FacultyNodeOptions {
  FacultyOptions service;  // its client.endpoints are the servers' host:port
  std::string bind_host = "127.0.0.1";
  std::uint16_t port = 5000;       // 0: the system chooses a free port
  bool publishes_figures = false;  // for monitoring; the loop then turns at least ten times a second
};

/// The options that may change while a faculty runs, as in FacultyOptions.
struct FacultyChanges {
  std::size_t programs_min = 1;
  std::chrono::milliseconds batch_wait{};
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

  /// The address at which programs reach it, such as `tcp://127.0.0.1:5000`, with the port that was chosen.
  [[nodiscard]] std::string endpoint() const;

  /// The newest figures; only those of the start without publishes_figures. They live as long as this. Thread: any.
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
