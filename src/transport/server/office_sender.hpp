#pragma once

#include <string>
#include <variant>

#include "dti/domain/messages.hpp"
#include "dti/keys/key_list.hpp"
#include "dti/protocol/office_codec.hpp"

namespace dti {

/// The way by which a command of the office came.
enum class OfficeDoor {
  kSocketFile,  // only the user of this process and root can reach it
  kPlain,       // an endpoint that knows no keys
  kSecured,     // an endpoint whose peers have proved a key
};

/// Decides who may send a command of the office, and in whose name. The key of a faculty may change the grants of its
/// programs: release, amend, confirm and cancel.
/// @param key  of the peer; null: the list does not have it, or the door knows no keys
/// @return the actor for the ledger; or why the peer may not send it
/// Source: docs/protocol.md, Commands of the office.
[[nodiscard]] std::variant<std::string, RequestError> actor_of(OfficeDoor door, const ListedKey* key,
                                                               const OfficeMessage& message);

}  // namespace dti
