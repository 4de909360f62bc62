#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace dti {

/// Hands values from other threads to one that waits in a poll set: push() makes descriptor() readable, and waits while
/// the queue is full.
/// A mutex and an eventfd rather than an inproc socket: no payload passes through ZeroMQ.
template <typename T>
class WakeQueue {
 public:
  explicit WakeQueue(std::size_t capacity) : capacity_(capacity), descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
  }
  ~WakeQueue() { ::close(descriptor_); }
  WakeQueue(const WakeQueue&) = delete;
  WakeQueue& operator=(const WakeQueue&) = delete;

  /// Waits for room; after close() the value is let go. Thread: any.
  void push(T value) {
    bool was_empty = false;
    {
      std::unique_lock lock{mutex_};
      room_.wait(lock, [this] { return is_closed_ || values_.size() < capacity_; });
      if (is_closed_) return;
      was_empty = values_.empty();
      values_.push_back(std::move(value));
    }
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the reader is awake already.
    if (was_empty) [[maybe_unused]]
      const auto written = write(descriptor_, &one, sizeof one);
  }

  /// Everything pushed since the last call, in order. Thread: the one that waits.
  [[nodiscard]] std::vector<T> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read_bytes = read(descriptor_, &count, sizeof count);
    std::vector<T> taken;
    {
      const std::lock_guard lock{mutex_};
      taken = std::exchange(values_, {});
    }
    room_.notify_all();
    return taken;
  }

  /// Nothing is taken any more: whoever waits for room goes on. Thread: the one that took.
  void close() {
    {
      const std::lock_guard lock{mutex_};
      is_closed_ = true;
    }
    room_.notify_all();
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  // Fixed after construction.
  const std::size_t capacity_;
  const int descriptor_;
  // Shared between the threads that push and the one that takes.
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<T> values_;
  bool is_closed_ = false;
};

}  // namespace dti
