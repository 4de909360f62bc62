#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace dti::simulation {

/// Blocking code on a stack of its own, which runs only inside of resume(): a thread without a thread.
/// No exception may leave the body but Killed. suspend() must not be called from within a catch block.
class Fiber {
 public:
  /// Thrown by suspend() when the fiber is killed, so that its stack is unwound. Not a std::exception, which code
  /// between may catch.
  struct Killed {};

  explicit Fiber(std::function<void()> body);
  /// Kills the fiber if it has not ended. Not from within it.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Continues the fiber until it suspends or ends. A fiber must not call it.
  void resume();
  /// Back to who resumed. Only from within the fiber. @throws Killed
  void suspend();

 private:
  static void enter(unsigned int high, unsigned int low);
  void run();

  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  ucontext_t inside_{};
  ucontext_t outside_{};
  bool ended_ = false;
  bool is_killed_ = false;
};

}  // namespace dti::simulation
