#include "systemd/notification_plan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dti {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

constexpr SteadyTime kStart{1h};

/// A state whose loop turns now.
ServiceState turning(SteadyTime now, std::string status = "works") { return {now, false, std::move(status)}; }

TEST(NotificationPlan, SaysReadyAndStoppingOnce) {
  NotificationPlan plan{std::nullopt, kStart};
  EXPECT_EQ(plan.on_ready(), "READY=1");
  EXPECT_FALSE(plan.on_ready());
  EXPECT_EQ(plan.on_stopping(), "STOPPING=1");
  EXPECT_FALSE(plan.on_stopping());
}

TEST(NotificationPlan, SaysReloadingWithTheTimeAndReadyAfterwardsOnlyWhileItRuns) {
  NotificationPlan plan{std::nullopt, kStart};
  EXPECT_FALSE(plan.on_reloading(1us));
  EXPECT_FALSE(plan.on_reloaded()) << "it would count as ready";
  (void)plan.on_ready();
  EXPECT_EQ(plan.on_reloading(1'234'567us), "RELOADING=1\nMONOTONIC_USEC=1234567");
  EXPECT_EQ(plan.on_reloaded(), "READY=1");
  (void)plan.on_stopping();
  EXPECT_FALSE(plan.on_reloading(1us));
  EXPECT_FALSE(plan.on_reloaded());
}

TEST(NotificationPlan, SaysTheStatusWhenItChangesAndAtMostOnceASecond) {
  NotificationPlan plan{std::nullopt, kStart};
  (void)plan.on_ready();
  EXPECT_EQ(plan.take_due(turning(kStart, "a"), kStart), Texts{"STATUS=a"});
  EXPECT_EQ(plan.wake_at(), kStart + 1s);
  EXPECT_EQ(plan.take_due(turning(kStart + 999ms, "b"), kStart + 999ms), Texts{});
  EXPECT_EQ(plan.take_due(turning(kStart + 1s, "b"), kStart + 1s), Texts{"STATUS=b"});
  EXPECT_EQ(plan.take_due(turning(kStart + 2s, "b"), kStart + 2s), Texts{});
  EXPECT_EQ(plan.take_due(turning(kStart + 2'001ms, "c"), kStart + 2'001ms), Texts{"STATUS=c"});
}

TEST(NotificationPlan, SaysWatchdogAtHalfItsTimeWhileTheLoopTurnsAndIsNotStuck) {
  struct Case {
    const char* name;
    std::chrono::milliseconds last_turn;  // before now
    bool is_stuck;
    bool is_told;
  };
  const Case cases[] = {
      {"it turns", 0ms, false, true},
      {"it turned a while ago", 4'999ms, false, true},
      {"it hangs", 5'000ms, false, false},
      {"its store is silent", 0ms, true, false},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    NotificationPlan plan{10s, kStart};
    (void)plan.on_ready();
    (void)plan.take_due(turning(kStart, ""), kStart);
    EXPECT_EQ(plan.take_due(turning(kStart + 4'999ms, ""), kStart + 4'999ms), Texts{});
    EXPECT_EQ(plan.wake_at(), kStart + 5s);
    const ServiceState state{kStart + 5s - each.last_turn, each.is_stuck, ""};
    EXPECT_EQ(plan.take_due(state, kStart + 5s), each.is_told ? Texts{"WATCHDOG=1"} : Texts{});
  }
}

TEST(NotificationPlan, WakesForAShortWatchdogAndSaysTheStatusNoMoreOften) {
  NotificationPlan plan{400ms, kStart};
  EXPECT_EQ(plan.take_due(turning(kStart, "a"), kStart), (Texts{"STATUS=a", "WATCHDOG=1"}));
  EXPECT_EQ(plan.wake_at(), kStart + 200ms);
  EXPECT_EQ(plan.take_due(turning(kStart + 200ms, "b"), kStart + 200ms), Texts{"WATCHDOG=1"});
}

TEST(NotificationPlan, AsksForMoreTimeWhileAStartTakesLongAndItsLoopTurns) {
  NotificationPlan plan{std::nullopt, kStart};
  const std::string extend = "EXTEND_TIMEOUT_USEC=30000000";
  EXPECT_EQ(plan.take_due(turning(kStart + 9'999ms, ""), kStart + 9'999ms), Texts{});
  EXPECT_EQ(plan.take_due(turning(kStart + 10s, ""), kStart + 10s), Texts{extend});
  EXPECT_EQ(plan.take_due(turning(kStart + 19s, ""), kStart + 19s), Texts{});
  EXPECT_EQ(plan.take_due(turning(kStart + 20s, ""), kStart + 20s), Texts{extend});
  EXPECT_EQ(plan.take_due(turning(kStart + 20s, ""), kStart + 30s), Texts{}) << "it hangs";
  EXPECT_EQ(plan.take_due({kStart + 40s, true, ""}, kStart + 40s), Texts{extend}) << "it waits for a silent store";
  (void)plan.on_ready();
  EXPECT_EQ(plan.take_due(turning(kStart + 60s, ""), kStart + 60s), Texts{});
}

}  // namespace
}  // namespace dti
