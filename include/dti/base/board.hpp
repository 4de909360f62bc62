#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace dti {

/// The newest value that one thread has published for others. The thread that publishes never waits for a reader, not even
/// for one that the system has suspended. A reader waits at most while a pointer is exchanged.
template <typename T>
class Board {
 public:
  explicit Board(T first) : newest_(std::make_shared<const T>(std::move(first))) {}

  /// Thread: the one that publishes.
  /// @return false: a reader took the newest value at the same moment, and nothing was published. Try again later.
  [[nodiscard]] bool publish(T value) {
    auto newest = std::make_shared<const T>(std::move(value));
    {
      const std::unique_lock lock{mutex_, std::try_to_lock};
      if (!lock) return false;
      newest_.swap(newest);
    }
    return true;  // the value before is freed here, if no reader has it
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
