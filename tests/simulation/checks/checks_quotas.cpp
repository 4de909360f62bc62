// The part of the checks that looks at quotas: what a faculty holds is counted anew from its programs each time.
#include <algorithm>

#include "simulation/checks/by_the_rule.hpp"
#include "simulation/checks/checks.hpp"

namespace dti::simulation {
namespace {

/// What a hard limit leaves of a want beside the rooms of the other programs.
Quantity part_of(Quantity want, const QuotaLimit& limit, Quantity held_by_others) {
  if (limit.rooms < 0 || limit.is_soft) return want;
  return std::clamp<Quantity>(limit.rooms - held_by_others, 0, want);
}

bool is_hard(const QuotaLimit& limit) { return limit.rooms >= 0 && !limit.is_soft; }

}  // namespace

std::optional<std::size_t> Checks::find_faculty(const std::string& name) const {
  const auto& rows = names_.rows();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const CatalogRow& row) { return row.faculty == name; });
  if (found == rows.end()) return std::nullopt;
  return faculty_of(static_cast<std::size_t>(found - rows.begin()));
}

CountedRooms Checks::held_by(const Semester& semester, std::size_t faculty,
                             const std::optional<Supposed>& supposed) const {
  CountedRooms rooms;
  const auto count = [&](const Grant& grant) {
    rooms.classrooms += grant.classrooms;
    rooms.labs += grant.labs + grant.mobile_labs;
  };
  for (const auto& [row, grants] : semester.grants) {
    const bool is_supposed = supposed && supposed->row == row;
    if (faculty_of(row) != faculty || is_supposed || grants.empty() || grants.back().released_at != 0) continue;
    count(grants.back().grant);
  }
  if (supposed && faculty_of(supposed->row) == faculty) count(supposed->grant);
  return rooms;
}

Quota Checks::quota_of(const Semester& semester, std::size_t faculty) {
  const auto found = semester.quotas.find(faculty);
  return found == semester.quotas.end() ? Quota{} : found->second;
}

bool Checks::is_limited(const Semester& semester, std::size_t row) const {
  const auto quota = quota_of(semester, faculty_of(row));
  return is_hard(quota.classrooms) || is_hard(quota.labs);
}

/// The part of what a program wants that the other programs of its faculty leave of the quota.
Want Checks::admitted(const Semester& semester, std::size_t row, const Want& want,
                      const std::optional<Supposed>& supposed) const {
  const auto faculty = faculty_of(row);
  const auto quota = quota_of(semester, faculty);
  auto others = held_by(semester, faculty, supposed);
  const auto own = semester.grants.find(row);
  if (own != semester.grants.end() && !own->second.empty() && own->second.back().released_at == 0) {
    const auto& grant = supposed && supposed->row == row ? supposed->grant : own->second.back().grant;
    others.classrooms -= grant.classrooms;
    others.labs -= grant.labs + grant.mobile_labs;
  } else if (supposed && supposed->row == row) {
    others.classrooms -= supposed->grant.classrooms;
    others.labs -= supposed->grant.labs + supposed->grant.mobile_labs;
  }
  return {part_of(want.classrooms, quota.classrooms, others.classrooms), part_of(want.labs, quota.labs, others.labs)};
}

/// Does the faculty hold more than a hard limit of the quota?
bool Checks::exceeds(const Semester& semester, std::size_t faculty, const Quota& quota) const {
  const auto held = held_by(semester, faculty);
  return (is_hard(quota.classrooms) && held.classrooms > quota.classrooms.rooms) ||
         (is_hard(quota.labs) && held.labs > quota.labs.rooms);
}

void Checks::replay_quota(Semester& semester, const std::string& what, const LedgerEntry& entry) {
  const auto faculty = faculty_of_id_.find(entry.faculty_id);
  if (faculty == faculty_of_id_.end()) return world_.violate("ledger-is-known", what + " is of an unknown faculty");
  if (exceeds(semester, faculty->second, entry.quota)) {
    world_.violate("hard-limits-hold", what + " sets a limit below what the faculty holds");
  }
  semester.quotas[faculty->second] = entry.quota;
  if (due_in(semester)) world_.cells.reach("quota/lets-the-wait-list-go-on");
}

/// After each grant: no hard limit is exceeded.
void Checks::check_limits(const Semester& semester, const std::string& what, std::size_t row, const Held& now) {
  const auto faculty = faculty_of(row);
  const auto quota = quota_of(semester, faculty);
  if (exceeds(semester, faculty, quota)) {
    world_.violate("hard-limits-hold", what + " exceeds a hard limit of " + names_.faculty(faculty));
  }
  const auto part = admitted(semester, row, now.want);
  if (part != now.want && is_all(part, now.grant)) {
    world_.cells.reach(now.is_top_up ? "quota/cuts-a-top-up" : "quota/cuts-a-grant");
  }
  const auto held = held_by(semester, faculty);
  const bool is_above_soft = (quota.classrooms.is_soft && held.classrooms > quota.classrooms.rooms) ||
                             (quota.labs.is_soft && held.labs > quota.labs.rooms);
  if (is_above_soft) world_.cells.reach("quota/soft-and-exceeded");
}

void Checks::check_quotas(const std::string& server, const Allocator& allocator, const Semester& semester,
                          const std::string& name) {
  for (const auto& [id, faculty] : faculty_of_id_) {
    const auto& quotas = allocator.quotas(semester.id);
    if (quotas.quota(id) != quota_of(semester, faculty) || quotas.held(id) != held_by(semester, faculty)) {
      world_.violate("state-is-the-ledger",
                     server + " has another quota of " + names_.faculty(faculty) + " in semester " + name);
    }
  }
}

}  // namespace dti::simulation
