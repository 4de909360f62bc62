#include "dti/domain/catalog.hpp"

#include <set>

#include "dti/domain/name.hpp"
#include "embedded/default_catalog_files.hpp"

namespace dti {

bool Catalog::add(const std::vector<CatalogProgram>& programs) {
  // On a copy's terms: nothing is added until all of it fits.
  std::set<std::pair<FacultyId, std::string>> keys;
  std::unordered_map<std::string, FacultyId> new_faculties;
  auto expected = program_count_ + 1;
  for (const auto& program : programs) {
    if (program.id != expected++) return false;
    const auto known = faculty_ids_.find(program.faculty_key);
    if (known != faculty_ids_.end()) {
      if (known->second != program.faculty_id) return false;
      if (faculties_[program.faculty_id - 1].programs.contains(program.key)) return false;
    } else {
      const auto [place, is_new] = new_faculties.try_emplace(program.faculty_key, program.faculty_id);
      if (place->second != program.faculty_id) return false;
      if (is_new && program.faculty_id != faculties_.size() + new_faculties.size()) return false;
    }
    if (!keys.emplace(program.faculty_id, program.key).second) return false;
  }
  for (const auto& program : programs) {
    if (faculty_ids_.try_emplace(program.faculty_key, program.faculty_id).second) {
      faculties_.push_back({program.faculty_name, {}});
    }
    faculties_[program.faculty_id - 1].programs.emplace(program.key, Program{program.id, program.name});
  }
  program_count_ += programs.size();
  return true;
}

std::variant<std::vector<CatalogProgram>, CatalogFault> Catalog::additions(const std::vector<CatalogRow>& rows) const {
  std::vector<CatalogProgram> added;
  std::unordered_map<std::string, FacultyId> new_faculties;
  for (const auto& row : rows) {
    CatalogProgram program{.faculty_name = row.faculty,
                           .faculty_key = name_key(row.faculty),
                           .name = row.program,
                           .key = name_key(row.program)};
    const auto known = faculty_ids_.find(program.faculty_key);
    if (known != faculty_ids_.end()) {
      const auto& faculty = faculties_[known->second - 1];
      if (faculty.name != row.faculty) {
        return CatalogFault{0, "faculty \"" + row.faculty + "\" is in the store as \"" + faculty.name + "\""};
      }
      const auto stored = faculty.programs.find(program.key);
      if (stored != faculty.programs.end()) {
        if (stored->second.name == row.program) continue;
        return CatalogFault{0, "program \"" + row.program + "\" of \"" + row.faculty + "\" is in the store as \"" +
                                   stored->second.name + "\""};
      }
      program.faculty_id = known->second;
    } else {
      const auto next = static_cast<FacultyId>(faculties_.size() + new_faculties.size() + 1);
      program.faculty_id = new_faculties.try_emplace(program.faculty_key, next).first->second;
    }
    program.id = static_cast<ProgramId>(program_count_ + added.size() + 1);
    added.push_back(std::move(program));
  }
  return added;
}

FacultyId Catalog::find_faculty(std::string_view name) const {
  const auto key = name_key(name);
  if (key.empty()) return 0;
  const auto found = faculty_ids_.find(key);
  return found == faculty_ids_.end() ? 0 : found->second;
}

ProgramId Catalog::find_program(FacultyId faculty, std::string_view name) const {
  const auto key = name_key(name);
  if (key.empty() || faculty == 0 || faculty > faculties_.size()) return 0;
  const auto& programs = faculties_[faculty - 1].programs;
  const auto found = programs.find(key);
  return found == programs.end() ? 0 : found->second.id;
}

std::string_view default_catalog() { return embedded::default_catalog_files[0].text; }

}  // namespace dti
