#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace dti {

/// The newest value that one thread has published for others. Neither side ever waits for the other: the mutex is held
/// while a pointer is exchanged or copied, and not while a value is made, read or freed.
template <typename T>
class Board {
 public:
  explicit Board(T first) : newest_(std::make_shared<const T>(std::move(first))) {}

  /// Thread: the one that publishes.
  void publish(T value) {
    auto newest = std::make_shared<const T>(std::move(value));
    {
      const std::lock_guard lock{mutex_};
      newest_.swap(newest);
    }
    // The value before is freed here, if no reader has it.
  }

  /// Never null. Thread: any.
  [[nodiscard]] std::shared_ptr<const T> newest() const {
    const std::lock_guard lock{mutex_};
    return newest_;
  }

 private:
  // Shared between the thread that publishes and those that read.
  mutable std::mutex mutex_;
  std::shared_ptr<const T> newest_;
};

}  // namespace dti
