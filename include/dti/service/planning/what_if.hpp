#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dti/domain/ask.hpp"
#include "dti/domain/policies/policies.hpp"
#include "dti/domain/status.hpp"
#include "dti/service/office/semester_view.hpp"

namespace dti {

/// What a request would get.
struct PlannedRequest {
  Status status = Status::kOk;
  Grant grant;
  std::optional<LimitedBy> limited_by;  // none: the program holds this grant already
  Grant first_come;                     // what it would get if the requests arrived one after the other
};

/// The rooms of all kinds that a grant has.
[[nodiscard]] constexpr Quantity rooms_in(const Grant& grant) {
  return grant.classrooms + grant.labs + grant.mobile_labs;
}

/// The sums of a plan. Programs that hold a grant already count only in `holding`.
struct PlanTotals {
  std::size_t holding = 0;
  std::size_t whole = 0;  // programs that get all rooms that they want
  std::size_t part = 0;   // programs that get a part
  std::size_t none = 0;   // programs that want rooms and get none
  Want wanted;
  Grant granted;
  Grant first_come;
  // Rooms of any kind, compared with first come.
  std::size_t gaining = 0;
  Quantity gained = 0;
  std::size_t losing = 0;
  Quantity lost = 0;
};

struct Plan {
  std::optional<WaitListSize> waiting = {};  // before the requests are decided; none: the semester has no wait list
  std::vector<PlannedRequest> requests;      // in the order of the asks
  PlanTotals totals;
  Pool left;  // after the plan
};

/// The pool of a semester whose capacity becomes another one: the grants stay.
/// @return none: the grants need more than that capacity
[[nodiscard]] std::optional<Pool> left_of_capacity(const SemesterView& semester, const Capacity& capacity);

/// Decides requests on a copy of a semester. A program that holds a grant keeps it and takes no part, as in a server. The
/// programs that wait come first, and get what they can use of what is left. No faculty gets more than its quota admits.
/// @param left  the rooms to share, each >= 0: those of the semester, or of another capacity
/// @param asks  as share(); in the order of arrival
/// @param policy  kFirstCome: as a server decides, one request after the other
/// Pure: the same arguments give the same plan.
[[nodiscard]] Plan what_if(const SemesterView& semester, const Pool& left, std::span<const Ask> asks, Policy policy);

/// The lot of a program in a draw: two draws of the same number are equal on every machine.
[[nodiscard]] std::uint64_t lot_of(std::uint64_t draw, ProgramId program);

}  // namespace dti
