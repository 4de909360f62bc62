#include <algorithm>
#include <string>
#include <utility>

#include "dti/service/faculty/faculty_service.hpp"

// The commands of programs about their own grants. A server decides them; the faculty only passes them on.

namespace dti {
namespace {

// A command delays the requests behind it at the server. A program needs one at a time.
constexpr std::size_t kCommandsMax = 16;
constexpr std::size_t kCopiesMax = 8;  // of a command: its program may have lost the connection that often

const std::string& name_of(const OfficeCommand& command) {
  static const std::string kNone;
  const auto* const program = program_of(command);
  return program == nullptr ? kNone : program->program;
}

LogEvent event_of(RequestEvent::Kind kind) {
  switch (kind) {
    case RequestEvent::Kind::kSent: return {LogLevel::kInfo, "command-sent", {}, {}};
    case RequestEvent::Kind::kTryLost: return {LogLevel::kWarning, "try-lost", {}, {}};
    case RequestEvent::Kind::kTryRefused: return {LogLevel::kWarning, "try-refused", {}, {}};
    case RequestEvent::Kind::kAnswered: return {LogLevel::kInfo, "command-answered", {}, {}};
    case RequestEvent::Kind::kGivenUp: break;
  }
  return {LogLevel::kWarning, "command-given-up", {}, {}};
}

}  // namespace

void FacultyService::on_command(Token token, const OfficeCommand& command, SteadyTime now) {
  if (auto error = why_not_take(command.semester)) return refuse(token, command, *std::move(error));
  const auto of_actor = std::find_if(commands_.begin(), commands_.end(), [&](const auto& entry) {
    const auto& asked = entry.second.command;
    return asked.actor == command.actor || (asked.id == command.id && asked.is_dry_run == command.is_dry_run);
  });
  if (of_actor != commands_.end()) {
    auto& asked = of_actor->second;
    if (asked.command != command || asked.tokens.size() >= kCopiesMax) {
      return refuse(
          token, command,
          {Status::kOverloaded, "another command of the program is in progress; ask again in a moment", {}, {}});
    }
    asked.tokens.push_back(token);
    ++waiting_count_;
    return;
  }
  if (commands_.size() >= kCommandsMax) {
    return refuse(token, command,
                  {Status::kOverloaded, "too many commands wait for an answer; ask again later", {}, {}});
  }
  const auto id = client_.fresh_id();
  commands_.emplace(++last_request_, AskedCommand{command, id, {token}, 0});
  ++waiting_count_;
  client_.send(last_request_, {id, {id}, command.semester}, now);
  follow_client();
}

void FacultyService::on_command_reply(std::size_t endpoint, const CommandReply& reply, SteadyTime now) {
  const auto found = std::find_if(commands_.begin(), commands_.end(), [&](const auto& entry) {
    const auto& command = entry.second.command;
    return command.id == reply.command_id && command.is_dry_run == reply.is_dry_run;
  });
  if (found == commands_.end()) return;  // late
  const auto& error = reply.outcome.error;
  const auto& id = found->second.correlation_id;
  const ServerReply read{error, id, {}, {{id, error ? error->status : Status::kOk}}};
  const auto match = client_.on_reply(endpoint, read, now);
  follow_client();
  if (match && match->is_over) answer_command(match->request, reply.outcome, reply.has_facts);
  end_if_done();
}

// A server that knows no commands takes one for a malformed request, and its reply names nothing by which it could be
// matched. The only command at that server is meant.
void FacultyService::end_by_old_server(std::size_t endpoint, const AllocationReply& reply, SteadyTime now) {
  const bool is_refusal =
      reply.error && reply.error->status == Status::kInvalidRequest && reply.programs.empty() && !reply.request_id;
  if (!is_refusal || commands_.size() != 1 || commands_.begin()->second.endpoint != endpoint) return;
  const auto& [request, asked] = *commands_.begin();
  const auto& id = asked.correlation_id;
  const auto match = client_.on_reply(endpoint, {reply.error, id, {}, {{id, reply.error->status}}}, now);
  follow_client();
  if (match && match->is_over) answer_by_old_server(request);
}

void FacultyService::answer_by_old_server(Token request) {
  answer_command(
      request,
      RequestError{Status::kInvalidRequest, "the server is of an earlier version, and knows no commands", {}, {}});
}

void FacultyService::refuse(Token token, const OfficeCommand& command, RequestError error) {
  OfficeOutcome outcome;
  outcome.error = std::move(error);
  actions_.push_back(SendCommandReply{token, {command.id, command.is_dry_run, std::move(outcome), false}});
}

void FacultyService::answer_command(Token request, const OfficeOutcome& outcome, bool has_facts) {
  const auto ended = commands_.extract(request);
  const auto& [command, id, tokens, endpoint] = ended.mapped();
  for (const auto token : tokens) {
    actions_.push_back(SendCommandReply{token, {command.id, command.is_dry_run, outcome, has_facts}});
  }
  waiting_count_ -= tokens.size();
}

void FacultyService::answer_command(Token request, RequestError error) {
  OfficeOutcome outcome;
  outcome.error = std::move(error);
  answer_command(request, outcome, false);
}

LogEvent FacultyService::log_of_command(const RequestEvent& event) const {
  const auto& command = commands_.at(event.request).command;
  auto logged = event_of(event.kind);
  logged.message = event.message;
  logged.fields = {{"command-id", command.id},
                   {"semester", command.semester},
                   {"program", name_of(command)},
                   {"actor", command.actor},
                   {"server", options_.client.endpoints[event.endpoint]},
                   {"tries-left", std::to_string(event.tries_left)}};
  return logged;
}

}  // namespace dti
