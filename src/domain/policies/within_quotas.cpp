#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/domain/policies/policies.hpp"

namespace dti {
namespace {

using FacultyOf = std::function<FacultyId(ProgramId)>;

/// Tells whether the quota is the reason why a program gets no more.
bool is_limited(const Want& want, const Want& admitted, const Grant& grant) {
  return admitted != want && grant_status(admitted, grant) == Status::kOk;
}

Awards first_come_within(const Pool& pool, std::span<const Ask> asks, Quotas quotas, const FacultyOf& faculty_of) {
  std::vector<std::size_t> order(asks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return asks[a].arrival < asks[b].arrival; });
  Awards awards(asks.size());
  Pool left = pool;
  for (const auto i : order) {
    DTI_CHECK(is_in_range(asks[i]));
    const auto faculty = faculty_of(asks[i].program);
    const auto admitted = within(asks[i].want, quotas.allowance(faculty));
    const auto grant = allocate(left, admitted);
    awards[i] = {.grant = grant,
                 .limited_by = is_limited(asks[i].want, admitted, grant)
                                   ? LimitedBy::kQuota
                                   : limit_of(grant.classrooms < admitted.classrooms,
                                              grant.labs + grant.mobile_labs < admitted.labs)};
    left = charge(left, grant);
    quotas.add(faculty, grant);
  }
  return awards;
}

/// The part of each want that the program may have by its share of what the quota leaves.
std::vector<Want> shares_of(Policy policy, std::span<const Ask> asks, const Allowance& allowance) {
  Want wanted;
  for (const auto& ask : asks) wanted = {wanted.classrooms + ask.want.classrooms, wanted.labs + ask.want.labs};
  const auto most = within(wanted, allowance);
  std::vector<Want> shares;
  shares.reserve(asks.size());
  for (const auto& award : share(policy, {most.classrooms, most.labs, 0}, asks)) {
    shares.push_back({award.grant.classrooms, award.grant.labs});
  }
  return shares;
}

}  // namespace

Awards share_within(Policy policy, const Pool& pool, std::span<const Ask> asks, Quotas quotas,
                    const FacultyOf& faculty_of) {
  if (policy == Policy::kFirstCome) return first_come_within(pool, asks, std::move(quotas), faculty_of);
  std::map<FacultyId, std::vector<std::size_t>> limited;  // the asks of each faculty with a hard limit
  for (std::size_t i = 0; i < asks.size(); ++i) {
    const auto faculty = faculty_of(asks[i].program);
    if (quotas.allowance(faculty) != Allowance{}) limited[faculty].push_back(i);
  }
  std::vector<Ask> admitted{asks.begin(), asks.end()};
  for (const auto& [faculty, places] : limited) {
    std::vector<Ask> of_faculty;
    for (const auto i : places) of_faculty.push_back(asks[i]);
    const auto shares = shares_of(policy, of_faculty, quotas.allowance(faculty));
    for (std::size_t i = 0; i < places.size(); ++i) admitted[places[i]].want = shares[i];
  }
  auto awards = share(policy, pool, admitted);
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (is_limited(asks[i].want, admitted[i].want, awards[i].grant)) awards[i].limited_by = LimitedBy::kQuota;
  }
  return awards;
}

}  // namespace dti
