#pragma once

#include <optional>
#include <string>
#include <utility>

#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti::fixtures {

/// Commands of the office. After start(), f1/p1 holds 7 classrooms and 2 labs by entry 2, which request r-1 asked for.
class Office : public Pipeline {
 protected:
  void start() {
    Pipeline::start();
    ask_for("p1", {7, 2}, "r-1");
  }
  /// @return the token of a request that is committed
  Token ask_for(const std::string& program, const Want& want, const std::string& request_id) {
    const auto token = send_as(program, want, request_id);
    turn();
    if (commit_) commit();
    if (guard_) answer_guard(CommitResult::kCommitted);
    return token;
  }
  Token send_as(const std::string& program, const Want& want, const std::string& request_id) {
    auto what = request("2025-10", "f1", {ask(program, want.classrooms, want.labs)});
    what.request_id = request_id;
    return send(std::move(what));
  }
  [[nodiscard]] Status status_of(Token token) const { return replies_.at(token).programs.at(0).status; }

  static OfficeCommand to(OfficeCommand::Change change, std::optional<Seq> expects, std::string id = "c-1") {
    OfficeCommand command;
    command.id = std::move(id);
    command.expects = expects;
    command.actor = "local/1000";
    command.note = "by mail";
    command.semester = "2025-10";
    command.change = std::move(change);
    return command;
  }
  static ReleaseGrant release(const std::string& program = "p1") { return {{"f1", program}}; }
  static AmendGrant amend_to(const Want& want, bool accepts_part = false) { return {{"f1", "p1"}, want, accepts_part}; }

  /// Sends a command that needs no change of the store. @return its outcome
  OfficeOutcome outcome_of(OfficeCommand what) {
    const auto token = command(std::move(what));
    turn();
    if (look_up_) look_up();
    EXPECT_FALSE(change_);
    EXPECT_TRUE(outcomes_.contains(token));
    return outcomes_[token];
  }
  /// Sends a command that changes the store. @return its outcome
  OfficeOutcome made(OfficeCommand what) {
    const auto token = command(std::move(what));
    turn();
    look_up();
    finish_change();
    EXPECT_TRUE(outcomes_.contains(token));
    return outcomes_[token];
  }
  static std::optional<Status> error_in(const OfficeOutcome& outcome) {
    return outcome.error ? std::optional{outcome.error->status} : std::nullopt;
  }
};

}  // namespace dti::fixtures
