#include "program/exit_code.hpp"

namespace dti {

int program_exit_code(Status status) {
  switch (status) {
    case Status::kOk: return 0;
    case Status::kNotEnoughResources: return 3;
    case Status::kInvalidRequest:
    case Status::kUnauthorized:
    case Status::kInvalidSemester:
    case Status::kInvalidFaculty:
    case Status::kConflict:
    case Status::kRefused:
    case Status::kHoldConfirmed:
    case Status::kHoldCancelled:
    case Status::kHoldExpired:
    case Status::kInvalidProgram:
    case Status::kGrantReleased:
    case Status::kAlreadyHasResources: return 4;
    case Status::kNotLeader:
    case Status::kOverloaded:
    case Status::kUnavailable: break;
  }
  return kExitNotKnown;
}

bool has_result_file(Status status) {
  return status != Status::kAlreadyHasResources && program_exit_code(status) != kExitNotKnown;
}

}  // namespace dti
