#include "dti/service/planning/semester_state.hpp"

#include <utility>

namespace dti {
namespace {

bool is_kind(const LedgerRow& row, EntryKind kind) { return row.kind == static_cast<std::int64_t>(kind); }

bool is_not_negative(const Pool& pool) { return pool.classrooms >= 0 && pool.labs >= 0 && pool.conversions_left >= 0; }

std::string fault(const LedgerRow& row, const std::string& what) {
  return "entry " + std::to_string(row.seq) + ' ' + what;
}

bool has_grant(const LedgerRow& row) {
  return row.program_id && row.classrooms_wanted && row.labs_wanted && row.classrooms_granted && row.labs_granted &&
         row.mobile_labs_granted;
}

Grant grant_in(const LedgerRow& row) { return {*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted}; }

/// The pool after the capacity of its semester has changed.
Pool moved(const Pool& left, const Capacity& from, const Capacity& to) {
  return {left.classrooms + to.classrooms - from.classrooms, left.labs + to.labs - from.labs,
          left.conversions_left + to.conversions - from.conversions};
}

}  // namespace

std::optional<std::string> SemesterState::add(const LedgerRow& row) {
  if (row.seq != head_ + 1) return "entry " + std::to_string(head_ + 1) + " is missing";
  if (is_kind(row, EntryKind::kSemesterOpened) != (row.seq == 1)) {
    return fault(row, row.seq == 1 ? "does not open the semester" : "opens a semester that is open");
  }
  std::optional<std::string> found;
  if (is_kind(row, EntryKind::kGranted)) {
    found = add_grant(row);
  } else if (is_kind(row, EntryKind::kReleased)) {
    found = add_release(row);
  } else if (is_kind(row, EntryKind::kSemesterOpened) || is_kind(row, EntryKind::kCapacityChanged)) {
    found = add_capacity(row);
  } else if (is_kind(row, EntryKind::kSemesterClosed)) {
    closed_at_ = row.seq;
  } else {
    found = fault(row, "is of kind " + std::to_string(row.kind) + ", for which this version has no rule");
  }
  if (!found) head_ = row.seq;
  return found;
}

GrantInForce* SemesterState::find(const LedgerRow& row) {
  const auto program = row.program_id.value_or(0);
  if (program < 1 || std::cmp_greater(program, grants_.size())) return nullptr;
  return &grants_[static_cast<std::size_t>(program - 1)];
}

std::optional<std::string> SemesterState::add_grant(const LedgerRow& row) {
  auto* const place = find(row);
  if (place == nullptr || !has_grant(row)) return fault(row, "grants to no program of the catalogue");
  if (place->seq != 0) return fault(row, "grants a second time to a program that holds a grant");
  const auto grant = grant_in(row);
  const auto left = charge(left_, grant);
  if (!is_not_negative(left)) return fault(row, "grants more rooms than are left");
  left_ = left;
  *place = {row.seq, {*row.classrooms_wanted, *row.labs_wanted}, grant};
  return std::nullopt;
}

std::optional<std::string> SemesterState::add_release(const LedgerRow& row) {
  auto* const place = find(row);
  if (place == nullptr || place->seq == 0) return fault(row, "releases a grant that is not there");
  left_ = give_back(left_, place->grant);
  *place = {};
  return std::nullopt;
}

std::optional<std::string> SemesterState::add_capacity(const LedgerRow& row) {
  const Capacity capacity{row.classrooms_capacity.value_or(-1), row.labs_capacity.value_or(-1),
                          row.conversions_capacity.value_or(-1)};
  if (!is_in_range(capacity)) return fault(row, "has a capacity that no semester can have");
  const auto left = moved(left_, capacity_, capacity);
  if (!is_not_negative(left)) return fault(row, "lowers the capacity below what is granted");
  capacity_ = capacity;
  left_ = left;
  return std::nullopt;
}

std::optional<Pool> left_of_capacity(const SemesterState& state, const Capacity& capacity) {
  const auto left = moved(state.left(), state.capacity(), capacity);
  return is_not_negative(left) ? std::optional{left} : std::nullopt;
}

}  // namespace dti
