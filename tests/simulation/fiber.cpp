#include "simulation/fiber.hpp"

#include <cstdint>
#include <utility>

#include "dti/base/check.hpp"

namespace dti::simulation {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;  // a take-over needs a tenth of it

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(new std::byte[kStackBytes]) {
  DTI_CHECK(::getcontext(&inside_) == 0);
  inside_.uc_stack.ss_sp = stack_.get();
  inside_.uc_stack.ss_size = kStackBytes;
  inside_.uc_link = &outside_;
  // makecontext() passes ints only: the pointer goes in two halves.
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  ::makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, static_cast<unsigned int>(self >> 32U),
                static_cast<unsigned int>(self));
}

Fiber::~Fiber() {
  is_killed_ = true;
  while (!ended_) resume();
}

void Fiber::enter(unsigned int high, unsigned int low) {
  reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32U | low)->run();
}

void Fiber::run() {
  try {
    if (!is_killed_) body_();
  } catch (const Killed&) {  // as asked
  }
  ended_ = true;
}

void Fiber::resume() {
  if (ended_) return;
  DTI_CHECK(::swapcontext(&outside_, &inside_) == 0);
}

void Fiber::suspend() {
  DTI_CHECK(::swapcontext(&inside_, &outside_) == 0);
  if (is_killed_) throw Killed{};
}

}  // namespace dti::simulation
