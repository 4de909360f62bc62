#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace dti {

/// The newest value that one thread has published for others. The thread that publishes never waits for a reader, not even
/// for one that the system has suspended. A reader waits at most while a pointer is exchanged, and never frees a value,
/// because freeing memory can make the thread that allocated it wait.
/// @tparam Mutex  another one only for a test
template <typename T, typename Mutex = std::mutex>
class Board {
 public:
  explicit Board(T first) : newest_(std::make_shared<const T>(std::move(first))) {}

  /// Frees the values before this one that no reader has any more. Thread: the one that publishes.
  /// @return false: a reader took the newest value at the same moment, and nothing was published. Try again later.
  [[nodiscard]] bool publish(T value) {
    auto newest = std::make_shared<const T>(std::move(value));
    {
      const std::unique_lock lock{mutex_, std::try_to_lock};
      if (!lock) return false;
      newest_.swap(newest);
    }
    earlier_.push_back(std::move(newest));
    const auto is_unread = [](const std::shared_ptr<const T>& each) { return each.use_count() == 1; };
    earlier_.erase(std::remove_if(earlier_.begin(), earlier_.end(), is_unread), earlier_.end());
    return true;
  }

  /// Never null. Thread: any.
  [[nodiscard]] std::shared_ptr<const T> newest() const {
    const std::lock_guard lock{mutex_};
    return newest_;
  }

 private:
  // The thread that publishes only.
  std::vector<std::shared_ptr<const T>> earlier_;  // at most one for each reader, and the last one
  // Shared between the thread that publishes and those that read.
  mutable Mutex mutex_;
  std::shared_ptr<const T> newest_;
};

}  // namespace dti
