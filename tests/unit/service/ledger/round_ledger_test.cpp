// The replay of ledgers that have rounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {
namespace {

using Rows = std::vector<LedgerRow>;

constexpr Capacity kCapacity{20, 6, 20};
constexpr std::size_t kPrograms = 8;

LedgerRow row_at(Seq seq, LedgerEntry entry, std::optional<std::string> terms = {}) {
  entry.seq = seq;
  auto row = row_of(entry);
  row.terms = std::move(terms);
  const bool is_asked = entry.kind == EntryKind::kGranted && entry.cause == Cause::kAsked;
  if (!is_asked && entry.kind != EntryKind::kSemesterOpened) row.command = 77;
  return row;
}

LedgerRow of_kind(Seq seq, EntryKind kind, std::optional<std::string> terms = {}) {
  LedgerEntry entry;
  entry.kind = kind;
  if (kind == EntryKind::kSemesterOpened) entry.capacity = kCapacity;
  return row_at(seq, entry, std::move(terms));
}

LedgerRow wait_list_on(Seq seq) {
  LedgerEntry entry;
  entry.kind = EntryKind::kSetting;
  entry.setting = SemesterSetting::kWaitListOn;
  return row_at(seq, entry);
}

LedgerEntry release_of(const LedgerRow& row) {
  auto entry = entry_of(row);
  entry.kind = EntryKind::kReleased;
  entry.cause = Cause::kReleased;
  return entry;
}

Seal seal_of(std::uint8_t byte) {
  Seal seal;
  seal.bytes.fill(byte);
  return seal;
}

/// Adds a round to a ledger whose last entry opens one.
void hold_round(Rows& rows, Policy policy, const Pool& left, const std::vector<Ask>& asks) {
  const RoundTerms terms{policy,     rows.back().seq, static_cast<std::int64_t>(asks.size()), {seal_of(7).bytes},
                         seal_of(8), seal_of(9)};
  rows.push_back(of_kind(rows.back().seq + 1, EntryKind::kRound, text_of(terms)));
  const auto awards = decide_round(terms, {left, {}}, asks, [](ProgramId) { return FacultyId{1}; });
  for (std::size_t i = 0; i < asks.size(); ++i) {
    LedgerEntry entry;
    entry.cause = Cause::kRound;
    entry.program_id = asks[i].program;
    entry.want = asks[i].want;
    entry.grant = awards[i].grant;
    rows.push_back(row_at(rows.back().seq + 1, entry, ask_text(asks[i])));
  }
}

LedgerRow opening(Seq seq) {
  return of_kind(seq, EntryKind::kRoundOpened, opening_text(commitment_of({seal_of(7).bytes}, seal_of(8))));
}

const std::vector<Ask> kAsks = {{.program = 1, .want = {10, 4}, .priority_class = 2},
                                {.program = 2, .want = {6, 4}, .priority_class = 2},
                                {.program = 3, .want = {2, 4}, .priority_class = 2, .floor = 6},
                                {.program = 4, .want = {12, 0}, .weight = 2},
                                {.program = 5, .want = {0, 0}}};

/// The ledger of a semester with a round by max-min: the round is entry 3, and its grants are entries 4 to 8.
Rows a_round(Policy policy = Policy::kMaxMin) {
  Rows rows = {of_kind(1, EntryKind::kSemesterOpened), opening(2)};
  hold_round(rows, policy, full_pool(kCapacity), kAsks);
  return rows;
}

/// The first difference of a ledger.
std::string fault_of(const Rows& rows) {
  LedgerReplay replay{kPrograms};
  for (const auto& row : rows) {
    if (const auto found = replay.add(row)) return to_string(*found);
  }
  const auto found = replay.finish(
      {.id = 1, .name = "s", .head = rows.back().seq, .capacity = kCapacity, .left = replay.left(), .is_open = true},
      1);
  return found ? to_string(*found) : "";
}

TEST(RoundLedger, IsConsistentForEachPolicy) {
  for (const auto policy : {Policy::kFirstCome, Policy::kPriority, Policy::kProportional, Policy::kMaxMin,
                            Policy::kWeighted, Policy::kFloors, Policy::kDrf}) {
    EXPECT_EQ(fault_of(a_round(policy)), "") << policy_name(policy);
  }
}

TEST(RoundLedger, GrantsOfZeroRoomsAreGrants) {
  auto rows = a_round();
  EXPECT_EQ(rows.back().program_id, 5);
  rows.push_back(row_at(9, release_of(rows.back())));
  EXPECT_EQ(fault_of(rows), "");
}

TEST(RoundLedger, GoesOnWithRequestsAndWithAnotherRound) {
  auto rows = a_round();
  LedgerEntry asked;
  asked.program_id = 6;
  rows.push_back(row_at(9, asked));
  rows.push_back(opening(10));
  rows.push_back(opening(11));
  hold_round(rows, Policy::kDrf, {0, 0, 14}, {{.program = 8, .want = {1, 1}}, {.program = 7, .want = {2, 0}}});
  EXPECT_EQ(fault_of(rows), "");
}

TEST(RoundLedger, TheProgramsOfARoundWaitInItsOrder) {
  auto rows = a_round();
  rows.push_back(wait_list_on(9));
  rows.push_back(row_at(10, release_of(rows[6])));  // program 4, which had classrooms
  auto before = entry_of(rows[3]);                  // program 1 is first
  before.kind = EntryKind::kReleased;
  before.cause = Cause::kToppedUp;
  rows.push_back(row_at(11, before));
  auto after = before;
  after.kind = EntryKind::kGranted;
  after.generation = 2;
  after.grant.classrooms = std::min<Quantity>(10, after.grant.classrooms + *rows[6].classrooms_granted);
  after.waits_since = 4;
  rows.push_back(row_at(12, after));
  EXPECT_EQ(fault_of(rows), "");
  std::swap(rows[10].program_id, rows[9].program_id);
  EXPECT_NE(fault_of(rows), "");
}

struct Tampered {
  const char* name;
  std::function<void(Rows&)> tamper;
  const char* sentence;  // that the difference contains
};

std::string terms_with(const LedgerRow& row, const std::string& from, const std::string& to) {
  auto text = *row.terms;
  text.replace(text.find(from), from.size(), to);
  return text;
}

const Tampered kTampered[] = {
    {"one room moves from a program to another",
     [](Rows& rows) {
       rows[3].classrooms_granted = *rows[3].classrooms_granted - 1;
       rows[6].classrooms_granted = *rows[6].classrooms_granted + 1;
     },
     "entry 4, program 1: the grant is not what the round gives for 10 classrooms and 4 labs"},
    {"the last grant is another one",
     [](Rows& rows) {
       rows[7].classrooms_wanted = 1;
       rows[7].status = 1;
     },
     ""},
    {"a want is another one", [](Rows& rows) { rows[6].classrooms_wanted = 5; },
     "the grant is not what the round gives"},
    {"more is granted than is left", [](Rows& rows) { rows[3].labs_granted = 4, rows[4].labs_granted = 4; },
     "entry 5, program 2: the round grants more than is left"},
    {"the policy is another one", [](Rows& rows) { rows[2].terms = terms_with(rows[2], "max-min", "floors"); },
     "the grant is not what the round gives"},
    {"a weight is no number", [](Rows& rows) { rows[3].terms = terms_with(rows[3], "weight=1", "weight=x"); },
     "entry 4, program 1: the terms are not those of a grant by a round"},
    {"the version is another one", [](Rows& rows) { rows[2].terms = terms_with(rows[2], "version=1", "version=2"); },
     "entry 3: the terms are not those of a round of this version"},
    {"the secret is another one", [](Rows& rows) { rows[2].terms = terms_with(rows[2], "secret=07", "secret=08"); },
     "entry 3: the secret and the plan are not those that were published"},
    {"the plan is another one", [](Rows& rows) { rows[2].terms = terms_with(rows[2], "plan=08", "plan=09"); },
     "entry 3: the secret and the plan are not those that were published"},
    {"the opening is another one", [](Rows& rows) { rows[2].terms = terms_with(rows[2], "opened=2", "opened=1"); },
     "entry 3: the round is not the one that was opened last"},
    {"the opening is no hash", [](Rows& rows) { rows[1].terms = "hash=0"; },
     "entry 2: the terms are not those of an opening"},
    {"no round was opened", [](Rows& rows) { rows[1] = wait_list_on(2); },
     "entry 3: a round is held, and none is open"},
    {"a round is held twice",
     [](Rows& rows) {
       rows.push_back(rows[2]);
       rows.back().seq = 9;
     },
     "entry 9: a round is held, and none is open"},
    {"half of the round is missing at the end", [](Rows& rows) { rows.resize(6); },
     "entry 6: the round of entry 3 ends before its last grant; stored: 2 grants are missing"},
    {"an entry comes between", [](Rows& rows) { rows[5] = opening(6); },
     "entry 5: the round of entry 3 ends before its last grant; stored: 3 grants are missing"},
    {"a request comes between",
     [](Rows& rows) {
       LedgerEntry asked;
       asked.program_id = 6;
       rows[5] = row_at(6, asked);
     },
     "entry 5: the round of entry 3 ends before its last grant"},
    {"a grant by a round comes without one",
     [](Rows& rows) {
       rows.push_back(rows[7]);
       rows.back().seq = 9;
       rows.back().program_id = 6;
     },
     "entry 9, program 6: the grant is by a round, and none is held"},
    {"a program is in the round twice", [](Rows& rows) { rows[7].program_id = 4; },
     "entry 8, program 4: the program is granted a second time"},
    {"a grant is of another command", [](Rows& rows) { rows[4].command = 78; },
     "entry 5, program 2: the round before is of another command than the grant"},
    {"a grant has no terms", [](Rows& rows) { rows[3].terms.reset(); }, "does not have the columns of granted"},
    {"a request has terms",
     [](Rows& rows) {
       LedgerEntry asked;
       asked.program_id = 6;
       rows.push_back(row_at(9, asked, "class=1 weight=1 floor=0"));
     },
     "does not have the columns of granted"},
};

TEST(RoundLedger, EachTamperedRoundIsFound) {
  for (const auto& [name, tamper, sentence] : kTampered) {
    auto rows = a_round();
    tamper(rows);
    const auto found = fault_of(rows);
    EXPECT_FALSE(found.empty()) << name;
    EXPECT_NE(found.find(sentence), std::string::npos) << name << ": " << found;
  }
}

TEST(RoundLedger, LotsThatAreNotThoseOfTheSecretAreFound) {
  Rows rows = {of_kind(1, EntryKind::kSemesterOpened), opening(2)};
  std::vector<Ask> asks;
  for (ProgramId program = 1; program <= 8; ++program) asks.push_back({.program = program, .want = {10, 0}});
  hold_round(rows, Policy::kMaxMin, full_pool(kCapacity), asks);
  EXPECT_EQ(fault_of(rows), "");
  rows[2].terms = terms_with(rows[2], "seal=09", "seal=0a");
  EXPECT_NE(fault_of(rows).find("the grant is not what the round gives"), std::string::npos);
}

TEST(RoundLedger, RandomRoundsAreConsistentAndNoOtherGrantsAre) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto up_to = [&](Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(random); };
  for (int round = 0; round < 300; ++round) {
    const auto policy = static_cast<Policy>(up_to(6));
    std::vector<Ask> asks;
    for (ProgramId program = 1; program <= kPrograms; ++program) {
      if (up_to(3) == 0 && program > 1) continue;
      asks.push_back({.program = program,
                      .want = {up_to(9), up_to(5)},
                      .priority_class = static_cast<int>(up_to(2)),
                      .weight = 1 + up_to(3),
                      .floor = up_to(6)});
    }
    std::shuffle(asks.begin(), asks.end(), random);
    Rows rows = {of_kind(1, EntryKind::kSemesterOpened), opening(2)};
    hold_round(rows, policy, full_pool(kCapacity), asks);
    ASSERT_EQ(fault_of(rows), "") << policy_name(policy);
    auto& changed = rows[3 + static_cast<std::size_t>(up_to(static_cast<Quantity>(asks.size()) - 1))];
    if (*changed.classrooms_granted == 0) continue;
    changed.classrooms_granted = *changed.classrooms_granted - 1;
    changed.status = 1;
    ASSERT_NE(fault_of(rows), "") << policy_name(policy);
  }
}

}  // namespace
}  // namespace dti
