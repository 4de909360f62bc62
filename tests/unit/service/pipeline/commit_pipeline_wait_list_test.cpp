#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/pipeline/office_harness.hpp"

namespace dti {
namespace {

/// A semester with a wait list: 380 classrooms and 60 labs. After start(), p1 holds 370 and 56 by entry 2; p2 holds 10 of
/// 20 classrooms by entry 3; p3 holds none of 5 classrooms by entry 4, and all labs that it wants.
class Waiting : public fixtures::Office {
 protected:
  void start(PipelineOptions options = {}) {
    Pipeline::start(options);
    ask_for("p1", {370, 56}, "r-1");
    ask_for("p2", {20, 0}, "r-2");
    ask_for("p3", {5, 2}, "r-3");
    made(to(SetWaitList{true}, 0, "c-on"));
  }
  /// Makes a command and all top-ups that follow. @return its outcome
  OfficeOutcome made_and_settled(OfficeCommand what) {
    const auto outcome = made(std::move(what));
    settle_all();
    return outcome;
  }
  void settle_all() {
    while (change_) finish_change();
  }
  OfficeOutcome release_of(const std::string& program) {
    auto what = to(release(program), std::nullopt, "c-" + std::to_string(++commands_));
    what.expects = last_about(program);
    return made_and_settled(std::move(what));
  }
  /// The seq of the last entry about the program's newest grant.
  Seq last_about(const std::string& program) {
    const auto id = pipeline_->allocator().catalog().find_program(1, program);
    Seq last = 0;
    for (const auto& entry : ledger_[1]) {
      if (entry.row.program_id == std::int64_t{id}) last = entry.row.seq;
    }
    return last;
  }
  [[nodiscard]] std::optional<HeldGrant> held(const std::string& program) const {
    const auto& allocator = pipeline_->allocator();
    return allocator.program(1, allocator.catalog().find_program(1, program)).held;
  }
  [[nodiscard]] Grant grant_held(const std::string& program) const { return held(program)->grant; }

  /// The first difference of the stored ledger from the rule.
  [[nodiscard]] std::string fault_of_ledger() {
    LedgerReplay replay{program_count_};
    for (const auto& entry : ledger_[1]) {
      auto row = entry.row;
      if (entry.request_id) row.request = id_hash(*entry.request_id);
      if (const auto found = replay.add(row)) return to_string(*found);
    }
    const auto found = replay.finish(stored_.at(1), epoch_);
    return found ? to_string(*found) : std::string{};
  }

  int commands_ = 0;
};

TEST_F(Waiting, ReturnedRoomsGoToTheProgramsThatAskedFirst) {
  start();
  const auto outcome = release_of("p1");
  EXPECT_EQ(outcome.left, (Pool{370, 56 + 2, 380})) << "the command is answered before the rooms are given";
  EXPECT_EQ(held("p2"), (HeldGrant{{20, 0}, {20, 0, 0}}));
  EXPECT_EQ(held("p3"), (HeldGrant{{5, 2}, {5, 2, 0}}));
  EXPECT_EQ(pipeline_->allocator().left(1), (Pool{355, 58, 380}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ATopUpIsAReleaseAndAGrantThatKeepsThePlace) {
  start();
  release_of("p1");
  const auto& ledger = ledger_[1];
  const auto& released = ledger[6];
  const auto& granted = ledger[7];
  EXPECT_EQ(released.row.kind, stored_code(EntryKind::kReleased));
  EXPECT_EQ(released.row.cause, static_cast<std::int64_t>(Cause::kToppedUp));
  EXPECT_EQ(released.row.classrooms_granted, 10);
  EXPECT_EQ(granted.row.cause, static_cast<std::int64_t>(Cause::kToppedUp));
  EXPECT_EQ(granted.row.generation, 2);
  EXPECT_EQ(granted.row.classrooms_granted, 20);
  EXPECT_EQ(granted.row.waits_since, 3);
  EXPECT_EQ(granted.command_id, "settle-1-6");
  EXPECT_EQ(granted.request_id, std::nullopt);
}

TEST_F(Waiting, WithoutAWaitListReturnedRoomsStayForTheNextRequest) {
  Pipeline::start();
  ask_for("p1", {380, 0}, "r-1");
  ask_for("p2", {20, 0}, "r-2");
  made(to(release(), 2));
  EXPECT_FALSE(change_);
  EXPECT_EQ(grant_of(ask_for("p3", {380, 0}, "r-3")), (Grant{380, 0, 0}));
}

TEST_F(Waiting, TheListServesThoseWhoAskedBeforeItWasTurnedOnInTheirOrder) {
  Pipeline::start();
  ask_for("p1", {380, 0}, "r-1");
  ask_for("p2", {20, 0}, "r-2");
  ask_for("p3", {20, 0}, "r-3");
  made(to(release(), 2));
  made_and_settled(to(SetWaitList{true}, 0, "c-2"));
  EXPECT_EQ(grant_held("p2"), (Grant{20, 0, 0}));
  EXPECT_EQ(grant_held("p3"), (Grant{20, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, APartKeepsThePlaceForTheNextRooms) {
  start();
  ask_for("p4", {1, 0}, "r-4");
  made_and_settled(to(ResizeSemester{{384, 60, 380}}, 1, "c-1"));
  EXPECT_EQ(grant_held("p2"), (Grant{14, 0, 0}));
  made_and_settled(to(ResizeSemester{{392, 60, 380}}, 7, "c-2"));
  EXPECT_EQ(grant_held("p2"), (Grant{20, 0, 0}));
  EXPECT_EQ(grant_held("p3"), (Grant{2, 2, 0}));
  EXPECT_EQ(grant_held("p4"), (Grant{0, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ANewRequestGetsOnlyWhatNoEarlierPlaceCanUse) {
  start();
  made_and_settled(to(ResizeSemester{{383, 60, 380}}, 1));
  EXPECT_EQ(grant_of(ask_for("p4", {1, 1}, "r-4")), (Grant{0, 1, 0})) << "the 3 classrooms are p2's";
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ARequestThatArrivesWhileTheListIsSettledWaitsForIt) {
  start();
  const auto token = command(to(release(), 2));
  const auto after = send_as("p4", {370, 0}, "r-4");
  turn();
  look_up();
  finish_change();
  ASSERT_TRUE(change_) << "the top-ups";
  EXPECT_TRUE(outcomes_.contains(token)) << "the office need not wait for them";
  const auto meanwhile = send_as("p5", {1, 0}, "r-5");
  turn();
  EXPECT_FALSE(is_answered(after));
  settle_all();
  commit();
  EXPECT_EQ(grant_of(after), (Grant{355, 0, 0}));
  EXPECT_EQ(grant_of(meanwhile), (Grant{0, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ARepeatGetsTheLargerGrant) {
  start();
  release_of("p1");
  const auto again = ask_for("p2", {20, 0}, "r-2");
  EXPECT_EQ(grant_of(again), (Grant{20, 0, 0}));
  EXPECT_EQ(status_of(again), Status::kOk);
}

TEST_F(Waiting, TopUpsSpanChangesOfAtMostABatch) {
  start({.batch_entries_max = 2});
  auto what = to(release(), 2);
  made(what);
  for (const auto* program : {"p2", "p3"}) {
    ASSERT_TRUE(change_);
    EXPECT_EQ(change_->entries.size(), 2U);
    finish_change();
    EXPECT_EQ(grant_status(held(program)->want, held(program)->grant), Status::kOk);
  }
  EXPECT_FALSE(change_);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, TopUpsAreLoggedOnceWhenTheListIsSettled) {
  start({.batch_entries_max = 2});
  made(to(release(), 2));
  finish_change();
  EXPECT_EQ(logged("programs-topped-up"), 0U);
  finish_change();
  EXPECT_EQ(logged("programs-topped-up"), 1U);
}

TEST_F(Waiting, TopUpsInDoubtAreFoundAgainByTheTakeOver) {
  for (const bool is_stored : {false, true}) {
    SCOPED_TRACE(is_stored);
    pipeline_.reset();
    stored_.clear();
    ledger_.clear();
    start();
    made(to(release(), 2));
    if (is_stored) store_change();
    answer_change(failure(StorageError::Kind::kInDoubt));
    const auto after = send_as("p4", {1, 0}, "r-" + std::to_string(tokens_));
    turn();
    take_over();
    EXPECT_EQ(change_.has_value(), !is_stored);
    settle_all();
    commit();
    EXPECT_EQ(grant_of(after), (Grant{1, 0, 0}));
    EXPECT_EQ(ledger_[1].size(), 11U);
    EXPECT_EQ(fault_of_ledger(), "");
    epoch_ = 0;
  }
}

TEST_F(Waiting, AnotherServerThatTakesOverSettlesFirst) {
  start();
  made(to(release(), 2));
  change_.reset();  // this server is gone before its top-ups are stored
  pipeline_.emplace(PipelineOptions{}, StartOptions{});
  pipeline_->on_start(now_);
  collect();
  take_over();
  const auto after = send_as("p4", {1, 0}, "r-4");
  turn();
  EXPECT_FALSE(commit_);
  settle_all();
  commit();
  EXPECT_EQ(grant_of(after), (Grant{1, 0, 0}));
  EXPECT_EQ(grant_held("p2"), (Grant{20, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, AReplacedLeaderTopsUpNoProgram) {
  start();
  made(to(release(), 2));
  answer_change(CommitResult::kReplaced);
  EXPECT_EQ(said_.back(), "STANDBY");
  EXPECT_EQ(grant_held("p2"), (Grant{10, 0, 0}));
}

TEST_F(Waiting, AServerThatStopsLeavesTheRestToTheNextLeader) {
  start({.batch_entries_max = 2});
  made(to(release(), 2));
  pipeline_->on_stop(now_);
  collect();
  finish_change();
  EXPECT_FALSE(change_);
  EXPECT_TRUE(resignation_);
}

TEST_F(Waiting, AServerThatStopsRefusesWhatWaitsForTheListInsteadOfSettlingAllOfIt) {
  start({.batch_entries_max = 2});
  made(to(release(), 2));
  const auto request = send_as("p4", {1, 0}, "r-4");
  const auto repeat = send_as("p1", {370, 56}, "r-1");
  const auto office = command(to(CloseSemester{}, 1, "c-close"));
  pipeline_->on_stop(now_);
  finish_change();
  answer_guard(CommitResult::kCommitted);
  EXPECT_FALSE(change_) << "p3 is left to the next leader";
  EXPECT_EQ(error_of(request), Status::kUnavailable);
  EXPECT_EQ(status_of(repeat), Status::kGrantReleased);
  EXPECT_EQ(error_in(outcomes_[office]), Status::kUnavailable);
  EXPECT_TRUE(resignation_);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ARepeatAtAStopWaitsForTheTopUpsThatAreOnTheirWay) {
  start();
  made(to(release(), 2));
  ASSERT_TRUE(change_);
  const auto repeat = send_as("p2", {20, 0}, "r-2");
  pipeline_->on_stop(now_);
  collect();
  finish_change();
  ASSERT_TRUE(guard_);
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(grant_of(repeat), (Grant{20, 0, 0})) << "the guard rests on the ledger with the top-ups";
}

TEST_F(Waiting, AnUndoneGrantHasNoPlaceAnyMore) {
  start();
  send_as("p4", {3, 0}, "r-4");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  take_over();
  commit();
  EXPECT_EQ(pipeline_->allocator().wait_list(1)->size(), 3U);
  release_of("p1");
  EXPECT_EQ(grant_held("p4"), (Grant{3, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, AGrantThatTheStoreRejectsHasNoPlace) {
  start();
  const auto token = send_as("p4", {3, 0}, "r-4");
  turn();
  answer_commit(failure(StorageError::Kind::kRejected));
  EXPECT_EQ(error_of(token), Status::kUnavailable);
  EXPECT_EQ(pipeline_->allocator().wait_list(1)->size(), 2U);
  release_of("p1");
  EXPECT_FALSE(held("p4"));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, AProgramThatLeavesKeepsItsRoomsAndIsServedNoMore) {
  start();
  const auto left = made(to(LeaveWaitList{{"f1", "p2"}}, 3, "c-1"));
  EXPECT_FALSE(left.error);
  EXPECT_EQ(left.waits_since, 0);
  EXPECT_EQ(ledger_[1].back().row.kind, stored_code(EntryKind::kWaitingLeft));
  EXPECT_TRUE(outcome_of(to(LeaveWaitList{{"f1", "p2"}}, 3, "c-1")).is_repeat);
  EXPECT_EQ(error_in(outcome_of(to(LeaveWaitList{{"f1", "p2"}}, 6, "c-2"))), Status::kRefused);
  EXPECT_EQ(error_in(outcome_of(to(LeaveWaitList{{"f1", "p2"}}, 3, "c-3"))), Status::kConflict);
  release_of("p1");
  EXPECT_EQ(grant_held("p2"), (Grant{10, 0, 0}));
  EXPECT_EQ(grant_held("p3"), (Grant{5, 2, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
  made_and_settled(to(AmendGrant{{"f1", "p2"}, {21, 0}, true}, 6, "c-4"));
  EXPECT_EQ(grant_held("p2"), (Grant{21, 0, 0})) << "to want more is to ask again";
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, TheIdOfATopUpIsNoIdOfACommand) {
  start();
  release_of("p1");
  const auto token = command(to(AmendGrant{{"f1", "p2"}, {20, 0}, false}, 3, "settle-1-6"));
  turn();
  EXPECT_EQ(error_in(outcomes_[token]), Status::kInvalidRequest);
}

TEST_F(Waiting, AProgramThatDoesNotWaitCannotLeave) {
  start();
  EXPECT_EQ(error_in(outcome_of(to(LeaveWaitList{{"f1", "p1"}}, 2))), Status::kRefused) << "its grant is whole";
  EXPECT_EQ(error_in(outcome_of(to(LeaveWaitList{{"f1", "p5"}}, 0))), Status::kRefused) << "it has none";
  made(to(SetWaitList{false}, 5, "c-2"));
  EXPECT_EQ(error_in(outcome_of(to(LeaveWaitList{{"f1", "p2"}}, 3))), Status::kRefused) << "there is no list";
}

TEST_F(Waiting, TheListIsTurnedOnOnceAndOffOnce) {
  start();
  const auto on = outcome_of(to(SetWaitList{true}, 5, "c-1"));
  EXPECT_FALSE(on.error);
  EXPECT_TRUE(on.has_wait_list);
  EXPECT_EQ(on.seq, 5);
  EXPECT_EQ(error_in(outcome_of(to(SetWaitList{false}, 0, "c-2"))), Status::kConflict);
  const auto off = made(to(SetWaitList{false}, 5, "c-3"));
  EXPECT_FALSE(off.has_wait_list);
  EXPECT_TRUE(outcome_of(to(SetWaitList{false}, 5, "c-3")).is_repeat);
  release_of("p1");
  EXPECT_EQ(grant_held("p2"), (Grant{10, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, TurningTheListOnTellsHowManyProgramsWaitAndHowManyGetMoreAtOnce) {
  start();
  EXPECT_EQ(outcome_of(to(SetWaitList{true}, 5, "c-1")).waiting, (WaitListSize{2, 0})) << "nothing is left";
  const auto off = made(to(SetWaitList{false}, 5, "c-2"));
  EXPECT_EQ(off.waiting, WaitListSize{});
  release_of("p1");
  auto on = to(SetWaitList{true}, 6, "c-3");
  on.is_dry_run = true;
  EXPECT_EQ(outcome_of(on).waiting, (WaitListSize{2, 2}));
  EXPECT_EQ(pipeline_->top_ups(), 0U);
  on.is_dry_run = false;
  on.id = "c-4";
  EXPECT_EQ(made_and_settled(on).waiting, (WaitListSize{2, 2}));
  EXPECT_EQ(pipeline_->top_ups(), 2U);
  EXPECT_EQ(logged("programs-topped-up"), 1U);
  EXPECT_EQ(outcome_of(to(SetWaitList{true}, 8, "c-4")).waiting, WaitListSize{}) << "a repeat tells what is true now";
  EXPECT_FALSE(outcome_of(to(LeaveWaitList{{"f1", "p2"}}, 0, "c-5")).waiting) << "it is about a program";
}

TEST_F(Waiting, ASmallerAmendmentKeepsThePlaceAndALargerOneLosesIt) {
  start();
  made_and_settled(to(AmendGrant{{"f1", "p2"}, {15, 0}, true}, 3, "c-1"));
  EXPECT_EQ(outcome_of(to(AmendGrant{{"f1", "p2"}, {15, 0}, true}, 7, "c-2")).waits_since, 3);
  made_and_settled(to(ResizeSemester{{382, 60, 380}}, 1, "c-3"));
  EXPECT_EQ(grant_held("p2"), (Grant{12, 0, 0}));
  made_and_settled(to(AmendGrant{{"f1", "p2"}, {16, 0}, true}, 10, "c-4"));
  made_and_settled(to(ResizeSemester{{386, 60, 380}}, 8, "c-5"));
  EXPECT_EQ(grant_held("p2"), (Grant{12, 0, 0})) << "p3 is first now";
  EXPECT_EQ(grant_held("p3"), (Grant{4, 2, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, TheRoomsThatAnAmendmentReturnsAreForTheListAndNotForTheAmendedProgram) {
  start();
  made_and_settled(to(AmendGrant{{"f1", "p1"}, {340, 60}, true}, 2, "c-1"));
  EXPECT_EQ(grant_held("p1").classrooms, 340);
  EXPECT_EQ(grant_held("p2"), (Grant{20, 0, 0}));
  EXPECT_EQ(grant_held("p3"), (Grant{5, 2, 0}));
  EXPECT_EQ(grant_held("p1"), (Grant{340, 58, 2})) << "the last one on the list gets the rest";
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ARepeatOfAnAmendmentThatWasToppedUpSinceIsARepeatAndNoConflict) {
  start();
  const auto amendment = to(AmendGrant{{"f1", "p1"}, {340, 60}, true}, 2, "c-1");
  made_and_settled(amendment);
  ASSERT_EQ(last_about("p1"), 13) << "a top-up is the last entry";
  const auto again = outcome_of(amendment);
  EXPECT_FALSE(again.error);
  EXPECT_TRUE(again.is_repeat);
  EXPECT_EQ(again.seq, 13);
  EXPECT_EQ(again.grant, held("p1"));
}

TEST_F(Waiting, AnAmendmentInDoubtThatIsToppedUpBeforeItIsJudgedAgainIsAnsweredAsMade) {
  start();
  const auto token = command(to(AmendGrant{{"f1", "p1"}, {340, 60}, true}, 2, "c-1"));
  turn();
  look_up();
  store_change();
  answer_change(failure(StorageError::Kind::kInDoubt));
  take_over();
  settle_all();
  look_up();
  EXPECT_FALSE(outcomes_[token].error);
  EXPECT_FALSE(outcomes_[token].is_repeat);
  EXPECT_EQ(notes_.back().seq, 7) << "the log names the entry of the command";
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ALateCopyOfTheRequestOfAToppedUpGrantGrantsNothingAfterItsRelease) {
  start();
  release_of("p1");
  release_of("p2");
  EXPECT_EQ(ledger_[1].back().request_id, "r-2") << "the release repeats the request-id of the ask";
  EXPECT_EQ(status_of(ask_for("p2", {20, 0}, "r-2")), Status::kGrantReleased);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, AClosedSemesterServesNoProgramUntilItIsReopened) {
  start();
  made(to(CloseSemester{}, 1, "c-1"));
  EXPECT_TRUE(pipeline_->allocator().unsettled().empty());
  made(to(ReopenSemester{}, 6, "c-2"));
  EXPECT_FALSE(change_) << "nothing has become free";
  release_of("p1");
  EXPECT_EQ(grant_held("p2"), (Grant{20, 0, 0}));
}

TEST_F(Waiting, AReopenedSemesterIsToldToHaveItsWaitListAgain) {
  start();
  EXPECT_TRUE(made(to(CloseSemester{}, 1, "c-close")).has_wait_list);
  EXPECT_TRUE(outcome_of(to(ReopenSemester{}, 1, "c-conflict")).has_wait_list);
  EXPECT_TRUE(made(to(ReopenSemester{}, 6, "c-reopen")).has_wait_list);
}

TEST_F(Waiting, AChangeThatTheStoreRejectsIsMadeInSmallerOnes) {
  start();
  made(to(release(), 2));
  ASSERT_EQ(change_->entries.size(), 4U);
  answer_change(failure(StorageError::Kind::kRejected));
  ASSERT_TRUE(change_);
  EXPECT_EQ(change_->entries.size(), 2U);
  settle_all();
  EXPECT_EQ(grant_held("p3"), (Grant{5, 2, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ATopUpThatTheStoreRejectsBlocksOnlyItsSemesterAndIsTriedAgain) {
  Pipeline::start({}, {"2025-10", "2026-10"});
  ask_for("p1", {380, 0}, "r-1");
  ask_for("p2", {20, 0}, "r-2");
  made(to(SetWaitList{true}, 0, "c-on"));
  made(to(release(), 2));
  answer_change(failure(StorageError::Kind::kRejected));
  EXPECT_EQ(logged("top-up-rejected-by-store"), 1U);
  EXPECT_NE(
      last_logged("top-up-rejected-by-store").find("; semester \"2025-10\", program \"p2\" of faculty \"f1\": until"),
      std::string::npos)
      << last_logged("top-up-rejected-by-store");
  const auto here = send_as("p3", {1, 0}, "r-3");
  const auto elsewhere = send_one("p3", 1, 0, "2026-10");
  turn();
  if (commit_) commit();
  if (guard_) answer_guard(CommitResult::kCommitted);
  if (commit_) commit();
  EXPECT_EQ(error_of(here), Status::kUnavailable) << "it must not overtake p2";
  EXPECT_EQ(grant_of(elsewhere), (Grant{1, 0, 0}));
  ASSERT_TRUE(pipeline_->wake_at());
  EXPECT_LE(*pipeline_->wake_at(), now_.steady + Settling::kPause);
  advance(Settling::kPause);
  if (renewal_) answer_renewal(CommitResult::kCommitted);
  settle_all();
  EXPECT_EQ(grant_held("p2"), (Grant{20, 0, 0}));
  EXPECT_EQ(grant_of(ask_for("p3", {1, 0}, "r-4")), (Grant{1, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ATakeOverEndsThePauseAfterARejectedTopUp) {
  Pipeline::start({}, {"2025-10", "2026-10"});
  ask_for("p1", {380, 0}, "r-1");
  ask_for("p2", {20, 0}, "r-2");
  made(to(SetWaitList{true}, 0, "c-on"));
  made(to(release(), 2));
  answer_change(failure(StorageError::Kind::kRejected));
  ASSERT_FALSE(change_);
  send_one("p3", 1, 0, "2026-10");
  turn();
  if (!commit_) turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  take_over();
  EXPECT_TRUE(change_) << "the first thing that the next leadership does";
}

TEST_F(Waiting, ARepeatIsAnsweredWhileTheSemesterIsPausedBecauseItOvertakesNoProgram) {
  start();
  made(to(release(), 2));
  answer_change(failure(StorageError::Kind::kRejected));  // of p2 and p3
  answer_change(failure(StorageError::Kind::kRejected));  // of p2
  EXPECT_EQ(grant_of(ask_for("p2", {20, 0}, "r-2")), (Grant{10, 0, 0}));
  EXPECT_EQ(error_of(ask_for("p4", {1, 0}, "r-4")), Status::kUnavailable);
  EXPECT_EQ(pipeline_->allocator().wait_list(1)->size(), 2U);
  EXPECT_EQ(ledger_[1].size(), 6U);
  advance(Settling::kPause);
  settle_all();
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, ATopUpOnWhichAConstraintFiresAgainAfterEverythingWasReadBlocksOnlyItsSemester) {
  Pipeline::start({}, {"2025-10", "2026-10"});
  ask_for("p1", {380, 0}, "r-1");
  ask_for("p2", {20, 0}, "r-2");
  made(to(SetWaitList{true}, 0, "c-on"));
  made(to(release(), 2));
  answer_change(failure(StorageError::Kind::kInvariant));
  take_over();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(change_);
    answer_change(failure(StorageError::Kind::kInvariant));
    ASSERT_FALSE(exit_) << exit_->reason;
    EXPECT_FALSE(take_over_) << "reading everything again did not help";
    const auto elsewhere = send_one("p" + std::to_string(3 + i), 1, 0, "2026-10");
    turn();
    commit();
    EXPECT_EQ(grant_of(elsewhere), (Grant{1, 0, 0}));
    advance(Settling::kPause);
    if (renewal_) answer_renewal(CommitResult::kCommitted);
  }
  EXPECT_EQ(logged("top-up-rejected-by-store"), 1U) << "at most once in 10 s";
  settle_all();
  EXPECT_EQ(grant_held("p2"), (Grant{20, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Waiting, TheChangesOfASemesterAreSmallerOnlyIfTheStoreRejectedTheirs) {
  Settling settling{100};
  EXPECT_FALSE(settling.on_rejected(1, 8, now_.steady));
  EXPECT_EQ(settling.count(1), 4U);
  EXPECT_EQ(settling.count(2), 100U);
  for (const auto count : {8U, 16U, 32U, 64U, 100U, 100U}) {
    settling.on_committed(2, 100);
    settling.on_committed(1, settling.count(1));
    EXPECT_EQ(settling.count(1), count);
  }
  EXPECT_TRUE(settling.on_rejected(1, 1, now_.steady));
  EXPECT_EQ(settling.count(1), 1U);
}

TEST_F(Waiting, TheOfficeTakesAProgramOffTheListWhoseTopUpTheStoreRejects) {
  start();
  made(to(release(), 2));
  answer_change(failure(StorageError::Kind::kRejected));  // of p2 and p3
  answer_change(failure(StorageError::Kind::kRejected));  // of p2
  made_and_settled(to(LeaveWaitList{{"f1", "p2"}}, 3, "c-2"));
  EXPECT_EQ(grant_held("p2"), (Grant{10, 0, 0}));
  EXPECT_EQ(grant_held("p3"), (Grant{5, 2, 0}));
  EXPECT_EQ(grant_of(ask_for("p4", {1, 0}, "r-4")), (Grant{1, 0, 0}));
  EXPECT_EQ(fault_of_ledger(), "");
}

/// Random lives of one semester, against a pipeline whose store sometimes loses an answer or a change.
class RandomLife : public Waiting {
 protected:
  void live(unsigned seed) {
    engine_.seed(seed);
    Pipeline::start({.batch_entries_max = 1 + static_cast<std::size_t>(up_to(6))});
    made(to(ResizeSemester{{12, 4, up_to(6)}}, 1, "c-first"));
    for (int step = 0; step < 60; ++step) {
      act(step);
      answer_everything();
      ASSERT_FALSE(exit_) << exit_->reason;
    }
  }
  void act(int step) {
    const auto program = "p" + std::to_string(1 + up_to(4));
    const auto id = "x-" + std::to_string(step);
    const Want want{up_to(6), up_to(4)};
    const auto office = [&](OfficeCommand::Change change, Seq expects) { command(to(std::move(change), expects, id)); };
    const auto totals = pipeline_->allocator().totals(1);
    const auto limit = [&] {
      const auto kind = up_to(4);
      return kind == 0 ? QuotaLimit{} : QuotaLimit{static_cast<std::int32_t>(up_to(16)), kind == 1};
    };
    switch (up_to(10)) {
      case 0: office(ReleaseGrant{{"f1", program}}, last_about(program)); break;
      case 1: office(AmendGrant{{"f1", program}, want, up_to(1) == 0}, last_about(program)); break;
      case 2: office(ResizeSemester{{8 + up_to(8), 2 + up_to(4), up_to(6)}}, totals.capacity_at); break;
      case 3: office(SetWaitList{!totals.has_wait_list || up_to(3) > 0}, totals.setting_at); break;
      case 4: office(LeaveWaitList{{"f1", program}}, last_about(program)); break;
      case 5: office(CloseSemester{}, totals.opened_at); break;
      case 6: office(ReopenSemester{}, totals.opened_at); break;
      case 7: {
        const auto classrooms = limit();
        office(SetQuota{"f1", {classrooms, limit()}}, pipeline_->allocator().quotas(1).set_at(1));
        break;
      }
      default: send_as(program, want, id); break;
    }
    if (up_to(2) == 0) send_as("p" + std::to_string(1 + up_to(4)), want, id + "-too");
    turn();
  }
  void answer_everything() {
    while (true) {
      const bool fails = up_to(9) == 0;
      if (take_over_) {
        take_over();
      } else if (look_up_) {
        look_up();
      } else if (change_) {
        const bool has_effect = !fails || up_to(1) == 0;
        if (has_effect) store_change();
        const auto kind = has_effect || up_to(1) == 0 ? StorageError::Kind::kInDoubt : StorageError::Kind::kRejected;
        answer_change(fails ? WriteResult{failure(kind)} : CommitResult::kCommitted);
      } else if (commit_) {
        const bool has_effect = !fails || up_to(1) == 0;
        if (has_effect) store_batch();
        answer_commit(fails ? WriteResult{failure(StorageError::Kind::kInDoubt)} : CommitResult::kCommitted);
      } else if (guard_) {
        answer_guard(CommitResult::kCommitted);
      } else if (renewal_) {
        answer_renewal(CommitResult::kCommitted);
      } else if (!pipeline_->queue().is_empty() || !pipeline_->allocator().unsettled().empty()) {
        advance(std::chrono::milliseconds{100});
      } else {
        return;
      }
    }
  }
  Quantity up_to(Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(engine_); }

  std::mt19937 engine_;
};

TEST_F(RandomLife, LeavesALedgerInWhichNoProgramWasOvertakenAndAListThatIsSettled) {
  std::size_t top_ups = 0;
  std::size_t quota_changes = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    pipeline_.reset();
    stored_.clear();
    ledger_.clear();
    epoch_ = 0;
    live(seed);
    ASSERT_EQ(fault_of_ledger(), "");
    ASSERT_TRUE(pipeline_->allocator().unsettled().empty());
    const auto& quotas = pipeline_->allocator().quotas(1);
    ASSERT_FALSE(breaks(quotas.quota(1), quotas.held(1)));
    const auto is_quota = [](const auto& entry) { return entry.row.kind == stored_code(EntryKind::kQuotaSet); };
    quota_changes += static_cast<std::size_t>(std::count_if(ledger_[1].begin(), ledger_[1].end(), is_quota));
    const auto is_top_up = [](const auto& entry) { return entry.row.waits_since.has_value(); };
    top_ups += static_cast<std::size_t>(std::count_if(ledger_[1].begin(), ledger_[1].end(), is_top_up));
  }
  EXPECT_GT(top_ups, 300U);
  EXPECT_GT(quota_changes, 300U);
}

}  // namespace
}  // namespace dti
