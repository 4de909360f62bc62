#pragma once

#include <memory>
#include <string>

#include "dti/base/log.hpp"
#include "dti/cli/line_writer.hpp"

namespace dti {

/// The lines on stdout that say where a daemon can be reached: `READY tcp://…`. They never wait for the reader of stdout.
/// Thread: one.
class Announcements {
 public:
  /// @throws std::system_error  if the system has no thread left
  explicit Announcements(LogSink log);

  /// If the first line cannot be written, whoever waits for it would wait for ever: that is logged, and the process is
  /// asked to stop (SIGTERM). A later one is written as soon as it can be.
  /// @param word  such as READY
  void say(const std::string& word, const std::string& endpoint);
  /// Could the first line not be written?
  [[nodiscard]] bool has_failed() const;
  /// To be called before the process is left.
  void finish();

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;  // with the writer's thread
  LineWriter writer_;
};

}  // namespace dti
