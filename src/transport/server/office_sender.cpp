#include "transport/server/office_sender.hpp"

#include <algorithm>
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

}  // namespace

std::variant<std::string, RequestError> actor_of(OfficeDoor door, const ListedKey* key, std::string_view claimed) {
  switch (door) {
    case OfficeDoor::kSocketFile:
      if (is_local_actor(claimed)) return std::string{claimed};
      return unauthorized("a command at the socket file needs the actor local/UID");
    case OfficeDoor::kPlain:
      return unauthorized(
          "a plain endpoint accepts no commands of the office: use the socket file of the server, or a secured "
          "endpoint "
          "and a key with the role office");
    case OfficeDoor::kSecured: break;
  }
  if (key == nullptr) return unauthorized("the key of this connection is not in the list");
  if (!is_of_office(key->role)) {
    return unauthorized("the key of this connection has the role " + role_text(key->role) +
                        ", which may send no commands of the office");
  }
  if (!claimed.empty()) return unauthorized("the key of this connection may not name an actor");
  return "key/" + key->name;
}

}  // namespace dti
