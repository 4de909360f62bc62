#include "dti/service/pipeline/isolation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};

TEST(Isolation, EndsExactlyBehindTheLastRequestOfTheRefusedBatch) {
  Isolation isolation;
  EXPECT_FALSE(isolation.isolates(1)) << "nothing was refused";
  isolation.on_refused(8, 20, kStart);
  EXPECT_TRUE(isolation.isolates(20));
  EXPECT_FALSE(isolation.isolates(21));
  isolation.on_refused(4, 16, kStart);
  EXPECT_TRUE(isolation.isolates(20)) << "a smaller batch before it was refused as well";
  isolation.reset();
  EXPECT_FALSE(isolation.isolates(1));
}

TEST(Isolation, HalvesTheBatchesDownToOneRequestAndDoublesThemAfterEachCommit) {
  Isolation isolation;
  for (const auto& [refused, next] : std::vector<std::pair<std::size_t, std::size_t>>{{9, 4}, {4, 2}, {3, 1}, {1, 1}}) {
    isolation.on_refused(refused, 9, kStart);
    EXPECT_EQ(isolation.size(), next) << refused;
  }
  EXPECT_FALSE(isolation.on_committed());
  EXPECT_EQ(isolation.size(), 2U);
  EXPECT_FALSE(isolation.on_committed());
  EXPECT_EQ(isolation.size(), 4U);
}

// Commits 1, 2, … count requests of which one is bad, as the pipeline does.
TEST(Isolation, FindsTheOneBadRequestAmongManyInAFewBatches) {
  constexpr std::uint64_t kCount = 1'000;
  for (const std::uint64_t bad : {1U, 2U, 500U, 999U, 1'000U}) {
    Isolation isolation;
    std::vector<std::uint64_t> alone;
    int batches = 0;
    isolation.on_refused(kCount, kCount, kStart);
    for (std::uint64_t next = 1; next <= kCount; ++batches) {
      ASSERT_TRUE(isolation.isolates(next));
      const auto size = std::min<std::uint64_t>(isolation.size(), kCount - next + 1);
      const bool is_refused = next <= bad && bad < next + size;
      if (!is_refused) {
        EXPECT_FALSE(isolation.on_committed());
        next += size;
        continue;
      }
      isolation.on_refused(size, next + size - 1, kStart);
      if (size == 1) alone.push_back(next++);
    }
    EXPECT_EQ(alone, std::vector{bad});
    EXPECT_LT(batches, 40) << bad;
    EXPECT_FALSE(isolation.refuses_all());
  }
}

TEST(Isolation, TheStoreRefusesAllOnlyAfterThreeSingleRequestsInARow) {
  Isolation isolation;
  for (int i = 0; i < 9; ++i) isolation.on_refused(2, 100, kStart);
  EXPECT_FALSE(isolation.refuses_all()) << "batches do not count";
  isolation.on_refused(1, 100, kStart);
  isolation.on_refused(1, 100, kStart);
  EXPECT_FALSE(isolation.on_committed());
  isolation.on_refused(1, 100, kStart);
  isolation.on_refused(1, 100, kStart);
  EXPECT_FALSE(isolation.refuses_all()) << "a commit stands between them";
  isolation.on_refused(1, 100, kStart);
  EXPECT_TRUE(isolation.refuses_all());
  EXPECT_TRUE(isolation.on_committed());
  EXPECT_FALSE(isolation.refuses_all());
  EXPECT_FALSE(isolation.on_committed()) << "the commit before has ended it";
}

TEST(Isolation, AServerWhoseStoreRefusesAllIsReadyAgainExactlyASecondAfterTheLastRefusal) {
  Isolation isolation;
  for (const auto at : {0ms, 100ms, 200ms, 500ms}) isolation.on_refused(1, 100, kStart + at);
  EXPECT_TRUE(isolation.refuses_all_at(kStart + 1'499ms));
  EXPECT_FALSE(isolation.refuses_all_at(kStart + 1'500ms));
  EXPECT_TRUE(isolation.refuses_all());
}

TEST(Isolation, TheEndOfTheLogTellsHowManyRequestsWereNotLogged) {
  Isolation isolation;
  EXPECT_TRUE(isolation.log_batch(kStart));
  EXPECT_FALSE(isolation.log_batch(kStart + 999ms));
  EXPECT_EQ(isolation.log_requests(kStart, 2), 2U);
  EXPECT_EQ(isolation.log_requests(kStart + 999ms, 3), std::nullopt);
  EXPECT_EQ(isolation.end_log(), 3U);
  EXPECT_TRUE(isolation.log_batch(kStart + 999ms)) << "a new series";
  EXPECT_EQ(isolation.log_requests(kStart + 999ms, 1), 1U);
}

}  // namespace
}  // namespace dti
