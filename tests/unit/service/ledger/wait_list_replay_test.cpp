#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {
namespace {

using Rows = std::vector<LedgerRow>;

LedgerRow row_at(Seq seq, LedgerEntry entry) {
  entry.seq = seq;
  auto row = row_of(entry);
  const bool is_asked = entry.kind == EntryKind::kGranted && entry.cause == Cause::kAsked;
  if (!is_asked && entry.kind != EntryKind::kSemesterOpened) row.command = 77;
  return row;
}

LedgerRow granted(Seq seq, ProgramId program, const Want& want, const Grant& grant) {
  LedgerEntry entry;
  entry.program_id = program;
  entry.want = want;
  entry.grant = grant;
  return row_at(seq, entry);
}

LedgerRow released(Seq seq, const LedgerRow& before, Cause cause) {
  auto entry = entry_of(before);
  entry.kind = EntryKind::kReleased;
  entry.cause = cause;
  return row_at(seq, entry);
}

LedgerRow topped_up(Seq seq, const LedgerRow& before, const Grant& grant, Seq waits_since) {
  auto entry = entry_of(before);
  ++entry.generation;
  entry.cause = Cause::kToppedUp;
  entry.grant = grant;
  entry.waits_since = waits_since;
  return row_at(seq, entry);
}

LedgerRow with_capacity(Seq seq, EntryKind kind, const Capacity& capacity) {
  LedgerEntry entry;
  entry.kind = kind;
  entry.capacity = capacity;
  return row_at(seq, entry);
}

LedgerRow set(Seq seq, SemesterSetting setting) {
  LedgerEntry entry;
  entry.kind = EntryKind::kSetting;
  entry.setting = setting;
  return row_at(seq, entry);
}

LedgerRow left(Seq seq, ProgramId program, std::int32_t generation) {
  LedgerEntry entry;
  entry.kind = EntryKind::kWaitingLeft;
  entry.program_id = program;
  entry.generation = generation;
  return row_at(seq, entry);
}

/// Programs 2 and 3 wait and are topped up when program 1 gives its rooms back. Then 4 and 5 wait; 4 leaves the list, and 5 is
/// topped up when the semester grows.
Rows a_wait_list() {
  Rows rows = {with_capacity(1, EntryKind::kSemesterOpened, {10, 3, 2}), granted(2, 1, {8, 2}, {8, 2, 0}),
               granted(3, 2, {4, 1}, {2, 1, 0}), granted(4, 3, {2, 1}, {0, 0, 0}),
               set(5, SemesterSetting::kWaitListOn)};
  rows[2].request = 22;
  rows.push_back(released(6, rows[1], Cause::kReleased));
  rows.push_back(released(7, rows[2], Cause::kToppedUp));
  rows.push_back(topped_up(8, rows[2], {4, 1, 0}, 3));
  rows.push_back(released(9, rows[3], Cause::kToppedUp));
  rows.push_back(topped_up(10, rows[3], {2, 1, 0}, 4));
  rows.push_back(granted(11, 4, {5, 0}, {4, 0, 0}));
  rows.push_back(granted(12, 5, {1, 1}, {0, 1, 0}));
  rows.push_back(left(13, 4, 1));
  rows.push_back(with_capacity(14, EntryKind::kCapacityChanged, {11, 3, 2}));
  rows.push_back(released(15, rows[11], Cause::kToppedUp));
  rows.push_back(topped_up(16, rows[11], {1, 1, 0}, 12));
  rows.push_back(set(17, SemesterSetting::kWaitListOff));
  return rows;
}

/// The first difference of a semester that ends with that many classrooms, and with none and no labs left.
std::string fault_of(const Rows& rows, Quantity classrooms) {
  LedgerReplay replay{5};
  for (const auto& row : rows) {
    if (const auto found = replay.add(row)) return to_string(*found);
  }
  const Seq head = rows.back().seq;
  const auto found = replay.finish(
      {.id = 1, .name = "s", .head = head, .capacity = {classrooms, 3, 2}, .left = {0, 0, 2}, .is_open = true}, 1);
  return found ? to_string(*found) : "";
}

std::string fault_of(const Rows& rows) { return fault_of(rows, 11); }

TEST(WaitListReplay, FindsNothingInAListThatServesInOrder) { EXPECT_EQ(fault_of(a_wait_list()), ""); }

struct Tampered {
  const char* name;
  std::function<void(Rows&)> tamper;
  const char* sentence;
};

void PrintTo(const Tampered& tampered, std::ostream* out) { *out << tampered.name; }

class TamperedWaitList : public testing::TestWithParam<Tampered> {};

TEST_P(TamperedWaitList, IsReportedInOneSentence) {
  auto rows = a_wait_list();
  GetParam().tamper(rows);
  EXPECT_EQ(fault_of(rows), GetParam().sentence);
}

const Tampered kTampered[] = {
    {"ATopUpOvertakes",
     [](Rows& rows) {
       rows[6] = released(7, rows[3], Cause::kToppedUp);
       rows[7] = topped_up(8, rows[3], {2, 1, 0}, 4);
     },
     "entry 7, program 3: the top-up overtakes program 2, which waits since entry 3 and can use what is left"},
    {"ARequestOvertakes",
     [](Rows& rows) {
       rows[6] = granted(7, 4, {5, 0}, {5, 0, 0});
     },
     "entry 7, program 4: the grant overtakes program 2, which waits since entry 3 and can use what is left"},
    {"ARequestOvertakesBetweenTopUps",
     [](Rows& rows) {
       rows[8] = granted(9, 4, {1, 0}, {1, 0, 0});
     },
     "entry 9, program 4: the grant overtakes program 3, which waits since entry 4 and can use what is left"},
    {"AProgramThatLeftIsToppedUp", [](Rows& rows) { rows[14] = released(15, rows[10], Cause::kToppedUp); },
     "entry 15, program 4: the top-up overtakes program 5, which waits since entry 12 and can use what is left"},
    {"AProgramThatDidNotLeaveIsPassedOver",
     [](Rows& rows) {
       rows[12] = with_capacity(13, EntryKind::kCapacityChanged, {10, 3, 2});
     },
     "entry 15, program 5: the top-up overtakes program 4, which waits since entry 11 and can use what is left"},
    {"NothingIsLeft",
     [](Rows& rows) {
       rows[13] = with_capacity(14, EntryKind::kCapacityChanged, {10, 3, 2});
     },
     "entry 15, program 5: a program is topped up, and no program that waits can use what is left"},
    {"ThereIsNoList",
     [](Rows& rows) {
       rows[4] = with_capacity(5, EntryKind::kCapacityChanged, {10, 3, 2});
     },
     "entry 7, program 2: a program is topped up, and the semester has no wait list"},
    {"TheTopUpGivesTooLittle", [](Rows& rows) { rows[7].classrooms_granted = 3; },
     "entry 8, program 2: the grant is not what the rule gives for 4 classrooms and 1 labs from 10 classrooms, 3 labs "
     "and 2 conversions; stored: 3 classrooms, 1 labs and 0 mobile labs; expected: 4 classrooms, 1 labs and 0 mobile "
     "labs"},
    {"TheTopUpChangesTheWant", [](Rows& rows) { rows[7].classrooms_wanted = 5; },
     "entry 8, program 2: the top-up changes what the program wants; stored: 5 classrooms and 1 labs; expected: 4 "
     "classrooms and 1 labs"},
    {"ThePlaceIsAnother", [](Rows& rows) { rows[7].waits_since = 4; },
     "entry 8, program 2: the top-up has another place in the wait list; stored: entry 4; expected: entry 3"},
    {"ThePlaceIsMissing", [](Rows& rows) { rows[7].waits_since = {}; },
     "entry 8, program 2: the entry does not have the columns of granted"},
    {"ThePlaceOfARequest", [](Rows& rows) { rows[10].waits_since = 3; },
     "entry 11, program 4: the entry does not have the columns of granted"},
    {"HalfATopUp", [](Rows& rows) { rows.resize(7); },
     "entry 7, program 2: the entry released a grant to top it up, and no topped-up grant follows"},
    {"AnotherGrantInsteadOfTheTopUp",
     [](Rows& rows) {
       rows[7] = granted(8, 4, {1, 0}, {1, 0, 0});
     },
     "entry 8, program 4: the entry before released a grant to top it up, and this one does not"},
    {"AmendedInsteadOfToppedUp",
     [](Rows& rows) {
       rows[7].cause = static_cast<std::int64_t>(Cause::kAmended);
       rows[7].waits_since = {};
     },
     "entry 8, program 2: the entry before does not release the grant that this one amends"},
    {"ToppedUpWithoutARelease",
     [](Rows& rows) {
       rows[6] = topped_up(7, rows[2], {4, 1, 0}, 3);
     },
     "entry 7, program 2: the entry before does not release the grant that this one tops up"},
    {"TheTopUpRepeatsTheRequest", [](Rows& rows) { rows[6].request = 22; },
     "entry 7, program 2: the entry does not have the columns of released"},
    {"AWholeGrantLeaves", [](Rows& rows) { rows[12] = left(13, 2, 2); },
     "entry 13, program 2: the program leaves the wait list and is not in it"},
    {"ANewGrantLeaves", [](Rows& rows) { rows[12].generation = 2; },
     "entry 13, program 4: the entry is not about the grant that the program holds; stored: generation 2; expected: "
     "generation 1"},
    {"LeavesTwice", [](Rows& rows) { rows[13] = left(14, 4, 1); },
     "entry 14, program 4: the program leaves the wait list and is not in it"},
    {"LeavesWithRooms", [](Rows& rows) { rows[12].labs_granted = 0; },
     "entry 13, program 4: the entry does not have the columns of waiting-left"},
    {"TurnedOnTwice", [](Rows& rows) { rows[16] = set(17, SemesterSetting::kWaitListOn); },
     "entry 17: the entry turns on a wait list that is on"},
    {"TurnedOffFirst", [](Rows& rows) { rows[4] = set(5, SemesterSetting::kWaitListOff); },
     "entry 5: the entry turns off a wait list that is off"},
    {"AnUnknownSetting", [](Rows& rows) { rows[4].setting = 9; },
     "entry 5: this version does not know the setting; stored: setting 9"},
    {"NoSetting", [](Rows& rows) { rows[4].setting = {}; }, "entry 5: the entry does not have the columns of setting"},
    {"ASettingOfAGrant", [](Rows& rows) { rows[10].setting = 1; },
     "entry 11, program 4: the entry does not have the columns of granted"},
};
INSTANTIATE_TEST_SUITE_P(Table, TamperedWaitList, testing::ValuesIn(kTampered),
                         [](const auto& parameter) { return std::string{parameter.param.name}; });

TEST(WaitListReplay, TheReleaseOfAToppedUpGrantRepeatsTheRequestOfItsAsk) {
  auto rows = a_wait_list();
  rows.push_back(released(18, rows[7], Cause::kReleased));
  LedgerReplay replay{5};
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) ASSERT_FALSE(replay.add(rows[i]));
  auto without = replay;
  EXPECT_EQ(to_string(*without.add(rows.back())),
            "entry 18, program 2: the release does not repeat the request-id of the grant");
  rows.back().request = 22;
  EXPECT_FALSE(replay.add(rows.back()));
}

TEST(WaitListReplay, AListThatIsTurnedOnAgainHasTheSamePlaces) {
  auto rows = a_wait_list();
  rows.push_back(granted(18, 1, {1, 0}, {0, 0, 0}));
  rows.back().generation = 2;
  rows.push_back(set(19, SemesterSetting::kWaitListOn));
  rows.push_back(with_capacity(20, EntryKind::kCapacityChanged, {12, 3, 2}));
  LedgerReplay replay{5};
  for (const auto& row : rows) {
    const auto found = replay.add(row);
    ASSERT_FALSE(found) << to_string(*found);
  }
  auto of_the_one_that_left = replay;
  EXPECT_TRUE(of_the_one_that_left.add(released(21, rows[10], Cause::kToppedUp)));
  EXPECT_FALSE(replay.add(released(21, rows[17], Cause::kToppedUp)));
  EXPECT_FALSE(replay.add(topped_up(22, rows[17], {1, 0, 0}, 18)));
}

LedgerRow amended(Seq seq, const LedgerRow& before, const Want& want, const Grant& grant) {
  auto entry = entry_of(before);
  ++entry.generation;
  entry.cause = Cause::kAmended;
  entry.want = want;
  entry.grant = grant;
  entry.waits_since = 0;
  return row_at(seq, entry);
}

/// The amendment of program 1 returns classrooms for program 2, and takes labs that it cannot use. While 3 is due, 2 is amended
/// to want more: it gets nothing before 3, and its place is behind that of 3, which keeps its own although it wants less then.
Rows amendments_in_a_wait_list() {
  Rows rows = {with_capacity(1, EntryKind::kSemesterOpened, {10, 3, 2}), granted(2, 1, {8, 1}, {8, 1, 0}),
               granted(3, 2, {4, 0}, {2, 0, 0}), set(4, SemesterSetting::kWaitListOn)};
  rows.push_back(released(5, rows[1], Cause::kAmended));
  rows.push_back(amended(6, rows[1], {6, 3}, {6, 3, 0}));
  rows.push_back(released(7, rows[2], Cause::kToppedUp));
  rows.push_back(topped_up(8, rows[2], {4, 0, 0}, 3));
  rows.push_back(granted(9, 3, {4, 0}, {0, 0, 0}));
  rows.push_back(with_capacity(10, EntryKind::kCapacityChanged, {12, 3, 2}));
  rows.push_back(released(11, rows[7], Cause::kAmended));
  rows.push_back(amended(12, rows[7], {6, 0}, {4, 0, 0}));
  rows.push_back(released(13, rows[8], Cause::kToppedUp));
  rows.push_back(topped_up(14, rows[8], {2, 0, 0}, 9));
  rows.push_back(released(15, rows[13], Cause::kAmended));
  rows.push_back(amended(16, rows[13], {3, 0}, {2, 0, 0}));
  rows.push_back(with_capacity(17, EntryKind::kCapacityChanged, {15, 3, 2}));
  rows.push_back(released(18, rows[15], Cause::kToppedUp));
  rows.push_back(topped_up(19, rows[15], {3, 0, 0}, 9));
  rows.push_back(released(20, rows[11], Cause::kToppedUp));
  rows.push_back(topped_up(21, rows[11], {6, 0, 0}, 12));
  return rows;
}

TEST(WaitListReplay, FindsNothingInAmendmentsThatServeInOrder) {
  EXPECT_EQ(fault_of(amendments_in_a_wait_list(), 15), "");
}

class TamperedAmendment : public testing::TestWithParam<Tampered> {};

TEST_P(TamperedAmendment, IsReportedInOneSentence) {
  auto rows = amendments_in_a_wait_list();
  GetParam().tamper(rows);
  EXPECT_EQ(fault_of(rows, 15), GetParam().sentence);
}

const Tampered kTamperedAmendments[] = {
    {"WhatNoOtherProgramCanUseIsNotGiven", [](Rows& rows) { rows[5].labs_granted = 1; },
     "entry 6, program 1: the grant is not what the rule gives for 6 classrooms and 3 labs from 8 classrooms, 3 labs "
     "and 2 "
     "conversions; stored: 6 classrooms, 1 labs and 0 mobile labs; expected: 6 classrooms, 3 labs and 0 mobile labs"},
    {"TheAmendmentTakesWhatIsDue", [](Rows& rows) { rows[11].classrooms_granted = 6; },
     "entry 12, program 2: the grant is not what the rule gives for 6 classrooms and 0 labs from 6 classrooms, 0 labs "
     "and 2 "
     "conversions; stored: 6 classrooms, 0 labs and 0 mobile labs; expected: 4 classrooms, 0 labs and 0 mobile labs"},
    {"ALargerWantKeepsItsPlace", [](Rows& rows) { rows[20].waits_since = 3; },
     "entry 21, program 2: the top-up has another place in the wait list; stored: entry 3; expected: entry 12"},
    {"ASmallerWantLosesItsPlace", [](Rows& rows) { rows[18].waits_since = 16; },
     "entry 19, program 3: the top-up has another place in the wait list; stored: entry 16; expected: entry 9"},
    {"TheLargerWantIsServedFirst", [](Rows& rows) { rows[17] = released(18, rows[11], Cause::kToppedUp); },
     "entry 18, program 2: the top-up overtakes program 3, which waits since entry 9 and can use what is left"},
};
INSTANTIATE_TEST_SUITE_P(Table, TamperedAmendment, testing::ValuesIn(kTamperedAmendments),
                         [](const auto& parameter) { return std::string{parameter.param.name}; });

}  // namespace
}  // namespace dti
