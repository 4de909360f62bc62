#include "dtictl/semester/roll_over_items.hpp"

#include <algorithm>

#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

using State = RollOverItem::State;

std::string origin(bool is_as_before, const RollOverSemester& from) {
  return is_as_before ? ", as in " + from.name : ", and " + from.name + " differs";
}

/// Mobile labs follow the classrooms if all classrooms could become one before.
Capacity capacity_of(const RollOverSemester& from, const RollOverChoice& choice) {
  const auto& before = from.capacity;
  const auto classrooms = choice.classrooms.value_or(before.classrooms);
  const auto as_before =
      before.conversions == before.classrooms ? classrooms : std::min(before.conversions, classrooms);
  return {classrooms, choice.labs.value_or(before.labs), choice.mobile_labs.value_or(as_before)};
}

RollOverItem rooms_item(const RollOverSemester& from, const std::optional<RollOverSemester>& to,
                        const RollOverChoice& choice) {
  const auto capacity = capacity_of(from, choice);
  RollOverItem item{.wanted =
                        choice.to + " is open with " + text_of(capacity) + origin(capacity == from.capacity, from)};
  item.message.command.semester = choice.to;
  item.message.opens = capacity;
  if (!to) return item;
  item.state = to->is_open && to->capacity == capacity ? State::kThere : State::kDiffers;
  item.there = to->name + " is " + (to->is_open ? "open" : "closed") + " with " + text_of(to->capacity);
  return item;
}

RollOverItem wait_list_item(const RollOverSemester& from, const std::optional<RollOverSemester>& to,
                            const RollOverChoice& choice) {
  const auto text = [](bool is_on) { return std::string{"its wait list is "} + (is_on ? "on" : "off"); };
  const bool before = from.has_wait_list.value_or(false);
  const bool wanted = choice.has_wait_list.value_or(before);
  RollOverItem item{.wanted = text(wanted) + origin(wanted == before, from)};
  auto& command = item.message.command;
  command.semester = choice.to;
  command.change = SetWaitList{wanted};
  command.expects = 0;  // a colleague who has turned it on or off since is right
  const auto there = to ? to->has_wait_list : std::nullopt;
  if (there.value_or(false) == wanted) {
    item.state = State::kThere;  // a new semester has none
  } else if (there) {
    item.state = State::kDiffers;
    item.there = text(*there);
  }
  return item;
}

RollOverItem quota_item(const std::string& faculty, const Quota& quota, const RollOverSemester& from,
                        const std::optional<Quota>& there, const RollOverChoice& choice) {
  RollOverItem item{.wanted = "the quota of " + faculty + " is " + text_of(quota) + origin(true, from)};
  auto& command = item.message.command;
  command.semester = choice.to;
  command.change = SetQuota{faculty, quota};
  command.expects = 0;  // as for the wait list
  if (there) item.state = *there == quota ? State::kThere : State::kDiffers;
  if (item.state == State::kDiffers) item.there = "it is " + text_of(*there);
  return item;
}

}  // namespace

void follow(RollOverSemester& semester, const LedgerRow& row) {
  const auto is = [&](EntryKind kind) { return row.kind == stored_code(kind); };
  if (is(EntryKind::kSemesterOpened) || is(EntryKind::kSemesterReopened)) semester.is_open = true;
  if (is(EntryKind::kSemesterClosed)) semester.is_open = false;
  if (is(EntryKind::kSemesterOpened) || is(EntryKind::kSemesterReopened) || is(EntryKind::kSemesterClosed)) {
    semester.open_changed_at = row.seq;
  }
  if (is(EntryKind::kSetting)) {
    semester.has_wait_list = row.setting == static_cast<std::int64_t>(SemesterSetting::kWaitListOn);
  }
  if (is(EntryKind::kQuotaSet)) {
    const auto entry = entry_of(row);
    semester.quotas[entry.faculty_id] = entry.quota;
  }
}

std::vector<RollOverItem> roll_over_items(const RollOverSemester& from, const std::optional<RollOverSemester>& to,
                                          const RollOverChoice& choice,
                                          const std::function<std::string(FacultyId)>& faculty_name) {
  std::vector<RollOverItem> items{rooms_item(from, to, choice), wait_list_item(from, to, choice)};
  for (const auto& [faculty, quota] : from.quotas) {
    if (quota == Quota{}) continue;  // it was cleared
    const auto found = to ? to->quotas.find(faculty) : from.quotas.end();
    const bool is_there = to && found != to->quotas.end();
    const auto there = is_there ? std::optional{found->second} : std::nullopt;
    items.push_back(quota_item(faculty_name(faculty), quota, from, there, choice));
  }
  return items;
}

std::string text_of(const RollOverItem& item) {
  switch (item.state) {
    case State::kMissing: return "+ " + item.wanted;
    case State::kThere: return "= " + item.wanted;
    case State::kDiffers: return "! " + item.wanted + ": but " + item.there;
  }
  return {};
}

}  // namespace dti
