#include "dti/domain/wait_list.hpp"

#include <cstdint>
#include <limits>
#include <unordered_map>

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

std::optional<Place> WaitList::find_first(const Pool& left, ProgramId except, const Served& served) const {
  std::optional<Place> first;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (!can_use(static_cast<Group>(i), left)) continue;
    auto found = groups_[i].lower_bound({served[i] + 1, 0});
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
  // The list follows the top-ups without a copy: all places of a group can use what is left, or none, so those that are
  // served are the first ones of their group. They are in `moved` if they still lack something.
  WaitList::Served served{};
  WaitList moved;
  std::unordered_map<ProgramId, HeldGrant> held_now;
  while (made.size() < count_max) {
    auto place = waiting.find_first(left, 0, served);
    const auto again = moved.find_first(left);
    const bool is_moved = again && (!place || *again < *place);
    if (is_moved) place = again;
    if (!place) break;
    const auto before = is_moved ? held_now.at(place->program) : held(place->program);
    if (is_moved) {
      moved.remove(*place, before.grant, before.want);
    } else {
      served[static_cast<std::size_t>(*group_of(before.grant, before.want))] = place->since;
    }
    const auto grant = top_up(left, before.grant, before.want);
    made.push_back({*place, before, grant});
    left = charge(give_back(left, before.grant), grant);
    moved.add(*place, grant, before.want);
    if (grant_status(before.want, grant) != Status::kOk) held_now[place->program] = {before.want, grant};
  }
  return made;
}

Settled settle_all(const WaitList& waiting, Pool left, const std::function<HeldGrant(ProgramId)>& held) {
  Settled settled{.grants = {}, .left = left};
  for (const auto& [place, before, grant] : settle(waiting, left, held, std::numeric_limits<std::size_t>::max())) {
    settled.left = charge(give_back(settled.left, before.grant), grant);
    settled.grants[place.program] = grant;
  }
  return settled;
}

Grant amend_in_order(const Pool& left, const Grant& held, const Want& want, const WaitList& waiting,
                     ProgramId program) {
  const auto keeps = kept(held, want);
  const auto with_returned = charge(give_back(left, held), keeps);
  if (!waiting.find_first(with_returned, program)) return top_up(with_returned, keeps, want);
  // What it returns is for those who wait; settle() gives the program its part of it.
  return waiting.find_first(left, program) ? keeps : top_up(left, keeps, want);
}

}  // namespace dti
