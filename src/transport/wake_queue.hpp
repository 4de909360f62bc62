#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace dti {

/// Hands values from other threads to one that waits in a poll set: push() makes descriptor() readable.
/// A mutex and an eventfd rather than an inproc socket: no payload passes through ZeroMQ.
template <typename T>
class WakeQueue {
 public:
  WakeQueue() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
  }
  ~WakeQueue() { close(descriptor_); }
  WakeQueue(const WakeQueue&) = delete;
  WakeQueue& operator=(const WakeQueue&) = delete;

  /// Thread: any.
  void push(T value) {
    bool was_empty = false;
    {
      const std::lock_guard lock{mutex_};
      was_empty = values_.empty();
      values_.push_back(std::move(value));
    }
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the reader is awake already.
    if (was_empty) [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
  }

  /// Everything pushed since the last call, in order. Thread: the one that waits.
  [[nodiscard]] std::vector<T> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read_bytes = read(descriptor_, &count, sizeof count);
    const std::lock_guard lock{mutex_};
    return std::exchange(values_, {});
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  // Fixed after construction.
  const int descriptor_;
  // Shared between the threads that push and the one that takes.
  std::mutex mutex_;
  std::vector<T> values_;
};

}  // namespace dti
