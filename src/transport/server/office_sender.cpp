#include "transport/server/office_sender.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace dti {
namespace {

constexpr std::string_view kLocal = "local/";
constexpr std::size_t kUserDigitsMax = 10;  // a user id has 32 bits

RequestError unauthorized(std::string why) { return {Status::kUnauthorized, std::move(why), {}, {}}; }

bool is_local_actor(std::string_view text) {
  if (!text.starts_with(kLocal)) return false;
  const auto digits = text.substr(kLocal.size());
  return !digits.empty() && digits.size() <= kUserDigitsMax &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The actor of a command that the key of a faculty sends. The faculty names the key of the program that asked it.
std::variant<std::string, RequestError> actor_at_faculty(const ListedKey& key, const OfficeMessage& message) {
  const auto* const program = message.opens ? nullptr : program_of(message.command);
  if (key.role.kind != KeyRole::Kind::kFaculty || program == nullptr || !may_be_of_faculty(verb_of(message))) {
    return unauthorized("the key of this connection has the role " + role_text(key.role) +
                        ", which may not send this command");
  }
  if (auto why = why_not_change(key.role, program->faculty)) return unauthorized(*std::move(why));
  const std::string_view claimed = message.command.actor;
  if (claimed.empty()) return "key/" + key.name;
  if (claimed.starts_with(kProgramActor)) {
    const auto name = claimed.substr(kProgramActor.size());
    if (!key_name_fault(name)) return "key/" + key.name + "/" + std::string{name};
  }
  return unauthorized("the key of a faculty may name no other actor than program/KEY-NAME");
}

}  // namespace

std::variant<std::string, RequestError> actor_of(OfficeDoor door, const ListedKey* key, const OfficeMessage& message) {
  const auto& claimed = message.command.actor;
  switch (door) {
    case OfficeDoor::kSocketFile:
      if (is_local_actor(claimed)) return claimed;
      return unauthorized("a command at the socket file needs the actor local/UID");
    case OfficeDoor::kPlain:
      return unauthorized(
          "a plain endpoint accepts no commands: use a secured endpoint and a key with the role office, or "
          "faculty:NAME "
          "for the grants of its own programs; the office can use the socket file of the server");
    case OfficeDoor::kSecured: break;
  }
  if (key == nullptr) return unauthorized("the key of this connection is not in the list");
  if (!is_of_office(key->role)) return actor_at_faculty(*key, message);
  if (!claimed.empty()) return unauthorized("the key of this connection may not name an actor");
  return "key/" + key->name;
}

}  // namespace dti
