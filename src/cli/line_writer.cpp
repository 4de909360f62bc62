#include "dti/cli/line_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace dti {

struct LineWriter::State {
  explicit State(Options given) : options(std::move(given)) {}

  /// Waits for lines.
  /// @return the next lines, as many as a pipe accepts in one write; empty at the end
  std::string take() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return !lines.empty() || is_finishing; });
    std::string text;
    if (dropped > 0 && options.gap_line) text = options.gap_line(std::exchange(dropped, 0));
    while (!lines.empty() && (text.empty() || text.size() + lines.front().size() <= PIPE_BUF)) {
      text += lines.front();
      bytes -= lines.front().size();
      lines.pop_front();
    }
    return text;
  }

  /// Waits between two tries.
  /// @return false if finish() was called, and the writer must end
  bool wait_to_retry() {
    std::unique_lock lock{mutex};
    return !changed.wait_for(lock, kRetryInterval, [&] { return is_finishing; });
  }

  // Fixed after construction.
  const Options options;
  // Shared with the threads that ask for it, so that none of them holds the mutex for that.
  std::array<std::atomic<std::uint64_t>, kLogDropReasonCount> dropped_in_all{};
  std::atomic<bool> write_fails{false};  // the last write failed
  // Shared with the writer's thread.
  std::mutex mutex;
  std::condition_variable changed;
  std::condition_variable ended;
  std::deque<std::string> lines;
  std::size_t bytes = 0;      // of the lines
  std::uint64_t dropped = 0;  // since the last gap_line
  bool is_finishing = false;
  bool has_ended = false;
};

LineWriter::LineWriter(Options options) : state_(std::make_shared<State>(std::move(options))) {
  std::thread{[state = state_] { run(*state); }}.detach();  // it may wait forever for a reader
}

// @return false if the text cannot be written and the writer must end
bool LineWriter::write_all(State& state, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(state.options.descriptor, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
      state.write_fails = false;
    } else if (errno == EAGAIN) {  // another process has set O_NONBLOCK on the pipe
      pollfd item{state.options.descriptor, POLLOUT, 0};
      poll(&item, 1, -1);
    } else if (errno != EINTR) {
      const auto reason = std::generic_category().message(errno);
      if (!state.write_fails.exchange(true) && state.options.on_failure) state.options.on_failure(reason);
      if (!state.wait_to_retry()) return false;
    }
  }
  return true;
}

LineWriter::~LineWriter() { finish(std::chrono::milliseconds{0}); }

void LineWriter::run(State& state) {
  for (std::string text = state.take(); !text.empty(); text = state.take()) {
    if (!write_all(state, text)) break;
  }
  const std::lock_guard lock{state.mutex};
  state.has_ended = true;
  state.ended.notify_all();
}

void LineWriter::write(std::string line) {
  auto& state = *state_;
  const std::lock_guard lock{state.mutex};
  state.bytes += line.size();
  state.lines.push_back(std::move(line));
  while (state.bytes > kQueueBytesMax && state.lines.size() > 1) {
    state.bytes -= state.lines.front().size();
    state.lines.pop_front();
    ++state.dropped;
    const auto reason = state.write_fails ? LogDropReason::kNotWritten : LogDropReason::kNotRead;
    ++state.dropped_in_all[static_cast<std::size_t>(reason)];
  }
  state.changed.notify_one();
}

LogDrops LineWriter::dropped() const {
  LogDrops drops{};
  for (std::size_t reason = 0; reason < drops.size(); ++reason) drops[reason] = state_->dropped_in_all[reason];
  return drops;
}

void LineWriter::finish(std::chrono::milliseconds bound) {
  std::unique_lock lock{state_->mutex};
  state_->is_finishing = true;
  state_->changed.notify_all();
  state_->ended.wait_for(lock, bound, [&] { return state_->has_ended; });
}

}  // namespace dti
