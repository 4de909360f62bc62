#include "dti/service/office/semester_view.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "unit/service/office/fake_store.hpp"

namespace dti {
namespace {

using testing_support::about;
using testing_support::closed;
using testing_support::entry;
using testing_support::opened;
constexpr auto kReleased = EntryKind::kReleased;
constexpr auto kChanged = EntryKind::kCapacityChanged;

SemesterView view_of(const std::vector<StoredEntry>& entries) {
  SemesterView view;
  for (const auto& it : entries) view.add(it);
  return view;
}

TEST(SemesterView, KnowsForEachProgramTheGrantThatStandsAndItsEntry) {
  const auto view = view_of({opened({10, 3, 2}), about(2, 7, {4, 2}, {4, 2, 0}), about(3, 5, {9, 3}, {5, 1, 1})});
  EXPECT_EQ(view.head(), 3);
  EXPECT_EQ(view.grants(), 2U);
  ASSERT_NE(view.find(7), nullptr);
  EXPECT_EQ(*view.find(7), (Holding{7, 1, 2, 2'000'000, {4, 2}, {4, 2, 0}, 2}));
  EXPECT_EQ(lacking(*view.find(7)), (Want{0, 0}));
  EXPECT_EQ(lacking(*view.find(5)), (Want{4, 1}));
  EXPECT_EQ(view.find(1), nullptr);
}

TEST(SemesterView, ListsTheGrantsInTheOrderOfTheirEntries) {
  const auto view = view_of({opened({10, 3, 2}), about(2, 9, {1, 0}, {1, 0, 0}), about(3, 1, {1, 0}, {1, 0, 0}),
                             about(4, 5, {1, 0}, {1, 0, 0})});
  std::vector<ProgramId> programs;
  for (const auto& holding : view.holdings()) programs.push_back(holding.program);
  EXPECT_EQ(programs, (std::vector<ProgramId>{9, 1, 5}));
}

struct Totals {
  const char* name;
  std::vector<StoredEntry> entries;
  Capacity capacity;
  Pool left;
  Grant granted;
  bool is_open;
};
void PrintTo(const Totals& totals, std::ostream* out) { *out << totals.name; }

class SemesterTotals : public testing::TestWithParam<Totals> {};

TEST_P(SemesterTotals, FollowFromTheEntries) {
  const auto& expected = GetParam();
  const auto view = view_of(expected.entries);
  EXPECT_EQ(view.capacity(), expected.capacity);
  EXPECT_EQ(view.left(), expected.left);
  EXPECT_EQ(view.granted(), expected.granted);
  EXPECT_EQ(view.is_open(), expected.is_open);
}

INSTANTIATE_TEST_SUITE_P(
    Ledgers, SemesterTotals,
    testing::Values(
        Totals{"none", {}, {}, {}, {}, false}, Totals{"opened", {opened({10, 3, 2})}, {10, 3, 2}, {10, 3, 2}, {}, true},
        Totals{"granted", {opened({10, 3, 2}), about(2, 1, {4, 5}, {4, 3, 2})}, {10, 3, 2}, {4, 0, 0}, {4, 3, 2}, true},
        Totals{"released",
               {opened({10, 3, 2}), about(2, 1, {4, 5}, {4, 3, 2}), about(3, 1, {4, 5}, {4, 3, 2}, kReleased)},
               {10, 3, 2},
               {10, 3, 2},
               {},
               true},
        Totals{"granted again",
               {opened({10, 3, 2}), about(2, 1, {4, 5}, {4, 3, 2}), about(3, 1, {4, 5}, {4, 3, 2}, kReleased),
                about(4, 1, {1, 1}, {1, 1, 0}, EntryKind::kGranted, 2)},
               {10, 3, 2},
               {9, 2, 2},
               {1, 1, 0},
               true},
        Totals{"capacity changed",
               {opened({10, 3, 2}), about(2, 1, {4, 5}, {4, 3, 2}), opened({12, 3, 4}, 3, kChanged)},
               {12, 3, 4},
               {6, 0, 2},
               {4, 3, 2},
               true},
        Totals{"closed", {opened({10, 3, 2}), closed(2)}, {10, 3, 2}, {10, 3, 2}, {}, false}),
    [](const auto& it) {
      std::string name = it.param.name;
      for (auto& c : name) c = c == ' ' ? '_' : c;
      return name;
    });

struct Contradiction {
  const char* name;
  std::vector<StoredEntry> entries;  // the last one contradicts
  const char* sentence;
};
void PrintTo(const Contradiction& contradiction, std::ostream* out) { *out << contradiction.name; }

class SemesterContradiction : public testing::TestWithParam<Contradiction> {};

TEST_P(SemesterContradiction, IsRefusedWithItsEntry) {
  SemesterView view;
  const auto& entries = GetParam().entries;
  for (std::size_t i = 0; i + 1 < entries.size(); ++i) view.add(entries[i]);
  try {
    view.add(entries.back());
    FAIL() << "it was accepted";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
    EXPECT_NE(std::string{error.what()}.find(GetParam().sentence), std::string::npos) << error.what();
  }
}

constexpr auto kHuge = std::numeric_limits<std::int64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    Ledgers, SemesterContradiction,
    testing::Values(
        Contradiction{"gap", {opened({9, 9, 9}), about(3, 1, {1, 0}, {1, 0, 0})}, "entry 2: the entry is missing"},
        Contradiction{"twice",
                      {opened({9, 9, 9}), about(2, 1, {1, 0}, {1, 0, 0}), about(3, 1, {1, 0}, {1, 0, 0})},
                      "entry 3, program 1: the program is granted a second time; entry 2 has its grant"},
        Contradiction{"released_without_grant",
                      {opened({9, 9, 9}), about(2, 1, {1, 0}, {1, 0, 0}, kReleased)},
                      "releases a grant that the program does not hold"},
        Contradiction{"released_another_generation",
                      {opened({9, 9, 9}), about(2, 1, {1, 0}, {1, 0, 0}), about(3, 1, {1, 0}, {1, 0, 0}, kReleased, 2)},
                      "releases another grant than the program holds; entry 2 has it"},
        Contradiction{"released_other_rooms",
                      {opened({9, 9, 9}), about(2, 1, {2, 0}, {2, 0, 0}), about(3, 1, {2, 0}, {1, 0, 0}, kReleased)},
                      "releases another grant than the program holds"},
        Contradiction{"unknown_kind", {opened({9, 9, 9}), entry({.seq = 2, .kind = 99})}, "kind 99"},
        Contradiction{"no_columns", {opened({9, 9, 9}), entry({.seq = 2, .kind = 0})}, "the columns of granted"},
        Contradiction{"no_capacity", {entry({.seq = 1, .kind = 3})}, "the columns of semester-opened"},
        Contradiction{"huge_capacity", {opened({kHuge, 0, 0})}, "no semester can have that capacity"},
        Contradiction{
            "huge_grant", {opened({9, 9, 9}), about(2, 1, {kHuge, 0}, {kHuge, 0, 0})}, "no request can get that grant"},
        Contradiction{
            "more_than_wanted", {opened({9, 9, 9}), about(2, 1, {1, 1}, {1, 1, 1})}, "no request can get that grant"},
        Contradiction{"a_program_of_64_bits",
                      {opened({9, 9, 9}), about(2, 4'294'967'302, {1, 0}, {1, 0, 0})},
                      "the columns of granted"}),
    [](const auto& it) { return std::string{it.param.name}; });

StoredEntry with_cause(StoredEntry entry, Cause cause, StoredNumber waits_since = {}) {
  entry.row.cause = static_cast<std::int64_t>(cause);
  entry.row.waits_since = waits_since;
  return entry;
}

StoredEntry wait_list_turned(Seq seq, SemesterSetting setting) {
  auto turned = entry({.seq = seq, .kind = stored_code(EntryKind::kSetting)});
  turned.row.setting = static_cast<std::int64_t>(setting);
  return turned;
}

/// The programs that wait, in their order.
std::vector<std::pair<ProgramId, Seq>> places_in(const SemesterView& view) {
  std::vector<std::pair<ProgramId, Seq>> places;
  for (const auto& holding : view.waiting()) places.emplace_back(holding.program, holding.waits_since);
  return places;
}

TEST(SemesterView, KnowsWhichProgramsWaitAndTheirPlaces) {
  using Places = std::vector<std::pair<ProgramId, Seq>>;
  auto view = view_of({opened({4, 0, 0}), about(2, 1, {3, 0}, {3, 0, 0}), about(3, 2, {4, 0}, {1, 0, 0}),
                       about(4, 3, {2, 0}, {0, 0, 0})});
  EXPECT_FALSE(view.has_wait_list());
  EXPECT_EQ(places_in(view), Places{});
  EXPECT_FALSE(view.wait_list());
  view.add(wait_list_turned(5, SemesterSetting::kWaitListOn));
  EXPECT_EQ(places_in(view), (Places{{2, 3}, {3, 4}}));
  EXPECT_EQ(view.wait_list()->size(), 2U);
  view.add(with_cause(about(6, 1, {3, 0}, {3, 0, 0}, kReleased), Cause::kReleased));
  view.add(with_cause(about(7, 2, {4, 0}, {1, 0, 0}, kReleased), Cause::kToppedUp));
  view.add(with_cause(about(8, 2, {4, 0}, {3, 0, 0}, EntryKind::kGranted, 2), Cause::kToppedUp, 3));
  EXPECT_EQ(places_in(view), (Places{{2, 3}, {3, 4}})) << "a top-up keeps the place";
  view.add(with_cause(about(9, 2, {4, 0}, {3, 0, 0}, kReleased, 2), Cause::kAmended));
  view.add(with_cause(about(10, 2, {5, 0}, {3, 0, 0}, EntryKind::kGranted, 3), Cause::kAmended));
  EXPECT_EQ(places_in(view), (Places{{3, 4}, {2, 10}})) << "to want more is to ask again";
  auto left = entry({.seq = 11, .kind = stored_code(EntryKind::kWaitingLeft)});
  left.row.program_id = 3;
  view.add(left);
  EXPECT_EQ(places_in(view), (Places{{2, 10}}));
  view.add(wait_list_turned(12, SemesterSetting::kWaitListOff));
  EXPECT_EQ(places_in(view), Places{});
}

TEST(SemesterView, ConservesRoomsThroughRandomSemestersWithReleases) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto up_to = [&](int max) { return std::uniform_int_distribution<Quantity>{0, max}(random); };
  for (int round = 0; round < 50; ++round) {
    SemesterView view;
    view.add(opened({200, 30, 50}));
    std::vector<std::int64_t> generations(20, 1);
    for (Seq seq = 2; seq < 300; ++seq) {
      const auto program = static_cast<ProgramId>(1 + up_to(19));
      auto& generation = generations[program - 1];
      if (const auto* held = view.find(program)) {
        view.add(about(seq, program, held->want, held->grant, kReleased, generation++));
      } else {
        const Want want{up_to(30), up_to(6)};
        view.add(about(seq, program, want, allocate(view.left(), want), EntryKind::kGranted, generation));
      }
      Pool expected = full_pool(view.capacity());
      for (const auto& holding : view.holdings()) expected = charge(expected, holding.grant);
      ASSERT_EQ(view.left(), expected) << "entry " << seq;
    }
  }
}

}  // namespace
}  // namespace dti
