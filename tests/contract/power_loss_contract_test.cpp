// What a SQLite store holds after the power went, at any moment.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <random>
#include <string>

#include "contract/power_loss_disk.hpp"
#include "contract/powered_store.hpp"

namespace dti::contract {
namespace {

using Survival = PowerLossDisk::Survival;
using Lie = PowerLossDisk::Lie;

/// How many seconds the random runs take; not set: a few runs.
constexpr char kSecondsVariable[] = "DTI_TEST_POWER_LOSS_SECONDS";
/// Every kind of call on a new file, with a log that grows, is copied into the file, and is restarted.
void short_life(PoweredStore& store) {
  store.start();
  store.add_programs(5);
  store.open_semester("2025-10");
  store.commit("2025-10", 1);
  store.commit("2025-10", 25);
  store.checkpoint("PASSIVE");
  store.commit("2025-10", 2);
  store.take_over();
  store.commit("2025-10", 3);
  store.add_programs(2);
  store.checkpoint("TRUNCATE");
  store.open_semester("2026-10");
  store.commit("2026-10", 4);
  store.stop();
  store.start();
  store.commit("2025-10", 1);
}

/// The same, after a life: what a server does next to a store that recovered.
void go_on(PoweredStore& store) {
  if (store.known().catalog.empty()) {
    store.add_programs(5);
  }
  if (!store.known().semesters.contains("2025-10")) {
    store.open_semester("2025-10");
  }
  store.commit("2025-10", 3);
}

/// The number of changes that a life makes on a disk that does not fail.
std::int64_t changes_of(const std::function<void(PoweredStore&)>& life) {
  PoweredStore store{1};
  store.disk().lose_power_at(0);
  life(store);
  return store.disk().changes();
}

/// A short life on that disk until the power goes at the change, and what is wrong with what is left then.
std::string loss_at(std::int64_t change, Survival survival, Lie lie = Lie::kNone) {
  const auto seed = static_cast<std::uint64_t>(change * 10 + static_cast<int>(survival));
  PoweredStore store{seed};
  store.disk().lie_about(lie);
  store.disk().lose_power_at(change);
  short_life(store);
  store.disk().lose_power();
  store.restore_power(survival);
  std::string fault = store.recover();
  if (fault.empty()) {
    go_on(store);
    store.stop();
    fault = store.recover();
  }
  return fault.empty() ? "" : "seed " + std::to_string(seed) + ": " + fault;
}

/// Calls at random.
void random_life(PoweredStore& store, int steps) {
  for (int i = 0; i < steps; ++i) {
    const LedgerModel& known = store.known();
    const auto dice = store.random()() % 100;
    const std::string semester = "semester " + std::to_string(store.random()() % 3);
    if (known.catalog.empty() || dice < 5) {
      store.add_programs(1 + static_cast<int>(store.random()() % 20));
    } else if (!known.semesters.contains(semester)) {
      store.open_semester(semester);
    } else if (dice < 80) {
      store.commit(semester, 1 + store.random()() % 60);
    } else if (dice < 90) {
      constexpr const char* kWays[] = {"PASSIVE", "FULL", "RESTART", "TRUNCATE"};
      store.checkpoint(kWays[store.random()() % 4]);
    } else if (dice < 95) {
      store.take_over();
    } else {
      store.stop();
      store.start();
    }
  }
}

Survival any_survival(PoweredStore& store) {
  return PowerLossDisk::kSurvivals[store.random()() % std::size(PowerLossDisk::kSurvivals)];
}

/// One file that loses its power again and again, also while it is recovered. @return what is wrong with it
std::string many_losses(std::uint64_t seed) {
  constexpr int kLosses = 6;
  PoweredStore store{seed};
  store.start();
  for (int loss = 1; loss <= kLosses; ++loss) {
    store.disk().lose_power_at(1 + static_cast<std::int64_t>(store.random()() % 150));
    random_life(store, 15);
    for (store.disk().lose_power(); store.disk().power_is_lost();) {
      store.restore_power(any_survival(store));
      if (store.random()() % 2 == 0) {
        store.disk().lose_power_at(1 + static_cast<std::int64_t>(store.random()() % 25));
      }
      if (const std::string fault = store.recover(); !fault.empty()) {
        return "seed " + std::to_string(seed) + ", loss " + std::to_string(loss) + ": " + fault;
      }
    }
  }
  return "";
}

/// Batches so large that the server's own commits copy the log into the database.
void life_of_large_batches(PoweredStore& store) {
  store.start();
  store.add_programs(100);
  store.open_semester("2025-10");
  for (int i = 0; i < 4; ++i) {
    store.commit("2025-10", 5'000, std::string(1'800, 'r'));
  }
}

class PowerLossAt : public testing::TestWithParam<Survival> {};
INSTANTIATE_TEST_SUITE_P(Survivals, PowerLossAt, testing::Values(Survival::kNothing, Survival::kSectors),
                         [](const auto& survival) {
                           return survival.param == Survival::kNothing ? "NothingUnsynced" : "AnyUnsyncedSectors";
                         });

TEST_P(PowerLossAt, AnyChangeOfAShortLifeLosesNothingThatWasCommittedAndLeavesNothingHalf) {
  const std::int64_t changes = changes_of(short_life);
  EXPECT_GT(changes, 150);
  for (std::int64_t change = 1; change <= changes + 1; ++change) {
    ASSERT_EQ(loss_at(change, GetParam()), "") << "change " << change;
  }
}

TEST(PowerLoss, AgainAndAgainAlsoDuringRecoveryLosesNothingThatWasCommitted) {
  using Clock = std::chrono::steady_clock;
  const char* const seconds = std::getenv(kSecondsVariable);
  const auto until = Clock::now() + std::chrono::seconds{seconds == nullptr ? 0 : std::atoi(seconds)};
  const std::uint64_t first = seconds == nullptr ? 1 : std::random_device{}();
  std::uint64_t seed = first;
  do {
    ASSERT_EQ(many_losses(seed), "");
  } while (++seed < first + 15 || Clock::now() < until);
  RecordProperty("files", static_cast<int>(seed - first));
}

TEST(PowerLoss, WhileTheServersOwnCommitsCheckpointLosesNothingThatWasCommitted) {
  const std::int64_t changes = changes_of(life_of_large_batches);
  EXPECT_GT(changes, 20'000);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    PoweredStore store{seed};
    store.disk().lose_power_at(1 + static_cast<std::int64_t>(store.random()() % static_cast<std::uint64_t>(changes)));
    life_of_large_batches(store);
    store.disk().lose_power();
    store.restore_power(any_survival(store));
    ASSERT_EQ(store.recover(), "") << "seed " << seed;
  }
}

TEST(PowerLoss, IsNoticedHereWhenASyncOfTheLogOfTheDatabaseOrOfTheFolderLies) {
  const std::int64_t changes = changes_of(short_life);
  for (const Lie lie : {Lie::kLog, Lie::kDatabase, Lie::kFolder}) {
    int faults = 0;
    for (std::int64_t change = changes; change > 0 && faults == 0; change -= 7) {
      faults += loss_at(change, Survival::kNothing, lie).empty() ? 0 : 1;
    }
    EXPECT_GT(faults, 0) << static_cast<int>(lie);
  }
}

}  // namespace
}  // namespace dti::contract
