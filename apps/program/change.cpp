#include "program/change.hpp"

#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "dti/base/time_text.hpp"
#include "dti/cli/escape.hpp"
#include "dti/transport/office/office_client.hpp"
#include "program/exit_code.hpp"

namespace dti {
namespace {

std::string holding_text(const OfficeOutcome& outcome) {
  if (!outcome.grant) return "no rooms";
  const auto& grant = outcome.grant->grant;
  auto text = std::to_string(grant.classrooms) + " classrooms and " + std::to_string(grant.labs + grant.mobile_labs) +
              " labs (" + std::to_string(grant.mobile_labs) + " of them mobile)";
  if (outcome.expires_at == 0) return text;
  return text + ", a hold until " + time_text(WallTime{std::chrono::microseconds{outcome.expires_at}});
}

std::string sentence(const OfficeCommand& command, const OfficeReply& reply) {
  const auto& error = reply.outcome.error;
  auto text = program_of(command)->program + " in " + command.semester + ": " +
              std::string{wire_text(error ? error->status : Status::kOk)};
  if (reply.has_facts) text += ", " + holding_text(reply.outcome);
  return printable(text + (error && !error->detail.empty() ? ": " + error->detail : ""));
}

int exit_code_of(const OfficeOutcome& outcome) {
  if (outcome.error) return program_exit_code(outcome.error->status);
  const auto& held = outcome.grant;
  const bool is_part = held && (held->grant.classrooms < held->want.classrooms ||
                                held->grant.labs + held->grant.mobile_labs < held->want.labs);
  return program_exit_code(is_part ? Status::kNotEnoughResources : Status::kOk);
}

}  // namespace

int run_program_change(const ProgramOptions& options, StopSignals& stop, const Log& log) {
  const auto faculty = to_string(options.faculty_server);
  OfficeClient client{{.servers = {faculty},
                       .locks = {ClientLock{options.key.value().pair, options.server_key.value()}},
                       .timeout = options.timeout,
                       .asks_faculty = true}};
  const auto& change = options.change.value();
  auto message = change.message;
  auto& command = message.command;
  const auto tell = [&](const OfficeReply& reply) {
    std::cout << (options.json ? encode_office_reply(reply) : sentence(command, reply)) << std::endl;
    if (std::cout) return exit_code_of(reply.outcome);
    log({LogLevel::kError, "fatal", "the reply could not be written to stdout", {}});
    return 1;
  };
  const auto fail = [&](const NoOfficeReply& none, const std::string& advice) {
    log({LogLevel::kWarning, "no-answer", none.reason + advice, {}});
    return kExitNotKnown;
  };

  if (!change.has_expects) {
    auto question = message;  // a dry run that expects no entry gets the facts, and changes nothing
    question.command.is_dry_run = true;
    question.command.expects = 0;
    const auto result = client.ask(question, stop);
    if (const auto* none = std::get_if<NoOfficeReply>(&result)) return fail(*none, "; nothing was changed");
    const auto& reply = std::get<OfficeAnswer>(result).reply;
    const auto& error = reply.outcome.error;
    if ((error && error->status != Status::kConflict) || reply.outcome.is_repeat) return tell(reply);
    command.expects = reply.outcome.seq;
  }
  const auto result = client.ask(message, stop);
  const auto repeat = "; repeat it with --command-id=" + command.id +
                      " --expects=" + std::to_string(command.expects.value()) + ": it changes nothing twice";
  if (const auto* none = std::get_if<NoOfficeReply>(&result)) {
    return fail(*none, none->may_be_done ? "; the grant may have been changed" + repeat : "; nothing was changed");
  }
  const auto& answer = std::get<OfficeAnswer>(result);
  const auto code = tell(answer.reply);
  // An earlier copy may have made the change before this one was decided, and others may have changed the same since.
  const auto& error = answer.reply.outcome.error;
  const bool is_conflict = error && (error->status == Status::kConflict || error->status == Status::kRefused);
  if (!is_conflict || !(answer.has_other_copy || change.is_repeat)) return code;
  log({LogLevel::kWarning,
       "change-not-known",
       "an earlier copy of this command may have made its change before: the office finds it by the command-id " +
           command.id,
       {}});
  return kExitNotKnown;
}

}  // namespace dti
