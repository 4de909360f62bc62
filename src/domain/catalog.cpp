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
    if (names_.find_key(program.faculty_id, program.key) != 0) return false;
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
  programs_.push_back({.name = 0, .faculty = program.faculty_id});
  add_name(program.id, program.name, program.key);
}

void Catalog::add_name(ProgramId program, const std::string& name, const std::string& key) {
  auto& named = programs_[program - 1];
  names_.add(named.faculty, name, key);
  keys_.push_back(key);
  owners_.push_back(program);
  named.name = static_cast<std::uint32_t>(names_.size());
}

ProgramId Catalog::owner_now(std::uint32_t name) const {
  if (name == 0 || !has_renamed_) return name;
  const auto owner = owners_[name - 1];
  return programs_[owner - 1].name == name ? owner : 0;
}

bool Catalog::apply(const ProgramChange& change) {
  if (change.program == 0 || change.program > size() || faculty_of(change.program) != change.faculty_id) return false;
  auto& program = programs_[change.program - 1];
  if (change.retires()) {
    program.is_retired = true;
    has_retired_ = true;
  } else if (const auto name = names_.find_key(change.faculty_id, change.key); name == 0) {
    add_name(change.program, change.name, change.key);
    has_renamed_ = true;
  } else if (owners_[name - 1] == change.program) {
    names_.respell(change.faculty_id, name, change.name);
    program.name = name;
  } else {
    return false;
  }
  last_change_ = std::max(last_change_, change.seq);
  return true;
}

bool Catalog::apply(const std::vector<ProgramChange>& changes) {
  return std::all_of(changes.begin(), changes.end(), [&](const ProgramChange& change) { return apply(change); });
}

Catalog::Naming Catalog::place_name(ProgramId program, const std::string& name) const {
  if (program_name(program) == name) return {.kind = Naming::Kind::kSame};
  auto placed = names_.place(faculty_of(program), name);
  if (placed.number == 0) return {.kind = Naming::Kind::kNew, .key = std::move(placed.key)};
  const auto owner = owners_[placed.number - 1];
  if (owner != program) {
    return {.kind = Naming::Kind::kOfAnother, .other = owner, .only_looks_like = placed.only_looks_like};
  }
  // Letters of another alphabet would give the program a name that only looks right.
  if (placed.only_looks_like) return {.kind = Naming::Kind::kOfAnother, .other = owner, .only_looks_like = true};
  return {.kind = Naming::Kind::kNew, .key = keys_[placed.number - 1]};
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
  auto placed = names_.place(program.faculty_id, row.program);
  if (placed.number != 0 && !placed.is_spelled && !is_same_spelling(names_.name(placed.number), row.program)) {
    return {
        .kind = Kind::kProgramClash, .other = owners_[placed.number - 1], .only_looks_like = placed.only_looks_like};
  }
  // Also by a name that the program has had: files that are older than a new name still name it.
  if (placed.number != 0) return {.kind = Kind::kKnown, .other = owners_[placed.number - 1]};
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
  return faculty == 0 ? 0 : owner_now(names_.find(faculty, name));
}

ProgramId Catalog::find_by_any_name(FacultyId faculty, std::string_view name) const {
  const auto found = faculty == 0 ? 0 : names_.find(faculty, name);
  return found == 0 ? 0 : owners_[found - 1];
}

std::vector<ProgramId> Catalog::find_programs(FacultyId faculty, const std::vector<ProgramRequest>& programs) const {
  std::vector<ProgramId> ids(programs.size());
  if (faculty == 0) return ids;
  std::vector<std::string_view> names;
  names.reserve(programs.size());
  for (const auto& program : programs) names.push_back(program.name);
  names_.find_all(faculty, names, ids);
  if (has_renamed_) std::transform(ids.begin(), ids.end(), ids.begin(), [&](auto name) { return owner_now(name); });
  return ids;
}

std::string Catalog::why_no_faculty(std::string_view name) const {
  if (const auto fault = name_fault(name, kNameBytesMax)) return "the name " + *fault;
  return meanings(faculties_, 0, name);
}

std::string Catalog::program_meanings(FacultyId faculty, std::string_view name) const {
  if (const auto former = names_.find(faculty, name); former != 0 && owner_now(former) == 0) {
    return "the program is called \"" + program_name(owners_[former - 1]) + "\" now";
  }
  return meanings(names_, faculty, name);
}

std::string_view default_catalog() { return embedded::default_catalog_files[0].text; }

}  // namespace dti
