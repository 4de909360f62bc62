#include "dti/service/allocation/command.hpp"

#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/stored_semesters.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

RequestError refused(Status status, std::string detail) { return {status, std::move(detail), {}, {}}; }

}  // namespace

std::optional<RequestError> fault_of(const OpenSemester& command) {
  if (const auto fault = name_fault(command.name, kSemesterBytesMax)) {
    return refused(Status::kInvalidRequest, "the semester cannot be opened: its name " + *fault);
  }
  if (!is_in_range(command.capacity)) {
    return refused(Status::kInvalidRequest, "the semester cannot be opened with " + text_of(command.capacity) +
                                                ": each must be between 0 and " + std::to_string(kCapacityMax) +
                                                ", and the conversions at most the classrooms");
  }
  return std::nullopt;
}

std::optional<OpenSemesterOutcome> decide(const OpenSemester& command, const std::vector<StoredSemester>& stored) {
  if (const auto* const found = find_semester(stored, command.name)) {
    if (!found->is_open) {
      return OpenSemesterOutcome{refused(Status::kInvalidSemester, "semester " + escaped(command.name) + " is closed")};
    }
    if (found->opened_with == command.capacity) return OpenSemesterOutcome{};
    return OpenSemesterOutcome{
        refused(Status::kInvalidSemester, "semester " + escaped(command.name) +
                                              " was opened with other numbers: " + text_of(*found->opened_with) +
                                              ", and the command has " + text_of(command.capacity))};
  }
  if (const auto* const twin = find_lookalike(stored, command.name)) {
    return OpenSemesterOutcome{
        refused(Status::kInvalidSemester, lookalike_text(*twin, "the command has", command.name))};
  }
  return std::nullopt;
}

RequestError exists_unserved(const OpenSemester& command) {
  return refused(Status::kInvalidSemester,
                 "the store has semester " + escaped(command.name) + ", which this server does not serve");
}

}  // namespace dti
