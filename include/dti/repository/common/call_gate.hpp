#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace dti {

/// Lets one thread end the call that another has under way, and no other call: what interrupt() does is lost when none
/// is.
class CallGate {
 public:
  /// A call is under way for as long as this lives. Thread: the one that calls.
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

  /// From now on, `cut` ends what a call waits for. It must not block, and is never run after detach() has returned.
  /// Called during a call that was interrupted already, it runs `cut` at once.
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

  /// Was the call under way interrupted?
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
