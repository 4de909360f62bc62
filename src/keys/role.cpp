#include "dti/keys/role.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

using Kind = KeyRole::Kind;

constexpr std::size_t kKeyNameBytesMax = 64;
constexpr std::string_view kFacultyPrefix = "faculty:";
constexpr std::string_view kProgramPrefix = "program:";
constexpr std::array<std::pair<std::string_view, Kind>, 2> kPlainRoles = {
    {{"office", Kind::kOffice}, {"auditor", Kind::kAuditor}}};

/// Two spellings of one name of the catalogue.
bool is_same_name(std::string_view name, std::string_view other) {
  const auto key = name_key(name);
  return !key.empty() && key == name_key(other) && is_one_name(strict_key(name), strict_key(other));
}

}  // namespace

std::variant<KeyRole, std::string> parse_role(std::string_view text) {
  for (const auto& [word, kind] : kPlainRoles) {
    if (text == word) return KeyRole{kind, {}};
  }
  const bool is_program = text.starts_with(kProgramPrefix);
  if (!is_program && !text.starts_with(kFacultyPrefix)) {
    return "is not a role (faculty:NAME, program:NAME, office, auditor)";
  }
  const std::string noun = is_program ? "program" : "faculty";
  const auto name = text.substr(noun.size() + 1);
  if (name.empty()) return "needs the name of the " + noun + ": " + noun + ":NAME";
  if (const auto fault = name_fault(name, kNameBytesMax)) return "names a " + noun + " whose name " + *fault;
  if (is_program) return KeyRole{Kind::kProgram, {}, std::string{name}};
  return KeyRole{Kind::kFaculty, std::string{name}};
}

std::string role_text(const KeyRole& role) {
  for (const auto& [word, kind] : kPlainRoles) {
    if (role.kind == kind) return std::string{word};
  }
  if (role.kind == Kind::kProgram) return std::string{kProgramPrefix} + role.program;
  return std::string{kFacultyPrefix} + role.faculty;
}

std::optional<std::string> why_not_ask(const KeyRole& role, std::string_view faculty) {
  switch (role.kind) {
    case Kind::kOffice: return std::nullopt;
    case Kind::kAuditor: return "the key of this connection has the role auditor, which may not request rooms";
    case Kind::kProgram:
      return "the key of this connection has the role program:NAME, which may request rooms at its faculty only";
    case Kind::kFaculty: break;
  }
  if (is_same_name(role.faculty, faculty)) return std::nullopt;
  return "the key of this connection may request rooms for another faculty only";
}

std::optional<std::string> why_not_change(const KeyRole& role, std::string_view faculty) {
  if (is_of_office(role)) return std::nullopt;
  if (role.kind != Kind::kFaculty) {
    return "the key of this connection has the role " + role_text(role) + ", which may send no commands to a server";
  }
  if (is_same_name(role.faculty, faculty)) return std::nullopt;
  return "the key of this connection may change the grants of another faculty only";
}

std::optional<std::string> why_not_ask_faculty(const KeyRole& role, std::string_view faculty,
                                               std::string_view program) {
  if (role.kind != Kind::kProgram) return why_not_ask(role, faculty);
  if (is_same_name(role.program, program)) return std::nullopt;
  return "the key of this connection may request rooms for another program only";
}

std::optional<std::string> why_not_change_at_faculty(const KeyRole& role, std::string_view program) {
  if (role.kind != Kind::kProgram) {
    return "the key of this connection has the role " + role_text(role) +
           ", which may change no grant here: the faculty takes commands from a key with the role program:NAME";
  }
  if (is_same_name(role.program, program)) return std::nullopt;
  return "the key of this connection may change the grant of another program only";
}

std::optional<std::string> key_name_fault(std::string_view name) {
  if (name.empty()) return "is empty";
  if (auto fault = name_fault(name, kKeyNameBytesMax)) return fault;
  if (name.find('/') != std::string_view::npos) return "contains \"/\"";
  return std::nullopt;
}

}  // namespace dti
