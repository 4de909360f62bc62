#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "dti/domain/hold.hpp"
#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {
namespace {

using Rows = std::vector<LedgerRow>;

constexpr std::int64_t kDay = 24 * 3'600 * std::int64_t{1'000'000};

/// A row with that time. The time is in the row where the rules for holds compare it.
LedgerRow row_at(Seq seq, std::int64_t at, LedgerEntry entry) {
  entry.seq = seq;
  auto row = row_of(entry);
  const bool is_asked = entry.kind == EntryKind::kGranted && entry.cause == Cause::kAsked;
  if (!is_asked && entry.kind != EntryKind::kSemesterOpened) row.command = 77;
  if (rests_on_time(row)) row.at = at;
  return row;
}

LedgerRow opened() {
  LedgerEntry entry;
  entry.kind = EntryKind::kSemesterOpened;
  entry.capacity = {10, 3, 2};
  return row_at(1, 0, entry);
}

LedgerRow hold(Seq seq, std::int64_t at, ProgramId program, const Want& want, const Grant& grant,
               std::int64_t expires_at) {
  LedgerEntry entry;
  entry.program_id = program;
  entry.want = want;
  entry.grant = grant;
  entry.expires_at = expires_at;
  return row_at(seq, at, entry);
}

LedgerRow released(Seq seq, std::int64_t at, const LedgerRow& before, Cause cause) {
  auto entry = entry_of(before);
  entry.kind = EntryKind::kReleased;
  entry.cause = cause;
  entry.expires_at = 0;
  auto row = row_at(seq, at, entry);
  row.request = before.request;
  return row;
}

LedgerRow again(Seq seq, std::int64_t at, const LedgerRow& before, Cause cause, const Want& want, const Grant& grant,
                std::int64_t expires_at) {
  auto entry = entry_of(before);
  ++entry.generation;
  entry.cause = cause;
  entry.want = want;
  entry.grant = grant;
  entry.expires_at = expires_at;
  return row_at(seq, at, entry);
}

LedgerRow about(Seq seq, std::int64_t at, EntryKind kind, ProgramId program, std::int32_t generation,
                std::int64_t expires_at = 0) {
  LedgerEntry entry;
  entry.kind = kind;
  entry.program_id = program;
  entry.generation = generation;
  entry.expires_at = expires_at;
  return row_at(seq, at, entry);
}

/// Five programs have holds for a day. 1 is extended and confirmed, 2 confirmed in part, 3 cancelled, 4 amended and expired, and
/// 5 is open.
Rows a_semester() {
  Rows rows = {opened()};
  for (ProgramId program = 1; program <= 5; ++program) {
    rows.push_back(hold(static_cast<Seq>(program) + 1, 0, program, {2, 0}, {2, 0, 0}, kDay));
    rows.back().request = 10 + std::int64_t{program};
  }
  rows.push_back(about(7, kDay - 1, EntryKind::kHoldExtended, 1, 1, 3 * kDay));
  rows.push_back(about(8, 3 * kDay - 1, EntryKind::kConfirmed, 1, 1));
  rows.push_back(released(9, kDay - 1, rows[2], Cause::kConfirmedInPart));
  rows.push_back(again(10, kDay - 1, rows[2], Cause::kConfirmedInPart, {1, 0}, {1, 0, 0}, 0));
  rows.push_back(released(11, 7 * kDay, rows[3], Cause::kCancelled));
  rows.push_back(released(12, 8 * kDay, rows[4], Cause::kAmended));
  rows.push_back(again(13, 8 * kDay, rows[4], Cause::kAmended, {1, 0}, {1, 0, 0}, kDay));
  rows.push_back(released(14, kDay, rows[12], Cause::kExpired));
  return rows;
}

std::string difference_of(const Rows& rows, const Pool& left) {
  LedgerReplay replay{5};
  for (const auto& row : rows) {
    if (const auto found = replay.add(row)) return to_string(*found);
  }
  const StoredSemester semester{.id = 1,
                                .name = "2026-03",
                                .head = static_cast<Seq>(rows.size()),
                                .capacity = {10, 3, 2},
                                .left = left,
                                .is_open = rows.back().kind != stored_code(EntryKind::kSemesterClosed)};
  const auto found = replay.finish(semester, 1);
  return found ? to_string(*found) : std::string{};
}

TEST(HoldReplay, AcceptsASemesterInWhichEachHoldEndsInAnotherWay) {
  EXPECT_EQ(difference_of(a_semester(), {5, 3, 2}), "");
}

TEST(HoldReplay, ReportsEachHoldThatBreaksARule) {
  struct Case {
    const char* what;
    std::function<void(Rows&)> tamper;
    const char* report;
  };
  const std::vector<Case> cases = {
      {"expires before its end", [](Rows& rows) { rows[13].at = kDay - 1; },
       "entry 14, program 4: the hold expires before its end"},
      {"is confirmed at its end", [](Rows& rows) { rows[7].at = 3 * kDay; },
       "entry 8, program 1: the hold is confirmed after its end"},
      {"is confirmed in part at its end", [](Rows& rows) { rows[8].at = kDay; },
       "entry 9, program 2: a part of the hold is confirmed after its end"},
      {"is extended at its end", [](Rows& rows) { rows[6].at = kDay; },
       "entry 7, program 1: the hold is extended after its end"},
      {"is extended to its end", [](Rows& rows) { rows[6].expires_at = kDay; },
       "entry 7, program 1: the extension does not end later than the hold"},
      {"is extended too far", [](Rows& rows) { rows[6].expires_at = 31 * kDay; },
       "entry 7, program 1: no hold can have that end"},
      {"is granted too long", [](Rows& rows) { rows[1].expires_at = 30 * kDay + 1; },
       "entry 2, program 1: no hold can have that end"},
      {"has ended when it is granted", [](Rows& rows) { rows[1].at = kDay; },
       "entry 2, program 1: no hold can have that end"},
      {"is confirmed twice",
       [](Rows& rows) {
         rows.resize(8);
         rows.push_back(about(9, 2 * kDay, EntryKind::kConfirmed, 1, 1));
       },
       "entry 9, program 1: the program holds nothing that could be confirmed"},
      {"expires twice",
       [](Rows& rows) {
         rows.push_back(rows.back());
         rows.back().seq = 15;
       },
       "entry 15, program 4: the program holds no grant that could be released"},
      {"is cancelled after it was confirmed",
       [](Rows& rows) { rows.push_back(released(15, 9 * kDay, rows[1], Cause::kCancelled)); },
       "entry 15, program 1: the grant that is cancelled is no hold"},
      {"expires after it was confirmed",
       [](Rows& rows) { rows.push_back(released(15, 9 * kDay, rows[1], Cause::kExpired)); },
       "entry 15, program 1: the grant that expires is no hold"},
      {"is extended after it was cancelled",
       [](Rows& rows) { rows.push_back(about(15, 9 * kDay, EntryKind::kHoldExtended, 3, 1, 12 * kDay)); },
       "entry 15, program 3: the program holds nothing that could be extended"},
      {"of another generation is confirmed",
       [](Rows& rows) { rows.push_back(about(15, 0, EntryKind::kConfirmed, 5, 2)); },
       "entry 15, program 5: the entry is not about the grant that the program holds"},
      {"has another end when it is amended", [](Rows& rows) { rows[12].expires_at = 2 * kDay; },
       "entry 13, program 4: the grant does not have the end of the one that it replaces"},
      {"has no end when it is amended",
       [](Rows& rows) {
         rows[12].expires_at = StoredNumber{};
         rows[12].at = StoredNumber{};
       },
       "entry 13, program 4: the grant does not have the end of the one that it replaces"},
      {"is confirmed in part with an end", [](Rows& rows) { rows[9].expires_at = kDay; },
       "entry 10, program 2: the entry does not have the columns of granted"},
      {"is confirmed in part as a whole",
       [](Rows& rows) {
         rows[9].classrooms_wanted = 2;
         rows[9].classrooms_granted = 2;
       },
       "entry 10, program 2: the part of the hold that is confirmed is not less than the hold"},
      {"is confirmed in part, and gets another room",
       [](Rows& rows) {
         rows[9].classrooms_wanted = 2;
         rows[9].labs_wanted = 0;
         rows[9].classrooms_granted = 1;
       },
       "entry 10, program 2: the part of the hold that is confirmed is not less than the hold"},
      {"is confirmed in part, and nothing follows", [](Rows& rows) { rows.resize(9); },
       "entry 9, program 2: the entry released a grant to confirm a part of it, and no confirmed grant follows"},
      {"stays open when the semester is closed",
       [](Rows& rows) {
         LedgerEntry entry;
         entry.kind = EntryKind::kSemesterClosed;
         rows.push_back(row_at(15, 9 * kDay, entry));
       },
       "entry 15: the entry closes a semester with open holds"},
      {"has no time", [](Rows& rows) { rows[7].at = StoredNumber{}; }, "entry 8, program 1: the entry has no time"},
      {"has an end, and is confirmed by the same entry", [](Rows& rows) { rows[7].expires_at = kDay; },
       "entry 8, program 1: the entry does not have the columns of confirmed"},
      {"loses its request-id when it expires", [](Rows& rows) { rows[13].request = 99; },
       "entry 14, program 4: the release does not repeat the request-id of the grant"},
  };
  for (const auto& [what, tamper, report] : cases) {
    auto rows = a_semester();
    tamper(rows);
    const auto text = difference_of(rows, {5, 3, 2});
    EXPECT_EQ(text.substr(0, std::string{report}.size()), report) << "a hold that " << what << ": " << text;
  }
}

}  // namespace
}  // namespace dti
