#include "transport/faculty/program_handler.hpp"

#include <bit>
#include <string_view>
#include <utility>
#include <variant>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"

namespace dti {
namespace {

// The limit for the routing ids and envelopes of waiting programs. Programs choose them, and the faculty must keep
// them.
constexpr std::size_t kEnvelopeBytesMax = 64 * 1024 * 1024;

constexpr const char* kNotListed = "the key of this connection is not in the list";

template <class Change>
concept IsAboutProgram = requires(Change& change) {
  change.of.faculty;
};

/// Completes a command about a program, which names only the program.
void set_faculty(OfficeCommand& command, const std::string& faculty) {
  const auto set = [&faculty](auto& change) {
    if constexpr (IsAboutProgram<decltype(change)>) change.of.faculty = faculty;
  };
  std::visit(set, command.change);
}

}  // namespace

ProgramHandler::ProgramHandler(MessagePort& port, ServerLinks& links, FacultyService& service,
                               std::vector<std::string> servers, LogSink log, ProgramKeys keys)
    : port_(port),
      links_(links),
      service_(service),
      servers_(std::move(servers)),
      log_(std::move(log)),
      keys_(std::move(keys)) {}

bool ProgramHandler::handle_next(SteadyTime now) {
  const auto message = port_.receive();
  if (!message) return false;
  const auto token = message->token;
  if (!message->is_too_long && handle_command(*message, now)) return true;
  if (auto why = why_unauthorized(message->key, nullptr)) {  // it does not count towards a batch
    refuse(token, Status::kUnauthorized, *std::move(why), now);
    return true;
  }
  if (message->is_too_long) {
    service_.on_malformed_request(std::nullopt, asker_of(*message, {}), now);
    refuse(token, Status::kInvalidRequest, "more than 4 frames", now);
    return true;
  }
  const auto decoded = decode_room_request(message->body);
  if (const auto* malformed = std::get_if<MalformedRoomRequest>(&decoded)) {
    log_some("request-malformed", "a program's request was malformed: " + malformed->detail);
    service_.on_malformed_request(malformed->semester, asker_of(*message, malformed->program_name), now);
    refuse(token, Status::kInvalidRequest, malformed->detail, now);
  } else if (auto why = why_unauthorized(message->key, &std::get<RoomRequest>(decoded).program_name)) {
    refuse(token, Status::kUnauthorized, *std::move(why), now);
  } else if (message->retry_after.count() > 0) {
    refuse(token, Status::kOverloaded, "this client sends more messages than it may; ask again in a moment", now);
  } else if (port_.waiting_bytes() > kEnvelopeBytesMax) {
    refuse(token, Status::kOverloaded, "too much waits for an answer; ask again later", now);
  } else {
    service_.on_room_request(token, std::get<RoomRequest>(decoded), now);
  }
  return true;
}

bool ProgramHandler::handle_command(const PeerMessage& message, SteadyTime now) {
  if (!may_be_office_message(message.body)) return false;
  auto decoded = decode_office_message(message.body);
  if (!decoded) return false;
  if (const auto* malformed = std::get_if<MalformedCommand>(&*decoded)) {
    log_some("request-malformed", "a program's command was malformed: " + malformed->detail);
    refuse_command(message.token, malformed->command_id, malformed->is_dry_run,
                   {Status::kInvalidRequest, malformed->detail, {}, {}}, now);
    return true;
  }
  auto& sent = std::get<OfficeMessage>(*decoded);
  std::optional<RequestError> error;
  if (auto why = why_not_command(message.key, sent)) {
    error = RequestError{Status::kUnauthorized, *std::move(why), {}, {}};
  } else if (message.retry_after.count() > 0) {
    error = RequestError{Status::kOverloaded,
                         "this client sends more messages than it may; ask again in a moment",
                         message.retry_after,
                         {}};
  } else if (port_.waiting_bytes() > kEnvelopeBytesMax) {
    error = RequestError{Status::kOverloaded, "too much waits for an answer; ask again later", {}, {}};
  }
  auto& command = sent.command;
  if (error) {
    refuse_command(message.token, command.id, command.is_dry_run, *std::move(error), now);
    return true;
  }
  set_faculty(command, keys_.faculty);
  command.actor = std::string{kProgramActor} + key_of(message.key)->name;
  service_.on_command(message.token, command, now);
  return true;
}

void ProgramHandler::handle_reply(std::size_t server, std::string_view body, SteadyTime now) {
  if (may_be_office_message(body)) {
    if (auto reply = decode_office_reply(body)) {
      return service_.on_command_reply(
          server, {std::move(reply->command_id), reply->is_dry_run, std::move(reply->outcome), reply->has_facts}, now);
    }
  }
  if (const auto reply = decode_allocation_reply(body)) {
    service_.on_reply(server, *reply, now);
  } else {
    log_some("reply-skipped", servers_[server] + " sent a message that is not a reply; the faculty skipped it");
  }
}

void ProgramHandler::handle_connection(std::size_t server, const std::string& skipped, SteadyTime now) {
  service_.on_connected(server, now);
  if (!skipped.empty()) log_some("address-skipped", "connected to " + servers_[server] + ", but " + skipped);
}

void ProgramHandler::perform_actions(SteadyTime now) {
  for (auto& action : service_.take_actions()) {
    std::visit([this, now](const auto& what) { perform(what, now); }, action);
  }
}

void ProgramHandler::perform(const SendRoomAnswer& action, SteadyTime now) { reply(action.token, action.answer, now); }

void ProgramHandler::perform(const ConnectEndpoint& action, SteadyTime now) { links_.connect(action.endpoint, now); }

void ProgramHandler::perform(const SendRequest& action, SteadyTime /*now*/) {
  // A request that was not sent counts as a try without a reply, and the service continues when its time has passed.
  if (!links_.send(action.endpoint, encode_allocation_request(action.request))) {
    log_some("request-dropped", "too many requests wait for the connection to " + servers_[action.endpoint]);
  }
}

void ProgramHandler::perform(const SendCommandReply& action, SteadyTime now) {
  const auto& [command_id, is_dry_run, outcome, has_facts] = action.reply;
  reply_to_command(action.token, {command_id, is_dry_run, outcome, has_facts}, now);
}

void ProgramHandler::perform(const SendCommand& action, SteadyTime /*now*/) {
  if (!links_.send(action.endpoint, encode_office_message({.command = action.command}))) {
    log_some("request-dropped", "too many requests wait for the connection to " + servers_[action.endpoint]);
  }
}

void ProgramHandler::perform(const ResetEndpoint& action, SteadyTime /*now*/) { links_.reset(action.endpoint); }

void ProgramHandler::perform(const LogEvent& event, SteadyTime /*now*/) { log_(event); }

void ProgramHandler::perform(const Exit& exit, SteadyTime /*now*/) {
  exit_code_ = exit.code;
  if (!exit.reason.empty()) log_({LogLevel::kError, "stopped", exit.reason, {}});
}

std::string ProgramHandler::asker_of(const PeerMessage& message, const std::string& claimed) const {
  const auto* const listed = key_of(message.key);
  if (listed != nullptr && listed->role.kind == KeyRole::Kind::kProgram) return listed->role.program;
  return claimed.empty() ? std::string{message.peer} : claimed;
}

const ListedKey* ProgramHandler::key_of(KeyNumber number) const {
  return keys_.keys == nullptr || number == 0 ? nullptr : keys_.keys->find(number);
}

std::optional<std::string> ProgramHandler::why_unauthorized(KeyNumber key, const std::string* program) const {
  if (key == 0) return std::nullopt;  // a plain endpoint, whose peers may request rooms
  const auto* const listed = key_of(key);
  if (listed == nullptr) return kNotListed;
  if (program == nullptr && listed->role.kind == KeyRole::Kind::kProgram) return std::nullopt;  // not known yet
  return why_not_ask_faculty(listed->role, keys_.faculty, program == nullptr ? std::string{} : *program);
}

std::optional<std::string> ProgramHandler::why_not_command(KeyNumber key, const OfficeMessage& message) const {
  if (key == 0) {
    return "a plain endpoint accepts no commands: use a secured endpoint of the faculty, and a key with the role "
           "program:NAME";
  }
  const auto* const listed = key_of(key);
  if (listed == nullptr) return kNotListed;
  const auto* const program = message.opens ? nullptr : program_of(message.command);
  if (program == nullptr || !may_be_of_faculty(verb_of(message))) {
    return "a program may release and amend its grant, and confirm and cancel its hold; other commands are for the "
           "office";
  }
  if (!message.command.actor.empty()) return "a program may not name an actor";
  if (!program->faculty.empty() && why_not_change({KeyRole::Kind::kFaculty, keys_.faculty}, program->faculty)) {
    return "this is another faculty than the one of the command";
  }
  return why_not_change_at_faculty(listed->role, program->program);
}

void ProgramHandler::refuse(Token token, Status status, std::string detail, SteadyTime now) {
  reply(token, {.status = status, .grant = {}, .detail = std::move(detail)}, now);
}

void ProgramHandler::reply(Token token, const RoomAnswer& answer, SteadyTime now) {
  ++answers_[static_cast<std::size_t>(answer.status)];
  port_.reply(token, encode_room_answer(answer), now);
}

void ProgramHandler::refuse_command(Token token, const std::string& id, bool is_dry_run, RequestError error,
                                    SteadyTime now) {
  OfficeOutcome outcome;
  outcome.error = std::move(error);
  reply_to_command(token, {id, is_dry_run, std::move(outcome), false}, now);
}

void ProgramHandler::reply_to_command(Token token, const OfficeReply& answer, SteadyTime now) {
  const auto& error = answer.outcome.error;
  ++answers_[static_cast<std::size_t>(error ? error->status : Status::kOk)];
  port_.reply(token, encode_office_reply(answer), now);
}

// Logs the 1st, 2nd, 4th, 8th … event of a kind, because peers can cause any number of them.
void ProgramHandler::log_some(const std::string& event, const std::string& message) {
  const auto count = ++counts_[event];
  if (std::has_single_bit(count)) log_({LogLevel::kWarning, event, message, {{"count", std::to_string(count)}}});
}

}  // namespace dti
