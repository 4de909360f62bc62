#include <string>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/office.hpp"
#include "dti/service/allocation/stored_semesters.hpp"

namespace dti {
namespace {

RequestError error_of(Status status, std::string detail) { return {status, std::move(detail), {}, {}}; }

/// A command about whether the semester is open can be decided while it is closed.
bool accepts_closed(const OfficeCommand& command) {
  return std::holds_alternative<ReopenSemester>(command.change) ||
         std::holds_alternative<CloseSemester>(command.change);
}

/// The totals of a semester. The allocator need not have a closed one, whose last entry closed it.
LedgerTotals totals_of(const StoredSemester& stored, const Allocator& allocator) {
  auto totals = allocator.totals(stored.id);
  if (stored.is_open || totals.head == stored.head) return totals;
  return {.head = stored.head, .capacity = stored.capacity, .left = stored.left, .opened_at = stored.head};
}

/// The first retired program that waits if the semester has a wait list; none if there is none.
std::optional<ProgramName> find_retired_waiting(const Allocator& allocator, SemesterId semester) {
  const auto& catalog = allocator.catalog();
  for (ProgramId id = 1; id <= catalog.size(); ++id) {
    if (!catalog.is_retired(id)) continue;
    const auto state = allocator.program(semester, id);
    const bool waits =
        state.held && state.waits_since > 0 && grant_status(state.held->want, state.held->grant) != Status::kOk;
    if (waits) return ProgramName{catalog.faculty_name(catalog.faculty_of(id)), catalog.program_name(id)};
  }
  return std::nullopt;
}

}  // namespace

std::variant<OfficeSubject, RequestError> find_subject(const OfficeCommand& command, const Allocator& allocator,
                                                       const std::vector<StoredSemester>& semesters) {
  const auto* const stored = find_semester(semesters, command.semester);
  if (stored == nullptr) {
    return error_of(Status::kInvalidSemester, "the store has no semester " + escaped(command.semester));
  }
  OfficeSubject subject{.semester_id = stored->id,
                        .semester = stored->name,
                        .totals = totals_of(*stored, allocator),
                        .faculty_count = allocator.catalog().faculty_count(),
                        .program_count = allocator.catalog().size(),
                        .waiting = allocator.wait_list(stored->id)};
  if (!stored->is_open && !accepts_closed(command)) {
    return error_of(Status::kInvalidSemester,
                    "semester " + escaped(command.semester) +
                        " is closed: reopen it first. An earlier copy of the command may have changed it before that");
  }
  if (stored->is_open) subject.quotas = allocator.quotas(stored->id);
  // A closed semester has no open holds. The allocator need not have read that another server has closed it.
  if (std::holds_alternative<CloseSemester>(command.change) && stored->is_open) {
    for (const auto& [expires_at, program] : allocator.holds(stored->id).queue()) {
      subject.holds.push_back(
          {program, allocator.catalog().faculty_of(program), allocator.program(stored->id, program)});
    }
  }
  if (std::holds_alternative<SetWaitList>(command.change)) {
    subject.wait_list_size = [&allocator, id = stored->id] { return allocator.wait_list_size(id); };
    subject.find_retired_waiting = [&allocator, id = stored->id] { return find_retired_waiting(allocator, id); };
  }
  if (std::holds_alternative<RunRound>(command.change)) {
    subject.faculty_of = [&allocator](ProgramId program) { return allocator.catalog().faculty_of(program); };
    subject.program_state = [&allocator, id = stored->id](ProgramId program) { return allocator.program(id, program); };
    subject.retires = [&allocator](ProgramId program) { return allocator.catalog().is_retired(program); };
  }
  const auto* const name = program_of(command);
  const auto* const quota = std::get_if<SetQuota>(&command.change);
  if (name == nullptr && quota == nullptr) return subject;
  const auto& faculty_name = quota != nullptr ? quota->faculty : name->faculty;
  const auto& catalog = allocator.catalog();
  const auto faculty = catalog.find_faculty(faculty_name);
  const auto with = [](const std::string& why) { return why.empty() ? std::string{} : ": " + why; };
  if (faculty == 0) {
    return error_of(Status::kInvalidFaculty,
                    "faculty " + escaped(faculty_name) + " is unknown" + with(catalog.why_no_faculty(faculty_name)));
  }
  subject.faculty = faculty;
  if (quota != nullptr) {
    subject.faculty_name = catalog.faculty_name(faculty);
    return subject;
  }
  subject.program = catalog.find_program(faculty, name->program);
  if (subject.program == 0) {
    return error_of(Status::kInvalidProgram, "faculty " + escaped(catalog.faculty_name(faculty)) + " has no program " +
                                                 escaped(name->program) +
                                                 with(catalog.program_meanings(faculty, name->program)));
  }
  subject.state = allocator.program(stored->id, subject.program);
  subject.is_retired = catalog.is_retired(subject.program);
  return subject;
}

}  // namespace dti
