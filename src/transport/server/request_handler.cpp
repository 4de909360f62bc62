#include "transport/server/request_handler.hpp"

#include <chrono>
#include <cstddef>
#include <utility>
#include <variant>

namespace dti {
namespace {

// A proxy that has waited 5 s makes a new connection and sends another health check.
constexpr std::size_t kHealthChecksMax = 1'024;

}  // namespace

bool RequestHandler::handle_next(const Now& now) {
  const auto message = port_.receive();
  if (!message) return false;
  if (message->is_too_long) {
    refuse(message->token, {"a message has at most 4 frames", {}}, now.steady);
    return true;
  }
  auto decoded = decode(*message, now);
  if (!decoded) return true;
  if (auto* request = std::get_if<AllocationRequest>(&*decoded)) {
    if (auto why = why_not(*message, *request)) {
      Outcome outcome;
      outcome.error = std::move(why);
      reply(message->token, *request, outcome, now.steady);
      return true;
    }
    pipeline_.on_request(message->token, std::move(*request), message->bytes, now);
  } else if (const auto* malformed = std::get_if<MalformedRequest>(&*decoded)) {
    refuse(message->token, *malformed, now.steady);
  } else if (++figures_.health_checks; pipeline_.is_ready(now)) {
    port_.reply(message->token, kHealthy, now.steady);
  } else if (keeps_health_checks_ && health_checks_.size() < kHealthChecksMax) {
    health_checks_.push_back(message->token);
  } else {
    port_.forget(message->token);
  }
  return true;
}

// Almost every message is a plain request. Only one that is not may be a command.
std::optional<DecodedRequest> RequestHandler::decode(const PeerMessage& message, const Now& now) {
  if (auto plain = decoder_.decode_plain(message.body)) return plain;
  if (may_be_office_message(message.body)) {
    if (auto decoded = decode_office_message(message.body)) {
      const auto door = message.key == 0 ? OfficeDoor::kPlain : OfficeDoor::kSecured;
      office_.take(port_, message, door, *std::move(decoded), now);
      return std::nullopt;
    }
  }
  return decode_allocation_request(message.body);
}

bool RequestHandler::handle_next_command(MessagePort& port, const Now& now) {
  const auto message = port.receive();
  if (!message) return false;
  auto decoded = message->is_too_long ? std::nullopt : decode_office_message(message->body);
  if (!decoded)
    decoded = MalformedCommand{"dti-command: is missing: the socket file takes commands of the office only"};
  office_.take(port, *message, OfficeDoor::kSocketFile, *std::move(decoded), now);
  return true;
}

void RequestHandler::send(const SendReply& answer, SteadyTime now) {
  reply(answer.token, answer.request, answer.outcome, now);
  figures_.reply_seconds.observe(std::chrono::duration<double>{now - answer.arrived}.count());
}

void RequestHandler::answer_health_checks(const Now& now) {
  if (health_checks_.empty() || !pipeline_.is_ready(now)) return;
  for (const auto token : std::exchange(health_checks_, {})) port_.reply(token, kHealthy, now.steady);
}

void RequestHandler::forget_health_checks() {
  for (const auto token : std::exchange(health_checks_, {})) port_.forget(token);
}

std::optional<RequestError> RequestHandler::why_not(const PeerMessage& message,
                                                    const AllocationRequest& request) const {
  const auto* const listed = keys_ == nullptr || message.key == 0 ? nullptr : keys_->find(message.key);
  const auto programs_max = listed != nullptr && is_of_office(listed->role) ? kProgramsMax : programs_max_;
  if (request.programs.size() > programs_max) {
    return RequestError{Status::kInvalidRequest,
                        "programs must hold at most " + std::to_string(programs_max) + " entries of this client",
                        {},
                        {}};
  }
  if (message.key != 0) {  // the peers of plain endpoints may request rooms
    auto why = listed == nullptr ? std::optional<std::string>{"the key of this connection is not in the list"}
                                 : why_not_ask(listed->role, request.faculty_name);
    if (why) return RequestError{Status::kUnauthorized, *std::move(why), {}, {}};
  }
  if (message.retry_after.count() > 0) {
    return RequestError{Status::kOverloaded,
                        "this client sends more messages than it may; ask again in a moment",
                        message.retry_after,
                        {}};
  }
  return std::nullopt;
}

void RequestHandler::refuse(Token token, const MalformedRequest& malformed, SteadyTime now) {
  Outcome outcome;
  outcome.error = RequestError{Status::kInvalidRequest, malformed.detail, {}, {}};
  reply(token, malformed.readable, outcome, now);
}

void RequestHandler::reply(Token token, const AllocationRequest& request, const Outcome& outcome, SteadyTime now) {
  if (outcome.error) {
    ++figures_.rejected[static_cast<std::size_t>(outcome.error->status)];
  } else {
    ++figures_.decided;
    for (const auto& program : outcome.programs) ++figures_.decisions[static_cast<std::size_t>(program.status)];
  }
  body_.clear();
  append_allocation_reply(body_, request, outcome);
  port_.reply(token, body_, now);
}

}  // namespace dti
