#include "dti/domain/wait_list.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "dti/base/check.hpp"

namespace dti {
namespace {

enum class Group : std::uint8_t { kClassrooms, kClassroomsByLabs, kLabs, kBoth };

/// @return none: the grant is whole
std::optional<Group> group_of(const Grant& held, const Want& want) {
  const bool lacks_classrooms = held.classrooms < want.classrooms;
  if (held.labs + held.mobile_labs < want.labs) return lacks_classrooms ? Group::kBoth : Group::kLabs;
  if (!lacks_classrooms) return std::nullopt;
  return held.mobile_labs > 0 ? Group::kClassroomsByLabs : Group::kClassrooms;
}

bool can_use(Group group, const Pool& left) {
  switch (group) {
    case Group::kClassrooms: return left.classrooms > 0;
    case Group::kClassroomsByLabs: return left.classrooms > 0 || left.labs > 0;
    case Group::kLabs: return left.labs > 0 || left.mobile_labs() > 0;
    case Group::kBoth: return left.classrooms > 0 || left.labs > 0;
  }
  return false;
}

/// A top-up takes labs and never returns one, but a lab may replace a mobile lab, whose classroom and conversion return.
/// @return whether a program that could use nothing before may be able to use what is left after
bool opens(const Pool& before, const Pool& after) {
  return (before.classrooms == 0 && after.classrooms > 0) || (before.mobile_labs() == 0 && after.mobile_labs() > 0);
}

}  // namespace

std::optional<PassedOver> passed_over(const Pool& left, const Grant& held, const Want& want) {
  const auto group = group_of(held, want);
  if (!group || can_use(*group, left)) return std::nullopt;
  const bool lacks_labs = *group == Group::kLabs || *group == Group::kBoth;
  return PassedOver{.no_classroom = left.classrooms == 0,
                    .no_lab = *group != Group::kClassrooms,
                    .no_conversion = lacks_labs && left.classrooms > 0};
}

void WaitList::add(const Place& place, const Grant& held, const Want& want) {
  if (const auto group = group_of(held, want)) {
    auto& places = groups_[static_cast<std::size_t>(*group)];
    places.insert(places.end(), place);  // most places are added in their order
  }
}

void WaitList::remove(const Place& place, const Grant& held, const Want& want) {
  if (const auto group = group_of(held, want)) {
    DTI_CHECK(groups_[static_cast<std::size_t>(*group)].erase(place) == 1);
  }
}

std::optional<Place> WaitList::find_first(const Pool& left, Seq after, ProgramId except) const {
  std::optional<Place> first;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (!can_use(static_cast<Group>(i), left)) continue;
    auto found = groups_[i].lower_bound({after + 1, 0});
    if (found != groups_[i].end() && found->program == except) ++found;
    if (found != groups_[i].end() && (!first || *found < *first)) first = *found;
  }
  return first;
}

std::size_t WaitList::size() const {
  std::size_t count = 0;
  for (const auto& places : groups_) count += places.size();
  return count;
}

std::vector<TopUp> settle(const WaitList& waiting, Pool left, const std::function<HeldGrant(ProgramId)>& held,
                          std::size_t count_max) {
  std::vector<TopUp> made;
  Seq after = 0;  // the places up to this one can use nothing of what is left
  while (made.size() < count_max) {
    const auto place = waiting.find_first(left, after);
    if (!place) break;
    const auto before = held(place->program);
    const auto grant = top_up(left, before.grant, before.want);
    made.push_back({*place, before, grant});
    const auto left_before = left;
    left = charge(give_back(left, before.grant), grant);
    after = place->since;
    if (!opens(left_before, left)) continue;
    // An earlier place may be next. The list does not know the grants of `made`, so it cannot tell.
    const auto earlier = waiting.find_first(left);
    if (earlier && earlier->since <= after) break;
  }
  return made;
}

Settled settle_all(WaitList waiting, Pool left, const std::function<HeldGrant(ProgramId)>& held) {
  Settled settled{.grants = {}, .left = left};
  const auto held_now = [&](ProgramId program) {
    auto now = held(program);
    if (const auto found = settled.grants.find(program); found != settled.grants.end()) now.grant = found->second;
    return now;
  };
  while (true) {
    const auto made = settle(waiting, settled.left, held_now, std::numeric_limits<std::size_t>::max());
    if (made.empty()) return settled;
    for (const auto& [place, before, grant] : made) {
      waiting.remove(place, before.grant, before.want);
      waiting.add(place, grant, before.want);
      settled.left = charge(give_back(settled.left, before.grant), grant);
      settled.grants[place.program] = grant;
    }
  }
}

Grant amend_in_order(const Pool& left, const Grant& held, const Want& want, const WaitList& waiting,
                     ProgramId program) {
  const auto keeps = kept(held, want);
  const auto with_returned = charge(give_back(left, held), keeps);
  if (!waiting.find_first(with_returned, 0, program)) return top_up(with_returned, keeps, want);
  // What it returns is for those who wait; settle() gives the program its part of it.
  return waiting.find_first(left, 0, program) ? keeps : top_up(left, keeps, want);
}

}  // namespace dti
