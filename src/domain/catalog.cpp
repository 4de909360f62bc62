#include "dti/domain/catalog.hpp"

#include <utility>

#include "dti/domain/name.hpp"
#include "embedded/default_catalog_files.hpp"

namespace dti {

bool Catalog::add(const std::vector<CatalogProgram>& programs) {
  // Nothing is added until all of it is known to fit.
  NameIndex new_faculties;
  NameIndex new_programs;
  auto expected = size() + 1;
  for (const auto& program : programs) {
    if (program.id != expected++) return false;
    const auto known = faculty_ids_.find(0, program.faculty_key);
    const auto faculty_id = known != 0 ? known : new_faculties.find(0, program.faculty_key);
    if (faculty_id == 0) {
      if (program.faculty_id != faculty_names_.size() + new_faculties.size() + 1) return false;
      new_faculties.add(0, program.faculty_key, program.faculty_id);
    } else if (faculty_id != program.faculty_id) {
      return false;
    }
    if (program_ids_.find(program.faculty_id, program.key) != 0) return false;
    if (new_programs.find(program.faculty_id, program.key) != 0) return false;
    new_programs.add(program.faculty_id, program.key, program.id);
  }
  for (const auto& program : programs) {
    if (program.faculty_id > faculty_names_.size()) {
      faculty_ids_.add(0, program.faculty_key, program.faculty_id);
      faculty_names_.push_back(program.faculty_name);
    }
    program_ids_.add(program.faculty_id, program.key, program.id);
    // A key of an older Unicode stands: who spells such a name is found by that key, or not at all.
    if (name_key(program.name) == program.key) {
      spelled_program_ids_.add(program.faculty_id, program.name, program.id);
    }
    program_names_.push_back(program.name);
  }
  return true;
}

std::variant<std::vector<CatalogProgram>, CatalogFault> Catalog::additions(const std::vector<CatalogRow>& rows) const {
  std::vector<CatalogProgram> added;
  NameIndex new_faculties;
  for (const auto& row : rows) {
    CatalogProgram program{.faculty_name = row.faculty,
                           .faculty_key = name_key(row.faculty),
                           .name = row.program,
                           .key = name_key(row.program)};
    program.faculty_id = faculty_ids_.find(0, program.faculty_key);
    if (program.faculty_id != 0) {
      const auto& faculty_name = faculty_names_[program.faculty_id - 1];
      if (faculty_name != row.faculty) {
        return CatalogFault{0, "faculty \"" + row.faculty + "\" is in the store as \"" + faculty_name + "\""};
      }
      if (const auto stored = program_ids_.find(program.faculty_id, program.key); stored != 0) {
        const auto& name = program_names_[stored - 1];
        if (name == row.program) continue;
        return CatalogFault{
            0, "program \"" + row.program + "\" of \"" + faculty_name + "\" is in the store as \"" + name + "\""};
      }
    } else {
      program.faculty_id = new_faculties.find(0, program.faculty_key);
      if (program.faculty_id == 0) {
        program.faculty_id = static_cast<FacultyId>(faculty_names_.size() + new_faculties.size() + 1);
        new_faculties.add(0, program.faculty_key, program.faculty_id);
      }
    }
    program.id = static_cast<ProgramId>(size() + added.size() + 1);
    added.push_back(std::move(program));
  }
  return added;
}

FacultyId Catalog::find_faculty(std::string_view name) const {
  const auto key = name_key(name);
  return key.empty() ? 0 : faculty_ids_.find(0, key);
}

ProgramId Catalog::find_program(FacultyId faculty, std::string_view name) const {
  const auto key = name_key(name);
  return key.empty() || faculty == 0 ? 0 : program_ids_.find(faculty, key);
}

std::vector<ProgramId> Catalog::find_programs(FacultyId faculty, const std::vector<ProgramRequest>& programs) const {
  std::vector<ProgramId> ids(programs.size());
  std::vector<std::string_view> names;
  names.reserve(programs.size());
  for (const auto& program : programs) names.push_back(program.name);
  spelled_program_ids_.find_all(faculty, names, ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == 0) ids[i] = find_program(faculty, names[i]);
  }
  return ids;
}

std::string_view default_catalog() { return embedded::default_catalog_files[0].text; }

}  // namespace dti
