#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace dti {

/// What a listed key may do. Source: docs/operations.md, Keys and roles.
struct KeyRole {
  enum class Kind {
    kFaculty,  // it requests rooms for the programs of one faculty, and changes their grants
    kProgram,  // at its faculty: it requests rooms for one program, and changes its grant
    kOffice,   // it requests rooms for every faculty
    kAuditor,  // it requests nothing
  };

  Kind kind = Kind::kAuditor;
  std::string faculty;       // kFaculty: the name of the faculty, as the catalogue spells it
  std::string program = {};  // kProgram: the name of the program

  friend bool operator==(const KeyRole&, const KeyRole&) = default;
};

/// Reads `faculty:NAME`, `program:NAME`, `office` or `auditor`.
/// @return the role; or why the text is none, as the rest of a sentence
[[nodiscard]] std::variant<KeyRole, std::string> parse_role(std::string_view text);

/// The text that parse_role() reads.
[[nodiscard]] std::string role_text(const KeyRole& role);

/// Tells whether a key of this role acts for the office: it makes requests for many faculties.
[[nodiscard]] constexpr bool is_of_office(const KeyRole& role) { return role.kind == KeyRole::Kind::kOffice; }

/// Tells whether a role may request rooms at a server for the programs of a faculty. Two spellings of one name are the same
/// faculty, as for the catalogue; names that differ in a separator that counts ("MATH 1-11", "MATH 11-1") are not.
/// @return why not, as a sentence for people; none: it may
[[nodiscard]] std::optional<std::string> why_not_ask(const KeyRole& role, std::string_view faculty);

/// Tells whether a role may change the grant of a program of a faculty at a server: give its rooms back, amend it, and confirm
/// or cancel a hold. The office may do more (is_of_office()).
/// @return why not, as a sentence for people; none: it may
[[nodiscard]] std::optional<std::string> why_not_change(const KeyRole& role, std::string_view faculty);

/// Tells whether a role may request rooms at a faculty for one of its programs, as spelled by its sender.
/// @return why not, as a sentence for people; none: it may
[[nodiscard]] std::optional<std::string> why_not_ask_faculty(const KeyRole& role, std::string_view faculty,
                                                             std::string_view program);

/// Tells whether a role may change the grant of a program through its faculty. Only a key of the program may.
/// @return why not, as a sentence for people; none: it may
[[nodiscard]] std::optional<std::string> why_not_change_at_faculty(const KeyRole& role, std::string_view program);

/// Checks the name of a key: a name as people can read it, of at most 64 bytes, without `/`, because the ledger records
/// actors such as `gateway/ACCOUNT`.
/// @return the reason as the rest of a sentence; none if it can be a name
[[nodiscard]] std::optional<std::string> key_name_fault(std::string_view name);

}  // namespace dti
