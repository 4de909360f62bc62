#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/ledger/ledger_replay.hpp"
#include "unit/service/pipeline/office_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

/// Requests with hold-seconds, in a semester with 380 classrooms and 60 labs.
class Holds : public fixtures::Office {
 protected:
  void start() { Pipeline::start(); }

  Token send_hold(const std::string& program, const Want& want, const std::string& request_id,
                  std::int64_t seconds = 60) {
    auto what = fixtures::request("2025-10", "f1", {fixtures::ask(program, want.classrooms, want.labs)});
    what.request_id = request_id;
    what.hold_seconds = seconds;
    return send(std::move(what));
  }
  /// @return the token of a request with hold-seconds that is answered
  Token hold(const std::string& program, const Want& want, const std::string& request_id, std::int64_t seconds = 60) {
    return answered(send_hold(program, want, request_id, seconds));
  }
  /// Lets the store answer everything that a request needs.
  Token answered(Token token) {
    turn();
    while (!is_answered(token) && (renewal_ || change_ || commit_ || guard_ || look_up_)) answer_call();
    EXPECT_TRUE(is_answered(token));
    return token;
  }
  void answer_call() {
    if (renewal_) return answer_renewal(CommitResult::kCommitted);
    if (look_up_) return look_up();
    if (change_) return finish_change();
    if (commit_) return commit();
    answer_guard(CommitResult::kCommitted);
  }
  void answer_all_calls() {
    while (renewal_ || change_ || commit_ || guard_ || look_up_) answer_call();
  }
  Token ask_for(const std::string& program, const Want& want, const std::string& request_id) {
    return answered(send_as(program, want, request_id));
  }
  [[nodiscard]] ProgramOutcome outcome_of_request(Token token) const { return replies_.at(token).programs.at(0); }
  void pass(std::chrono::milliseconds step) {
    advance(step);
    if (renewal_) answer_renewal(CommitResult::kCommitted);
  }
  /// Microseconds after the start of the ledger's clock.
  static std::int64_t at_second(std::int64_t seconds) { return seconds * 1'000'000; }
  [[nodiscard]] std::optional<HeldGrant> held(const std::string& program) const {
    const auto& allocator = pipeline_->allocator();
    return allocator.program(1, allocator.catalog().find_program(1, program)).held;
  }
  [[nodiscard]] Pool left() const { return pipeline_->allocator().left(1); }
  OfficeOutcome made_by(OfficeCommand::Change change, Seq expects, const std::string& id = "c-1") {
    return made(to(std::move(change), expects, id));
  }
  [[nodiscard]] std::vector<EntryKind> kinds() {
    std::vector<EntryKind> all;
    for (const auto& entry : ledger_[1]) all.push_back(static_cast<EntryKind>(entry.row.kind));
    return all;
  }
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
};

TEST_F(Holds, ARequestWithHoldSecondsGetsItsRoomsUntilThatTimeAfterItsEntryIsStored) {
  start();
  const auto token = send_hold("p1", {7, 2}, "r-1");
  turn();
  EXPECT_FALSE(is_answered(token)) << "the store does not have it";
  finish_change();
  EXPECT_EQ(outcome_of_request(token), (ProgramOutcome{Status::kOk, {7, 2, 0}, at_second(60)}));
  EXPECT_EQ(ledger_[1][1].row.expires_at, at_second(60));
  EXPECT_EQ(ledger_[1][1].request_id, "r-1");
  EXPECT_EQ(ledger_[1][1].command_id, std::nullopt);
  EXPECT_EQ(left(), (Pool{373, 58, 380}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, AHoldCountsAsGrantedForOtherRequests) {
  start();
  hold("p1", {380, 0}, "r-1");
  EXPECT_EQ(grant_of(ask_for("p2", {1, 0}, "r-2")), (Grant{0, 0, 0}));
}

TEST_F(Holds, ExpireByThemselvesAtTheirEndAndNotBefore) {
  start();
  hold("p1", {380, 0}, "r-1");
  pass(59'999ms);
  EXPECT_FALSE(look_up_);
  pass(1ms);
  answer_all_calls();
  EXPECT_EQ(held("p1"), std::nullopt);
  EXPECT_EQ(left(), (Pool{380, 60, 380}));
  const auto& released = ledger_[1].back();
  EXPECT_EQ(released.row.cause, static_cast<std::int64_t>(Cause::kExpired));
  EXPECT_EQ(released.request_id, "r-1");
  EXPECT_EQ(released.command_id, "expire-1-2");
  EXPECT_EQ(released.at, at_second(60));
  EXPECT_EQ(pipeline_->holds_expired(), 1U);
  EXPECT_EQ(logged("holds-expired"), 1U);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, TheServerWakesUpForTheFirstEnd) {
  start();
  hold("p1", {1, 0}, "r-1", 4);
  hold("p2", {1, 0}, "r-2", 1);
  EXPECT_EQ(pipeline_->wake_at(), now_.steady + 1s);
}

TEST_F(Holds, AClockOfTheMachineThatJumpsFreesNothing) {
  start();
  hold("p1", {380, 0}, "r-1");
  now_.wall += std::chrono::hours{24};
  pass(1s);
  EXPECT_FALSE(look_up_);
  // Not even after the store was away, and the server has taken over again.
  send_one("p2");
  turn();
  answer_commit(failure(StorageError::Kind::kUnavailable));
  take_over();
  answer_all_calls();
  EXPECT_EQ(held("p1"), (HeldGrant{{380, 0}, {380, 0, 0}}));
  EXPECT_EQ(ledger_[1].back().at, 0) << "a batch has no time of its own here";
  pass(59s);
  answer_all_calls();
  EXPECT_EQ(held("p1"), std::nullopt);
}

TEST_F(Holds, ALateCopyOfTheRequestOfAHoldThatExpiredGetsNothing) {
  start();
  hold("p1", {7, 2}, "r-1");
  pass(60s);
  answer_all_calls();
  EXPECT_EQ(outcome_of_request(hold("p1", {7, 2}, "r-1")).status, Status::kGrantReleased);
  EXPECT_EQ(outcome_of_request(hold("p1", {7, 2}, "r-2")).status, Status::kOk);
  EXPECT_EQ(ledger_[1].back().row.generation, 2);
}

TEST_F(Holds, ARepeatGetsTheSameEndAndWritesNothing) {
  start();
  hold("p1", {7, 2}, "r-1");
  pass(10s);
  const auto token = send_hold("p1", {7, 2}, "r-1");
  turn();
  EXPECT_FALSE(change_);
  answer_guard(CommitResult::kCommitted);
  EXPECT_EQ(outcome_of_request(token), (ProgramOutcome{Status::kOk, {7, 2, 0}, at_second(60)}));
}

TEST_F(Holds, ARequestWithHoldSecondsForAFirmGrantIsARepeat) {
  start();
  ask_for("p1", {7, 2}, "r-1");
  EXPECT_EQ(outcome_of_request(hold("p1", {7, 2}, "r-2")), (ProgramOutcome{Status::kOk, {7, 2, 0}}));
  EXPECT_EQ(ledger_[1].size(), 2U);
}

TEST_F(Holds, ARequestWithoutHoldSecondsAndTheSameNumbersConfirmsTheHold) {
  start();
  hold("p1", {7, 2}, "r-1");
  EXPECT_EQ(outcome_of_request(ask_for("p1", {7, 2}, "r-2")), (ProgramOutcome{Status::kOk, {7, 2, 0}}));
  EXPECT_EQ(ledger_[1].back().row.kind, stored_code(EntryKind::kConfirmed));
  EXPECT_EQ(ledger_[1].back().command_id, "confirm-1-2");
  pass(61s);
  EXPECT_FALSE(look_up_);
  EXPECT_EQ(held("p1"), (HeldGrant{{7, 2}, {7, 2, 0}}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, ARequestWithOtherNumbersIsToldOfTheHoldAndChangesNothing) {
  start();
  hold("p1", {7, 2}, "r-1");
  const auto token = ask_for("p1", {8, 2}, "r-2");
  EXPECT_EQ(outcome_of_request(token).status, Status::kAlreadyHasResources);
  EXPECT_EQ(outcome_of_request(token).grant, (Grant{7, 2, 0}));
  EXPECT_NE(replies_.at(token).details.at(0).text.find("a hold until 1970-01-01T00:01:00"), std::string::npos);
  EXPECT_EQ(ledger_[1].size(), 2U);
}

TEST_F(Holds, AMessageWithSeveralProgramsIsStoredWhole) {
  start();
  hold("p1", {7, 2}, "r-1");
  auto what = fixtures::request("2025-10", "f1",
                                {fixtures::ask("p1", 7, 2), fixtures::ask("p2", 5, 0), fixtures::ask("p2", 5, 0)});
  what.request_id = "r-2";
  const auto token = answered(send(std::move(what)));
  EXPECT_EQ(
      replies_.at(token).programs,
      (std::vector<ProgramOutcome>{{Status::kOk, {7, 2, 0}}, {Status::kOk, {5, 0, 0}}, {Status::kOk, {5, 0, 0}}}));
  EXPECT_EQ(kinds(), (std::vector<EntryKind>{EntryKind::kSemesterOpened, EntryKind::kGranted, EntryKind::kGranted,
                                             EntryKind::kConfirmed}));
  EXPECT_EQ(ledger_[1][2].request_id, "r-2");
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, AConfirmationThatArrivesAfterTheEndComesTooLateAlsoIfTheServerWasBusy) {
  start();
  hold("p1", {380, 0}, "r-1");
  now_.steady += 60s;  // no tick
  const auto token = send_as("p1", {380, 0}, "r-2");
  answered(token);
  EXPECT_EQ(outcome_of_request(token).status, Status::kOk) << "it is a new request";
  EXPECT_EQ(kinds(), (std::vector<EntryKind>{EntryKind::kSemesterOpened, EntryKind::kGranted, EntryKind::kReleased,
                                             EntryKind::kGranted}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, RequestsWaitWhileHoldsExpireAndKeepTheirOrder) {
  start();
  hold("p1", {380, 0}, "r-1");
  now_.steady += 60s;
  const auto first = send_one("p2", 380, 0);
  const auto second = send_one("p3", 1, 0);
  turn();
  EXPECT_FALSE(commit_);
  answer_all_calls();
  EXPECT_EQ(grant_of(first), (Grant{380, 0, 0}));
  EXPECT_EQ(grant_of(second), (Grant{0, 0, 0}));
}

TEST_F(Holds, ABatchInFlightIsStoredBeforeAHoldIsDecided) {
  start();
  send_one("p1");
  turn();
  const auto token = send_hold("p2", {5, 0}, "r-2");
  turn();
  ASSERT_TRUE(commit_);
  EXPECT_FALSE(change_);
  const auto later = send_one("p3", 1, 0);
  commit();
  ASSERT_TRUE(change_);
  EXPECT_EQ(change_->base, 2);
  finish_change();
  answer_all_calls();
  EXPECT_EQ(order_, (std::vector<Token>{1, token, later}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, AHoldWhoseOutcomeIsInDoubtIsFoundByTheTakeOver) {
  start();
  for (const bool is_stored : {true, false}) {
    const std::string program = is_stored ? "p1" : "p2";
    const auto token = send_hold(program, {7, 2}, "r-" + program);
    turn();
    const auto head = stored_.at(1).head;
    if (is_stored) store_change();
    answer_change(failure(StorageError::Kind::kInDoubt));
    take_over();
    answered(token);
    EXPECT_EQ(outcome_of_request(token).grant, (Grant{7, 2, 0}));
    EXPECT_EQ(stored_.at(1).head, head + 1) << "once";
  }
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, ARequestThatTheStoreRejectsGetsUnavailableAndTheNextOnesContinue) {
  start();
  const auto token = send_hold("p1", {7, 2}, "r-1");
  const auto later = send_one("p2", 1, 0);
  turn();
  answer_change(failure(StorageError::Kind::kRejected));
  answer_all_calls();
  EXPECT_EQ(error_of(token), Status::kUnavailable);
  EXPECT_EQ(grant_of(later), (Grant{1, 0, 0}));
}

TEST_F(Holds, AnExpiryThatTheStoreRejectsIsPutAsideAndDelaysNothingElse) {
  start();
  hold("p1", {10, 0}, "r-1");
  hold("p2", {20, 0}, "r-2");
  pass(60s);
  look_up();
  answer_change(failure(StorageError::Kind::kRejected));  // both
  look_up();
  answer_change(failure(StorageError::Kind::kRejected));  // the first one alone
  EXPECT_EQ(logged("expiry-rejected-by-store"), 1U);
  EXPECT_EQ(pipeline_->holds_aside(), 1U);
  answer_all_calls();
  EXPECT_EQ(held("p2"), std::nullopt);
  EXPECT_EQ(grant_of(ask_for("p3", {1, 0}, "r-3")), (Grant{1, 0, 0}));
  EXPECT_EQ(error_of(ask_for("p1", {10, 0}, "r-4")), Status::kUnavailable) << "it neither stands nor has expired";
  EXPECT_EQ(pipeline_->wake_at(), now_.steady + Expiring::kPause);
  pass(Expiring::kPause);
  answer_all_calls();
  EXPECT_EQ(held("p1"), std::nullopt);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, AConstraintThatFiresTwiceOnAnExpiryPutsItAside) {
  start();
  hold("p1", {10, 0}, "r-1");
  pass(60s);
  look_up();
  answer_change(failure(StorageError::Kind::kInvariant));
  take_over();
  look_up();
  answer_change(failure(StorageError::Kind::kInvariant));
  EXPECT_FALSE(exit_);
  EXPECT_EQ(pipeline_->holds_aside(), 1U);
}

TEST_F(Holds, ManyHoldsThatAreDueExpireInPartsAndRequestsComeBetweenThem) {
  start();
  auto what = fixtures::request("2025-10", "f1", {});
  for (const char* program : {"p1", "p2", "p3", "p4", "p5"}) what.programs.push_back(fixtures::ask(program, 1, 0));
  what.hold_seconds = 60;
  answered(send(what));
  pass(60s);
  look_up();
  answer_change(failure(StorageError::Kind::kRejected));  // so that the next change is smaller
  look_up();
  EXPECT_EQ(change_->entries.size(), 2U);
  auto other = fixtures::request("2025-10", "f2", {fixtures::ask("p1", 1, 0)});
  const auto token = send(std::move(other));
  finish_change();
  ASSERT_TRUE(commit_) << "the request comes before the other holds";
  commit();
  EXPECT_TRUE(is_answered(token));
  pass(0ms);
  answer_all_calls();
  EXPECT_EQ(pipeline_->allocator().hold_count(), 0U);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, AStandbyLetsNothingExpireAndTheNextLeaderDoesAtOnce) {
  start();
  hold("p1", {10, 0}, "r-1");
  send_one("p2");
  turn();
  answer_commit(CommitResult::kReplaced);
  now_.steady += 100ms;
  pipeline_->on_tick(now_);
  collect();
  watch();
  now_.steady += 90s;
  EXPECT_NE(pipeline_->wake_at(), std::nullopt);
  pipeline_->on_tick(now_);
  collect();
  EXPECT_FALSE(look_up_);
  find_free();
  take_over();
  answer_all_calls();
  EXPECT_EQ(held("p1"), std::nullopt);
}

TEST_F(Holds, AreConfirmedExtendedAndCancelledByCommands) {
  start();
  hold("p1", {7, 2}, "r-1");
  pass(30s);
  auto extended = made_by(ExtendHold{{"f1", "p1"}, 3'600}, 2, "c-1");
  EXPECT_EQ(error_in(extended), std::nullopt);
  EXPECT_EQ(extended.expires_at, at_second(3'630));
  EXPECT_EQ(extended.seq, 3);
  auto confirmed = made_by(ConfirmHold{{"f1", "p1"}}, 3, "c-2");
  EXPECT_EQ(confirmed.expires_at, 0);
  EXPECT_EQ(confirmed.grant, (HeldGrant{{7, 2}, {7, 2, 0}}));
  hold("p2", {7, 2}, "r-2");
  auto cancelled = made_by(CancelHold{{"f1", "p2"}}, 5, "c-3");
  EXPECT_EQ(cancelled.grant, std::nullopt);
  EXPECT_EQ(ledger_[1].back().request_id, "r-2");
  EXPECT_EQ(left(), (Pool{373, 58, 380}));
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, APartIsConfirmedAsSmallerNumbersAndTheRestIsFree) {
  start();
  hold("p1", {7, 2}, "r-1");
  const auto outcome = made_by(ConfirmHold{{"f1", "p1"}, Want{5, 2}}, 2);
  EXPECT_EQ(outcome.grant, (HeldGrant{{5, 2}, {5, 2, 0}}));
  EXPECT_EQ(outcome.expires_at, 0);
  EXPECT_EQ(left(), (Pool{375, 58, 380}));
  pass(61s);
  EXPECT_FALSE(look_up_);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, ASecondResolutionGetsOneOfThreeAnswers) {
  start();
  hold("p1", {1, 0}, "r-1");
  hold("p2", {1, 0}, "r-2");
  hold("p3", {1, 0}, "r-3");
  ask_for("p4", {1, 0}, "r-4");
  made_by(ConfirmHold{{"f1", "p1"}}, 2, "c-1");
  made_by(CancelHold{{"f1", "p2"}}, 3, "c-2");
  pass(60s);
  answer_all_calls();
  const std::vector<std::pair<std::string, Status>> cases = {{"p1", Status::kHoldConfirmed},
                                                             {"p2", Status::kHoldCancelled},
                                                             {"p3", Status::kHoldExpired},
                                                             {"p4", Status::kConflict}};
  for (const auto& [program, expected] : cases) {
    const ProgramName of{"f1", program};
    const std::vector<OfficeCommand::Change> changes = {ConfirmHold{of}, ConfirmHold{of, Want{0, 0}},
                                                        ExtendHold{of, 600}, CancelHold{of}};
    for (const auto& change : changes) {
      const auto outcome = outcome_of(to(change, 2, "c-9"));
      if (program == "p4") {
        EXPECT_EQ(error_in(outcome), expected) << program;
      } else {
        ASSERT_EQ(error_in(outcome), expected) << program;
        EXPECT_FALSE(outcome.error->detail.empty());
      }
    }
  }
  EXPECT_EQ(error_in(outcome_of(to(CancelHold{{"f1", "p4"}}, 5, "c-9"))), Status::kRefused) << "it is no hold";
}

TEST_F(Holds, ARepeatOfACommandGetsItsFirstAnswer) {
  start();
  hold("p1", {7, 2}, "r-1");
  made_by(ExtendHold{{"f1", "p1"}, 600}, 2, "c-1");
  auto repeat = outcome_of(to(ExtendHold{{"f1", "p1"}, 600}, 2, "c-1"));
  EXPECT_TRUE(repeat.is_repeat);
  made_by(ConfirmHold{{"f1", "p1"}}, 3, "c-2");
  repeat = outcome_of(to(ConfirmHold{{"f1", "p1"}}, 3, "c-2"));
  EXPECT_TRUE(repeat.is_repeat);
  EXPECT_EQ(error_in(repeat), std::nullopt);
}

TEST_F(Holds, AnExtensionNeverShortensAndHasALimit) {
  start();
  hold("p1", {7, 2}, "r-1", 600);
  EXPECT_EQ(error_in(outcome_of(to(ExtendHold{{"f1", "p1"}, 600}, 2))), Status::kRefused);
  EXPECT_EQ(error_in(outcome_of(to(ExtendHold{{"f1", "p1"}, kHoldMax.count() + 1}, 2))), Status::kInvalidRequest);
  EXPECT_EQ(error_in(outcome_of(to(ExtendHold{{"f1", "p1"}, 0}, 2))), Status::kInvalidRequest);
  EXPECT_EQ(error_in(made_by(ExtendHold{{"f1", "p1"}, kHoldMax.count()}, 2)), std::nullopt);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, ACommandThatIsDecidedAfterTheEndComesTooLate) {
  start();
  hold("p1", {7, 2}, "r-1", 1);
  const auto token = command(to(ConfirmHold{{"f1", "p1"}}, 2));
  turn();
  now_.steady += 1s;  // while the store reads
  look_up();
  EXPECT_EQ(error_in(outcomes_.at(token)), Status::kHoldExpired);
  answer_all_calls();
  EXPECT_EQ(held("p1"), std::nullopt);
}

TEST_F(Holds, AnAmendedHoldKeepsItsEnd) {
  start();
  hold("p1", {7, 2}, "r-1");
  pass(30s);
  const auto outcome = made_by(AmendGrant{{"f1", "p1"}, {9, 2}}, 2);
  EXPECT_EQ(outcome.expires_at, at_second(60));
  EXPECT_EQ(fault_of_ledger(), "");
  pass(30s);
  answer_all_calls();
  EXPECT_EQ(held("p1"), std::nullopt);
  EXPECT_EQ(outcome_of_request(hold("p1", {7, 2}, "r-1")).status, Status::kGrantReleased);
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, AToppedUpHoldKeepsItsEndAndExpiresWithTheRequestThatAskedForIt) {
  start();
  ask_for("p2", {375, 0}, "r-2");
  hold("p1", {7, 0}, "r-1");
  made_by(SetWaitList{true}, 0, "c-1");
  made_by(ReleaseGrant{{"f1", "p2"}}, 2, "c-2");
  answer_all_calls();
  EXPECT_EQ(held("p1"), (HeldGrant{{7, 0}, {7, 0, 0}}));
  EXPECT_EQ(ledger_[1].back().row.expires_at, at_second(60));
  pass(60s);
  answer_all_calls();
  EXPECT_EQ(held("p1"), std::nullopt);
  EXPECT_EQ(ledger_[1].back().request_id, "r-1");
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, TheRoomsOfAHoldThatExpiredGoToTheProgramsThatWait) {
  start();
  made_by(SetWaitList{true}, 0, "c-1");
  hold("p1", {380, 0}, "r-1");
  ask_for("p2", {20, 0}, "r-2");
  pass(60s);
  const auto late = send_one("p3", 380, 0);
  answer_all_calls();
  EXPECT_EQ(held("p2"), (HeldGrant{{20, 0}, {20, 0, 0}}));
  EXPECT_EQ(grant_of(late), (Grant{360, 0, 0})) << "after the programs that waited";
  EXPECT_EQ(fault_of_ledger(), "");
}

TEST_F(Holds, WhileTheStoreRejectsATopUpNoHoldOvertakesItAndAConfirmationIsMade) {
  start();
  ask_for("p2", {370, 0}, "r-2");
  hold("p1", {5, 0}, "r-1");
  ask_for("p3", {20, 0}, "r-3");
  made_by(SetWaitList{true}, 0, "c-1");
  made_by(ReleaseGrant{{"f1", "p2"}}, 2, "c-2");
  answer_change(failure(StorageError::Kind::kRejected));
  EXPECT_EQ(error_of(hold("p4", {1, 0}, "r-4")), Status::kUnavailable);
  EXPECT_EQ(outcome_of_request(ask_for("p1", {5, 0}, "r-5")).status, Status::kOk);
  EXPECT_EQ(ledger_[1].back().row.kind, stored_code(EntryKind::kConfirmed));
}

TEST_F(Holds, ASemesterWithOpenHoldsIsClosedOnlyIfTheCommandSaysWhatBecomesOfThem) {
  for (const auto choice : {OpenHoldsAtClose::kConfirm, OpenHoldsAtClose::kCancel}) {
    pipeline_.reset();
    stored_.clear();
    ledger_.clear();
    epoch_ = 0;
    now_ = {SteadyTime{} + 1h, WallTime{}};
    outcomes_.clear();
    start();
    hold("p1", {7, 2}, "r-1");
    hold("p2", {3, 0}, "r-2");
    const auto refused = outcome_of(to(CloseSemester{}, 1, "c-1"));
    EXPECT_EQ(error_in(refused), Status::kRefused);
    EXPECT_EQ(refused.holds, 2);
    const auto closed = made(to(CloseSemester{choice}, 1, "c-2"));
    EXPECT_EQ(error_in(closed), std::nullopt);
    EXPECT_FALSE(closed.is_open);
    EXPECT_EQ(closed.holds, 2);
    const bool confirms = choice == OpenHoldsAtClose::kConfirm;
    const auto kind = confirms ? EntryKind::kConfirmed : EntryKind::kReleased;
    EXPECT_EQ(kinds(), (std::vector<EntryKind>{EntryKind::kSemesterOpened, EntryKind::kGranted, EntryKind::kGranted,
                                               kind, kind, EntryKind::kSemesterClosed}));
    EXPECT_EQ(ledger_[1][3].request_id, confirms ? std::nullopt : std::optional<std::string>{"r-1"});
    EXPECT_EQ(closed.left, confirms ? (Pool{370, 58, 380}) : (Pool{380, 60, 380}));
    EXPECT_EQ(fault_of_ledger(), "");
  }
}

TEST_F(Holds, AStoppingServerLeavesHoldsThatAreDueToTheNextLeader) {
  start();
  hold("p1", {7, 2}, "r-1");
  now_.steady += 60s;
  pipeline_->on_stop(now_);
  collect();
  EXPECT_FALSE(look_up_);
  ASSERT_TRUE(resignation_);
}

}  // namespace
}  // namespace dti
