#include "dti/service/pipeline/call_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};

TEST(CallWatch, ACallIsToBeInterruptedTheTimeoutAfterItsStartOrItsLastProgress) {
  CallWatch call{5s};
  EXPECT_EQ(call.interrupt_at(), std::nullopt);
  call.start(0, kStart);
  EXPECT_EQ(call.interrupt_at(), kStart + 5s);
  call.on_progress(kStart + 3s);
  EXPECT_EQ(call.interrupt_at(), kStart + 8s);
  EXPECT_EQ(call.since(), kStart) << "progress is no new start";
  static_cast<void>(call.on_interrupt(kStart + 8s));
  EXPECT_EQ(call.interrupt_at(), kStart + 13s) << "if the first interrupt has no effect";
  call.end(0);
  EXPECT_EQ(call.interrupt_at(), std::nullopt);
  EXPECT_FALSE(call.is_calling());
}

TEST(CallWatch, ACallIsSlowOnlyAfterMoreThanASecondWithoutProgress) {
  CallWatch call{5s};
  call.start(3, kStart);
  EXPECT_FALSE(call.is_slow(kStart + 1s));
  EXPECT_TRUE(call.is_slow(kStart + 1s + 1ms));
  call.on_progress(kStart + 2s);
  EXPECT_FALSE(call.is_slow(kStart + 3s)) << "a long reading that goes on is not slow";
  EXPECT_TRUE(call.is_slow(kStart + 3s + 1ms));
  call.end(3);
  EXPECT_FALSE(call.is_slow(kStart + 1h)) << "no call is in progress";
}

TEST(CallWatch, ASilenceLastsFromTheStartOfItsFirstCallToTheFirstAnswer) {
  CallWatch call{5s};
  EXPECT_FALSE(call.on_answer(kStart)) << "the store was never silent";
  call.start(0, kStart);
  EXPECT_TRUE(call.on_interrupt(kStart + 5s));
  call.end(0);  // with a failure
  call.start(1, kStart + 6s);
  EXPECT_FALSE(call.on_interrupt(kStart + 11s)) << "within a minute";
  call.end(1);
  const auto event = call.on_answer(kStart + 20s);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event, "store-answers-again");
  EXPECT_EQ(
      event->message,
      "the store answered a call, 20 s after the first call that it did not answer in time; 1 more interrupts were"
      " not logged");
  EXPECT_FALSE(call.on_answer(kStart + 21s)) << "the silence has ended";
}

TEST(CallWatch, TheNextSilenceIsLoggedAtOnceAndALongOneOnceAMinuteWithItsInterrupts) {
  CallWatch call{5s};
  call.start(0, kStart);
  ASSERT_TRUE(call.on_interrupt(kStart + 5s));
  ASSERT_TRUE(call.on_answer(kStart + 6s));
  const auto first = call.on_interrupt(kStart + 11s);
  ASSERT_TRUE(first) << "an answer stands between the two silences";
  EXPECT_EQ(first->message.find("times"), std::string::npos) << first->message;
  EXPECT_FALSE(call.on_interrupt(kStart + 16s));
  EXPECT_FALSE(call.on_interrupt(kStart + 70s + 999ms));
  const auto second = call.on_interrupt(kStart + 71s);
  ASSERT_TRUE(second);
  EXPECT_NE(second->message.find("(3 times since this was last logged)"), std::string::npos) << second->message;
}

TEST(CallWatchDeathTest, TwoCallsAtATimeAndTheEndOfAnotherCallAreBugs) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  CallWatch call{5s};
  EXPECT_DEATH(call.end(1), "check failed");
  call.start(1, kStart);
  EXPECT_DEATH(call.start(2, kStart), "check failed");
  EXPECT_DEATH(call.end(2), "check failed");
}

constexpr std::size_t kCall = 0;

class SilentStore : public testing::Test {
 protected:
  /// A call that is interrupted after the timeout, and fails then.
  void interrupt_a_call() {
    watch_.start(kCall, now_);
    EXPECT_FALSE(watch_.is_silent());
    now_ += 10s;
    (void)watch_.on_interrupt(now_);
    EXPECT_TRUE(watch_.is_silent());
    fail_after(0ms);
  }
  void fail_after(std::chrono::milliseconds time) {
    now_ += time;
    watch_.end(kCall);
    watch_.on_failure(now_);
  }

  CallWatch watch_{10s};
  SteadyTime now_ = kStart;
};

TEST_F(SilentStore, StaysSilentWhileNoConnectionCanBeMade) {
  interrupt_a_call();
  EXPECT_TRUE(watch_.is_silent());
  watch_.start(kCall, now_);
  fail_after(9s);
  EXPECT_TRUE(watch_.is_silent());
}

TEST_F(SilentStore, IsSilentNoMoreWhenACallSucceeds) {
  interrupt_a_call();
  watch_.start(kCall, now_);
  watch_.end(kCall);
  EXPECT_TRUE(watch_.on_answer(now_)) << "store-answers-again";
  EXPECT_FALSE(watch_.is_silent());
}

TEST_F(SilentStore, IsSilentNoMoreWhenACallReadsSomething) {
  interrupt_a_call();
  watch_.start(kCall, now_);
  watch_.on_progress(now_ + 9s);
  EXPECT_FALSE(watch_.is_silent());
}

TEST_F(SilentStore, IsSilentNoMoreWhenAConnectionIsRefused) {
  interrupt_a_call();
  watch_.start(kCall, now_);
  fail_after(1ms);
  EXPECT_FALSE(watch_.is_silent());
}

TEST_F(SilentStore, IsSilentNoMoreWhenItRefuses) {
  interrupt_a_call();
  watch_.start(kCall, now_);
  watch_.end(kCall);
  watch_.on_refusal();
  EXPECT_FALSE(watch_.is_silent());
}

TEST_F(SilentStore, IsNotSilentWhenACallFailsSlowlyWithoutAnInterrupt) {
  watch_.start(kCall, now_);
  fail_after(9s);
  EXPECT_FALSE(watch_.is_silent());
}

}  // namespace
}  // namespace dti
