#include "dti/service/office/semester_view.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/ledger/replay_quota.hpp"
#include "dti/service/ledger/storage_error.hpp"

namespace dti {
namespace {

constexpr std::int64_t kFacultyMax = 10'000'000;

[[noreturn]] void refuse(const StoreDifference& difference) {
  throw StorageError{StorageError::Kind::kCorrupt, to_string(difference) + "; dtictl verify tells more"};
}

[[noreturn]] void refuse(const LedgerRow& row, std::string what) {
  const auto program = row.program_id ? std::optional{*row.program_id} : std::nullopt;
  refuse({row.seq, program, std::move(what), {}, {}});
}

/// The grant that an entry records, or the copy of it that a release has.
Holding holding_of(const StoredEntry& entry) {
  const LedgerRow& row = entry.row;
  const bool is_whole = row.program_id && row.generation && row.classrooms_wanted && row.labs_wanted &&
                        row.classrooms_granted && row.labs_granted && row.mobile_labs_granted;
  if (!is_whole || *row.program_id < 1 || !std::in_range<ProgramId>(*row.program_id)) {
    refuse(row, "the entry does not have the columns of " + kind_text(row.kind));
  }
  const Holding holding{.program = static_cast<ProgramId>(*row.program_id),
                        .generation = *row.generation,
                        .seq = row.seq,
                        .at = entry.at,
                        .want = {*row.classrooms_wanted, *row.labs_wanted},
                        .grant = {*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted}};
  const auto& [classrooms, labs, mobile_labs] = holding.grant;
  const auto is_possible = [](Quantity quantity) { return quantity >= 0 && quantity <= kQuantityMax; };
  // So that no sum overflows, and no list says that less than nothing is lacking.
  if (!is_in_range(holding.want) || !is_possible(classrooms) || !is_possible(labs) || !is_possible(mobile_labs) ||
      classrooms > holding.want.classrooms || labs + mobile_labs > holding.want.labs) {
    refuse(row, "no request can get that grant");
  }
  return holding;
}

/// Whether another grant of the program follows a release.
bool is_replaced(const LedgerRow& row) {
  const auto cause = static_cast<Cause>(row.cause.value_or(0));
  return cause == Cause::kAmended || cause == Cause::kToppedUp || cause == Cause::kConfirmedInPart;
}

Grant sum_of(const Grant& grant, const Grant& other) {
  return {grant.classrooms + other.classrooms, grant.labs + other.labs, grant.mobile_labs + other.mobile_labs};
}

Grant without(const Grant& grant, const Grant& other) {
  return {grant.classrooms - other.classrooms, grant.labs - other.labs, grant.mobile_labs - other.mobile_labs};
}

}  // namespace

void SemesterView::add(const StoredEntry& entry) {
  const LedgerRow& row = entry.row;
  if (row.seq != head_ + 1) refuse(missing_entry(head_ + 1, row.seq));
  const auto kind = entry_kind_from_code(row.kind);
  if (!kind) refuse(row, "this version does not know the kind of the entry, " + kind_text(row.kind));
  switch (*kind) {
    case EntryKind::kGranted: grant(entry); break;
    case EntryKind::kReleased: release(entry); break;
    case EntryKind::kCapacityChanged: change_capacity(row); break;
    case EntryKind::kSemesterOpened:
      change_capacity(row);
      is_open_ = true;
      break;
    case EntryKind::kSemesterClosed: is_open_ = false; break;
    case EntryKind::kSemesterReopened: is_open_ = true; break;
    case EntryKind::kSetting:
      has_wait_list_ = row.setting == static_cast<std::int64_t>(SemesterSetting::kWaitListOn);
      break;
    case EntryKind::kWaitingLeft: leave_wait_list(row); break;
    case EntryKind::kQuotaSet: set_quota(row); break;
    case EntryKind::kConfirmed:
    case EntryKind::kHoldExtended: change_hold(row); break;
    case EntryKind::kRound:
      ++rounds_;
      has_open_round_ = false;
      break;
    case EntryKind::kRoundOpened: has_open_round_ = true; break;
  }
  head_ = row.seq;
}

void SemesterView::grant(const StoredEntry& entry) {
  auto holding = holding_of(entry);
  holding.waits_since = place_of(entry.row, holding);
  holding.expires_at = entry.row.expires_at.value_or(0);
  replaced_.reset();
  const auto [found, is_new] = holdings_.emplace(holding.program, holding);
  if (!is_new) {
    refuse(entry.row,
           "the program is granted a second time; entry " + std::to_string(found->second.seq) + " has its grant");
  }
  left_ = charge(left_, holding.grant);
  granted_ = sum_of(granted_, holding.grant);
  quotas_.add(faculty_of(holding.program), holding.grant);
}

void SemesterView::release(const StoredEntry& entry) {
  const auto released = holding_of(entry);
  const auto found = holdings_.find(released.program);
  if (found == holdings_.end()) refuse(entry.row, "the entry releases a grant that the program does not hold");
  const auto& held = found->second;
  if (held.generation != released.generation || held.grant != released.grant) {
    refuse(entry.row,
           "the entry releases another grant than the program holds; entry " + std::to_string(held.seq) + " has it");
  }
  if (is_replaced(entry.row)) replaced_ = held;
  left_ = give_back(left_, held.grant);
  granted_ = without(granted_, held.grant);
  quotas_.remove(faculty_of(held.program), held.grant);
  holdings_.erase(found);
}

/// A grant that replaces another keeps its place, unless it wants more.
Seq SemesterView::place_of(const LedgerRow& row, const Holding& granted) const {
  const bool replaces = replaced_ && replaced_->program == granted.program;
  return replaces && !asks_again(replaced_->want, granted.want) ? replaced_->waits_since : row.seq;
}

void SemesterView::leave_wait_list(const LedgerRow& row) {
  const auto found = holdings_.find(static_cast<ProgramId>(row.program_id.value_or(0)));
  if (found == holdings_.end()) refuse(row, "a program that holds no grant leaves the wait list");
  found->second.waits_since = 0;
}

/// The hold is firm, or has a later end.
void SemesterView::change_hold(const LedgerRow& row) {
  const auto found = holdings_.find(static_cast<ProgramId>(row.program_id.value_or(0)));
  if (found == holdings_.end()) refuse(row, "the entry is about a hold of a program that holds no grant");
  found->second.expires_at = row.expires_at.value_or(0);
}

void SemesterView::set_quota(const LedgerRow& row) {
  const auto quota = quota_of(row);
  // A faculty number that no catalogue can have would take much memory.
  if (!quota || *row.faculty_id < 1 || *row.faculty_id > kFacultyMax) {
    refuse(row, "the entry does not have the columns of " + kind_text(row.kind));
  }
  quotas_.set(static_cast<FacultyId>(*row.faculty_id), *quota, row.seq);
}

/// What is left changes by as much as the capacity.
void SemesterView::change_capacity(const LedgerRow& row) {
  if (!row.classrooms_capacity || !row.labs_capacity || !row.conversions_capacity) {
    refuse(row, "the entry does not have the columns of " + kind_text(row.kind));
  }
  const Capacity capacity{*row.classrooms_capacity, *row.labs_capacity, *row.conversions_capacity};
  if (!is_in_range(capacity)) refuse(row, "no semester can have that capacity");
  left_ = {left_.classrooms + capacity.classrooms - capacity_.classrooms, left_.labs + capacity.labs - capacity_.labs,
           left_.conversions_left + capacity.conversions - capacity_.conversions};
  capacity_ = capacity;
}

const Holding* SemesterView::find(ProgramId program) const {
  const auto found = holdings_.find(program);
  return found == holdings_.end() ? nullptr : &found->second;
}

std::int64_t SemesterView::open_holds() const {
  return std::count_if(holdings_.begin(), holdings_.end(),
                       [](const auto& holding) { return holding.second.expires_at != 0; });
}

std::vector<Holding> SemesterView::waiting() const {
  std::vector<Holding> all;
  if (!has_wait_list_) return all;
  for (const auto& [program, holding] : holdings_) {
    if (has_place(holding)) all.push_back(holding);
  }
  std::sort(all.begin(), all.end(), [](const Holding& a, const Holding& b) { return a.waits_since < b.waits_since; });
  return all;
}

std::optional<WaitList> SemesterView::wait_list() const {
  if (!has_wait_list_) return std::nullopt;
  WaitList list;
  set_rooms(list, quotas_);
  for (const auto& holding : waiting()) {
    list.add({holding.waits_since, holding.program, faculty_of(holding.program)}, holding.grant, holding.want);
  }
  return list;
}

std::vector<Holding> SemesterView::holdings() const {
  std::vector<Holding> all;
  all.reserve(holdings_.size());
  for (const auto& [program, holding] : holdings_) all.push_back(holding);
  std::sort(all.begin(), all.end(), [](const Holding& a, const Holding& b) { return a.seq < b.seq; });
  return all;
}

}  // namespace dti
