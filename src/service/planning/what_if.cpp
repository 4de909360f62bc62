#include "dti/service/planning/what_if.hpp"

#include <cstdint>

#include "dti/domain/amend.hpp"

namespace dti {
namespace {

void add(Grant& sum, const Grant& grant) {
  sum.classrooms += grant.classrooms;
  sum.labs += grant.labs;
  sum.mobile_labs += grant.mobile_labs;
}

void count(PlanTotals& totals, const Want& want, const PlannedRequest& request) {
  totals.wanted.classrooms += want.classrooms;
  totals.wanted.labs += want.labs;
  add(totals.granted, request.grant);
  add(totals.first_come, request.first_come);
  if (request.status == Status::kOk) {
    ++totals.whole;
  } else {
    ++(rooms_in(request.grant) == 0 ? totals.none : totals.part);
  }
  const auto difference = rooms_in(request.grant) - rooms_in(request.first_come);
  if (difference > 0) {
    ++totals.gaining;
    totals.gained += difference;
  } else if (difference < 0) {
    ++totals.losing;
    totals.lost -= difference;
  }
}

PlannedRequest repeat(const Holding& held, const Grant& grant, const Want& want) {
  const auto status = want == held.want ? grant_status(held.want, grant) : Status::kAlreadyHasResources;
  return {status, grant, std::nullopt, grant};
}

/// Gives what is left to the programs that wait, as a server does before it decides a request.
Settled settle_first(const SemesterView& semester, const Pool& left, std::optional<WaitListSize>& size) {
  const auto waiting = semester.wait_list();
  if (!waiting) return {.grants = {}, .left = left};
  auto settled = settle_all(*waiting, semester.quotas(), left, [&](ProgramId program) {
    const auto* const held = semester.find(program);
    return HeldGrant{held->want, held->grant};
  });
  size = WaitListSize{static_cast<std::int64_t>(waiting->size()), static_cast<std::int64_t>(settled.grants.size())};
  return settled;
}

/// The quotas of a semester with what the faculties hold when it is settled.
Quotas quotas_after(const SemesterView& semester, const Settled& settled) {
  auto quotas = semester.quotas();
  for (const auto& [program, grant] : settled.grants) {
    quotas.remove(semester.faculty_of(program), semester.find(program)->grant);
    quotas.add(semester.faculty_of(program), grant);
  }
  return quotas;
}

}  // namespace

std::optional<Pool> left_of_capacity(const SemesterView& semester, const Capacity& capacity) {
  return left_after_resize(semester.left(), semester.capacity(), capacity);
}

Plan what_if(const SemesterView& semester, const Pool& left, std::span<const Ask> asks, Policy policy) {
  std::vector<Ask> new_asks;
  for (const auto& ask : asks) {
    if (semester.find(ask.program) == nullptr) new_asks.push_back(ask);
  }
  Plan plan;
  const auto settled = settle_first(semester, left, plan.waiting);
  const auto quotas = quotas_after(semester, settled);
  const auto share_new = [&](Policy by) {
    return share_within(by, settled.left, new_asks, quotas,
                        [&](ProgramId program) { return semester.faculty_of(program); });
  };
  const auto first_come = share_new(Policy::kFirstCome);
  const auto awards = policy == Policy::kFirstCome ? first_come : share_new(policy);

  plan.left = settled.left;
  plan.requests.reserve(asks.size());
  std::size_t next = 0;
  for (const auto& ask : asks) {
    const auto* held = semester.find(ask.program);
    if (held != nullptr) {
      const auto topped_up = settled.grants.find(ask.program);
      const auto& grant = topped_up == settled.grants.end() ? held->grant : topped_up->second;
      plan.requests.push_back(repeat(*held, grant, ask.want));
      ++plan.totals.holding;
      continue;
    }
    const auto& award = awards[next];
    plan.requests.push_back(
        {grant_status(ask.want, award.grant), award.grant, award.limited_by, first_come[next].grant});
    plan.left = charge(plan.left, award.grant);
    count(plan.totals, ask.want, plan.requests.back());
    ++next;
  }
  return plan;
}

std::uint64_t lot_of(std::uint64_t draw, ProgramId program) {
  // SplitMix64 (Steele, Lea & Flood 2014), whose steps are one-to-one: no two programs of a draw have the same lot.
  std::uint64_t z = draw * 0xBF58476D1CE4E5B9 + (static_cast<std::uint64_t>(program) + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace dti
