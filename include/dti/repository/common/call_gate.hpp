#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace dti {

/// Lets one thread interrupt the call that another thread is making. Has no effect if no call is in progress.
class CallGate {
 public:
  /// A call is in progress while this object lives. Thread: the one that calls.
  class Scope {
   public:
    explicit Scope(CallGate& gate) : gate_(gate) {
      const std::lock_guard lock{gate_.mutex_};
      gate_.under_way_ = true;
      gate_.interrupted_ = false;
    }
    ~Scope() {
      const std::lock_guard lock{gate_.mutex_};
      gate_.under_way_ = false;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    CallGate& gate_;
  };

  /// From now on, interrupt() runs `cut` to end the wait of a call. `cut` must not block, and does not run after
  /// detach() has returned. If the call in progress was interrupted already, attach() runs `cut` at once.
  void attach(std::function<void()> cut) {
    const std::lock_guard lock{mutex_};
    cut_ = std::move(cut);
    if (under_way_ && interrupted_ && cut_) {
      cut_();
    }
  }
  void detach() {
    const std::lock_guard lock{mutex_};
    cut_ = nullptr;
  }

  /// Thread: any.
  void interrupt() noexcept {
    const std::lock_guard lock{mutex_};
    if (!under_way_) {
      return;
    }
    interrupted_ = true;
    if (cut_) {
      cut_();
    }
  }

  /// Was the call in progress interrupted?
  [[nodiscard]] bool interrupted() const {
    const std::lock_guard lock{mutex_};
    return under_way_ && interrupted_;
  }

 private:
  mutable std::mutex mutex_;
  bool under_way_ = false;
  bool interrupted_ = false;
  std::function<void()> cut_;
};

}  // namespace dti
