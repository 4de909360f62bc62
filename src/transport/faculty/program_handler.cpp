#include "transport/faculty/program_handler.hpp"

#include <bit>
#include <utility>
#include <variant>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"

namespace dti {
namespace {

// The limit for the routing ids and envelopes of waiting programs. Programs choose them, and the faculty must keep
// them.
constexpr std::size_t kEnvelopeBytesMax = 64 * 1024 * 1024;

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
  const std::string peer{message->peer};
  if (auto why = why_unauthorized(message->key)) {  // it does not count towards a batch
    refuse(token, Status::kUnauthorized, *std::move(why), now);
    return true;
  }
  if (message->is_too_long) {
    service_.on_malformed_request(std::nullopt, peer, now);
    refuse(token, Status::kInvalidRequest, "more than 4 frames", now);
    return true;
  }
  const auto decoded = decode_room_request(message->body);
  if (const auto* malformed = std::get_if<MalformedRoomRequest>(&decoded)) {
    log_some("request-malformed", "a program's request was malformed: " + malformed->detail);
    const auto& name = malformed->program_name;
    service_.on_malformed_request(malformed->semester, name.empty() ? peer : name, now);
    refuse(token, Status::kInvalidRequest, malformed->detail, now);
  } else if (message->retry_after.count() > 0) {
    refuse(token, Status::kOverloaded, "this client sends more messages than it may; ask again in a moment", now);
  } else if (port_.waiting_bytes() > kEnvelopeBytesMax) {
    refuse(token, Status::kOverloaded, "too much waits for an answer; ask again later", now);
  } else {
    service_.on_room_request(token, std::get<RoomRequest>(decoded), now);
  }
  return true;
}

void ProgramHandler::handle_reply(std::size_t server, std::string_view body, SteadyTime now) {
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

void ProgramHandler::perform(const ResetEndpoint& action, SteadyTime /*now*/) { links_.reset(action.endpoint); }

void ProgramHandler::perform(const LogEvent& event, SteadyTime /*now*/) { log_(event); }

void ProgramHandler::perform(const Exit& exit, SteadyTime /*now*/) {
  exit_code_ = exit.code;
  if (!exit.reason.empty()) log_({LogLevel::kError, "stopped", exit.reason, {}});
}

std::optional<std::string> ProgramHandler::why_unauthorized(KeyNumber key) const {
  if (key == 0) return std::nullopt;  // a plain endpoint, whose peers may request rooms
  const auto* const listed = keys_.keys == nullptr ? nullptr : keys_.keys->find(key);
  if (listed == nullptr) return "the key of this connection is not in the list";
  return why_not_ask(listed->role, keys_.faculty);
}

void ProgramHandler::refuse(Token token, Status status, std::string detail, SteadyTime now) {
  reply(token, {.status = status, .grant = {}, .detail = std::move(detail)}, now);
}

void ProgramHandler::reply(Token token, const RoomAnswer& answer, SteadyTime now) {
  ++answers_[static_cast<std::size_t>(answer.status)];
  port_.reply(token, encode_room_answer(answer), now);
}

// Logs the 1st, 2nd, 4th, 8th … event of a kind, because peers can cause any number of them.
void ProgramHandler::log_some(const std::string& event, const std::string& message) {
  const auto count = ++counts_[event];
  if (std::has_single_bit(count)) log_({LogLevel::kWarning, event, message, {{"count", std::to_string(count)}}});
}

}  // namespace dti
