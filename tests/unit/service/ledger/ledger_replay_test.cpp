#include "dti/service/ledger/ledger_replay.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>
#include <string>

#include "dti/domain/allocate.hpp"

namespace dti {
namespace {

constexpr std::size_t kPrograms = 5;

LedgerRow opened(const Capacity& capacity) {
  LedgerRow row{.seq = 1, .kind = 3};
  row.classrooms_capacity = capacity.classrooms;
  row.labs_capacity = capacity.labs;
  row.conversions_capacity = capacity.conversions;
  return row;
}

LedgerRow granted(Seq seq, std::int64_t program, const Want& want, const Grant& grant, std::int64_t status) {
  LedgerRow row{.seq = seq, .kind = 0};
  row.program_id = program;
  row.generation = 1;
  row.classrooms_wanted = want.classrooms;
  row.labs_wanted = want.labs;
  row.classrooms_granted = grant.classrooms;
  row.labs_granted = grant.labs;
  row.mobile_labs_granted = grant.mobile_labs;
  row.status = status;
  return row;
}

/// 10 classrooms, 3 labs and 2 conversions, for three programs: a plain grant, one with mobile labs, a partial one.
struct Store {
  std::vector<LedgerRow> rows = {opened({10, 3, 2}), granted(2, 1, {4, 2}, {4, 2, 0}, 0),
                                 granted(3, 2, {1, 3}, {1, 1, 2}, 0), granted(4, 5, {9, 1}, {3, 0, 0}, 1)};
  StoredSemester semester{
      .id = 1, .name = "2025-10", .epoch = 7, .head = 4, .capacity = {10, 3, 2}, .left = {0, 0, 0}, .is_open = true};
  Epoch leadership = 7;
};

std::optional<StoreDifference> replay(const Store& store) {
  LedgerReplay replay{kPrograms};
  for (const auto& row : store.rows) {
    if (auto difference = replay.add(row)) return difference;
  }
  return replay.finish(store.semester, store.leadership);
}

TEST(LedgerReplay, FindsNothingInALedgerThatTheRuleGives) {
  const auto difference = replay({});
  EXPECT_FALSE(difference) << to_string(*difference);
}

TEST(LedgerReplay, CountsWhatItRead) {
  LedgerReplay replay{kPrograms};
  const Store store;
  ASSERT_FALSE(replay.add(store.rows[0]));
  ASSERT_FALSE(replay.add(store.rows[1]));
  EXPECT_EQ(replay.entries(), 2);
  EXPECT_EQ(replay.grants(), 1);
  EXPECT_EQ(replay.left(), (Pool{6, 1, 2}));
}

LedgerRow released(Seq seq, const LedgerRow& grant, Cause cause) {
  auto row = grant;
  row.seq = seq;
  row.kind = 1;
  row.status = {};
  row.cause = static_cast<std::int64_t>(cause);
  row.command = 77;
  return row;
}

LedgerRow amended(Seq seq, const LedgerRow& before, const Want& want, const Grant& grant, std::int64_t status) {
  auto row = granted(seq, *before.program_id, want, grant, status);
  row.generation = *before.generation + 1;
  row.cause = static_cast<std::int64_t>(Cause::kAmended);
  row.command = 77;
  return row;
}

LedgerRow of_command(Seq seq, std::int64_t kind) {
  LedgerRow row{.seq = seq, .kind = kind};
  row.command = 77;
  return row;
}

LedgerRow resized(Seq seq, const Capacity& capacity) {
  auto row = opened(capacity);
  row.seq = seq;
  row.kind = 2;
  row.command = 77;
  return row;
}

/// The life of grants: one is amended, one is released, and its program asks again; the semester grows, is closed and
/// reopened.
Store a_life() {
  Store store;
  auto& rows = store.rows;
  rows[1].request = 11;
  rows.push_back(released(5, rows[1], Cause::kAmended));
  rows.push_back(amended(6, rows[1], {5, 1}, {4, 1, 0}, 1));
  rows.push_back(released(7, rows[2], Cause::kReleased));
  rows.push_back(resized(8, {12, 3, 2}));
  rows.push_back(of_command(9, 4));
  rows.push_back(of_command(10, 5));
  auto again = granted(11, 2, {1, 1}, {1, 1, 0}, 0);
  again.generation = 2;
  rows.push_back(again);
  store.semester.head = 11;
  store.semester.capacity = {12, 3, 2};
  store.semester.left = {4, 1, 2};
  return store;
}

struct Tampered {
  const char* name;
  std::function<void(Store&)> tamper;
  const char* sentence;
};

void PrintTo(const Tampered& tampered, std::ostream* out) { *out << tampered.name; }

class TamperedLedger : public testing::TestWithParam<Tampered> {};

TEST_P(TamperedLedger, IsReportedInOneSentence) {
  Store store;
  GetParam().tamper(store);
  const auto difference = replay(store);
  ASSERT_TRUE(difference);
  EXPECT_EQ(to_string(*difference), GetParam().sentence);
}

constexpr auto kBeyond32Bits = (std::int64_t{1} << 32) + 1;

const Tampered kTampered[] = {
    {"EntryMissing", [](Store& s) { s.rows.erase(s.rows.begin() + 2); },
     "entry 3: the entry is missing; stored: entry 4; expected: entry 3"},
    {"FirstEntryMissing", [](Store& s) { s.rows.erase(s.rows.begin()); },
     "entry 1: the entry is missing; stored: entry 2; expected: entry 1"},
    {"EntryBeforeTheFirst",
     [](Store& s) {
       s.rows.insert(s.rows.begin(), s.rows[1]);
       s.rows[0].seq = 0;
     },
     "entry 1: the entry is missing; stored: entry 0; expected: entry 1"},
    {"EntryTwice", [](Store& s) { s.rows.insert(s.rows.begin() + 2, s.rows[1]); },
     "entry 3: the entry is missing; stored: entry 2; expected: entry 3"},
    {"LastEntryMissing", [](Store& s) { s.rows.pop_back(); },
     "the semester's head is not its last entry; stored: head 4; expected: head 3"},
    {"AllEntriesMissing", [](Store& s) { s.rows.clear(); }, "the ledger has no entry of the semester"},
    {"FirstEntryIsAGrant", [](Store& s) { (s.rows[0] = s.rows[1]).seq = 1; },
     "entry 1, program 1: the first entry does not open the semester; stored: granted; expected: semester-opened"},
    {"OpenedTwice",
     [](Store& s) {
       s.rows[3] = s.rows[0];
       s.rows[3].seq = 4;
     },
     "entry 4: the entry opens a semester that is open"},
    {"CapacityMissing", [](Store& s) { s.rows[0].labs_capacity = {}; },
     "entry 1: the entry does not have the columns of semester-opened"},
    {"OpeningWithAStatus", [](Store& s) { s.rows[0].status = 0; },
     "entry 1: the entry does not have the columns of semester-opened"},
    {"OpeningWithAProgram", [](Store& s) { s.rows[0].program_id = 1; },
     "entry 1, program 1: the entry does not have the columns of semester-opened"},
    {"CapacityNegative", [](Store& s) { s.rows[0].labs_capacity = -1; },
     "entry 1: no semester can have that capacity; stored: 10 classrooms, -1 labs and 2 conversions;"
     " expected: 0 to 1000000000 of each, and no more conversions than classrooms"},
    {"MoreConversionsThanClassrooms", [](Store& s) { s.rows[0].conversions_capacity = 11; },
     "entry 1: no semester can have that capacity; stored: 10 classrooms, 3 labs and 11 conversions;"
     " expected: 0 to 1000000000 of each, and no more conversions than classrooms"},
    {"KindOfNobody", [](Store& s) { s.rows[3] = LedgerRow{.seq = 4, .kind = 99}; },
     "entry 4: the entry is of a kind for which this version has no rule; stored: kind 99"},
    {"GrantOfNothingStored", [](Store& s) { s.rows[1].labs_granted = {}; },
     "entry 2, program 1: the entry does not have the columns of granted"},
    {"GrantWithoutStatus", [](Store& s) { s.rows[1].status = {}; },
     "entry 2, program 1: the entry does not have the columns of granted"},
    {"GrantWithACapacity", [](Store& s) { s.rows[1].labs_capacity = 1; },
     "entry 2, program 1: the entry does not have the columns of granted"},
    {"UnknownProgram", [](Store& s) { s.rows[1].program_id = 6; },
     "entry 2, program 6: the program is not in the catalogue; stored: program 6; expected: 1 to 5"},
    {"NoProgram", [](Store& s) { s.rows[1].program_id = 0; },
     "entry 2, program 0: the program is not in the catalogue; stored: program 0; expected: 1 to 5"},
    {"ProgramBeyond32Bits", [](Store& s) { s.rows[1].program_id = kBeyond32Bits; },
     "entry 2, program 4294967297: the program is not in the catalogue; stored: program 4294967297; expected: 1 to 5"},
    {"GrantedTwice", [](Store& s) { s.rows[2].program_id = 1; },
     "entry 3, program 1: the program is granted a second time; entry 2 has its grant"},
    {"SecondGeneration", [](Store& s) { s.rows[1].generation = 2; },
     "entry 2, program 1: the generation is not the first, although no grant was released; stored: generation 2;"
     " expected: generation 1"},
    {"WantNegative", [](Store& s) { s.rows[1].classrooms_wanted = -4; },
     "entry 2, program 1: no request wants that; stored: -4 classrooms and 2 labs; expected: 0 to 1000000 of each"},
    {"WantTooLarge", [](Store& s) { s.rows[1].labs_wanted = std::numeric_limits<std::int64_t>::max(); },
     "entry 2, program 1: no request wants that; stored: 4 classrooms and 9223372036854775807 labs;"
     " expected: 0 to 1000000 of each"},
    {"MoreClassrooms", [](Store& s) { s.rows[1].classrooms_granted = 5; },
     "entry 2, program 1: the grant is not what the rule gives for 4 classrooms and 2 labs from 10 classrooms, 3 labs"
     " and 2 conversions; stored: 5 classrooms, 2 labs and 0 mobile labs; expected: 4 classrooms, 2 labs and 0 mobile"
     " labs"},
    {"ClassroomsNegative", [](Store& s) { s.rows[1].classrooms_granted = -4; },
     "entry 2, program 1: the grant is not what the rule gives for 4 classrooms and 2 labs from 10 classrooms, 3 labs"
     " and 2 conversions; stored: -4 classrooms, 2 labs and 0 mobile labs; expected: 4 classrooms, 2 labs and 0 mobile"
     " labs"},
    {"MobileLabsForLabsThatWereLeft",
     [](Store& s) {
       s.rows[1].labs_granted = 1;
       s.rows[1].mobile_labs_granted = 1;
     },
     "entry 2, program 1: the grant is not what the rule gives for 4 classrooms and 2 labs from 10 classrooms, 3 labs"
     " and 2 conversions; stored: 4 classrooms, 1 labs and 1 mobile labs; expected: 4 classrooms, 2 labs and 0 mobile"
     " labs"},
    {"ConversionsBeyondTheCap",
     [](Store& s) {
       s.rows[0].conversions_capacity = 1;
       s.semester.capacity.conversions = 1;
     },
     "entry 3, program 2: the grant is not what the rule gives for 1 classrooms and 3 labs from 6 classrooms, 1 labs"
     " and 1 conversions; stored: 1 classrooms, 1 labs and 2 mobile labs; expected: 1 classrooms, 1 labs and 1 mobile"
     " labs"},
    {"AnotherWantThanTheGrantWasMadeFor", [](Store& s) { s.rows[1].classrooms_wanted = 3; },
     "entry 2, program 1: the grant is not what the rule gives for 3 classrooms and 2 labs from 10 classrooms, 3 labs"
     " and 2 conversions; stored: 4 classrooms, 2 labs and 0 mobile labs; expected: 3 classrooms, 2 labs and 0 mobile"
     " labs"},
    {"OrderChanged",
     [](Store& s) {
       std::swap(s.rows[2], s.rows[3]);
       std::swap(s.rows[2].seq, s.rows[3].seq);
     },
     "entry 3, program 5: the grant is not what the rule gives for 9 classrooms and 1 labs from 6 classrooms, 1 labs"
     " and 2 conversions; stored: 3 classrooms, 0 labs and 0 mobile labs; expected: 6 classrooms, 1 labs and 0 mobile"
     " labs"},
    {"PartialGrantThatSaysOk", [](Store& s) { s.rows[3].status = 0; },
     "entry 4, program 5: the status is not that of the grant; stored: OK; expected:"
     " NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT"},
    {"WholeGrantThatSaysPartial", [](Store& s) { s.rows[1].status = 1; },
     "entry 2, program 1: the status is not that of the grant; stored: NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT;"
     " expected: OK"},
    {"StatusOfNobody", [](Store& s) { s.rows[1].status = 2; },
     "entry 2, program 1: the status is not that of the grant; stored: status 2; expected: OK"},
    {"HeadTooHigh", [](Store& s) { s.semester.head = 5; },
     "the semester's head is not its last entry; stored: head 5; expected: head 4"},
    {"CapacityOfTheRow", [](Store& s) { s.semester.capacity.labs = 4; },
     "the semester's capacity is not what it was opened with; stored: 10 classrooms, 4 labs and 2 conversions;"
     " expected: 10 classrooms, 3 labs and 2 conversions"},
    {"ClassroomsLeft", [](Store& s) { s.semester.left.classrooms = 1; },
     "what the semester has left is not its capacity less the grants; stored: 1 classrooms, 0 labs and 0 conversions;"
     " expected: 0 classrooms, 0 labs and 0 conversions"},
    {"LabsLeft", [](Store& s) { s.semester.left.labs = -1; },
     "what the semester has left is not its capacity less the grants; stored: 0 classrooms, -1 labs and 0 conversions;"
     " expected: 0 classrooms, 0 labs and 0 conversions"},
    {"ConversionsLeft", [](Store& s) { s.semester.left.conversions_left = 2; },
     "what the semester has left is not its capacity less the grants; stored: 0 classrooms, 0 labs and 2 conversions;"
     " expected: 0 classrooms, 0 labs and 0 conversions"},
    {"EpochOfTheFuture", [](Store& s) { s.leadership = 6; },
     "the leadership never had the semester's epoch; stored: epoch 7; expected: 0 to 6"},
    {"EpochNegative", [](Store& s) { s.semester.epoch = -1; },
     "the leadership never had the semester's epoch; stored: epoch -1; expected: 0 to 7"},
    {"ClosedByNoEntry", [](Store& s) { s.semester.is_open = false; }, "the semester is closed, and no entry closes it"},
};
INSTANTIATE_TEST_SUITE_P(Table, TamperedLedger, testing::ValuesIn(kTampered),
                         [](const auto& parameter) { return std::string{parameter.param.name}; });

TEST(LedgerReplay, FindsNothingInTheLifeOfGrants) {
  const auto difference = replay(a_life());
  EXPECT_FALSE(difference) << to_string(*difference);
}

class TamperedLife : public testing::TestWithParam<Tampered> {};

TEST_P(TamperedLife, IsReportedInOneSentence) {
  auto store = a_life();
  GetParam().tamper(store);
  const auto difference = replay(store);
  ASSERT_TRUE(difference);
  EXPECT_EQ(to_string(*difference), GetParam().sentence);
}

const Tampered kTamperedLife[] = {
    {"AmendedGrantMissing",
     [](Store& s) {
       s.rows.resize(5);
       s.semester.head = 5;
     },
     "entry 5, program 1: the entry released a grant to amend it, and no amended grant follows"},
    {"AmendedGrantOfAnotherProgram", [](Store& s) { s.rows[5].program_id = 3; },
     "entry 6, program 3: the entry before does not release the grant that this one amends"},
    {"AnotherGrantInsteadOfTheAmendedOne",
     [](Store& s) {
       s.rows[5] = granted(6, 3, {1, 0}, {1, 0, 0}, 0);
     },
     "entry 6, program 3: the entry before released a grant to amend it, and this one does not"},
    {"AReleaseInsteadOfTheAmendedGrant", [](Store& s) { s.rows[5] = released(6, s.rows[2], Cause::kReleased); },
     "entry 5, program 1: the entry released a grant to amend it, and no amended grant follows"},
    {"AmendedByAnotherCommand", [](Store& s) { s.rows[5].command = 78; },
     "entry 6, program 1: the release before is of another command than the amended grant"},
    {"AmendedWithoutARelease",
     [](Store& s) {
       s.rows[4] = amended(5, s.rows[1], {4, 2}, {4, 2, 0}, 0);
     },
     "entry 5, program 1: the entry before does not release the grant that this one amends"},
    {"AmendedToMoreThanTheRuleGives", [](Store& s) { s.rows[5].labs_granted = 0; },
     "entry 6, program 1: the grant is not what the rule gives for 5 classrooms and 1 labs from 4 classrooms, 2 labs "
     "and"
     " 0 conversions; stored: 4 classrooms, 0 labs and 0 mobile labs; expected: 4 classrooms, 1 labs and 0 mobile "
     "labs"},
    {"AmendedInTheSameGeneration", [](Store& s) { s.rows[5].generation = 1; },
     "entry 6, program 1: the generation is not the one after that of the released grant; stored: generation 1;"
     " expected: generation 2"},
    {"ReleaseWithOtherNumbers", [](Store& s) { s.rows[6].classrooms_granted = 2; },
     "entry 7, program 2: the release does not repeat the grant; stored: 1 classrooms and 3 labs: 2 classrooms, 1 labs"
     " and 2 mobile labs; expected: 1 classrooms and 3 labs: 1 classrooms, 1 labs and 2 mobile labs"},
    {"ReleaseOfAnotherGeneration", [](Store& s) { s.rows[6].generation = 2; },
     "entry 7, program 2: the release is not of the grant that the program holds; stored: generation 2; expected:"
     " generation 1"},
    {"ReleaseWithAnotherRequest", [](Store& s) { s.rows[4].request = 12; },
     "entry 5, program 1: the release does not repeat the request-id of the grant"},
    {"ReleaseWithoutTheRequest", [](Store& s) { s.rows[4].request = {}; },
     "entry 5, program 1: the release does not repeat the request-id of the grant"},
    {"ReleaseWithoutACause", [](Store& s) { s.rows[6].cause = {}; },
     "entry 7, program 2: the entry does not have the columns of released"},
    {"ReleaseWithoutACommand", [](Store& s) { s.rows[6].command = {}; },
     "entry 7, program 2: the entry does not have the columns of released"},
    {"ReleaseTwice",
     [](Store& s) {
       s.rows[7] = s.rows[6];
       s.rows[7].seq = 8;
     },
     "entry 8, program 2: the program holds no grant that could be released"},
    {"CauseOfNobody", [](Store& s) { s.rows[6].cause = 9; },
     "entry 7, program 2: no release has that cause; stored: cause 9"},
    {"GrantThatWasReleased", [](Store& s) { s.rows[5].cause = 2; },
     "entry 6, program 1: no grant has that cause; stored: released"},
    {"AskedAgainInTheFirstGeneration", [](Store& s) { s.rows[10].generation = 1; },
     "entry 11, program 2: the generation is not the one after that of the released grant; stored: generation 1;"
     " expected: generation 2"},
    {"CapacityBelowWhatIsGranted", [](Store& s) { s.rows[7].classrooms_capacity = 6; },
     "entry 8: the capacity is less than what is granted; stored: 6 classrooms, 3 labs and 2 conversions; expected: at"
     " least 7 classrooms, 1 labs and 0 conversions"},
    {"CapacityOfTheRow",
     [](Store& s) {
       s.semester.capacity = {10, 3, 2};
     },
     "the semester's capacity is not that of entry 8; stored: 10 classrooms, 3 labs and 2 conversions; expected: 12"
     " classrooms, 3 labs and 2 conversions"},
    {"GrantWhileClosed",
     [](Store& s) {
       s.rows[9] = granted(10, 3, {1, 0}, {1, 0, 0}, 0);
     },
     "entry 10, program 3: the semester is closed, and the entry does not reopen it; stored: granted"},
    {"ReopenedWhileOpen", [](Store& s) { s.rows[8] = of_command(9, 5); },
     "entry 9: the entry reopens a semester that is open"},
    {"ClosedWithARowThatIsOpen",
     [](Store& s) {
       s.rows.resize(9);
       s.semester.head = 9;
     },
     "the semester is open, and its ledger has closed it"},
    {"ClosedWithAProgram", [](Store& s) { s.rows[8].program_id = 1; },
     "entry 9, program 1: the entry does not have the columns of semester-closed"},
};
INSTANTIATE_TEST_SUITE_P(Table, TamperedLife, testing::ValuesIn(kTamperedLife),
                         [](const auto& parameter) { return std::string{parameter.param.name}; });

TEST(LedgerReplay, FindsAnyQuantityThatIsChangedInARandomLedger) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto up_to = [&](Quantity max) { return std::uniform_int_distribution<Quantity>{0, max}(random); };
  for (int round = 0; round < 200; ++round) {
    const auto classrooms = up_to(60);
    const Capacity capacity{classrooms, up_to(30), up_to(classrooms)};
    Pool left = full_pool(capacity);
    Store store{.rows = {opened(capacity)}, .semester = {}, .leadership = 1};
    for (std::int64_t program = 1; program <= static_cast<std::int64_t>(kPrograms); ++program) {
      const Want want{up_to(20), up_to(20)};
      const auto grant = allocate(left, want);
      left = charge(left, grant);
      store.rows.push_back(
          granted(program + 1, program, want, grant, grant_status(want, grant) == Status::kOk ? 0 : 1));
    }
    store.semester = {.id = 1,
                      .name = "s",
                      .epoch = 1,
                      .head = static_cast<Seq>(kPrograms) + 1,
                      .capacity = capacity,
                      .left = left,
                      .is_open = true};
    const auto clean = replay(store);
    ASSERT_FALSE(clean) << to_string(*clean);
    auto& row = store.rows[static_cast<std::size_t>(up_to(kPrograms - 1)) + 1];
    LedgerRow::Number* const numbers[] = {&row.program_id,   &row.classrooms_granted,  &row.generation,
                                          &row.labs_granted, &row.mobile_labs_granted, &row.status};
    auto& number = *numbers[up_to(5)];
    number = *number + (up_to(1) == 0 ? 1 + up_to(3) : -1 - up_to(3));
    ASSERT_TRUE(replay(store)) << "round " << round;
  }
}

}  // namespace
}  // namespace dti
