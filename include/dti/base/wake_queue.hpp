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

/// A bounded queue from any number of threads to one thread that waits in a poll set. push() makes descriptor()
/// readable, and waits while the queue is full.
/// It uses a mutex and an eventfd instead of an inproc socket, so that no payload passes through ZeroMQ.
template <typename T>
class WakeQueue {
 public:
  /// @param capacity  how many values the queue holds, at least 1
  /// @throws std::system_error  if no descriptor is left
  explicit WakeQueue(std::size_t capacity) : capacity_(capacity), descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
  }
  ~WakeQueue() { ::close(descriptor_); }
  WakeQueue(const WakeQueue&) = delete;
  WakeQueue& operator=(const WakeQueue&) = delete;

  /// Adds a value, and waits while the queue is full. After close() it drops the value. Thread: any.
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
    // It fails only when the counter is full, and then the descriptor is readable already.
    if (was_empty) [[maybe_unused]]
      const auto written = write(descriptor_, &one, sizeof one);
  }

  /// Removes and returns all values, in the order in which they were pushed. Never waits. Thread: the reader.
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

  /// Ends the queue: each push(), also one that waits now, returns without adding its value. Thread: the reader.
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
  // Shared between the threads that push and the reader.
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<T> values_;
  bool is_closed_ = false;
};

}  // namespace dti
