#include "transport/server/store_calls.hpp"

#include <chrono>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace dti {
namespace {

using namespace std::chrono_literals;

std::uint64_t count_of(const Histogram& histogram) {
  return std::accumulate(histogram.counts().begin(), histogram.counts().end(), std::uint64_t{0});
}

class StoreCallsTest : public testing::Test {
 protected:
  template <class Call>
  void run(Call call, std::variant<StoreFailure, typename Call::Answer> result, std::chrono::milliseconds duration) {
    calls_.on_start(std::move(call), now_);
    now_ += duration;
    calls_.on_end(StoreResult{Ended<Call>{std::move(result)}}, now_);
  }
  static CommitCall commit_of(std::size_t entries) {
    Batch batch;
    batch.entries.resize(entries);
    return {std::make_shared<const Batch>(std::move(batch))};
  }

  StoreCalls calls_;
  SteadyTime now_{100s};
};

TEST_F(StoreCallsTest, CountsTheEntriesAndSecondsOfCommittedBatchesOnly) {
  run(commit_of(3), CommitResult::kCommitted, 4ms);
  run(commit_of(5), CommitResult::kReplaced, 4ms);
  run(commit_of(7), StoreFailure{StorageError::Kind::kInDoubt, "lost"}, 4ms);
  run(GuardCall{}, CommitResult::kCommitted, 4ms);
  const auto& figures = calls_.figures();
  EXPECT_EQ(count_of(figures.entries_per_batch), 1U);
  EXPECT_EQ(count_of(figures.commit_seconds), 1U);
  EXPECT_DOUBLE_EQ(figures.commit_seconds.sum(), 0.004);
  EXPECT_DOUBLE_EQ(figures.entries_per_batch.sum(), 3);
}

TEST_F(StoreCallsTest, ASemesterThatTheOfficeClosesIsNotOneOfTheOpenOnesUntilItIsReopened) {
  const auto names = [this] {
    std::vector<std::string> found;
    for (const auto& semester : calls_.semesters()) found.push_back(semester.name);
    return found;
  };
  const auto changed_to = [](bool is_open) {
    ChangeCall call;
    call.change.semester_id = 2;
    call.change.is_open = is_open;
    return call;
  };
  Leadership leadership;
  for (const SemesterId id : {1, 2, 3}) {
    StoredSemester semester;
    semester.id = id;
    semester.name = std::to_string(id);
    semester.is_open = id != 3;
    leadership.semesters.push_back(semester);
  }
  run(TakeOverCall{}, leadership, 1ms);
  run(changed_to(false), CommitResult::kReplaced, 1ms);
  EXPECT_EQ(names(), (std::vector<std::string>{"1", "2"}));
  run(changed_to(false), CommitResult::kCommitted, 1ms);
  EXPECT_EQ(names(), (std::vector<std::string>{"1"}));
  run(changed_to(true), CommitResult::kCommitted, 1ms);
  EXPECT_EQ(names(), (std::vector<std::string>{"1", "2"}));
}

TEST_F(StoreCallsTest, CountsFailuresByTheirKindWhicheverCallFails) {
  run(commit_of(1), StoreFailure{StorageError::Kind::kInDoubt, ""}, 1ms);
  run(TakeOverCall{}, StoreFailure{StorageError::Kind::kUnreachable, ""}, 1ms);
  run(RenewCall{}, StoreFailure{StorageError::Kind::kUnreachable, ""}, 1ms);
  const auto& failures = calls_.figures().failures;
  EXPECT_EQ(failures[static_cast<std::size_t>(StorageError::Kind::kInDoubt)], 1U);
  EXPECT_EQ(failures[static_cast<std::size_t>(StorageError::Kind::kUnreachable)], 2U);
  EXPECT_EQ(std::accumulate(failures.begin(), failures.end(), std::uint64_t{0}), 3U);
}

TEST_F(StoreCallsTest, ATakeOverNamesTheOpenSemestersAndIsCountedWhenItMadeThisServerTheLeader) {
  Leadership leadership;
  leadership.semesters.resize(2);
  leadership.semesters[0].name = "2025-10";
  leadership.semesters[1].is_open = false;
  run(TakeOverCall{}, leadership, 2s);
  EXPECT_EQ(calls_.figures().take_overs, 0U);
  calls_.on_lead(now_);
  EXPECT_EQ(calls_.figures().take_overs, 1U);
  EXPECT_DOUBLE_EQ(calls_.figures().take_over_seconds.sum(), 2);
  ASSERT_EQ(calls_.semesters().size(), 1U);
  EXPECT_EQ(calls_.semesters()[0].name, "2025-10");
}

TEST_F(StoreCallsTest, ASemesterThatWasOpenedIsAmongTheOpenOnes) {
  run(OpenSemesterCall{.epoch = 1, .name = "2026-10", .capacity = {}}, Opening{OpenResult::kOpened, 7}, 1ms);
  run(OpenSemesterCall{.epoch = 1, .name = "2026-10", .capacity = {}}, Opening{OpenResult::kExists, 0}, 1ms);
  ASSERT_EQ(calls_.semesters().size(), 1U);
  EXPECT_EQ(calls_.semesters()[0].id, 7);
  EXPECT_EQ(calls_.semesters()[0].name, "2026-10");
}

TEST_F(StoreCallsTest, AWatchNamesTheOpenSemesters) {
  run(WatchCall{}, StoreWatch{HeldBy{}, {{1, "2025-10", 9}}}, 10ms);
  ASSERT_EQ(calls_.semesters().size(), 1U);
  EXPECT_EQ(calls_.semesters()[0].name, "2025-10");
}

}  // namespace
}  // namespace dti
