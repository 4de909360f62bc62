#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dti/base/log.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/service/faculty/faculty_service.hpp"

namespace dti {

struct FacultyNodeOptions {
  FacultyOptions service;  // its client.endpoints are the servers' host:port
  std::string bind_host = "127.0.0.1";
  std::uint16_t port = 5000;  // 0: any free one
};

/// A faculty on the network: listens for programs, asks the servers, and answers each program in the envelope of its
/// request. The thread, sockets and clock around a FacultyService.
/// Thread: one, the one that calls run().
class FacultyNode {
 public:
  /// Listens, so that programs may ask from now on; they are served once run() is called.
  /// @throws std::runtime_error  with a sentence for people, if it cannot listen there
  FacultyNode(FacultyNodeOptions options, LogSink log);
  ~FacultyNode();
  FacultyNode(const FacultyNode&) = delete;
  FacultyNode& operator=(const FacultyNode&) = delete;

  /// Where programs reach it, such as `tcp://127.0.0.1:5000`, with the port that was found.
  [[nodiscard]] std::string endpoint() const;

  /// Serves until the work is done (a semester was given and is served) or a stop is asked for. To be called once.
  /// The last answers have left when it returns, unless a program does not take them. A lookup of a server's name does
  /// not hold the end up, and may outlive it: see lookup_hangs().
  /// @return the exit code: 0 clean, 1 if a stop could not wait for the answers
  [[nodiscard]] int run(StopSignals& stop);

 private:
  class Shell;
  std::unique_ptr<Shell> shell_;
};

}  // namespace dti
