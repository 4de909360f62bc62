#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using fixtures::ask;
using fixtures::kCapacity;
using fixtures::Pipeline;
using fixtures::request;

class Barrier : public Pipeline {};

TEST_F(Barrier, OpensASemesterThatIsServedAtOnceWithoutATakeOver) {
  start();
  const auto command = open("2026-10");
  turn();
  ASSERT_TRUE(opening_);
  EXPECT_EQ(opening_->epoch, epoch_);
  EXPECT_EQ(opening_->name, "2026-10");
  EXPECT_EQ(opening_->capacity, kCapacity);
  EXPECT_FALSE(is_answered(command));
  finish_opening();
  EXPECT_TRUE(is_opened(command));
  EXPECT_EQ(logged("semester-opened"), 1U);
  const auto token = send_one("p1", 7, 2, "2026-10");
  turn();
  ASSERT_TRUE(commit_);
  EXPECT_EQ(commit_->semester_id, 2);
  EXPECT_EQ(commit_->base, 1);
  commit();
  EXPECT_EQ(grant_of(token), (Grant{7, 2, 0}));
  EXPECT_FALSE(take_over_);
}

TEST_F(Barrier, WaitsForTheRequestsBeforeItAndHoldsThoseAfterItInOrderOfArrival) {
  start();
  const auto first = send_one("p1", 300, 0);
  turn();
  ASSERT_TRUE(commit_);
  const auto before = send_one("p2", 300, 0);
  const auto too_early = send_one("p1", 1, 0, "2026-10");
  const auto command = open("2026-10");
  const auto after = send_one("p1", 300, 0, "2026-10");
  const auto later = send_one("p2", 300, 0, "2026-10");
  const auto other = send_one("p3", 300, 0);
  turn();
  commit();  // of the first
  EXPECT_FALSE(opening_) << "a request before it is not committed";
  commit();  // of the one before
  EXPECT_FALSE(opening_);
  answer_guard(CommitResult::kCommitted);  // of the one that came too early
  EXPECT_EQ(error_of(too_early), Status::kInvalidSemester);
  ASSERT_TRUE(opening_);
  turn();
  for (const auto token : {command, after, later, other}) EXPECT_FALSE(is_answered(token));
  finish_opening();
  while (commit_) commit();
  EXPECT_EQ(grant_of(first), (Grant{300, 0, 0}));
  EXPECT_EQ(grant_of(before), (Grant{80, 0, 0}));
  EXPECT_EQ(grant_of(after), (Grant{300, 0, 0}));
  EXPECT_EQ(grant_of(later), (Grant{80, 0, 0}));
  EXPECT_EQ(grant_of(other), (Grant{0, 0, 0}));
  EXPECT_EQ(order_, (std::vector<Token>{first, before, too_early, command, after, later, other}));
}

TEST_F(Barrier, NothingIsDecidedAndNoOtherCallIsMadeWhileTheSemesterIsBeingOpened) {
  start();
  open("2026-10");
  turn();
  ASSERT_TRUE(opening_);
  send_one("p1");
  open("2027-10");
  turn();
  advance(10ms);
  EXPECT_EQ(pipeline_->allocator().head(1), 1);
  EXPECT_FALSE(commit_);
}

TEST_F(Barrier, SeveralAreExecutedOneAfterTheOther) {
  start();
  const auto one = open("2026-10");
  const auto other = open("2027-10");
  turn();
  finish_opening();
  EXPECT_TRUE(is_opened(one));
  EXPECT_FALSE(is_answered(other));
  finish_opening();
  EXPECT_TRUE(is_opened(other));
  EXPECT_EQ(pipeline_->allocator().find_semester("2027-10"), 3);
}

TEST_F(Barrier, ARepeatOfACommandGetsTheSameAnswerAndWritesNothing) {
  start();
  const auto first = open("2026-10");
  const auto at_once = open("2026-10");
  turn();
  finish_opening();
  EXPECT_TRUE(is_opened(first));
  EXPECT_FALSE(is_answered(at_once)) << "the server may have been replaced";
  look_up();
  EXPECT_TRUE(is_opened(at_once));
  const auto later = open("2026-10");
  const auto of_a_start = open("2025-10");
  turn();
  look_up();
  look_up();
  EXPECT_TRUE(is_opened(later));
  EXPECT_TRUE(is_opened(of_a_start));
  EXPECT_FALSE(opening_);
}

TEST_F(Barrier, ADryRunIsDecidedLikeTheCommandAndOpensNothing) {
  start();
  const auto foreseen = open("2026-10", kCapacity, true);
  const auto there = open("2025-10", kCapacity, true);
  const auto other = open("2025-10", {380, 61, 380}, true);
  const auto twin = open("2025_10", kCapacity, true);
  turn();
  for (int guard = 0; guard < 4; ++guard) look_up();
  EXPECT_TRUE(is_opened(foreseen));
  EXPECT_TRUE(is_opened(there));
  EXPECT_EQ(refusal_of(other).status, Status::kInvalidSemester);
  EXPECT_EQ(refusal_of(twin).status, Status::kInvalidSemester);
  EXPECT_FALSE(opening_);
  EXPECT_FALSE(pipeline_->allocator().find_semester("2026-10"));
  const auto command = open("2026-10");
  turn();
  ASSERT_TRUE(opening_);
  finish_opening();
  EXPECT_TRUE(is_opened(command));
}

TEST_F(Barrier, ARepeatBetweenRequestsHoldsThemForOneGuard) {
  start();
  send_one("p1");
  const auto command = open("2025-10");
  const auto after = send_one("p2");
  turn();
  commit();
  look_up();
  EXPECT_TRUE(is_opened(command));
  commit();
  EXPECT_TRUE(is_answered(after));
}

TEST_F(Barrier, ASemesterWithOtherNumbersIsRefusedWithThoseThatItHas) {
  start();
  const auto command = open("2025-10", {380, 61, 380});
  turn();
  look_up();
  EXPECT_EQ(refusal_of(command).status, Status::kInvalidSemester);
  const auto detail = refusal_of(command).detail;
  EXPECT_NE(detail.find("380 classrooms, 60 labs"), std::string::npos) << detail;
  EXPECT_FALSE(opening_);
}

TEST_F(Barrier, AClosedSemesterAndOneThatLooksLikeAnotherAreRefused) {
  start_store({"2025-10", "2024-10"});
  stored_[2].is_open = false;
  start({}, {});
  const auto closed = open("2024-10");
  const auto twin = open("2025_10");
  const auto twin_of_closed = open("2024 10");
  turn();
  look_up();
  look_up();
  look_up();
  EXPECT_NE(refusal_of(closed).detail.find("is closed"), std::string::npos);
  EXPECT_NE(refusal_of(twin).detail.find("almost the same name"), std::string::npos);
  EXPECT_NE(refusal_of(twin_of_closed).detail.find("almost the same name"), std::string::npos);
  EXPECT_FALSE(opening_);
}

TEST_F(Barrier, ANameOrACapacityThatNoSemesterHasIsRefusedAtTheDoor) {
  start();
  const std::vector<OpenSemester> bad = {{"", kCapacity},         {"2026-10 ", kCapacity},
                                         {"2026\n10", kCapacity}, {std::string(65, 'x'), kCapacity},
                                         {"2026-10", {-1, 0, 0}}, {"2026-10", {kCapacityMax + 1, 0, 0}},
                                         {"2026-10", {10, 0, 11}}};
  for (const auto& command : bad) {
    const auto token = open(command.name, command.capacity);
    collect();
    EXPECT_EQ(refusal_of(token).status, Status::kInvalidRequest) << command.name;
    EXPECT_FALSE(refusal_of(token).detail.empty());
  }
}

TEST_F(Barrier, ASemesterThatTheStoreHasUnknownToTheServerIsRefusedAndTheServerGoesOn) {
  start();
  const auto command = open("2026-10");
  const auto after = send_one("p1");
  turn();
  answer_opening(Opening{OpenResult::kExists});
  EXPECT_EQ(refusal_of(command).status, Status::kInvalidSemester);
  commit();
  EXPECT_EQ(grant_of(after), (Grant{7, 2, 0}));
}

TEST_F(Barrier, IsAnsweredAsOpenedWhenAnOpeningInDoubtDidHappen) {
  start();
  const auto command = open("2026-10");
  const auto after = send_one("p1", 7, 2, "2026-10");
  turn();
  store_opening();
  answer_opening(failure(StorageError::Kind::kInDoubt));
  EXPECT_FALSE(is_answered(command));
  take_over();
  look_up();
  EXPECT_TRUE(is_opened(command));
  EXPECT_FALSE(opening_);
  commit();
  EXPECT_EQ(grant_of(after), (Grant{7, 2, 0}));
}

TEST_F(Barrier, IsExecutedAgainWhenTheOpeningDidNotHappen) {
  for (const auto kind : {StorageError::Kind::kInDoubt, StorageError::Kind::kUnavailable,
                          StorageError::Kind::kUnreachable, StorageError::Kind::kInvariant}) {
    SCOPED_TRACE(static_cast<int>(kind));
    if (!pipeline_) start();
    const auto command = open("of " + std::to_string(static_cast<int>(kind)));
    turn();
    answer_opening(failure(kind));
    EXPECT_FALSE(is_answered(command));
    take_over();
    ASSERT_TRUE(opening_);
    finish_opening();
    EXPECT_TRUE(is_opened(command));
  }
}

TEST_F(Barrier, IsToldUnavailableWhenTheStoreRefusesItAndTheServerGoesOn) {
  start();
  const auto command = open("2026-10");
  const auto after = send_one("p1");
  turn();
  answer_opening(failure(StorageError::Kind::kRejected));
  EXPECT_EQ(refusal_of(command).status, Status::kUnavailable);
  EXPECT_EQ(logged("command-rejected-by-store"), 1U);
  commit();
  EXPECT_TRUE(is_answered(after));
  for (int i = 0; i < 2; ++i) {
    open("2026-10");
    turn();
    answer_opening(failure(StorageError::Kind::kRejected));
  }
  EXPECT_EQ(logged("command-rejected-by-store"), 1U) << "not with each command";
}

TEST_F(Barrier, AnOpeningThatDoesNotFitTheStateIsFollowedByAReadingOfEverything) {
  start();
  const auto command = open("2026-10");
  turn();
  store_opening();
  answer_opening(Opening{OpenResult::kOpened, 1});  // which has its first entry already
  EXPECT_FALSE(is_answered(command));
  EXPECT_EQ(logged("taking-over-anew"), 1U);
  ASSERT_TRUE(take_over_);
  EXPECT_TRUE(take_over_->known.heads.empty());
  take_over();
  look_up();
  EXPECT_TRUE(is_opened(command));
}

TEST_F(Barrier, TheServerEndsWhenAConstraintFiresTwiceForAnOpening) {
  start();
  const auto command = open("2026-10");
  turn();
  answer_opening(failure(StorageError::Kind::kInvariant));
  take_over();
  EXPECT_FALSE(exit_);
  answer_opening(failure(StorageError::Kind::kInvariant));
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_EQ(exit_->reason, "a constraint of the store fired twice: as the test says");
  EXPECT_EQ(refusal_of(command).status, Status::kUnavailable);
}

TEST_F(Barrier, TheServerEndsWhenAnOpeningFindsTheStoreDamagedOrRefused) {
  for (const auto kind : {StorageError::Kind::kCorrupt, StorageError::Kind::kRefused}) {
    SCOPED_TRACE(static_cast<int>(kind));
    exit_.reset();
    start();
    const auto command = open("2026-10");
    turn();
    answer_opening(failure(kind));
    ASSERT_TRUE(exit_);
    EXPECT_EQ(exit_->code, 1);
    EXPECT_EQ(refusal_of(command).status, Status::kUnavailable);
  }
}

TEST_F(Barrier, IsExecutedAgainAfterATakeOverOfAStoreThatWasSetBack) {
  start();
  const auto command = open("2026-10");
  const auto after = send_one("p1");
  turn();
  answer_opening(Opening{OpenResult::kBaseMoved});
  EXPECT_FALSE(is_answered(command));
  EXPECT_EQ(logged("taking-over-anew"), 1U);
  take_over();
  finish_opening();
  EXPECT_TRUE(is_opened(command));
  commit();
  EXPECT_TRUE(is_answered(after));
}

TEST_F(Barrier, IsSentToTheLeaderByAServerThatWasReplacedOrStandsBy) {
  start();
  const auto command = open("2026-10");
  const auto next = open("2027-10");
  turn();
  answer_opening(Opening{OpenResult::kReplaced});
  EXPECT_EQ(refusal_of(command).status, Status::kNotLeader);
  EXPECT_EQ(refusal_of(next).status, Status::kNotLeader);
  EXPECT_EQ(said_.back(), "STANDBY");
  const auto late = open("2028-10");
  collect();
  EXPECT_EQ(refusal_of(late).status, Status::kNotLeader);
}

TEST_F(Barrier, ASemesterThatAnotherServerOpensIsServedByAStandbyOnceItLeads) {
  start();
  open("2026-10");
  turn();
  answer_opening(Opening{OpenResult::kReplaced});
  start_store({"2026-10"});  // the other server opens it
  advance(100ms);
  watch();
  advance(100ms);
  find_free();
  take_over();
  const auto token = send_one("p1", 7, 2, "2026-10");
  turn();
  commit();
  EXPECT_EQ(grant_of(token), (Grant{7, 2, 0}));
}

TEST_F(Barrier, WaitsForATakeOverAndKeepsItsPlace) {
  start();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kInDoubt));
  const auto before = send_one("p1", 1, 0, "2026-10");
  const auto command = open("2026-10");
  const auto after = send_one("p1", 7, 2, "2026-10");
  turn();
  take_over();
  commit();
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(error_of(before), Status::kInvalidSemester);
  finish_opening();
  EXPECT_TRUE(is_opened(command));
  commit();
  EXPECT_EQ(grant_of(after), (Grant{7, 2, 0}));
}

TEST_F(Barrier, WaitsUntilTheStoreAcceptsTheIsolatedRequestsBeforeIt) {
  start();
  const auto bad = send_one("p1");
  const auto good = send_one("p2");
  turn();
  const auto command = open("2026-10");
  const auto after = send_one("p3");
  turn();
  answer_commit(failure(StorageError::Kind::kRejected));
  answer_commit(failure(StorageError::Kind::kRejected));  // of the bad one, alone
  EXPECT_EQ(error_of(bad), Status::kUnavailable);
  EXPECT_FALSE(opening_);
  commit();
  EXPECT_TRUE(is_answered(good));
  finish_opening();
  EXPECT_TRUE(is_opened(command));
  commit();
  EXPECT_TRUE(is_answered(after));
}

TEST_F(Barrier, IsToldUnavailableAtItsDeadlineAndTheSemesterIsServedAllTheSame) {
  start();
  const auto command = open("2026-10");
  const auto waiting = open("2027-10");
  turn();
  advance(10s);
  EXPECT_EQ(refusal_of(command).status, Status::kUnavailable);
  EXPECT_EQ(refusal_of(waiting).status, Status::kUnavailable);
  EXPECT_EQ(interrupts_, 1);
  finish_opening();
  EXPECT_EQ(pipeline_->allocator().find_semester("2026-10"), 2);
  EXPECT_FALSE(opening_) << "the one that waited is gone";
}

TEST_F(Barrier, IsForgottenIfItsDeadlinePassedAndItsOpeningFailed) {
  start();
  open("2026-10");
  turn();
  advance(10s);
  answer_opening(failure(StorageError::Kind::kInDoubt));
  take_over();
  EXPECT_FALSE(opening_);
  EXPECT_TRUE(pipeline_->is_ready(now_));
}

TEST_F(Barrier, IsFinishedBeforeTheServerStops) {
  start();
  const auto command = open("2026-10");
  turn();
  pipeline_->on_stop(now_);
  collect();
  EXPECT_FALSE(resignation_);
  const auto late = open("2027-10");
  collect();
  EXPECT_EQ(refusal_of(late).status, Status::kUnavailable);
  finish_opening();
  EXPECT_TRUE(is_opened(command));
  answer_resignation();
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
}

TEST_F(Barrier, IsToldUnavailableWhenTheStoreIsSilentWhileTheServerStops) {
  start();
  const auto command = open("2026-10");
  turn();
  pipeline_->on_stop(now_);
  advance(1'500ms);
  EXPECT_EQ(refusal_of(command).status, Status::kUnavailable);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
}

TEST_F(Barrier, CountsTowardsTheBoundOfWaitingRequests) {
  start({.requests_max = 2});
  send_one("p1");
  open("2026-10");
  const auto command = open("2027-10");
  collect();
  EXPECT_EQ(refusal_of(command).status, Status::kOverloaded);
  turn();
  commit();
  finish_opening();
  const auto again = open("2027-10");
  turn();
  finish_opening();
  EXPECT_TRUE(is_opened(again));
}

TEST_F(Barrier, LetsALeaseThatIsDueBeRenewedFirst) {
  start();
  advance(2s);
  answer_renewal(CommitResult::kCommitted);
  now_.steady += 2s;
  const auto command = open("2026-10");
  turn();
  EXPECT_FALSE(opening_);
  answer_renewal(CommitResult::kCommitted);
  finish_opening();
  EXPECT_TRUE(is_opened(command));
}

TEST_F(Pipeline, TakesARequestAsACommand) {
  start();
  pipeline_->on_command(1, request("2025-10", "f1", {ask("p1", 7, 2)}), 100, now_);
  turn();
  commit();
  EXPECT_EQ(grant_of(1), (Grant{7, 2, 0}));
}

}  // namespace
}  // namespace dti
