#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {
namespace {

using Rows = std::vector<LedgerRow>;

// Programs 1 and 2 are of faculty 1, and program 3 of faculty 2.
const std::vector<FacultyId> kFaculties = {1, 1, 2};

LedgerRow row_at(Seq seq, LedgerEntry entry) {
  entry.seq = seq;
  auto row = row_of(entry);
  const bool is_asked = entry.kind == EntryKind::kGranted && entry.cause == Cause::kAsked;
  if (!is_asked && entry.kind != EntryKind::kSemesterOpened) row.command = 77;
  return row;
}

LedgerRow opened(const Capacity& capacity) {
  LedgerEntry entry;
  entry.kind = EntryKind::kSemesterOpened;
  entry.capacity = capacity;
  return row_at(1, entry);
}

LedgerRow granted(Seq seq, ProgramId program, const Want& want, const Grant& grant) {
  LedgerEntry entry;
  entry.program_id = program;
  entry.want = want;
  entry.grant = grant;
  return row_at(seq, entry);
}

LedgerRow quota_set(Seq seq, FacultyId faculty, const Quota& quota) {
  LedgerEntry entry;
  entry.kind = EntryKind::kQuotaSet;
  entry.faculty_id = faculty;
  entry.quota = quota;
  return row_at(seq, entry);
}

LedgerRow wait_list_on(Seq seq) {
  LedgerEntry entry;
  entry.kind = EntryKind::kSetting;
  entry.setting = SemesterSetting::kWaitListOn;
  return row_at(seq, entry);
}

void top_up(Rows& rows, const LedgerRow& before, const Grant& grant, Seq waits_since) {
  auto entry = entry_of(before);
  entry.kind = EntryKind::kReleased;
  entry.cause = Cause::kToppedUp;
  rows.push_back(row_at(static_cast<Seq>(rows.size()) + 1, entry));
  entry.kind = EntryKind::kGranted;
  entry.grant = grant;
  entry.waits_since = waits_since;
  ++entry.generation;
  rows.push_back(row_at(static_cast<Seq>(rows.size()) + 1, entry));
}

/// Faculty 1 may have 4 classrooms and 2 labs. Program 1 gets a lab and a mobile lab, and program 2 one classroom of three. The
/// semester gets a wait list, and then the quota is raised.
Rows a_quota() {
  Rows rows = {opened({9, 1, 9}),
               quota_set(2, 1, {{4, false}, {2, false}}),
               granted(3, 1, {3, 4}, {3, 1, 1}),
               granted(4, 2, {3, 1}, {1, 0, 0}),
               granted(5, 3, {1, 0}, {1, 0, 0}),
               wait_list_on(6),
               quota_set(7, 1, {{5, false}, {}})};
  top_up(rows, rows[2], {3, 1, 3}, 3);
  top_up(rows, rows[3], {1, 0, 1}, 4);
  return rows;
}

std::string fault_of(const Rows& rows) {
  LedgerReplay replay{kFaculties};
  for (const auto& row : rows) {
    if (const auto found = replay.add(row)) return to_string(*found);
  }
  return "";
}

TEST(QuotaReplay, FindsNothingInASemesterThatKeepsItsQuotas) { EXPECT_EQ(fault_of(a_quota()), ""); }

TEST(QuotaReplay, ASoftLimitChangesNoGrant) {
  EXPECT_EQ(fault_of({opened({9, 1, 9}), quota_set(2, 1, {{0, true}, {0, true}}), granted(3, 1, {3, 4}, {3, 1, 3})}),
            "");
}

struct Tampered {
  const char* name;
  std::function<void(Rows&)> tamper;
  const char* sentence;
};

class TamperedQuota : public testing::TestWithParam<Tampered> {};

TEST_P(TamperedQuota, IsReportedInOneSentence) {
  auto rows = a_quota();
  GetParam().tamper(rows);
  EXPECT_EQ(fault_of(rows), GetParam().sentence);
}

const Tampered kTampered[] = {
    {"AGrantAboveALimit",
     [](Rows& rows) {
       rows[2] = granted(3, 1, {3, 4}, {3, 1, 2});
     },
     "entry 3, program 1: the grant is not what the rule gives for 3 classrooms and 4 labs from 9 classrooms, 1 labs "
     "and 9 "
     "conversions; stored: 3 classrooms, 1 labs and 2 mobile labs; expected: 3 classrooms, 1 labs and 1 mobile labs"},
    {"AGrantThatForgetsTheMobileLabs",
     [](Rows& rows) {
       rows[3] = granted(4, 2, {3, 1}, {1, 0, 1});
     },
     "entry 4, program 2: the grant is not what the rule gives for 3 classrooms and 1 labs from 5 classrooms, 0 labs "
     "and 8 "
     "conversions; stored: 1 classrooms, 0 labs and 1 mobile labs; expected: 1 classrooms, 0 labs and 0 mobile labs"},
    {"AQuotaOfAnotherFaculty",
     [](Rows& rows) {
       rows[1] = quota_set(2, 2, {{4, false}, {2, false}});
     },
     "entry 3, program 1: the grant is not what the rule gives for 3 classrooms and 4 labs from 9 classrooms, 1 labs "
     "and 9 "
     "conversions; stored: 3 classrooms, 1 labs and 1 mobile labs; expected: 3 classrooms, 1 labs and 3 mobile labs"},
    {"AHardLimitBelowWhatIsHeld",
     [](Rows& rows) {
       rows[6] = quota_set(7, 1, {{3, false}, {}});
     },
     "entry 7: a hard limit is less than what faculty 1 holds; stored: at most 3 classrooms; expected: at least 4 "
     "classrooms and 2 labs with mobile labs"},
    {"AFacultyThatIsNotThere", [](Rows& rows) { rows[6] = quota_set(7, 3, {}); },
     "entry 7: the faculty is not in the catalogue; stored: faculty 3; expected: 1 to 2"},
    {"ALimitWithoutItsKind", [](Rows& rows) { rows[6].classrooms_limit_is_soft = {}; },
     "entry 7: no quota has these columns; expected: a faculty, and limits of 0 to 1000000000, each hard or soft"},
    {"ANegativeLimit", [](Rows& rows) { rows[6].classrooms_limit = -1; },
     "entry 7: no quota has these columns; expected: a faculty, and limits of 0 to 1000000000, each hard or soft"},
    {"AQuotaWithAProgram", [](Rows& rows) { rows[6].program_id = 1; },
     "entry 7, program 1: the entry does not have the columns of quota-set"},
    {"AQuotaWithoutACommand", [](Rows& rows) { rows[6].command = {}; },
     "entry 7: the entry does not have the columns of quota-set"},
    {"AGrantWithAFaculty", [](Rows& rows) { rows[2].faculty_id = 1; },
     "entry 3, program 1: the entry does not have the columns of granted"},
    {"ATopUpOfAPlaceThatTheQuotaForbids",
     [](Rows& rows) {
       rows.erase(rows.begin() + 6, rows.end());
       top_up(rows, rows[2], {3, 1, 3}, 3);
     },
     "entry 7, program 1: a program is topped up, and no program that waits can use what is left"},
    {"ARequestThatOvertakesAPlaceAfterTheQuotaWasRaised",
     [](Rows& rows) {
       rows.erase(rows.begin() + 7, rows.end());
       auto entry = entry_of(rows[4]);
       entry.kind = EntryKind::kReleased;
       entry.cause = Cause::kReleased;
       rows.push_back(row_at(8, entry));
       auto again = granted(9, 3, {1, 0}, {1, 0, 0});
       again.generation = 2;
       rows.push_back(again);
     },
     "entry 9, program 3: the grant overtakes program 1, which waits since entry 3 and can use what is left"},
};

INSTANTIATE_TEST_SUITE_P(Table, TamperedQuota, testing::ValuesIn(kTampered),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace dti
