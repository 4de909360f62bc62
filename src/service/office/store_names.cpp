#include "dti/service/office/store_names.hpp"

#include <algorithm>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

constexpr std::size_t kListedMax = 20;  // more names would be too much to read

std::string in_quotes(std::string_view text) { return '"' + std::string{text} + '"'; }

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kListedMax, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + in_quotes(names[i]);
  }
  return text + (names.size() > kListedMax ? " and others" : "");
}

}  // namespace

StoreNames::StoreNames(StoreSurvey survey) : semesters_(std::move(survey.semesters)) {
  if (!catalog_.add(survey.catalog) || !catalog_.apply(survey.changes)) {
    throw StorageError{StorageError::Kind::kCorrupt, "the catalogue contradicts itself; dtictl verify tells more"};
  }
  faculty_of_.reserve(survey.catalog.size());
  for (const auto& program : survey.catalog) {
    faculty_of_.push_back(program.faculty_id);
    faculties_ = std::max(faculties_, program.faculty_id);
  }
}

std::variant<StoredSemester, NameFault> StoreNames::only_open_semester() const {
  std::vector<std::string> open;
  std::vector<std::string> all;
  const StoredSemester* found = nullptr;
  for (const auto& semester : semesters_) {
    all.push_back(semester.name);
    if (!semester.is_open) continue;
    open.push_back(semester.name);
    found = &semester;
  }
  if (open.size() == 1) return *found;
  if (all.empty()) return NameFault{"the store has no semester"};
  if (open.empty()) return NameFault{"no semester is open; name one of " + listed(all)};
  return NameFault{std::to_string(open.size()) + " semesters are open; name one of " + listed(open)};
}

std::variant<StoredSemester, NameFault> StoreNames::find_semester(const std::optional<std::string>& name) const {
  if (!name) return only_open_semester();
  std::vector<std::string> all;
  for (const auto& semester : semesters_) {
    if (semester.name == *name) return semester;
    all.push_back(semester.name);
  }
  const auto key = semester_key(*name);
  for (const auto& stored : all) {
    if (semester_key(stored) != key) continue;
    return NameFault{"no semester is " + escaped(*name) + ", but one is " + escaped(stored)};
  }
  return NameFault{"no semester is " + in_quotes(*name) + (all.empty() ? "" : "; there are " + listed(all))};
}

std::variant<FacultyId, NameFault> StoreNames::find_faculty(std::string_view name) const {
  if (const auto found = catalog_.find_faculty(name); found != 0) return found;
  const auto why = catalog_.why_no_faculty(name);
  return NameFault{"faculty " + in_quotes(name) + " is unknown" + (why.empty() ? "" : ": " + why)};
}

std::variant<ProgramId, NameFault> StoreNames::find_program(FacultyId faculty, std::string_view name) const {
  const auto first = faculty == 0 ? FacultyId{1} : faculty;
  const auto last = faculty == 0 ? faculties_ : faculty;
  std::vector<ProgramId> found;
  std::string meanings;
  for (auto id = first; id <= last; ++id) {
    if (const auto program = catalog_.find_program(id, name); program != 0) found.push_back(program);
    if (meanings.empty()) meanings = catalog_.program_meanings(id, name);
  }
  if (found.size() == 1) return found.front();
  const auto of_faculty = faculty == 0 ? std::string{} : " of " + in_quotes(catalog_.faculty_name(faculty));
  if (found.empty()) {
    return NameFault{"program " + in_quotes(name) + of_faculty + " is unknown" +
                     (meanings.empty() ? "" : ": " + meanings)};
  }
  std::vector<std::string> faculties;
  for (const auto program : found) faculties.push_back(catalog_.faculty_name(faculty_of(program)));
  return NameFault{"several faculties have a program " + in_quotes(name) + ": name one of " + listed(faculties)};
}

FacultyId StoreNames::faculty_of(ProgramId program) const {
  return program >= 1 && program <= faculty_of_.size() ? faculty_of_[program - 1] : 0;
}

std::optional<ProgramName> StoreNames::find_name(std::int64_t program) const {
  if (program < 1 || std::cmp_greater(program, programs())) return std::nullopt;
  const auto id = static_cast<ProgramId>(program);
  return ProgramName{catalog_.faculty_name(faculty_of(id)), catalog_.program_name(id)};
}

}  // namespace dti
