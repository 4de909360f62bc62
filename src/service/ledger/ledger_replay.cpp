#include "dti/service/ledger/ledger_replay.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dti/domain/allocate.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

using Number = LedgerRow::Number;

std::array<Number, 7> grant_columns(const LedgerRow& row) {
  return {row.program_id,         row.generation,   row.classrooms_wanted,  row.labs_wanted,
          row.classrooms_granted, row.labs_granted, row.mobile_labs_granted};
}

std::array<Number, 3> capacity_columns(const LedgerRow& row) {
  return {row.classrooms_capacity, row.labs_capacity, row.conversions_capacity};
}

template <std::size_t kCount>
bool all_there(const std::array<Number, kCount>& columns) {
  return std::all_of(columns.begin(), columns.end(), [](const Number& column) { return column.has_value(); });
}

template <std::size_t kCount>
bool none_there(const std::array<Number, kCount>& columns) {
  return std::none_of(columns.begin(), columns.end(), [](const Number& column) { return column.has_value(); });
}

StoreDifference difference(const LedgerRow& row, std::string what, std::string stored = {}, std::string expected = {}) {
  return {row.seq, row.program_id, std::move(what), std::move(stored), std::move(expected)};
}

StoreDifference row_difference(std::string what, std::string stored = {}, std::string expected = {}) {
  return {std::nullopt, std::nullopt, std::move(what), std::move(stored), std::move(expected)};
}

bool is_kind(const LedgerRow& row, EntryKind kind) { return row.kind == static_cast<std::int64_t>(kind); }

/// The kind's name; its number if it is none.
std::string kind_text(std::int64_t code) {
  const bool is_known = code >= 0 && code <= static_cast<std::int64_t>(EntryKind::kSemesterClosed);
  return is_known ? std::string{stored_text(static_cast<EntryKind>(code))} : "kind " + std::to_string(code);
}

std::string text_of_status(std::int64_t code) {
  if (code != 0 && code != 1) return "status " + std::to_string(code);
  return std::string{wire_text(code == 0 ? Status::kOk : Status::kNotEnoughResources)};
}

}  // namespace

std::string to_string(const StoreDifference& difference) {
  std::string text;
  if (difference.seq) text += "entry " + std::to_string(*difference.seq);
  if (difference.program_id)
    text += (text.empty() ? "program " : ", program ") + std::to_string(*difference.program_id);
  text += (text.empty() ? "" : ": ") + difference.what;
  if (!difference.stored.empty()) text += "; stored: " + difference.stored;
  if (!difference.expected.empty()) text += "; expected: " + difference.expected;
  return text;
}

std::optional<StoreDifference> LedgerReplay::add(const LedgerRow& row) {
  if (row.seq != head_ + 1) {
    return StoreDifference{head_ + 1, std::nullopt, "the entry is missing", "entry " + std::to_string(row.seq),
                           "entry " + std::to_string(head_ + 1)};
  }
  const bool opens = is_kind(row, EntryKind::kSemesterOpened);
  if (row.seq == 1 && !opens) {
    return difference(row, "the first entry does not open the semester", kind_text(row.kind),
                      kind_text(static_cast<std::int64_t>(EntryKind::kSemesterOpened)));
  }
  std::optional<StoreDifference> found;
  if (opens) {
    found = open(row);
  } else if (is_kind(row, EntryKind::kGranted)) {
    found = grant(row);
  } else {
    found = difference(row, "the entry is of a kind for which this version has no rule", kind_text(row.kind));
  }
  if (!found) head_ = row.seq;
  return found;
}

std::optional<StoreDifference> LedgerReplay::open(const LedgerRow& row) {
  if (row.seq != 1) return difference(row, "the entry opens a semester that is open");
  const auto columns = capacity_columns(row);
  if (!all_there(columns) || !none_there(grant_columns(row)) || row.status) {
    return difference(row, "the entry has not the columns of semester-opened");
  }
  const Capacity capacity{*columns[0], *columns[1], *columns[2]};
  if (!is_in_range(capacity)) {
    return difference(row, "the capacity is none that a semester can have", text_of(capacity),
                      "0 to " + std::to_string(kCapacityMax) + " of each, and no more conversions than classrooms");
  }
  capacity_ = capacity;
  left_ = full_pool(capacity);
  return std::nullopt;
}

std::optional<StoreDifference> LedgerReplay::grant(const LedgerRow& row) {
  if (!all_there(grant_columns(row)) || !none_there(capacity_columns(row)) || !row.status) {
    return difference(row, "the entry has not the columns of granted");
  }
  const auto program = *row.program_id;
  if (program < 1 || std::cmp_greater(program, granted_at_.size())) {
    return difference(row, "the program is not in the catalogue", "program " + std::to_string(program),
                      "1 to " + std::to_string(granted_at_.size()));
  }
  auto& granted_at = granted_at_[static_cast<std::size_t>(program - 1)];
  if (granted_at != 0) {
    return difference(row,
                      "the program is granted a second time; entry " + std::to_string(granted_at) + " has its grant");
  }
  if (*row.generation != 1) {
    return difference(row, "the generation is not the first, and nothing was released",
                      "generation " + std::to_string(*row.generation), "generation 1");
  }
  const Want want{*row.classrooms_wanted, *row.labs_wanted};
  if (!is_in_range(want)) {
    return difference(row, "nobody can want that", text_of(want), "0 to " + std::to_string(kQuantityMax) + " of each");
  }
  const Grant stored{*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted};
  const auto expected = allocate(left_, want);
  if (stored != expected) {
    return difference(row, "the grant is not what the rule gives for " + text_of(want) + " from " + text_of(left_),
                      text_of(stored), text_of(expected));
  }
  const std::int64_t status = grant_status(want, expected) == Status::kOk ? 0 : 1;
  if (*row.status != status) {
    return difference(row, "the status is not that of the grant", text_of_status(*row.status), text_of_status(status));
  }
  granted_at = row.seq;
  left_ = charge(left_, expected);
  ++grants_;
  return std::nullopt;
}

std::optional<StoreDifference> LedgerReplay::finish(const SemesterRow& semester, Epoch leadership) const {
  if (head_ == 0) return row_difference("the ledger has no entry of the semester");
  if (semester.head != head_) {
    return row_difference("the semester's head is not its last entry", "head " + std::to_string(semester.head),
                          "head " + std::to_string(head_));
  }
  if (semester.capacity != capacity_) {
    return row_difference("the semester's capacity is not what it was opened with", text_of(semester.capacity),
                          text_of(capacity_));
  }
  if (semester.left != left_) {
    return row_difference("what the semester has left is not its capacity less the grants", text_of(semester.left),
                          text_of(left_));
  }
  if (semester.epoch < 0 || semester.epoch > leadership) {
    return row_difference("the semester's epoch is none that the leadership has had",
                          "epoch " + std::to_string(semester.epoch), "0 to " + std::to_string(leadership));
  }
  if (!semester.is_open) return row_difference("the semester is closed, and no entry closes it");
  return std::nullopt;
}

}  // namespace dti
