#include "dti/domain/status.hpp"

#include <algorithm>
#include <array>

#include "dti/base/check.hpp"

namespace dti {
namespace {

struct Row {
  Status status;
  std::string_view wire;
  bool may_retry;
  bool is_whole_request;
};

// In the order of the enumeration.
constexpr std::array<Row, kStatusCount> kRows = {{
    {Status::kInvalidRequest, "INVALID-REQUEST", false, true},
    {Status::kUnauthorized, "UNAUTHORIZED", false, true},
    {Status::kNotLeader, "NOT-LEADER", true, true},
    {Status::kOverloaded, "OVERLOADED", true, true},
    {Status::kUnavailable, "UNAVAILABLE", true, true},
    {Status::kInvalidSemester, "INVALID-SEMESTER", false, true},
    {Status::kInvalidFaculty, "INVALID-FACULTY", false, true},
    {Status::kConflict, "CONFLICT", false, true},
    {Status::kRefused, "REFUSED", false, true},
    {Status::kHoldConfirmed, "HOLD-ALREADY-CONFIRMED", false, true},
    {Status::kHoldCancelled, "HOLD-ALREADY-CANCELLED", false, true},
    {Status::kHoldExpired, "HOLD-EXPIRED", false, true},
    {Status::kInvalidProgram, "INVALID-PROGRAM", false, false},
    {Status::kGrantReleased, "GRANT-RELEASED", false, false},
    {Status::kAlreadyHasResources, "PROGRAM-ALREADY-HAS-RESOURCES-FOR-SEMESTER", false, false},
    {Status::kNotEnoughResources, "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT", false, false},
    {Status::kOk, "OK", false, false},
}};

const Row& row(Status status) {
  const auto index = static_cast<std::size_t>(status);
  DTI_CHECK(index < kRows.size() && kRows[index].status == status);
  return kRows[index];
}

}  // namespace

std::string_view wire_text(Status status) { return row(status).wire; }

std::optional<Status> status_from_wire(std::string_view text) {
  const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.wire == text; });
  return found == kRows.end() ? std::nullopt : std::optional{found->status};
}

bool may_retry(Status status) { return row(status).may_retry; }

bool is_whole_request(Status status) { return row(status).is_whole_request; }

}  // namespace dti
