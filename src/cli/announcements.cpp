#include "dti/cli/announcements.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <utility>

namespace dti {
namespace {

constexpr std::chrono::milliseconds kFinishTime{100};

}  // namespace

struct Announcements::Shared {
  std::atomic<int> lines_said{0};
  std::atomic<bool> has_failed{false};
};

Announcements::Announcements(LogSink log)
    : shared_(std::make_shared<Shared>()),
      writer_({STDOUT_FILENO, {}, [shared = shared_, log = std::move(log)](const std::string& reason) {
                 if (shared->lines_said > 1) return;
                 shared->has_failed = true;
                 log({LogLevel::kError,
                      "not-announced",
                      "the process stops because its READY or STANDBY line could not be written to stdout: " + reason,
                      {}});
                 kill(getpid(), SIGTERM);
               }}) {}

void Announcements::say(const std::string& word, const std::vector<std::string>& endpoints) {
  ++shared_->lines_said;
  std::string lines;  // together, so that a reader that wants all of them waits for none
  for (const auto& endpoint : endpoints) lines += (lines.empty() ? word : "ALSO") + ' ' + endpoint + '\n';
  writer_.write(std::move(lines));
}

bool Announcements::has_failed() const { return shared_->has_failed; }

void Announcements::finish() { writer_.finish(kFinishTime); }

}  // namespace dti
