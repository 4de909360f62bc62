#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/cli/line_writer.hpp"

namespace dti {

/// Prints the lines that give the address of a daemon on stdout, such as `READY tcp://…`. It never waits for the
/// reader of stdout. Thread: one.
class Announcements {
 public:
  /// @throws std::system_error  if the system has no thread left
  explicit Announcements(LogSink log);

  /// Queues the line `WORD ENDPOINT` for the first endpoint, and a line `ALSO ENDPOINT` for each other one. If the
  /// first line cannot be written, the failure is logged and the process is asked to stop (SIGTERM), because its reader
  /// would never learn the address. A later line is written as soon as possible.
  /// @param word  such as READY
  void say(const std::string& word, const std::vector<std::string>& endpoints);
  /// Tells whether the first line could not be written.
  [[nodiscard]] bool has_failed() const;
  /// Waits a short time for the last lines. Call it before the process exits.
  void finish();

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;  // with the writer's thread
  LineWriter writer_;
};

}  // namespace dti
