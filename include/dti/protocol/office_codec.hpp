#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/domain/office_command.hpp"
#include "dti/domain/pool.hpp"

namespace dti {

/// What a command of the office does, in the order of kOfficeVerbs. The first ones are those of OfficeCommand::Change.
enum class OfficeVerb {
  kReleaseGrant,
  kAmendGrant,
  kResizeSemester,
  kCloseSemester,
  kReopenSemester,
  kSetWaitList,
  kLeaveWaitList,
  kConfirmHold,
  kExtendHold,
  kCancelHold,
  kSetQuota,
  kOpenRound,
  kRunRound,
  kOpenSemester,
  kChangeCatalog,
  kRenameProgram,
  kRetireProgram
};

/// `command` on the wire.
inline constexpr std::array<std::string_view, 17> kOfficeVerbs{
    "release-grant",   "amend-grant",   "resize-semester", "close-semester", "reopen-semester", "set-wait-list",
    "leave-wait-list", "confirm-hold",  "extend-hold",     "cancel-hold",    "set-quota",       "open-round",
    "run-round",       "open-semester", "change-catalog",  "rename-program", "retire-program"};

/// A message of the office to a server: a change of a semester or of the catalogue, or the opening of a new semester.
struct OfficeMessage {
  OfficeCommand command;
  /// The message opens the semester `command.semester` with this capacity. Then `command.change` and `command.expects`
  /// mean nothing.
  std::optional<Capacity> opens = {};

  friend bool operator==(const OfficeMessage&, const OfficeMessage&) = default;
};

[[nodiscard]] OfficeVerb verb_of(const OfficeMessage& message);
[[nodiscard]] constexpr std::string_view wire_text(OfficeVerb verb) {
  return kOfficeVerbs[static_cast<std::size_t>(verb)];
}

/// Tells whether a faculty may send such a command for its own programs, also for a program that asks it to: the program
/// gives its rooms back, wants other numbers, or confirms or cancels its hold.
[[nodiscard]] constexpr bool may_be_of_faculty(OfficeVerb verb) {
  return verb == OfficeVerb::kReleaseGrant || verb == OfficeVerb::kAmendGrant || verb == OfficeVerb::kConfirmHold ||
         verb == OfficeVerb::kCancelHold;
}

/// With the name of a key of a program: the `actor` that a faculty names if it passes a command of that program on.
inline constexpr std::string_view kProgramActor = "program/";

/// A command that the server rejects, with the parts that its reply needs.
struct MalformedCommand {
  std::string detail;                   // starts with the field: `command-id: …`
  std::string command_id = {};          // empty if it cannot be read
  bool is_dry_run = false;              // false if it cannot be read
  std::optional<OfficeVerb> verb = {};  // none if it cannot be read

  friend bool operator==(const MalformedCommand&, const MalformedCommand&) = default;
};

/// The reply to a message of the office.
struct OfficeReply {
  std::string command_id;
  bool is_dry_run = false;
  OfficeOutcome outcome;
  /// The reply tells what is true, not only why there was no decision. A server says so if has_facts(outcome).
  bool has_facts = false;

  friend bool operator==(const OfficeReply&, const OfficeReply&) = default;
};

/// Tells whether the facts of an outcome are known: of a decision, also of one against the command.
[[nodiscard]] bool has_facts(const OfficeOutcome& outcome);

/// Tells quickly whether a body may be a message of the office. A body of another kind may contain the same text.
[[nodiscard]] bool may_be_office_message(std::string_view body);

/// Decodes a message of the office. Never throws for the content of `body`. If there are several faults, the first one
/// counts, in this order: faults of the JSON text; dti-command, command, command-id, expects, actor, note, dry-run,
/// semester (unless the command is about the catalogue), and then the fields of the command.
/// @return none if the body is no JSON object with the key `dti-command`
/// Source: docs/protocol.md, Commands of the office.
[[nodiscard]] std::optional<std::variant<OfficeMessage, MalformedCommand>> decode_office_message(std::string_view body);

/// The bytes of a message.
[[nodiscard]] std::string encode_office_message(const OfficeMessage& message);

/// The bytes of a reply; `has_facts` says whether they have the facts of the outcome.
[[nodiscard]] std::string encode_office_reply(const OfficeReply& reply);

/// Decodes a reply. An unknown status is read as kUnavailable.
/// @return none if the body is no reply to a message of the office, by the same strict rules as for a request
[[nodiscard]] std::optional<OfficeReply> decode_office_reply(std::string_view body);

}  // namespace dti
