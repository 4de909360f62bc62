#include "dti/service/ledger/catalog_check.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_index.hpp"

namespace dti {
namespace {

std::string in_quotes(std::string_view text) { return "\"" + std::string{text} + "\""; }

enum class Key { kOfItsName, kOlder, kOther };

Key compare(std::string_view name, std::string_view stored) {
  const auto key = name_key(name);
  if (!key.empty() && stored == separated_key(name)) return Key::kOfItsName;
  if (key.empty() || stored.empty()) return Key::kOther;
  if (key == stored) return Key::kOfItsName;
  // Earlier versions and an older Unicode leave alone what they do not fold, so that today's key of their key is today's
  // key.
  const bool is_ascii = std::all_of(name.begin(), name.end(), [](char c) { return (c & 0x80) == 0; });
  return !is_ascii && name_key(stored) == key ? Key::kOlder : Key::kOther;
}

}  // namespace

bool is_key_of(std::string_view name, std::string_view stored) { return compare(name, stored) != Key::kOther; }

CatalogCheck check_catalog(const std::vector<CatalogProgram>& programs) {
  CatalogCheck check;
  NameIndex faculties;
  NameIndex keys;
  ProgramId expected = 0;
  const auto differs = [&](const CatalogProgram& program, std::string what, std::string stored, std::string wanted) {
    check.difference = StoreDifference{std::nullopt, program.id, std::move(what), std::move(stored), std::move(wanted)};
    return check;
  };
  for (const auto& program : programs) {
    ++expected;
    if (program.id != expected) {
      return differs(program, "the catalogue is not dense, or a program's faculty is missing",
                     "program " + std::to_string(program.id), "program " + std::to_string(expected));
    }
    const auto known = faculties.find(0, program.faculty_key);
    const auto faculty = known != 0 ? known : static_cast<FacultyId>(check.faculties + 1);
    if (program.faculty_id != faculty) {
      return differs(program, "the faculties are not numbered in the order of their programs",
                     "faculty " + std::to_string(program.faculty_id), "faculty " + std::to_string(faculty));
    }
    if (known == 0) {
      faculties.add(0, program.faculty_key, faculty);
      ++check.faculties;
      const auto key = compare(program.faculty_name, program.faculty_key);
      if (key == Key::kOther) {
        return differs(program, "the key of faculty " + in_quotes(program.faculty_name) + " is not that of its name",
                       in_quotes(program.faculty_key), in_quotes(name_key(program.faculty_name)));
      }
      check.older_keys += key == Key::kOlder ? 1 : 0;
    }
    if (const auto other = keys.find(program.faculty_id, program.key); other != 0) {
      return differs(program, "the faculty has the program twice", in_quotes(program.key),
                     "the key for program " + std::to_string(other) + " alone");
    }
    keys.add(program.faculty_id, program.key, program.id);
    const auto key = compare(program.name, program.key);
    if (key == Key::kOther) {
      return differs(program, "the key of program " + in_quotes(program.name) + " is not that of its name",
                     in_quotes(program.key), in_quotes(name_key(program.name)));
    }
    check.older_keys += key == Key::kOlder ? 1 : 0;
  }
  return check;
}

}  // namespace dti
