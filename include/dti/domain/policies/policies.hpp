#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "dti/domain/policies/round.hpp"
#include "dti/domain/quotas.hpp"

namespace dti {

/// How a round shares the pool. docs/policies.md compares the policies.
///
/// All policies are pure: the same pool and asks give the same awards. None of them grants more than the pool has or
/// than a program wants. None leaves a room, or for drf() a bundle, that a program wants and that may be granted to it.
/// Except for first_come(), the order of the asks decides nothing.
/// Ranges: the pool as Pool promises; each ask as Ask promises (a failed check otherwise), each program once. There are
/// no other errors.
enum class Policy : std::uint8_t { kFirstCome, kPriority, kProportional, kMaxMin, kWeighted, kFloors, kDrf };

inline constexpr Policy kDefaultPolicy = Policy::kMaxMin;

/// The name of the policy, such as `max-min`.
[[nodiscard]] std::string_view policy_name(Policy policy);
/// The policy with that name; none if the name is unknown.
[[nodiscard]] std::optional<Policy> parse_policy(std::string_view name);

/// Computes a round. @return what the function of that policy below returns
[[nodiscard]] Awards share(Policy policy, const Pool& pool, std::span<const Ask> asks);

/// The same, within the hard limits of the faculties. kFirstCome: as a server decides, one request after the other.
/// Otherwise, the policy first shares what each limit leaves among the programs of its faculty, as if that were a pool;
/// what a program gets there is what it may want in the round. `limited_by` is kQuota if it then gets all of that, and
/// wants more.
/// @param quotas  with what the faculties hold before the round
/// @param faculty_of  the faculty of each program
/// Source: docs/policies.md, Quotas
[[nodiscard]] Awards share_within(Policy policy, const Pool& pool, std::span<const Ask> asks, Quotas quotas,
                                  const std::function<FacultyId(ProgramId)>& faculty_of);

/// Serves the asks one after the other, in order of `arrival`, with allocate(): as if no round was held.
/// Source: docs/allocation.md
[[nodiscard]] Awards first_come(const Pool& pool, std::span<const Ask> asks);

/// Serves the classes one after the other, the lowest `priority_class` first, each with max_min() from the rooms that
/// the classes before it have left. A class never loses a room to a later one.
[[nodiscard]] Awards priority(const Pool& pool, std::span<const Ask> asks);

/// Shares all rooms that can be granted in proportion to the rooms that each program wants, rounded by the largest
/// remainder. Where a kind of rooms does not suffice for these shares, the programs that want it get less, in the same
/// proportion, and the others get more. A program that asks for more than it needs gains; with one more room to share,
/// a program can get one room less (the Alabama paradox).
/// Source: Balinski & Young 1982, Fair Representation (Hamilton's method)
[[nodiscard]] Awards proportional(const Pool& pool, std::span<const Ask> asks);

/// Gives one room at a time to the program that has the fewest, of those that can use one more: fill(), with classrooms
/// that become mobile labs where it helps. A program gets no room that it can use by asking for other rooms than it
/// wants. No program loses a room if there are more classrooms or labs; it can if more may be converted.
/// Source: Sprumont 1991, The division problem with single-peaked preferences (the uniform rule); Ehlers & Klaus 2003,
/// Probabilistic assignments of identical indivisible objects and uniform probabilistic rules (whole rooms, lots)
[[nodiscard]] Awards max_min(const Pool& pool, std::span<const Ask> asks);

/// As max_min(), but compares rooms divided by `weight`: a program with weight 2 gets two rooms while one with weight 1
/// gets one.
/// Source: Keshav 1997, An Engineering Approach to Computer Networking, p. 215 (weighted max-min)
[[nodiscard]] Awards weighted(const Pool& pool, std::span<const Ask> asks);

/// As weighted(), but fills each program up to its `floor` first, or to its want if that is less. If the rooms do not
/// suffice for all floors, they are shared by weighted() among the floors.
/// Source: minimum shares of Hadoop's fair scheduler
[[nodiscard]] Awards floors(const Pool& pool, std::span<const Ask> asks);

/// Dominant resource fairness: the rooms of a program come in bundles, which are its want divided by the greatest
/// common divisor of both quantities (10 classrooms and 4 labs are two bundles of 5 and 2). Gives one bundle at a time
/// to the program with the smallest share of the kind of which it has the largest share, divided by `weight`. A program
/// whose next bundle does not fit gets no more. Converts no classroom. `limited_by` is the kind that the next bundle
/// lacks, or kRooms if it lacks both.
/// Work: the number of bundles that are granted, times the logarithm of the number of asks.
/// Source: Ghodsi et al. 2011, Dominant Resource Fairness, section 4 and algorithm 1, which ends at the first bundle
/// that does not fit
[[nodiscard]] Awards drf(const Pool& pool, std::span<const Ask> asks);

}  // namespace dti
