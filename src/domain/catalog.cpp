#include "dti/domain/catalog.hpp"

#include <algorithm>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "embedded/default_catalog_files.hpp"

namespace dti {
namespace {

bool is_same_spelling(const std::string& stored, const std::string& name) {
  return stored == name || (is_utf8(stored) && is_utf8(name) && tidy_name(stored) == tidy_name(name));
}

std::string meanings(const SpellingIndex& names, std::uint32_t scope, std::string_view name) {
  constexpr std::size_t kListedMax = 3;  // of at most 200 bytes each
  const auto candidates = names.candidates(scope, name);
  if (candidates.empty()) return {};
  std::string text = "the name could mean each of ";
  for (std::size_t i = 0; i < std::min(kListedMax, candidates.size()); ++i) {
    text += (i == 0 ? "\"" : ", \"") + names.name(candidates[i]) + '"';
  }
  return text + (candidates.size() > kListedMax ? " and others" : "") + ": use one of these spellings";
}

}  // namespace

std::pair<std::string, std::string> shown_apart(const std::string& name, const std::string& other) {
  const auto folds = [](const std::string& text) { return legacy_key(text) || latin_lookalike(text); };
  if (folds(name) || folds(other)) return {escaped(name), escaped(other)};
  return {'"' + name + '"', '"' + other + '"'};
}

bool Catalog::add(const std::vector<CatalogProgram>& programs) {
  // All programs are checked before the first one is added.
  NameIndex new_faculties;
  NameIndex new_programs;
  auto expected = size() + 1;
  for (const auto& program : programs) {
    if (program.id != expected++) return false;
    const auto known = faculties_.find_key(0, program.faculty_key);
    const auto faculty_id = known != 0 ? known : new_faculties.find(0, program.faculty_key);
    if (faculty_id == 0) {
      if (program.faculty_id != faculties_.size() + new_faculties.size() + 1) return false;
      new_faculties.add(0, program.faculty_key, program.faculty_id);
    } else if (faculty_id != program.faculty_id) {
      return false;
    }
    if (programs_.find_key(program.faculty_id, program.key) != 0) return false;
    if (new_programs.find(program.faculty_id, program.key) != 0) return false;
    new_programs.add(program.faculty_id, program.key, program.id);
  }
  for (const auto& program : programs) put(program);
  return true;
}

void Catalog::put(const CatalogProgram& program) {
  if (program.faculty_id > faculties_.size()) {
    faculties_.add(0, program.faculty_name, program.faculty_key);
    faculty_keys_.push_back(program.faculty_key);
  }
  programs_.add(program.faculty_id, program.name, program.key);
  faculty_of_.push_back(program.faculty_id);
}

Catalog::Placing Catalog::place(const CatalogRow& row) const {
  using Kind = Placing::Kind;
  CatalogProgram program;
  program.id = static_cast<ProgramId>(size() + 1);
  program.name = row.program;
  auto faculty = faculties_.place(0, row.faculty);
  if (faculty.number != 0 && !is_same_spelling(faculties_.name(faculty.number), row.faculty)) {
    return {.kind = Kind::kFacultyClash, .other = faculty.number, .only_looks_like = faculty.only_looks_like};
  }
  if (faculty.number != 0) {
    program.faculty_id = faculty.number;
    program.faculty_name = faculties_.name(faculty.number);
    program.faculty_key = faculty_keys_[faculty.number - 1];
  } else {
    program.faculty_id = static_cast<FacultyId>(faculties_.size() + 1);
    program.faculty_name = row.faculty;
    program.faculty_key = std::move(faculty.key);
  }
  auto placed = programs_.place(program.faculty_id, row.program);
  if (placed.number != 0 && !is_same_spelling(programs_.name(placed.number), row.program)) {
    return {.kind = Kind::kProgramClash, .other = placed.number, .only_looks_like = placed.only_looks_like};
  }
  if (placed.number != 0) return {.kind = Kind::kKnown, .other = placed.number};
  program.key = std::move(placed.key);
  return {.kind = Kind::kNew, .program = std::move(program)};
}

std::variant<std::vector<CatalogProgram>, CatalogFaults> Catalog::additions(const std::vector<CatalogRow>& rows) const {
  std::vector<CatalogProgram> added;
  CatalogFaults faults;
  Catalog sum = rows.empty() ? Catalog{} : *this;
  for (const auto& row : rows) {
    auto placed = sum.place(row);
    const auto is_stored_as = [&](const std::string& name, const std::string& stored) {
      const auto [one, other] = shown_apart(name, stored);
      return one + " is in the store as " + other;
    };
    switch (placed.kind) {
      case Placing::Kind::kNew:
        sum.put(placed.program);
        added.push_back(std::move(placed.program));
        break;
      case Placing::Kind::kKnown: break;
      case Placing::Kind::kFacultyClash:
        faults.add({row.line, 0, "faculty " + is_stored_as(row.faculty, sum.faculty_name(placed.other))});
        break;
      case Placing::Kind::kProgramClash:
        faults.add({row.line, 0,
                    "program " + is_stored_as(row.program, sum.program_name(placed.other)) + ", in faculty \"" +
                        row.faculty + "\""});
        break;
    }
  }
  if (!faults.listed.empty()) return faults;
  return added;
}

FacultyId Catalog::find_faculty(std::string_view name) const { return faculties_.find(0, name); }

ProgramId Catalog::find_program(FacultyId faculty, std::string_view name) const {
  return faculty == 0 ? 0 : programs_.find(faculty, name);
}

std::vector<ProgramId> Catalog::find_programs(FacultyId faculty, const std::vector<ProgramRequest>& programs) const {
  std::vector<ProgramId> ids(programs.size());
  if (faculty == 0) return ids;
  std::vector<std::string_view> names;
  names.reserve(programs.size());
  for (const auto& program : programs) names.push_back(program.name);
  programs_.find_all(faculty, names, ids);
  return ids;
}

std::string Catalog::why_no_faculty(std::string_view name) const {
  if (const auto fault = name_fault(name, kNameBytesMax)) return "the name " + *fault;
  return meanings(faculties_, 0, name);
}

std::string Catalog::program_meanings(FacultyId faculty, std::string_view name) const {
  return meanings(programs_, faculty, name);
}

std::string_view default_catalog() { return embedded::default_catalog_files[0].text; }

}  // namespace dti
