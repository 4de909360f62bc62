#include "dti/service/allocation/catalog_change.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

/// Commands on a catalogue of f1/p1, f1/p2, f2/p1, f2/p2, whose last entry is 7 of 9 entries. The last entry about f1 is 6,
/// and f2 was added by entry 4.
class CatalogChangeTest : public testing::Test {
 protected:
  CatalogChangeTest() {
    EXPECT_TRUE(catalog_.add(fixtures::catalog(2, 2)));
    state_.store.bytes[0] = 0xAB;
    state_.head = 9;
    state_.places = {4, {{1, 6}, {2, 7}}};
    state_.programs = 4;
  }

  OfficeCommand command(std::vector<CatalogRow> rows, std::optional<Seq> expects = 7) const {
    OfficeCommand command;
    command.id = "plan-1";
    command.expects = expects;
    command.actor = "local/1000";
    command.note = "new year";
    command.catalog = ChangeCatalog{hex_text(state_.store), std::move(rows)};
    return command;
  }
  std::variant<CatalogAddition, OfficeOutcome> decide(const OfficeCommand& command) const {
    return decide_catalog(command, catalog_, state_, [this](ProgramId program) -> std::optional<std::string> {
      return program == waiting_ ? std::optional<std::string>{"2025-10"} : std::nullopt;
    });
  }
  OfficeOutcome outcome(const OfficeCommand& command) const { return std::get<OfficeOutcome>(decide(command)); }
  static std::optional<Status> error_in(const OfficeOutcome& outcome) {
    return outcome.error ? std::optional{outcome.error->status} : std::nullopt;
  }

  /// A change of f1/`program`, of whose faculty the last entry is 6.
  OfficeCommand change(const std::string& program, std::optional<std::string> new_name,
                       std::optional<Seq> expects = 6) {
    auto made = command({}, expects);
    made.catalog->program = ChangeProgram{{"f1", program}, std::move(new_name)};
    return made;
  }
  const CatalogChange& made(const OfficeCommand& command) {
    decided_ = decide(command);
    return std::get<CatalogAddition>(decided_).change;
  }

  Catalog catalog_;
  CatalogState state_;
  ProgramId waiting_ = 0;
  std::variant<CatalogAddition, OfficeOutcome> decided_;
};

TEST_F(CatalogChangeTest, NewProgramsContinueTheIdsAndEachHasAnEntry) {
  const auto decided = decide(command({{"f2", "p3"}, {"f3", "q"}, {"f1", "p1"}, {"f3", "r"}}));
  const auto& [change, outcome] = std::get<CatalogAddition>(decided);
  ASSERT_EQ(change.programs.size(), 3U);
  EXPECT_EQ(change.programs[0].id, 5U);
  EXPECT_EQ(change.programs[0].faculty_id, 2U);
  EXPECT_EQ(change.programs[1].faculty_id, 3U);
  EXPECT_EQ(change.programs[2].name, "r");
  EXPECT_EQ(change.base, 9);
  EXPECT_EQ(change.command_id, "plan-1");
  EXPECT_EQ(change.note.actor, "local/1000");
  EXPECT_EQ(change.note.note, "new year");
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.seq, 13) << "three programs and a faculty";
  EXPECT_EQ(outcome.catalog, (CatalogFacts{hex_text(state_.store), 3, 7, 1, 3}));
}

TEST_F(CatalogChangeTest, ADryRunTellsTheSameAndChangesNothing) {
  auto dry_run = command({{"f3", "q"}}, 4);
  dry_run.is_dry_run = true;
  EXPECT_EQ(outcome(dry_run).seq, 11);
  EXPECT_EQ(outcome(dry_run).catalog->programs, 5);
}

TEST_F(CatalogChangeTest, ADryRunThatExpectsNothingTellsWhatIsTrue) {
  auto question = command({{"f2", "q"}}, 0);
  question.is_dry_run = true;
  question.catalog->store.clear();
  const auto facts = outcome(question);
  EXPECT_EQ(error_in(facts), Status::kConflict);
  EXPECT_EQ(facts.seq, 7);
  EXPECT_EQ(facts.catalog, (CatalogFacts{hex_text(state_.store), 2, 4, 0, 0}));
}

TEST_F(CatalogChangeTest, ACommandThatExpectsAnotherEntryIsAConflict) {
  for (const Seq expects : {0, 4, 9}) {
    const auto refused = outcome(command({{"f2", "q"}, {"f3", "q"}}, expects));
    EXPECT_EQ(error_in(refused), Status::kConflict) << expects;
    EXPECT_EQ(refused.seq, 7);
  }
}

TEST_F(CatalogChangeTest, OnlyTheFacultiesToWhichItAddsAndTheirListMakeACommandStale) {
  const auto is_accepted = [&](const std::vector<CatalogRow>& rows, Seq expects) {
    return std::holds_alternative<CatalogAddition>(decide(command(rows, expects)));
  };
  EXPECT_TRUE(is_accepted({{"f1", "q"}}, 6));
  EXPECT_TRUE(is_accepted({{"f3", "q"}}, 4));
  EXPECT_TRUE(is_accepted({{"f1", "q"}, {"f3", "q"}}, 6));
  state_.places.of_faculties[2] = 20;
  EXPECT_TRUE(is_accepted({{"f1", "q"}, {"f3", "q"}}, 6)) << "a program of f2 is another matter";
  EXPECT_FALSE(is_accepted({{"f2", "q"}}, 7));
  state_.places.last_faculty = 21;
  EXPECT_TRUE(is_accepted({{"f1", "q"}}, 6)) << "so is a new faculty";
  EXPECT_FALSE(is_accepted({{"f3", "q"}}, 4)) << "its name may look like that of the new one";
}

TEST_F(CatalogChangeTest, ACommandThatWasWrittenIsARepeatWhateverCameSince) {
  state_.written = 5;
  const auto repeat = outcome(command({{"f1", "p2"}, {"f2", "p1"}}, 3));
  EXPECT_FALSE(repeat.error);
  EXPECT_TRUE(repeat.is_repeat);
  EXPECT_EQ(repeat.seq, 5) << "its own entry, not the last one about f1 and f2";
}

TEST_F(CatalogChangeTest, AnotherCommandWithAnIdThatWasWrittenIsAConflict) {
  state_.written = 5;
  for (const auto& row : std::vector<CatalogRow>{{"f2", "q"}, {"f3", "p1"}, {"F1", "p1"}}) {
    const auto other = outcome(command({{"f1", "p1"}, row}, 7));
    EXPECT_EQ(error_in(other), Status::kConflict) << row.program;
    EXPECT_FALSE(other.is_repeat);
    EXPECT_EQ(other.seq, 5);
  }
}

TEST_F(CatalogChangeTest, WhatEarlierCommandsOfThePlanHaveWrittenIsExpected) {
  state_.head = 30;
  state_.places = {21, {{1, 20}, {2, 7}, {3, 22}}};
  auto next = command({{"f1", "q"}, {"f2", "q"}, {"f4", "q"}}, 7);
  EXPECT_EQ(error_in(outcome(next)), Status::kConflict);
  state_.earlier = {{18, 20}, {21, 23}};
  EXPECT_TRUE(std::holds_alternative<CatalogAddition>(decide(next)));
  state_.places.of_faculties[1] = 24;
  EXPECT_EQ(error_in(outcome(next)), Status::kConflict) << "a colleague came between";
  state_.places = {24, {{1, 20}, {2, 7}}};
  EXPECT_EQ(error_in(outcome(next)), Status::kConflict) << "a colleague has added a faculty";
}

TEST_F(CatalogChangeTest, ACommandForAnotherStoreIsRefusedEvenIfBothAreEmpty) {
  catalog_ = {};
  state_ = {};
  auto other = command({{"f3", "q"}}, 0);
  other.catalog->store = std::string(32, 'a');
  EXPECT_EQ(error_in(outcome(other)), Status::kRefused);
  other.catalog->store = hex_text(state_.store);
  EXPECT_TRUE(std::holds_alternative<CatalogAddition>(decide(other)));
}

TEST_F(CatalogChangeTest, AnotherSpellingOfAStoredNameIsRefused) {
  for (const auto& row : std::vector<CatalogRow>{{"F1", "q"}, {"f1", "P1"}, {"f1", "p-1"}}) {
    const auto refused = outcome(command({{"f3", "q"}, row}, 6));
    EXPECT_EQ(error_in(refused), Status::kRefused) << row.program;
    EXPECT_NE(refused.error->detail.find("is in the store as"), std::string::npos) << refused.error->detail;
    EXPECT_EQ(refused.catalog->programs, 4);
  }
}

TEST_F(CatalogChangeTest, ANameThatNoCatalogueMayHaveIsRefused) {
  for (const auto& row :
       std::vector<CatalogRow>{{"f3", ""}, {"", "q"}, {"f3", "a\u200Bb"}, {"f3", "${NAME}"}, {"f3", " q"}}) {
    EXPECT_EQ(error_in(outcome(command({row}, 4))), Status::kRefused) << row.program;
  }
}

TEST_F(CatalogChangeTest, ManyErrorsAreCounted) {
  std::vector<CatalogRow> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({"F1", "q" + std::to_string(i)});
  const auto refused = outcome(command(rows, 6));
  EXPECT_NE(refused.error->detail.find("and 95 more"), std::string::npos) << refused.error->detail;
  EXPECT_LT(refused.error->detail.size(), 2'000U);
}

TEST_F(CatalogChangeTest, WhatIsThereAlreadyChangesNothing) {
  const auto same = outcome(command({{"f1", "p1"}, {"f2", "p2"}}));
  EXPECT_FALSE(same.error);
  EXPECT_FALSE(same.is_repeat);
  EXPECT_EQ(same.seq, 7);
}

TEST_F(CatalogChangeTest, AStoreWithAnotherCatalogueIsAContradiction) {
  state_.programs = 5;
  EXPECT_THROW(static_cast<void>(decide(command({{"f3", "q"}}))), StorageError);
}

TEST_F(CatalogChangeTest, ARenamedProgramHasAnEntryWithItsNewNameAndKey) {
  const auto& renamed = made(change("P_1", "new name"));
  EXPECT_TRUE(renamed.programs.empty());
  EXPECT_EQ(renamed.changes, (std::vector<ProgramChange>{{10, 1, 1, "new name", "newname"}}));
  EXPECT_EQ(renamed.base, 9);
  EXPECT_EQ(renamed.note.note, "new year");
  const auto& outcome = std::get<CatalogAddition>(decided_).outcome;
  EXPECT_EQ(outcome.seq, 10);
  EXPECT_EQ(outcome.catalog->program, (ProgramFacts{{"f1", "new name"}, false}));
  EXPECT_EQ(outcome.catalog->programs, 4);
}

TEST_F(CatalogChangeTest, ARetiredProgramHasAnEntryWithItsName) {
  EXPECT_EQ(made(change("p2", {})).changes, (std::vector<ProgramChange>{{10, 2, 1, "p2", ""}}));
  EXPECT_EQ(std::get<CatalogAddition>(decided_).outcome.catalog->program, (ProgramFacts{{"f1", "p2"}, true}));
}

TEST_F(CatalogChangeTest, ADryRunOfAChangedProgramTellsWhatWouldBe) {
  auto dry_run = change("p1", "q");
  dry_run.is_dry_run = true;
  EXPECT_EQ(outcome(dry_run).seq, 10);
  EXPECT_EQ(outcome(dry_run).catalog->program, (ProgramFacts{{"f1", "q"}, false}));
}

TEST_F(CatalogChangeTest, AChangeWithoutEffectWritesNothing) {
  EXPECT_EQ(outcome(change("p1", "p1")).seq, 6);
  ASSERT_TRUE(catalog_.apply({6, 2, 1, "p2", ""}));
  const auto again = outcome(change("p2", {}));
  EXPECT_FALSE(again.error);
  EXPECT_EQ(again.seq, 6);
  EXPECT_TRUE(again.catalog->program->is_retired);
}

TEST_F(CatalogChangeTest, WhatARuleForbidsIsRefusedWithTheReason) {
  ASSERT_TRUE(catalog_.apply({6, 1, 1, "old", "old"}));
  ASSERT_TRUE(catalog_.apply({6, 1, 1, "p1", "p1"}));
  waiting_ = 1;
  const auto refused = [&](const OfficeCommand& command, const std::string& reason) {
    const auto result = outcome(command);
    EXPECT_EQ(error_in(result), Status::kRefused);
    const auto detail = result.error ? result.error->detail : "";
    EXPECT_NE(detail.find(reason), std::string::npos) << detail;
  };
  refused(change("p1", "p2"), "is taken");
  refused(change("p2", "OLD"), "is called \"p1\"");
  refused(change("p2", ""), "must not be empty");
  refused(change("p2", "a\nb"), "the name ");
  refused(change("p1", {}), "a place in the wait list of \"2025-10\"");
  ASSERT_TRUE(catalog_.apply({6, 2, 1, "p2", ""}));
  refused(change("p2", "q"), "retired");
}

TEST_F(CatalogChangeTest, AnUnknownProgramIsNamedAndAFormerNameExplained) {
  ASSERT_TRUE(catalog_.apply({6, 1, 1, "new", "new"}));
  const auto former = outcome(change("p1", "x"));
  EXPECT_EQ(error_in(former), Status::kInvalidProgram);
  EXPECT_NE(former.error->detail.find("the program is called \"new\" now"), std::string::npos);
  auto other = change("p1", {});
  other.catalog->program->of.faculty = "f9";
  EXPECT_EQ(error_in(outcome(other)), Status::kInvalidFaculty);
}

TEST_F(CatalogChangeTest, AChangedProgramOfAFacultyThatHasMovedIsAConflictWithTheFacts) {
  const auto conflict = outcome(change("p1", "q", 5));
  EXPECT_EQ(error_in(conflict), Status::kConflict);
  EXPECT_EQ(conflict.seq, 6);
  EXPECT_EQ(conflict.catalog->program, (ProgramFacts{{"f1", "p1"}, false}));
}

TEST_F(CatalogChangeTest, ASecondCopyOfAChangeIsARepeatAlsoAfterOthers) {
  state_.written = 8;
  EXPECT_EQ(error_in(outcome(change("p1", "q"))), Status::kConflict) << "the id is of another command";
  EXPECT_EQ(error_in(outcome(change("p2", {}))), Status::kConflict);
  ASSERT_TRUE(catalog_.apply({8, 1, 1, "q", "q"}));
  ASSERT_TRUE(catalog_.apply({9, 1, 1, "r", "r"}));
  const auto again = outcome(change("p1", "q"));
  EXPECT_FALSE(again.error);
  EXPECT_TRUE(again.is_repeat);
  EXPECT_EQ(again.seq, 8);
  EXPECT_EQ(again.catalog->program, (ProgramFacts{{"f1", "r"}, false}));
  ASSERT_TRUE(catalog_.apply({8, 2, 1, "p2", ""}));
  EXPECT_TRUE(outcome(change("p2", {})).is_repeat);
}

}  // namespace
}  // namespace dti
