#include <vector>

#include <gtest/gtest.h>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/pipeline/office_harness.hpp"

namespace dti {
namespace {

using fixtures::kCapacity;
using fixtures::Office;

TEST_F(Office, AReleaseReturnsTheRoomsAndRepeatsTheGrantAndItsRequest) {
  start();
  const auto outcome = made(to(release(), 2));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.seq, 3);
  EXPECT_FALSE(outcome.grant);
  EXPECT_EQ(outcome.left, full_pool(kCapacity));
  const auto& entry = ledger_[1].back();
  EXPECT_EQ(entry.row.kind, stored_code(EntryKind::kReleased));
  EXPECT_EQ(entry.row.cause, static_cast<std::int64_t>(Cause::kReleased));
  EXPECT_EQ(entry.row.classrooms_granted, 7);
  EXPECT_EQ(entry.request_id, "r-1");
  EXPECT_EQ(entry.command_id, "c-1");
  EXPECT_EQ(pipeline_->allocator().left(1), full_pool(kCapacity));
}

TEST_F(Office, AReleasedProgramMayAskAgainByAnotherRequest) {
  start();
  made(to(release(), 2));
  const auto token = ask_for("p1", {3, 1}, "r-2");
  EXPECT_EQ(grant_of(token), (Grant{3, 1, 0}));
  EXPECT_EQ(ledger_[1].back().row.generation, 2);
}

TEST_F(Office, ALateCopyOfTheRequestOfAReleasedGrantGrantsNothing) {
  start();
  made(to(release(), 2));
  const auto late = ask_for("p1", {7, 2}, "r-1");
  EXPECT_EQ(status_of(late), Status::kGrantReleased);
  EXPECT_EQ(pipeline_->allocator().head(1), 3);
  ask_for("p1", {3, 1}, "r-2");
  EXPECT_EQ(status_of(ask_for("p1", {7, 2}, "r-1")), Status::kAlreadyHasResources) << "it holds a newer grant";
}

TEST_F(Office, ALateCopyGrantsNothingAfterATakeOverEither) {
  start();
  made(to(release(), 2));
  send_as("p2", {1, 0}, "r-3");
  turn();
  answer_commit(failure(StorageError::Kind::kInvariant));
  take_over();  // reads everything again
  commit();
  EXPECT_EQ(status_of(ask_for("p1", {7, 2}, "r-1")), Status::kGrantReleased);
}

TEST_F(Office, ALateCopyGrantsNothingAfterTheAmendedGrantIsReleased) {
  start();
  made(to(amend_to({5, 2}), 2));
  EXPECT_EQ(status_of(ask_for("p1", {7, 2}, "r-1")), Status::kAlreadyHasResources);
  made(to(release(), 4, "c-2"));
  EXPECT_EQ(status_of(ask_for("p1", {7, 2}, "r-1")), Status::kGrantReleased);
}

TEST_F(Office, AnAmendedGrantIsAReleaseAndAGrantInOneChange) {
  start();
  const auto outcome = made(to(amend_to({5, 3}), 2));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.seq, 4);
  EXPECT_EQ(outcome.grant, (HeldGrant{{5, 3}, {5, 3, 0}}));
  EXPECT_EQ(outcome.left, (Pool{375, 57, 380}));
  EXPECT_EQ(ledger_[1][2].row.cause, static_cast<std::int64_t>(Cause::kAmended));
  EXPECT_EQ(ledger_[1][3].row.cause, static_cast<std::int64_t>(Cause::kAmended));
  EXPECT_EQ(ledger_[1][3].row.generation, 2);
  EXPECT_EQ(ledger_[1][3].request_id, std::nullopt);
}

TEST_F(Office, AnAmendmentThatIsNotWholeIsRefusedUnlessAPartIsAccepted) {
  start();
  ask_for("p2", {370, 58}, "r-2");  // 3 classrooms are left
  const auto refused = outcome_of(to(amend_to({12, 2}), 2));
  EXPECT_EQ(error_in(refused), Status::kRefused);
  EXPECT_EQ(refused.grant, (HeldGrant{{7, 2}, {7, 2, 0}}));
  EXPECT_NE(refused.error->detail.find("10 classrooms"), std::string::npos) << refused.error->detail;
  const auto part = made(to(amend_to({12, 2}, true), 2, "c-2"));
  EXPECT_EQ(part.grant, (HeldGrant{{12, 2}, {10, 2, 0}}));
}

TEST_F(Office, AnAmendmentToWhatIsHeldWritesNothing) {
  start();
  const auto outcome = outcome_of(to(amend_to({7, 2}), 2));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.seq, 2);
}

TEST_F(Office, ARepeatOfACommandGetsTheFirstAnswerAndWritesNothing) {
  start();
  const auto first = made(to(release(), 2));
  auto again = outcome_of(to(release(), 2));
  EXPECT_TRUE(again.is_repeat);
  again.is_repeat = false;
  EXPECT_EQ(again, first);
}

TEST_F(Office, AnIdThatAnotherCommandHasUsedIsAConflictAndNoRepeat) {
  start();
  made(to(amend_to({5, 2}), 2));
  for (const auto& change : std::vector<OfficeCommand::Change>{release(), amend_to({6, 2})}) {
    const auto outcome = outcome_of(to(change, 2));
    EXPECT_EQ(error_in(outcome), Status::kConflict);
    EXPECT_FALSE(outcome.is_repeat);
    EXPECT_EQ(outcome.grant->want, (Want{5, 2}));
  }
}

TEST_F(Office, OnlySomeCommandsWaitAndMoreAreToldThatTheServerIsBusy) {
  start();
  std::vector<Token> tokens;
  for (std::size_t i = 0; i <= CommitPipeline::kBarriersMax; ++i) {
    auto what = to(release("p2"), 0, "c-" + std::to_string(i));
    what.is_dry_run = true;
    tokens.push_back(command(std::move(what)));
  }
  turn();
  ASSERT_TRUE(outcomes_.contains(tokens.back()));
  EXPECT_EQ(error_in(outcomes_[tokens.back()]), Status::kOverloaded);
  EXPECT_EQ(outcomes_.size(), 1u);
}

TEST_F(Office, ARepeatAfterAColleaguesChangeIsAConflictAndUndoesNothing) {
  start();
  made(to(amend_to({5, 2}), 2, "c-1"));
  made(to(amend_to({8, 2}), 4, "c-2"));
  const auto again = outcome_of(to(amend_to({5, 2}), 2, "c-1"));
  EXPECT_EQ(error_in(again), Status::kConflict);
  EXPECT_EQ(again.seq, 6);
  EXPECT_EQ(again.grant, (HeldGrant{{8, 2}, {8, 2, 0}}));
}

TEST_F(Office, ARepeatedReleaseDoesNotReleaseTheGrantThatTheProgramAskedForSince) {
  start();
  made(to(release(), 2));
  ask_for("p1", {3, 1}, "r-2");
  const auto again = outcome_of(to(release(), 2));
  EXPECT_EQ(error_in(again), Status::kConflict);
  EXPECT_EQ(again.seq, 4);
}

TEST_F(Office, ADryRunTellsWhatWouldBeTrueAndChangesNothing) {
  start();
  for (const auto& change : std::vector<OfficeCommand::Change>{release(), amend_to({5, 3}),
                                                               ResizeSemester{{400, 60, 400}}, CloseSemester{}}) {
    auto what = to(change, std::nullopt);
    what.is_dry_run = true;
    const auto before = pipeline_->allocator().left(1);
    const auto dry = outcome_of(what);
    EXPECT_FALSE(dry.error);
    EXPECT_EQ(pipeline_->allocator().head(1), 2);
    EXPECT_EQ(pipeline_->allocator().left(1), before);
  }
}

TEST_F(Office, ADryRunHasTheOutcomeOfTheCommand) {
  start();
  auto what = to(amend_to({5, 3}), 2);
  what.is_dry_run = true;
  const auto dry = outcome_of(what);
  EXPECT_EQ(made(to(amend_to({5, 3}), 2)), dry);
}

TEST_F(Office, ACapacityGoesUpAndDownToWhatIsGrantedAndNoFurther) {
  start();
  const auto up = made(to(ResizeSemester{{400, 60, 380}}, 1));
  EXPECT_EQ(up.capacity, (Capacity{400, 60, 380}));
  EXPECT_EQ(up.left, (Pool{393, 58, 380}));
  const auto down = outcome_of(to(ResizeSemester{{6, 60, 0}}, 3, "c-2"));
  EXPECT_EQ(error_in(down), Status::kRefused);
  EXPECT_NE(down.error->detail.find("7 classrooms, 2 labs and 0 conversions"), std::string::npos) << down.error->detail;
  const auto least = made(to(ResizeSemester{{7, 2, 0}}, 3, "c-3"));
  EXPECT_EQ(least.left, (Pool{0, 0, 0}));
  const auto token = ask_for("p2", {1, 1}, "r-2");
  EXPECT_EQ(grant_of(token), (Grant{0, 0, 0}));
}

TEST_F(Office, AClosedSemesterAcceptsOnlyThatItIsReopened) {
  start();
  const auto closed = made(to(CloseSemester{}, 1));
  EXPECT_FALSE(closed.is_open);
  EXPECT_EQ(error_of(ask_for("p2", {1, 0}, "r-2")), Status::kInvalidSemester);
  for (const auto& change :
       std::vector<OfficeCommand::Change>{release(), amend_to({5, 3}), ResizeSemester{{400, 60, 400}}}) {
    EXPECT_EQ(error_in(outcome_of(to(change, 3, "c-2"))), Status::kInvalidSemester);
  }
  EXPECT_EQ(error_in(outcome_of(to(CloseSemester{}, 3, "c-2"))), Status::kRefused);
  const auto reopened = made(to(ReopenSemester{}, 3, "c-3"));
  EXPECT_TRUE(reopened.is_open);
  EXPECT_FALSE(take_over_) << "the state has its ledger";
  EXPECT_EQ(grant_of(ask_for("p2", {1, 0}, "r-3")), (Grant{1, 0, 0}));
  EXPECT_EQ(error_in(outcome_of(to(ReopenSemester{}, 4, "c-4"))), Status::kRefused);
}

TEST_F(Office, ARepeatOfAClosingIsAnsweredLikeTheFirstCopy) {
  start();
  auto closed = made(to(CloseSemester{}, 1));
  EXPECT_FALSE(closed.is_repeat);
  closed.is_repeat = true;
  EXPECT_EQ(outcome_of(to(CloseSemester{}, 1)), closed);
  EXPECT_EQ(error_in(outcome_of(to(CloseSemester{}, 1, "c-2"))), Status::kConflict) << "a colleague has closed it";
}

TEST_F(Office, ASemesterThatWasClosedBeforeTheServerLedIsReadWhenItIsReopened) {
  start_store();
  ledger_[1].emplace_back(fixtures::granted(2, 1, {7, 2}, {7, 2, 0}));
  LedgerEntry closing;
  closing.seq = 3;
  closing.kind = EntryKind::kSemesterClosed;
  ledger_[1].emplace_back(closing);
  stored_[1].head = 3;
  stored_[1].left = {373, 58, 380};
  stored_[1].is_open = false;
  Pipeline::start({}, {});
  const auto token = command(to(ReopenSemester{}, 3));
  turn();
  look_up();
  finish_change();
  EXPECT_FALSE(outcomes_.contains(token));
  take_over();
  look_up();
  ASSERT_TRUE(outcomes_.contains(token));
  EXPECT_FALSE(outcomes_[token].error);
  EXPECT_FALSE(outcomes_[token].is_repeat);
  EXPECT_EQ(status_of(ask_for("p1", {7, 2}, "r-1")), Status::kOk) << "it is a repeat of its grant";
}

TEST_F(Office, ACommandWaitsForTheRequestsBeforeItAndHoldsThoseAfterIt) {
  start();
  send_as("p2", {370, 0}, "r-2");
  turn();
  const auto token = command(to(release(), 2));
  const auto after = send_as("p3", {10, 0}, "r-3");
  turn();
  EXPECT_FALSE(look_up_);
  commit();  // 3 classrooms are left
  look_up();
  EXPECT_EQ(pipeline_->allocator().head(1), 3);
  finish_change();
  commit();
  EXPECT_EQ(grant_of(after), (Grant{10, 0, 0}));
  EXPECT_EQ(order_[2], token);
}

TEST_F(Office, AChangeInDoubtThatIsStoredIsAnsweredOnceAsMade) {
  start();
  const auto token = command(to(release(), 2));
  turn();
  look_up();
  store_change();
  answer_change(failure(StorageError::Kind::kInDoubt));
  take_over();
  look_up();
  EXPECT_FALSE(outcomes_[token].error);
  EXPECT_FALSE(outcomes_[token].is_repeat);
  EXPECT_EQ(ledger_[1].size(), 3U);
}

TEST_F(Office, AChangeInDoubtThatIsNotStoredIsMadeAgain) {
  start();
  const auto token = command(to(release(), 2));
  turn();
  look_up();
  answer_change(failure(StorageError::Kind::kInDoubt));
  take_over();
  look_up();
  finish_change();
  EXPECT_FALSE(outcomes_[token].error);
  EXPECT_EQ(ledger_[1].size(), 3U);
}

TEST_F(Office, AChangeInDoubtWhoseDeadlineHasPassedIsLoggedIfTheStoreHasItAndElseNotMade) {
  start();
  for (const bool is_stored : {false, true}) {
    SCOPED_TRACE(is_stored);
    const auto token = command(to(release(), 2, is_stored ? "c-2" : "c-1"));
    turn();
    look_up();
    if (is_stored) store_change();
    advance(PipelineOptions{}.store_timeout);
    EXPECT_EQ(error_in(outcomes_[token]), Status::kUnavailable);
    answer_change(failure(StorageError::Kind::kInDoubt));
    take_over();
    look_up();
    EXPECT_FALSE(change_) << "its sender knows that it may not have been made";
    EXPECT_EQ(notes_.size(), is_stored ? 1U : 0U);
    EXPECT_TRUE(pipeline_->queue().is_empty());
  }
  EXPECT_EQ(notes_.back().command.id, "c-2");
  EXPECT_EQ(notes_.back().seq, 3);
}

TEST_F(Office, AReplacedLeaderAnswersNothingFromItsState) {
  start();
  const auto token = command(to(release("p5"), 0));  // it holds nothing: refused, if this server still leads
  turn();
  look_up(CommitResult::kBaseMoved);
  EXPECT_FALSE(outcomes_.contains(token));
  take_over();
  look_up(CommitResult::kReplaced);
  EXPECT_EQ(error_in(outcomes_[token]), Status::kNotLeader);
}

TEST_F(Office, AReplacedLeaderDoesNotReopenASemester) {
  start();
  made(to(CloseSemester{}, 1));
  const auto token = command(to(ReopenSemester{}, 3, "c-2"));
  turn();
  look_up();
  answer_change(CommitResult::kReplaced);
  EXPECT_EQ(error_in(outcomes_[token]), Status::kNotLeader);
  EXPECT_FALSE(pipeline_->allocator().find_semester("2025-10"));
}

TEST_F(Office, AChangeThatTheStoreRejectsGetsUnavailableAndTheServerContinues) {
  start();
  const auto token = command(to(release(), 2));
  turn();
  look_up();
  answer_change(failure(StorageError::Kind::kRejected));
  EXPECT_EQ(error_in(outcomes_[token]), Status::kUnavailable);
  made(to(release(), 2, "c-2"));
}

TEST_F(Office, AnUnknownSubjectIsRefusedWithWhatIsUnknown) {
  start();
  auto other = to(release(), 2);
  other.semester = "2030-10";
  EXPECT_EQ(error_in(outcome_of(other)), Status::kInvalidSemester);
  EXPECT_EQ(error_in(outcome_of(to(ReleaseGrant{{"f9", "p1"}}, 2))), Status::kInvalidFaculty);
  EXPECT_EQ(error_in(outcome_of(to(ReleaseGrant{{"f1", "p9"}}, 2))), Status::kInvalidProgram);
  EXPECT_EQ(error_in(outcome_of(to(release("p2"), 0))), Status::kRefused);
  EXPECT_EQ(error_in(outcome_of(to(amend_to({1, 1}), 1))), Status::kConflict);
}

TEST_F(Office, ACommandThatNoStateCanAcceptIsRefusedAtTheDoor) {
  start();
  auto long_note = to(release(), 2);
  long_note.note = std::string(501, 'x');
  auto long_actor = to(release(), 2);
  long_actor.actor = std::string(201, 'x');
  for (const auto& bad : {to(release(), std::nullopt), to(release(), 2, ""), to(release(), 2, "settle-1-2"), long_note,
                          long_actor, to(amend_to({-1, 0}), 2), to(amend_to({kQuantityMax + 1, 0}), 2),
                          to(ResizeSemester{{10, 0, 11}}, 1), to(ResizeSemester{{kCapacityMax + 1, 0, 0}}, 1)}) {
    const auto token = command(bad);
    collect();
    ASSERT_TRUE(outcomes_.contains(token));
    EXPECT_EQ(error_in(outcomes_[token]), Status::kInvalidRequest);
    EXPECT_FALSE(outcomes_[token].error->detail.empty());
  }
}

TEST_F(Office, AStoreThatContradictsTheStateIsReadAgainAndThenTheServerEnds) {
  start();
  command(to(release(), 2));
  turn();
  look_up_->entries.front().generation = 7;  // the store has no such entry
  look_up();
  EXPECT_TRUE(take_over_->known.heads.empty());
  take_over();
  look_up_->entries.front().generation = 7;
  look_up();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
}

}  // namespace
}  // namespace dti
