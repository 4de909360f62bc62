#include "dti/service/allocation/allocator.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "dti/service/allocation/office.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using fixtures::ask;
using fixtures::granted;
using fixtures::opened;
using fixtures::request;

constexpr SemesterId kSemester = 1;
const Capacity kCapacity{380, 60, 380};

class OpenedSemester : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(allocator_.add_programs(fixtures::catalog(5, 5)));
    ASSERT_EQ(allocator_.replay(kSemester, row_of(opened(kCapacity))), std::nullopt);
    ASSERT_EQ(allocator_.serve({stored(1, full_pool(kCapacity))}), std::nullopt);
  }
  static StoredSemester stored(Seq head, const Pool& left) {
    return {.id = kSemester, .name = "2025-10", .epoch = 1, .head = head, .capacity = kCapacity, .left = left};
  }
  Decision decide(const AllocationRequest& what) { return allocator_.decide(what, entries_); }
  Decision decide_one(const std::string& program, Quantity classrooms, Quantity labs) {
    return decide(request("2025-10", "f1", {ask(program, classrooms, labs)}));
  }

  Allocator allocator_;
  std::vector<LedgerEntry> entries_;
};

TEST_F(OpenedSemester, GrantsTheProgramsOfAMessageInTheirOrder) {
  const auto decision = decide(request("2025-10", "f1", {ask("p1", 375, 2), ask("p2", 10, 60), ask("p3", 1, 0)}));
  ASSERT_FALSE(decision.outcome.error);
  EXPECT_EQ(decision.outcome.programs, (std::vector<ProgramOutcome>{{Status::kOk, {375, 2, 0}},
                                                                    {Status::kNotEnoughResources, {3, 58, 2}},
                                                                    {Status::kNotEnoughResources, {0, 0, 0}}}));
  ASSERT_EQ(entries_.size(), 3U);
  EXPECT_EQ(entries_[0], granted(2, 1, {375, 2}, {375, 2, 0}));
  EXPECT_EQ(entries_[2].seq, 4);
  EXPECT_EQ(allocator_.left(kSemester), (Pool{0, 0, 378}));
}

TEST(Allocator, KeepsHoldingsApartWhereverTheirProgramsStandInTheCatalogue) {
  const auto replayed = [](const std::vector<LedgerEntry>& entries) {
    Allocator allocator;
    EXPECT_TRUE(allocator.add_programs(fixtures::catalog(1, 5'000)));
    EXPECT_EQ(allocator.replay(kSemester, row_of(opened(kCapacity))), std::nullopt);
    for (const auto& entry : entries) EXPECT_EQ(allocator.replay(kSemester, row_of(entry)), std::nullopt);
    const auto left = allocator.left(kSemester);
    const auto head = allocator.head(kSemester);
    const StoredSemester stored{
        .id = kSemester, .name = "2025-10", .epoch = 1, .head = head, .capacity = kCapacity, .left = left};
    EXPECT_EQ(allocator.serve({stored}), std::nullopt);
    return allocator;
  };
  // Around the bounds of pages; the programs between 1,025 and 4,097 hold no rooms.
  const std::vector<std::string> programs = {"p4097", "p1", "p1024", "p1025", "p5000"};
  auto allocator = replayed({});
  std::vector<LedgerEntry> entries;
  const auto ask_all = [&](Allocator& asked) {
    std::vector<Grant> grants;
    for (std::size_t i = 0; i < programs.size(); ++i) {
      const auto want = static_cast<Quantity>(i + 1);
      const auto decision = asked.decide(request("2025-10", "f1", {ask(programs[i], want, want)}), entries);
      grants.push_back(decision.outcome.programs.at(0).grant);
    }
    return grants;
  };
  const std::vector<Grant> expected = {{1, 1, 0}, {2, 2, 0}, {3, 3, 0}, {4, 4, 0}, {5, 5, 0}};
  EXPECT_EQ(ask_all(allocator), expected);
  ASSERT_EQ(entries.size(), programs.size());
  EXPECT_EQ(ask_all(allocator), expected);
  EXPECT_EQ(entries.size(), programs.size()) << "a repeat writes nothing";

  auto other = replayed(entries);
  EXPECT_EQ(ask_all(other), expected);
  EXPECT_EQ(entries.size(), programs.size()) << "what was replayed is held";

  for (; !entries.empty(); entries.pop_back()) allocator.undo(kSemester, entries.back());
  EXPECT_EQ(allocator.left(kSemester), full_pool(kCapacity));
  EXPECT_EQ(ask_all(allocator), expected);
  EXPECT_EQ(entries.size(), programs.size()) << "what was undone is granted anew";

  allocator.forget(kSemester);
  EXPECT_EQ(allocator.head(kSemester), 0);
}

TEST_F(OpenedSemester, IsJoinedByOneThatIsOpenedBesideIt) {
  const Capacity capacity{10, 0, 0};
  EXPECT_EQ(allocator_.find_semester("2026-10"), std::nullopt);
  ASSERT_EQ(allocator_.open(2, "2026-10", capacity), std::nullopt);
  EXPECT_EQ(allocator_.find_semester("2026-10"), 2);
  EXPECT_EQ(allocator_.head(2), 1);
  EXPECT_EQ(decide(request("2026-10", "f1", {ask("p1", 7, 2)})).outcome.programs.at(0).grant, (Grant{7, 0, 0}));
  EXPECT_EQ(allocator_.left(2), (Pool{3, 0, 0}));
  EXPECT_EQ(allocator_.left(kSemester), full_pool(kCapacity));
  EXPECT_NE(allocator_.open(2, "2026-10", capacity), std::nullopt) << "it is open";
}

TEST_F(OpenedSemester, AnswersTheSameRequestTheSameWayAndWritesNothing) {
  const auto first = decide_one("p1", 400, 2);
  const auto left = allocator_.left(kSemester);
  const auto again = decide(request("2025-10", "F-1", {ask("P_1", 400, 2)}));
  EXPECT_EQ(again.outcome, first.outcome);
  EXPECT_EQ(again.entry_count, 0U);
  EXPECT_EQ(entries_.size(), 1U);
  EXPECT_EQ(allocator_.left(kSemester), left);
}

TEST_F(OpenedSemester, GivesTheHeldGrantForOtherNumbersAndChangesNothing) {
  decide_one("p1", 7, 2);
  for (const Want other : {Want{7, 3}, Want{8, 2}, Want{0, 0}}) {
    const auto decision = decide_one("p1", other.classrooms, other.labs);
    EXPECT_EQ(decision.outcome.programs, (std::vector<ProgramOutcome>{{Status::kAlreadyHasResources, {7, 2, 0}}}));
  }
  EXPECT_EQ(entries_.size(), 1U);
}

TEST_F(OpenedSemester, TakesAProgramTwiceInOneMessageAsARepeat) {
  const auto decision = decide(request("2025-10", "f1", {ask("p1", 7, 2), ask("p1", 7, 2), ask("p1", 1, 1)}));
  EXPECT_EQ(decision.outcome.programs,
            (std::vector<ProgramOutcome>{
                {Status::kOk, {7, 2, 0}}, {Status::kOk, {7, 2, 0}}, {Status::kAlreadyHasResources, {7, 2, 0}}}));
  EXPECT_EQ(entries_.size(), 1U);
}

TEST_F(OpenedSemester, RecordsAGrantOfNothing) {
  EXPECT_EQ(decide_one("p1", 0, 0).entry_count, 1U);
  EXPECT_EQ(decide_one("p1", 1, 0).outcome.programs[0].status, Status::kAlreadyHasResources);
}

TEST_F(OpenedSemester, RefusesInTheOrderSemesterFacultyProgram) {
  struct Case {
    const char* semester;
    const char* faculty;
    std::optional<Status> error;
  };
  const Case cases[] = {{"2025-1", "f9", Status::kInvalidSemester},   {"", "f1", Status::kInvalidSemester},
                        {"2025-10 ", "f1", Status::kInvalidSemester}, {"2025-10", "f9", Status::kInvalidFaculty},
                        {"2025-10", "", Status::kInvalidFaculty},     {"2025-10", "f1", std::nullopt}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string{c.semester} + " " + c.faculty);
    const auto outcome = decide(request(c.semester, c.faculty, {ask("no such", 1, 1), ask("p2", 1, 1)})).outcome;
    ASSERT_EQ(outcome.error.has_value(), c.error.has_value());
    if (c.error) {
      EXPECT_EQ(outcome.error->status, *c.error);
    }
  }
  EXPECT_EQ(entries_.size(), 1U);  // p2's, although the entry before it was refused
}

TEST_F(OpenedSemester, SaysOfARefusedNameWhatPeopleCannotSee) {
  const std::vector<ProgramRequest> asked = {ask("p2\u200B", 1, 1), ask("p2", 1, 1), ask("unknown", 1, 1)};
  const auto semester = decide(request("2025-10\r", "f1", asked)).outcome.error->detail;
  EXPECT_EQ(semester.find("semester \"2025-10\r\" is not open: the name has a carriage return"), 0u) << semester;
  const auto twin = decide(request("2025\u201310", "f1", asked)).outcome.error->detail;
  EXPECT_NE(twin.find("it is \"2025\\u201310\", and open is \"2025-10\""), std::string::npos) << twin;
  const auto faculty = decide(request("2025-10", "f1\n", asked)).outcome.error->detail;
  EXPECT_EQ(faculty.find("faculty \"f1\n\" is unknown: the name has a line feed"), 0u) << faculty;
  EXPECT_EQ(decide(request("2025-10", "f9", asked)).outcome.error->detail, "faculty \"f9\" is unknown");
  EXPECT_EQ(decide(request("2026-10", "f1", asked)).outcome.error->detail, "semester \"2026-10\" is not open");
  EXPECT_TRUE(decide(request("2025-10", "f1", asked)).outcome.details.empty()) << "that is for the faculty to tell";
}

TEST(Allocator, NamesTheProgramsThatASpellingCouldMean) {
  Allocator allocator;
  ASSERT_TRUE(allocator.add_programs({{1, 1, "f", "f", "1-11", "111"}, {2, 1, "f", "f", "11-1", "11-1"}}));
  ASSERT_FALSE(allocator.replay(1, row_of(opened({10, 10, 10}))));
  const StoredSemester semester{
      .id = 1, .name = "s", .epoch = 1, .head = 1, .capacity = {10, 10, 10}, .left = full_pool({10, 10, 10})};
  ASSERT_FALSE(allocator.serve({semester}));
  std::vector<LedgerEntry> entries;
  const auto outcome = allocator.decide(request("s", "f", {ask("11 1", 1, 1), ask("111", 1, 1)}), entries).outcome;
  EXPECT_EQ(outcome.programs[0].status, Status::kOk);
  EXPECT_EQ(outcome.programs[1].status, Status::kInvalidProgram);
  EXPECT_EQ(
      outcome.details,
      (std::vector<ProgramDetail>{{1, "the name could mean each of \"1-11\", \"11-1\": use one of these spellings"}}));
}

TEST_F(OpenedSemester, AnswersAMessageWithoutProgramsWithNone) {
  const auto decision = decide(request("2025-10", "f1", {}));
  EXPECT_FALSE(decision.outcome.error);
  EXPECT_TRUE(decision.outcome.programs.empty());
}

TEST_F(OpenedSemester, UndoesDecisionsExactly) {
  decide_one("p1", 370, 60);
  const auto left = allocator_.left(kSemester);
  const auto kept = entries_.size();
  const auto before = decide(request("2025-10", "f2", {ask("p1", 20, 4), ask("p2", 5, 5)})).outcome;
  while (entries_.size() > kept) {
    allocator_.undo(kSemester, entries_.back());
    entries_.pop_back();
  }
  EXPECT_EQ(allocator_.left(kSemester), left);
  EXPECT_EQ(allocator_.head(kSemester), 2);
  EXPECT_EQ(decide(request("2025-10", "f2", {ask("p1", 20, 4), ask("p2", 5, 5)})).outcome, before);
}

TEST_F(OpenedSemester, RebuildsTheSameStateFromItsEntries) {
  constexpr unsigned kSeed = 7;
  std::mt19937_64 random{kSeed};
  const auto up_to = [&](Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(random); };
  std::vector<std::pair<AllocationRequest, Outcome>> answered;
  for (int i = 0; i < 60; ++i) {
    auto what = request("2025-10", "f" + std::to_string(1 + up_to(4)),
                        {ask("p" + std::to_string(1 + up_to(4)), up_to(40), up_to(9))});
    const auto outcome = decide(what).outcome;
    if (outcome.programs[0].status != Status::kAlreadyHasResources) answered.emplace_back(std::move(what), outcome);
  }
  Allocator rebuilt;
  ASSERT_TRUE(rebuilt.add_programs(fixtures::catalog(5, 5)));
  ASSERT_EQ(rebuilt.replay(kSemester, row_of(opened(kCapacity))), std::nullopt);
  for (const auto& entry : entries_) ASSERT_EQ(rebuilt.replay(kSemester, row_of(entry)), std::nullopt);
  ASSERT_EQ(rebuilt.serve({stored(allocator_.head(kSemester), allocator_.left(kSemester))}), std::nullopt);
  std::vector<LedgerEntry> written;
  for (const auto& [what, outcome] : answered) EXPECT_EQ(rebuilt.decide(what, written).outcome, outcome);
  EXPECT_TRUE(written.empty());
}

TEST_F(OpenedSemester, RefusesALedgerThatContradictsItself) {
  ASSERT_EQ(allocator_.replay(kSemester, row_of(granted(2, 1, {7, 2}, {7, 2, 0}))), std::nullopt);
  struct Case {
    LedgerEntry entry;
    const char* what;
  };
  auto released = granted(3, 1, {7, 2}, {7, 2, 0});
  released.kind = EntryKind::kReleased;
  released.cause = Cause::kReleased;
  auto of_another_grant = released;
  of_another_grant.grant = {7, 1, 1};
  auto of_no_grant = released;
  of_no_grant.program_id = 2;
  auto anew = granted(3, 2, {1, 1}, {1, 1, 0});
  anew.generation = 2;
  const Case cases[] = {
      {granted(4, 2, {1, 1}, {1, 1, 0}), "entry 3: the entry is missing"},
      {granted(2, 2, {1, 1}, {1, 1, 0}), "entry 3: the entry is missing"},
      {granted(3, 1, {1, 1}, {1, 1, 0}), "a second time"},
      {anew, "entry 3, program 2: the generation is not the first, although no grant was released"},
      {granted(3, 2, {999, 1}, {999, 1, 0}),
       "stored: 999 classrooms, 1 labs and 0 mobile labs; expected: 373 classrooms, 1 labs and 0 mobile labs"},
      {granted(3, 2, {2, 1}, {1, 1, 0}), "expected: 2 classrooms"},
      {granted(3, 2, {2, 1}, {2, 0, 1}), "expected: 2 classrooms, 1 labs and 0 mobile labs"},
      {granted(3, 2, {2, 1}, {-2, 1, 0}), "is not what the rule gives"},
      {granted(3, 2, {-1, 1}, {0, 1, 0}), "no request wants that; stored: -1 classrooms and 1 labs"},
      {granted(3, 2, {1'000'001, 1}, {373, 1, 0}), "no request wants that; stored: 1000001 classrooms"},
      {granted(3, 26, {1, 1}, {1, 1, 0}), "program 26: the program is not in the catalogue"},
      {granted(3, 0, {1, 1}, {1, 1, 0}), "program 0: the program is not in the catalogue"},
      {of_another_grant,
       "the release does not repeat the grant; stored: 7 classrooms and 2 labs: 7 classrooms, 1 labs"},
      {of_no_grant, "program 2: the program holds no grant that could be released"}};
  for (const auto& c : cases) {
    const auto fault = allocator_.replay(kSemester, row_of(c.entry));
    ASSERT_TRUE(fault) << c.what;
    EXPECT_NE(to_string(*fault).find(c.what), std::string::npos) << to_string(*fault);
  }
  auto again = opened(kCapacity);
  again.seq = 3;
  EXPECT_TRUE(allocator_.replay(kSemester, row_of(again)));
  EXPECT_TRUE(allocator_.replay(2, row_of(granted(1, 1, {1, 1}, {1, 1, 0})))) << "a semester that was not opened";
  for (const Capacity& none : {Capacity{-1, 1, -1}, {1, -1, 1}, {1, 1, 2}, {1, 1'000'000'001, 1}}) {
    EXPECT_TRUE(allocator_.replay(2, row_of(opened(none))));
  }
}

TEST_F(OpenedSemester, IsNotServedWhenTheStoreSaysSomethingElse) {
  EXPECT_TRUE(allocator_.serve({stored(2, full_pool(kCapacity))}));
  EXPECT_TRUE(allocator_.serve({stored(1, Pool{379, 60, 380})}));
  auto other_capacity = stored(1, full_pool(kCapacity));
  other_capacity.capacity.labs = 61;
  EXPECT_TRUE(allocator_.serve({other_capacity}));
  auto unknown = stored(1, full_pool(kCapacity));
  unknown.id = 9;
  EXPECT_TRUE(allocator_.serve({unknown}));
}

TEST_F(OpenedSemester, RefusesEverythingOnceItIsNoLongerServed) {
  decide_one("p1", 7, 2);
  ASSERT_EQ(allocator_.serve({}), std::nullopt);
  EXPECT_EQ(decide_one("p1", 7, 2).outcome.error->status, Status::kInvalidSemester);
}

TEST_F(OpenedSemester, HasNoListToSettleOnceAnotherServerHasClosedIt) {
  LedgerEntry list_on;
  list_on.seq = 4;
  list_on.kind = EntryKind::kSetting;
  list_on.setting = SemesterSetting::kWaitListOn;
  auto released = granted(5, 1, {380, 0}, {380, 0, 0});
  released.kind = EntryKind::kReleased;
  released.cause = Cause::kReleased;
  for (const auto& entry :
       {granted(2, 1, {380, 0}, {380, 0, 0}), granted(3, 2, {20, 0}, {0, 0, 0}), list_on, released}) {
    ASSERT_EQ(allocator_.replay(kSemester, row_of(entry)), std::nullopt);
  }
  ASSERT_EQ(allocator_.unsettled(), std::set<SemesterId>{kSemester});
  ASSERT_EQ(allocator_.serve({}), std::nullopt);
  EXPECT_TRUE(allocator_.unsettled().empty());
}

TEST_F(OpenedSemester, HasNoOpenHoldsForACommandOnceAnotherServerHasClosedIt) {
  auto hold = granted(2, 1, {3, 0}, {3, 0, 0});
  hold.expires_at = 60'000'000;
  auto row = row_of(hold);
  row.at = 0;
  row.request = 7;
  ASSERT_EQ(allocator_.replay(kSemester, row), std::nullopt);
  OfficeCommand close;
  close.semester = "2025-10";
  close.change = CloseSemester{OpenHoldsAtClose::kConfirm};
  auto semester = stored(2, {377, 60, 380});
  const auto holds = [&] { return std::get<OfficeSubject>(find_subject(close, allocator_, {semester})).holds.size(); };
  EXPECT_EQ(holds(), 1U);
  semester.is_open = false;
  semester.head = 4;
  EXPECT_EQ(holds(), 0U);
}

TEST_F(OpenedSemester, KeepsSemestersApart) {
  ASSERT_EQ(allocator_.replay(2, row_of(opened({1, 1, 1}))), std::nullopt);
  auto other = stored(1, {1, 1, 1});
  other.id = 2;
  other.name = "2026-10";
  other.capacity = {1, 1, 1};
  ASSERT_EQ(allocator_.serve({stored(1, full_pool(kCapacity)), other}), std::nullopt);
  EXPECT_EQ(decide_one("p1", 7, 2).outcome.programs[0].status, Status::kOk);
  EXPECT_EQ(decide(request("2026-10", "f1", {ask("p1", 7, 2)})).outcome.programs[0],
            (ProgramOutcome{Status::kNotEnoughResources, {0, 1, 1}}));
}

}  // namespace
}  // namespace dti
