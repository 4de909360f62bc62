#include "dti/service/allocation/allocator.hpp"

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {

std::optional<std::string> quota_detail(const Quotas& quotas, FacultyId faculty, const std::string& name,
                                        const Want& want, const Grant& grant) {
  const auto& quota = quotas.quota(faculty);
  if (quota == Quota{}) return std::nullopt;
  const auto& held = quotas.held(faculty);
  const auto facts = "faculty " + escaped(name) + " holds " + text_of(held) + ", and its quota is " + text_of(quota);
  const auto allowance = quotas.allowance(faculty, grant);
  const auto own = counted(grant);
  const bool is_limited = (own.classrooms < want.classrooms && own.classrooms == allowance.classrooms) ||
                          (own.labs < want.labs && own.labs == allowance.labs);
  if (is_limited) return "the quota admits no more: " + facts;
  const bool is_exceeded = is_above(quota.classrooms, held.classrooms) || is_above(quota.labs, held.labs);
  return is_exceeded ? std::optional{"a soft limit is exceeded: " + facts} : std::nullopt;
}

}  // namespace dti
