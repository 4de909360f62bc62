#include "dti/service/pipeline/store_reading.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using fixtures::catalog;
using fixtures::granted;
using fixtures::opened;

constexpr SemesterId kSemester = 3;
const LedgerRow kOpened = row_of(opened({380, 60, 380}));
const LedgerRow kGranted = row_of(granted(2, 1, {7, 2}, {7, 2, 0}));
const LedgerRow kOther = row_of(granted(2, 2, {1, 1}, {1, 1, 0}));
const LedgerRow kGap = row_of(granted(4, 2, {1, 1}, {1, 1, 0}));

LedgerPiece piece(std::vector<LedgerRow> rows, bool from_start = false) {
  return {kSemester, from_start, std::move(rows), "2025-10"};
}

class StoreReadingTest : public testing::Test {
 protected:
  void SetUp() override {
    static_cast<void>(reading_.begin(allocator_));
    ASSERT_FALSE(apply(HistorySeen{"1"}));
    ASSERT_FALSE(apply(catalog(1, 2)));
    ASSERT_FALSE(apply(piece({kOpened, kGranted})));
    ASSERT_FALSE(reading_.fault());
    ASSERT_TRUE(reading_.succeed(allocator_).empty());
  }
  std::optional<LogEvent> apply(const TakeOverPiece& piece) { return reading_.apply(piece, allocator_); }

  Allocator allocator_;
  StoreReading reading_;
};

TEST_F(StoreReadingTest, TheFirstReadingReadsAllAndTheNextOneOnlyTheRest) {
  Allocator empty;
  StoreReading first;
  EXPECT_TRUE(first.begin(empty).heads.empty());
  EXPECT_TRUE(first.reads_all());
  const auto known = reading_.begin(allocator_);
  EXPECT_FALSE(reading_.reads_all());
  EXPECT_EQ(known.heads.at(kSemester), 2);
  EXPECT_EQ(known.program_count, 2U);
}

TEST_F(StoreReadingTest, TheSameHistoryIsContinued) {
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(HistorySeen{"1"}));
  EXPECT_FALSE(reading_.fault());
  EXPECT_FALSE(reading_.has_other_history());
}

TEST_F(StoreReadingTest, NothingOfAnotherHistoryIsAppliedUntilEverythingIsReadAgain) {
  for (int failed_readings = 0; failed_readings < 2; ++failed_readings) {
    static_cast<void>(reading_.begin(allocator_));
    ASSERT_FALSE(apply(HistorySeen{"2"}));
    ASSERT_FALSE(apply(piece({row_of(granted(3, 2, {1, 1}, {1, 1, 0}))})));
    EXPECT_TRUE(reading_.fault() && reading_.has_other_history());
    EXPECT_EQ(allocator_.head(kSemester), 2);
  }
  reading_.read_all_next();
  EXPECT_TRUE(reading_.begin(allocator_).heads.empty());
  ASSERT_FALSE(apply(HistorySeen{"2"}));
  ASSERT_FALSE(apply(catalog(1, 2)));
  ASSERT_FALSE(apply(piece({kOpened, kOther})));
  EXPECT_FALSE(reading_.fault());
  EXPECT_TRUE(reading_.succeed(allocator_).empty()) << "it has as many entries";
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(HistorySeen{"2"}));
  EXPECT_FALSE(reading_.fault());
}

TEST_F(StoreReadingTest, AnotherHistoryWithFewerEntriesHasLostSome) {
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(HistorySeen{"2"}));
  reading_.read_all_next();
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(HistorySeen{"2"}));
  ASSERT_FALSE(apply(piece({kOpened})));
  const auto events = reading_.succeed(allocator_);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].event, "store-lost-entries");
  EXPECT_TRUE(reading_.succeed(allocator_).empty()) << "once";
}

TEST_F(StoreReadingTest, IsBehindByTheEntriesThatItsStateLacksOfThoseThatTheWatchHasSeen) {
  EXPECT_EQ(reading_.entries_behind(allocator_), 0U);
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(HeadsSeen{{{kSemester, "2025-10", 4}, {kSemester + 1, "2026-10", 1'000}}}));
  EXPECT_EQ(reading_.entries_behind(allocator_), 1'002U) << "the state has 2 entries of the first semester";
  ASSERT_FALSE(apply(piece({row_of(granted(3, 2, {1, 1}, {1, 1, 0}))})));
  EXPECT_EQ(reading_.entries_behind(allocator_), 1'001U);
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(HeadsSeen{{{kSemester, "2025-10", 3}}}));
  EXPECT_EQ(reading_.entries_behind(allocator_), 0U) << "everything was read";
  ASSERT_FALSE(apply(HeadsSeen{{{kSemester, "2025-10", 4}}}));
  ASSERT_FALSE(apply(piece({row_of(granted(9, 2, {1, 1}, {1, 1, 0}))})));
  ASSERT_TRUE(reading_.fault());
  EXPECT_EQ(reading_.entries_behind(allocator_), 1U) << "an entry that contradicts the state is not in it";
}

TEST_F(StoreReadingTest, ReadsAllOfTheNextReadingAndTheOneAfterItUntilOneSucceeds) {
  reading_.read_all_next();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(reading_.begin(allocator_).program_count, 0U) << i;
    EXPECT_TRUE(reading_.reads_all()) << i;
    ASSERT_FALSE(apply(catalog(1, 2)));
  }
  static_cast<void>(reading_.succeed(allocator_));
  EXPECT_EQ(reading_.begin(allocator_).program_count, 2U);
  EXPECT_FALSE(reading_.reads_all());
}

TEST_F(StoreReadingTest, TheFirstFaultStaysAndNothingAfterItIsApplied) {
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(piece({kGap})));
  ASSERT_TRUE(reading_.fault());
  const auto fault = *reading_.fault();
  EXPECT_EQ(fault, "semester \"2025-10\": entry 3: the entry is missing; stored: entry 4; expected: entry 3");
  EXPECT_FALSE(apply(catalog(1, 2)));
  EXPECT_FALSE(apply(piece({}, true))) << "nothing is logged either";
  EXPECT_EQ(reading_.fault(), fault);
  EXPECT_EQ(allocator_.heads().at(kSemester), 2);
  static_cast<void>(reading_.begin(allocator_));
  EXPECT_FALSE(reading_.fault()) << "of the reading before";
}

TEST_F(StoreReadingTest, AnEntryBehindAFaultInTheSamePieceIsNotReplayed) {
  static_cast<void>(reading_.begin(allocator_));
  const auto next = row_of(granted(3, 2, {1, 1}, {1, 1, 0}));
  ASSERT_FALSE(apply(piece({kGap, next})));
  EXPECT_TRUE(reading_.fault());
  EXPECT_EQ(allocator_.heads().at(kSemester), 2);
}

TEST_F(StoreReadingTest, ACatalogueThatDoesNotContinueTheKnownOneIsAFault) {
  static_cast<void>(reading_.begin(allocator_));
  ASSERT_FALSE(apply(std::vector{catalog(1, 4).back()}));  // the third one is missing
  EXPECT_EQ(reading_.fault(), "the stored catalogue does not continue the known one");
}

TEST_F(StoreReadingTest, ASemesterThatTheStoreHasLessOfIsReplayedFromItsStartAndTheLossIsLogged) {
  static_cast<void>(reading_.begin(allocator_));
  const auto event = apply(piece({kOpened, kOther}, true));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->level, LogLevel::kError);
  EXPECT_EQ(event->event, "store-lost-entries");
  EXPECT_NE(event->message.find("semester 3 "), std::string::npos) << event->message;
  EXPECT_FALSE(reading_.fault());
  EXPECT_EQ(allocator_.heads().at(kSemester), 2);
  EXPECT_FALSE(apply(piece({}))) << "the next piece continues it";
}

}  // namespace
}  // namespace dti
