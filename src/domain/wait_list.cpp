#include "dti/domain/wait_list.hpp"

#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {
namespace {

enum class Group : std::uint8_t { kClassrooms, kClassroomsByLabs, kLabs, kBoth, kBothByLabs };

/// @return none: the grant is whole
std::optional<Group> group_of(const Grant& held, const Want& want) {
  const bool lacks_classrooms = held.classrooms < want.classrooms;
  const bool has_mobile_labs = held.mobile_labs > 0;
  if (held.labs + held.mobile_labs < want.labs) {
    if (!lacks_classrooms) return Group::kLabs;
    return has_mobile_labs ? Group::kBothByLabs : Group::kBoth;
  }
  if (!lacks_classrooms) return std::nullopt;
  return has_mobile_labs ? Group::kClassroomsByLabs : Group::kClassrooms;
}

/// The group of what the quota lets the places of a group use. @return none: it lets them use nothing
std::optional<Group> usable(Group group, const QuotaRoom& room) {
  switch (group) {
    case Group::kClassrooms:
    case Group::kClassroomsByLabs: return room.classrooms ? std::optional{group} : std::nullopt;
    case Group::kLabs: return room.labs ? std::optional{group} : std::nullopt;
    case Group::kBoth:
    case Group::kBothByLabs: break;
  }
  if (room.classrooms && room.labs) return group;
  if (room.labs) return Group::kLabs;
  if (!room.classrooms) return std::nullopt;
  return group == Group::kBothByLabs ? Group::kClassroomsByLabs : Group::kClassrooms;
}

bool can_use(Group group, const Pool& left) {
  switch (group) {
    case Group::kClassrooms: return left.classrooms > 0;
    case Group::kLabs: return left.labs > 0 || left.mobile_labs() > 0;
    case Group::kClassroomsByLabs:
    case Group::kBoth:
    case Group::kBothByLabs: return left.classrooms > 0 || left.labs > 0;
  }
  return false;
}

}  // namespace

std::optional<PassedOver> passed_over(const Pool& left, const Grant& held, const Want& want, const QuotaRoom& room) {
  const auto lacks = group_of(held, want);
  if (!lacks) return std::nullopt;
  const auto group = usable(*lacks, room);
  if (group && can_use(*group, left)) return std::nullopt;
  PassedOver why{.no_classroom_in_quota = !room.classrooms && held.classrooms < want.classrooms,
                 .no_lab_in_quota = !room.labs && held.labs + held.mobile_labs < want.labs};
  if (!group) return why;
  const bool lacks_labs = *group == Group::kLabs || *group == Group::kBoth || *group == Group::kBothByLabs;
  why.no_classroom = left.classrooms == 0;
  why.no_lab = *group != Group::kClassrooms;
  why.no_conversion = lacks_labs && left.classrooms > 0;
  return why;
}

/// Lets the heads know the first place of a queue.
void WaitList::put_head(const Queues& queues, std::size_t group) {
  const auto used_as = usable(static_cast<Group>(group), queues.room);
  if (queues.groups[group].empty() || !used_as) return;
  auto& heads = heads_[static_cast<std::size_t>(*used_as)];
  heads.insert(heads.end(), *queues.groups[group].begin());
}

/// The inverse of put_head().
void WaitList::drop_head(const Queues& queues, std::size_t group) {
  const auto used_as = usable(static_cast<Group>(group), queues.room);
  if (queues.groups[group].empty() || !used_as) return;
  DTI_CHECK(heads_[static_cast<std::size_t>(*used_as)].erase(*queues.groups[group].begin()) == 1);
}

void WaitList::add(const Place& place, const Grant& held, const Want& want) {
  const auto lacks = group_of(held, want);
  if (!lacks) return;
  auto& queues = faculties_[place.faculty];
  const auto group = static_cast<std::size_t>(*lacks);
  auto& places = queues.groups[group];
  const bool comes_first = places.empty() || place < *places.begin();
  if (comes_first) drop_head(queues, group);
  places.insert(places.end(), place);  // most places are added in their order
  if (comes_first) put_head(queues, group);
  ++size_;
}

void WaitList::remove(const Place& place, const Grant& held, const Want& want) {
  const auto lacks = group_of(held, want);
  if (!lacks) return;
  auto& queues = faculties_[place.faculty];
  const auto group = static_cast<std::size_t>(*lacks);
  auto& places = queues.groups[group];
  const bool is_first = !places.empty() && *places.begin() == place;
  if (is_first) drop_head(queues, group);
  DTI_CHECK(places.erase(place) == 1);
  if (is_first) put_head(queues, group);
  --size_;
}

void WaitList::set_room(FacultyId faculty, const QuotaRoom& room) {
  const auto found = faculties_.find(faculty);
  if (found == faculties_.end() && room == QuotaRoom{}) return;
  auto& queues = found == faculties_.end() ? faculties_[faculty] : found->second;
  if (queues.room == room) return;
  for (std::size_t group = 0; group < kGroups; ++group) drop_head(queues, group);
  queues.room = room;
  for (std::size_t group = 0; group < kGroups; ++group) put_head(queues, group);
}

std::optional<Place> WaitList::find_first(const Pool& left) const {
  std::optional<Place> first;
  for (std::size_t group = 0; group < kGroups; ++group) {
    const auto& heads = heads_[group];
    if (heads.empty() || !can_use(static_cast<Group>(group), left)) continue;
    if (!first || *heads.begin() < *first) first = *heads.begin();
  }
  return first;
}

std::optional<Place> WaitList::find_first_except(const Pool& left, ProgramId program, FacultyId faculty,
                                                 const QuotaRoom& room) const {
  std::optional<Place> first;
  const auto offer = [&](const Place& place) {
    if (!first || place < *first) first = place;
  };
  for (std::size_t group = 0; group < kGroups; ++group) {
    if (!can_use(static_cast<Group>(group), left)) continue;
    auto head = heads_[group].begin();
    while (head != heads_[group].end() && head->faculty == faculty) ++head;
    if (head != heads_[group].end()) offer(*head);
  }
  const auto own = faculties_.find(faculty);
  if (own == faculties_.end()) return first;
  for (std::size_t group = 0; group < kGroups; ++group) {
    const auto used_as = usable(static_cast<Group>(group), room);
    if (!used_as || !can_use(*used_as, left)) continue;
    auto place = own->second.groups[group].begin();
    if (place != own->second.groups[group].end() && place->program == program) ++place;
    if (place != own->second.groups[group].end()) offer(*place);
  }
  return first;
}

void set_rooms(WaitList& waiting, const Quotas& quotas) {
  for (FacultyId faculty = 1; faculty <= quotas.last(); ++faculty) waiting.set_room(faculty, quotas.room(faculty));
}

std::vector<TopUp> settle(WaitList& waiting, Quotas quotas, Pool left, const std::function<HeldGrant(ProgramId)>& held,
                          std::size_t count_max) {
  std::vector<TopUp> made;
  std::unordered_map<ProgramId, Grant> grants;  // of the programs that are topped up
  const auto replace = [&](const Place& place, const Want& want, const Grant& before, const Grant& after) {
    waiting.remove(place, before, want);
    quotas.remove(place.faculty, before);
    quotas.add(place.faculty, after);
    waiting.add(place, after, want);
    waiting.set_room(place.faculty, quotas.room(place.faculty));
  };
  while (made.size() < count_max) {
    const auto place = waiting.find_first(left);
    if (!place) break;
    auto before = held(place->program);
    if (const auto found = grants.find(place->program); found != grants.end()) before.grant = found->second;
    const auto want = within(before.want, quotas.allowance(place->faculty, before.grant));
    const auto grant = top_up(left, before.grant, want);
    DTI_CHECK(grant != before.grant);
    made.push_back({*place, before, grant});
    left = charge(give_back(left, before.grant), grant);
    replace(*place, before.want, before.grant, grant);
    grants[place->program] = grant;
  }
  for (auto step = made.rbegin(); step != made.rend(); ++step) {
    replace(step->place, step->before.want, step->grant, step->before.grant);
  }
  return made;
}

Settled settle_all(WaitList waiting, const Quotas& quotas, Pool left, const std::function<HeldGrant(ProgramId)>& held) {
  Settled settled{.grants = {}, .left = left};
  for (const auto& [place, before, grant] :
       settle(waiting, quotas, left, held, std::numeric_limits<std::size_t>::max())) {
    settled.left = charge(give_back(settled.left, before.grant), grant);
    settled.grants[place.program] = grant;
  }
  return settled;
}

AmendBasis amend_basis(const Pool& left, const Grant& held, const Want& want, const Amending& amending) {
  const auto& [program, faculty, allowance, waiting] = amending;
  AmendBasis basis{.want = within(want, allowance), .keeps = {}, .pool = {}};
  basis.keeps = kept(held, basis.want);
  basis.pool = charge(give_back(left, held), basis.keeps);
  if (waiting == nullptr) return basis;
  const auto room = room_beside(allowance, basis.keeps);
  if (!waiting->find_first_except(basis.pool, program, faculty, room)) return basis;
  // What it returns is for those who wait, and so is the room that it leaves in its quota; settle() gives the program its
  // part of it.
  basis.is_for_others = true;
  const bool nothing_more = allowance != Allowance{} || waiting->find_first_except(left, program, faculty, room);
  basis.pool = nothing_more ? Pool{} : left;
  return basis;
}

Grant amend_in_order(const Pool& left, const Grant& held, const Want& want, const Amending& amending) {
  const auto basis = amend_basis(left, held, want, amending);
  return top_up(basis.pool, basis.keeps, basis.want);
}

}  // namespace dti
