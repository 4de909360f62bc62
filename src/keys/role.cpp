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
constexpr std::array<std::pair<std::string_view, Kind>, 2> kPlainRoles = {
    {{"office", Kind::kOffice}, {"auditor", Kind::kAuditor}}};

bool is_same_faculty(std::string_view name, std::string_view other) {
  const auto key = name_key(name);
  return !key.empty() && key == name_key(other) && is_one_name(strict_key(name), strict_key(other));
}

}  // namespace

std::variant<KeyRole, std::string> parse_role(std::string_view text) {
  for (const auto& [word, kind] : kPlainRoles) {
    if (text == word) return KeyRole{kind, {}};
  }
  if (!text.starts_with(kFacultyPrefix)) return "is not a role (faculty:NAME, office, auditor)";
  const auto name = text.substr(kFacultyPrefix.size());
  if (name.empty()) return "needs the name of the faculty: faculty:NAME";
  if (const auto fault = name_fault(name, kNameBytesMax)) return "names a faculty whose name " + *fault;
  return KeyRole{Kind::kFaculty, std::string{name}};
}

std::string role_text(const KeyRole& role) {
  for (const auto& [word, kind] : kPlainRoles) {
    if (role.kind == kind) return std::string{word};
  }
  return std::string{kFacultyPrefix} + role.faculty;
}

std::optional<std::string> why_not_ask(const KeyRole& role, std::string_view faculty) {
  switch (role.kind) {
    case Kind::kOffice: return std::nullopt;
    case Kind::kAuditor: return "the key of this connection has the role auditor, which may not request rooms";
    case Kind::kFaculty: break;
  }
  if (is_same_faculty(role.faculty, faculty)) return std::nullopt;
  return "the key of this connection may request rooms for another faculty only";
}

std::optional<std::string> key_name_fault(std::string_view name) {
  if (name.empty()) return "is empty";
  if (auto fault = name_fault(name, kKeyNameBytesMax)) return fault;
  if (name.find('/') != std::string_view::npos) return "contains \"/\"";
  return std::nullopt;
}

}  // namespace dti
