#include "dtictl/semester_reading.hpp"

#include <algorithm>
#include <utility>

#include "dti/cli/escape.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

std::string names_of_all(const std::vector<StoredSemester>& semesters, bool only_open) {
  constexpr std::size_t kListedMax = 10;
  std::string names;
  std::size_t count = 0;
  for (const auto& semester : semesters) {
    if (only_open && !semester.is_open) continue;
    if (count++ < kListedMax) names += (names.empty() ? "" : ", ") + quoted_text(semester.name);
  }
  return count > kListedMax ? names + " and others" : names;
}

StorageError contradiction(const StoredSemester& semester, const std::string& what) {
  return {StorageError::Kind::kCorrupt, "semester " + quoted_text(semester.name) + ": " + what + ": run dtictl verify"};
}

FacultyId choose_faculty(const Catalog& catalog, const std::string& name) {
  const auto faculty = catalog.find_faculty(name);
  if (faculty != 0) return faculty;
  const auto why = catalog.why_no_faculty(name);
  throw NotFound{"the catalogue has no faculty " + quoted_text(name) + (why.empty() ? "" : ": " + why)};
}

}  // namespace

StoredSemester choose_semester(const std::vector<StoredSemester>& semesters, const std::optional<std::string>& name) {
  if (!name) {
    const auto is_open = [](const StoredSemester& semester) { return semester.is_open; };
    const auto open = std::count_if(semesters.begin(), semesters.end(), is_open);
    if (open == 1) return *std::find_if(semesters.begin(), semesters.end(), is_open);
    if (open == 0) throw NotFound{"no semester is open: name one with --semester"};
    throw NotFound{"several semesters are open: name one with --semester: " + names_of_all(semesters, true)};
  }
  for (const auto& semester : semesters) {
    if (semester.name == *name) return semester;
  }
  const auto text = "the store has no semester " + quoted_text(*name);
  for (const auto& semester : semesters) {
    if (semester_key(semester.name) == semester_key(*name)) {
      throw NotFound{text + ", but " + escaped(semester.name)};
    }
  }
  throw NotFound{text + (semesters.empty() ? std::string{} : "; it has " + names_of_all(semesters, false))};
}

SemesterReading read_semester(LedgerReader& reader, const std::optional<std::string>& name) {
  auto survey = reader.survey();
  SemesterReading reading;
  reading.semester = choose_semester(survey.semesters, name);
  for (const auto& program : survey.catalog) reading.faculty_of.push_back(program.faculty_id);
  if (!reading.catalog.add(survey.catalog)) {
    throw StorageError{StorageError::Kind::kCorrupt, "the catalogue contradicts itself: run dtictl verify"};
  }
  return reading;
}

void read_entries_of(LedgerReader& reader, const StoredSemester& semester,
                     const std::function<std::optional<std::string>(const LedgerRow&)>& add) {
  std::optional<std::string> fault;
  reader.read_ledger(semester.id, 1, semester.head, Columns::kOfState, [&](const std::vector<LedgerRow>& rows) {
    for (const auto& row : rows) {
      fault = add(row);
      if (fault) return false;
    }
    return true;
  });
  if (fault) throw contradiction(semester, *fault);
}

void check_semester(const StoredSemester& semester, Seq head, const Pool& left) {
  if (head != semester.head) throw contradiction(semester, "entry " + std::to_string(head + 1) + " is missing");
  if (left != semester.left) throw contradiction(semester, "its row has other rooms left than its ledger");
}

ProgramId choose_program(const SemesterReading& reading, const std::optional<std::string>& faculty,
                         const std::string& program) {
  const auto& catalog = reading.catalog;
  if (faculty) {
    const auto faculty_id = choose_faculty(catalog, *faculty);
    const auto found = catalog.find_program(faculty_id, program);
    if (found != 0) return found;
    const auto meanings = catalog.program_meanings(faculty_id, program);
    throw NotFound{"the faculty " + quoted_text(catalog.faculty_name(faculty_id)) + " has no program " +
                   quoted_text(program) + (meanings.empty() ? "" : ": " + meanings)};
  }
  std::vector<ProgramId> found;
  std::string faculties;
  std::string meanings;
  const auto count = reading.faculty_of.empty()
                         ? FacultyId{0}
                         : *std::max_element(reading.faculty_of.begin(), reading.faculty_of.end());
  for (FacultyId id = 1; id <= count; ++id) {
    const auto program_id = catalog.find_program(id, program);
    if (program_id == 0 && meanings.empty()) meanings = catalog.program_meanings(id, program);
    if (program_id == 0) continue;
    found.push_back(program_id);
    faculties += (faculties.empty() ? "" : ", ") + quoted_text(catalog.faculty_name(id));
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw NotFound{"no faculty has a program " + quoted_text(program) + (meanings.empty() ? "" : ": " + meanings)};
  }
  throw NotFound{"several faculties have a program " + quoted_text(program) +
                 ": name one with --faculty: " + faculties};
}

}  // namespace dti
