#include "dti/service/ledger/ledger_replay.hpp"

#include <utility>

#include "dti/domain/allocate.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

bool has_grant_columns(const LedgerRow& row) {
  return row.program_id && row.generation && row.classrooms_wanted && row.labs_wanted && row.classrooms_granted &&
         row.labs_granted && row.mobile_labs_granted;
}

bool has_any_grant_column(const LedgerRow& row) {
  return row.program_id || row.generation || row.classrooms_wanted || row.labs_wanted || row.classrooms_granted ||
         row.labs_granted || row.mobile_labs_granted;
}

bool has_capacity_columns(const LedgerRow& row) {
  return row.classrooms_capacity && row.labs_capacity && row.conversions_capacity;
}

bool has_any_capacity_column(const LedgerRow& row) {
  return row.classrooms_capacity || row.labs_capacity || row.conversions_capacity;
}

StoreDifference difference(const LedgerRow& row, std::string what, std::string stored = {}, std::string expected = {}) {
  const auto program = row.program_id ? std::optional{*row.program_id} : std::nullopt;
  return {row.seq, program, std::move(what), std::move(stored), std::move(expected)};
}

StoreDifference row_difference(std::string what, std::string stored = {}, std::string expected = {}) {
  return {std::nullopt, std::nullopt, std::move(what), std::move(stored), std::move(expected)};
}

StoreDifference wrong_capacity(const Capacity& stored, const Capacity& opened_with) {
  return row_difference("the semester's capacity is not what it was opened with", text_of(stored),
                        text_of(opened_with));
}

bool is_kind(const LedgerRow& row, EntryKind kind) { return row.kind == static_cast<std::int64_t>(kind); }

std::string text_of_status(std::int64_t code) {
  if (code != 0 && code != 1) return "status " + std::to_string(code);
  return std::string{wire_text(code == 0 ? Status::kOk : Status::kNotEnoughResources)};
}

/// Whether the columns of other kinds are NULL, and a grant has a status.
bool has_only_its_columns(const LedgerRow& row) {
  if (is_kind(row, EntryKind::kSemesterOpened)) return !has_any_grant_column(row) && !row.status;
  if (is_kind(row, EntryKind::kGranted)) return !has_any_capacity_column(row) && row.status.has_value();
  return true;  // no rule for it
}

StoreDifference wrong_columns(const LedgerRow& row) {
  return difference(row, "the entry does not have the columns of " + kind_text(row.kind));
}

std::optional<StoreDifference> replay_opening(LedgerTotals& totals, const LedgerRow& row) {
  if (row.seq != 1) return difference(row, "the entry opens a semester that is open");
  if (!has_capacity_columns(row)) return wrong_columns(row);
  const Capacity capacity{*row.classrooms_capacity, *row.labs_capacity, *row.conversions_capacity};
  if (!is_in_range(capacity)) {
    return difference(row, "no semester can have that capacity", text_of(capacity),
                      "0 to " + std::to_string(kCapacityMax) + " of each, and no more conversions than classrooms");
  }
  totals.capacity = capacity;
  totals.left = full_pool(capacity);
  return std::nullopt;
}

std::optional<StoreDifference> replay_grant(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  if (!has_grant_columns(row)) return wrong_columns(row);
  const auto program = *row.program_id;
  if (program < 1 || std::cmp_greater(program, context.program_count)) {
    return difference(row, "the program is not in the catalogue", "program " + std::to_string(program),
                      "1 to " + std::to_string(context.program_count));
  }
  if (context.has_grant) {
    const auto earlier =
        context.granted_at == 0 ? std::string{} : "; entry " + std::to_string(context.granted_at) + " has its grant";
    return difference(row, "the program is granted a second time" + earlier);
  }
  if (*row.generation != 1) {
    return difference(row, "the generation is not the first, although no grant was released",
                      "generation " + std::to_string(*row.generation), "generation 1");
  }
  const Want want{*row.classrooms_wanted, *row.labs_wanted};
  if (!is_in_range(want)) {
    return difference(row, "no request wants that", text_of(want), "0 to " + std::to_string(kQuantityMax) + " of each");
  }
  const Grant stored{*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted};
  const auto expected = allocate(totals.left, want);
  if (stored != expected) {
    return difference(row,
                      "the grant is not what the rule gives for " + text_of(want) + " from " + text_of(totals.left),
                      text_of(stored), text_of(expected));
  }
  totals.left = charge(totals.left, expected);
  return std::nullopt;
}

/// Compares the status of a grant that has been replayed.
std::optional<StoreDifference> compare_status(const LedgerRow& row) {
  const Want want{*row.classrooms_wanted, *row.labs_wanted};
  const Grant grant{*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted};
  const std::int64_t status = grant_status(want, grant) == Status::kOk ? 0 : 1;
  if (*row.status == status) return std::nullopt;
  return difference(row, "the status is not that of the grant", text_of_status(*row.status), text_of_status(status));
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

StoreDifference missing_entry(Seq seq, std::optional<Seq> found) {
  return {seq, std::nullopt, "the entry is missing", found ? "entry " + std::to_string(*found) : std::string{},
          found ? "entry " + std::to_string(seq) : std::string{}};
}

StoreDifference wrong_head(Seq stored, Seq last_entry) {
  return row_difference("the semester's head is not its last entry", "head " + std::to_string(stored),
                        "head " + std::to_string(last_entry));
}

std::optional<StoreDifference> replay(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  if (row.seq != totals.head + 1) return missing_entry(totals.head + 1, row.seq);
  const bool opens = is_kind(row, EntryKind::kSemesterOpened);
  if (row.seq == 1 && !opens) {
    return difference(row, "the first entry does not open the semester", kind_text(row.kind),
                      kind_text(stored_code(EntryKind::kSemesterOpened)));
  }
  if (!opens && !is_kind(row, EntryKind::kGranted)) {
    return difference(row, "the entry is of a kind for which this version has no rule", kind_text(row.kind));
  }
  auto found = opens ? replay_opening(totals, row) : replay_grant(totals, row, context);
  if (!found) totals.head = row.seq;
  return found;
}

std::optional<StoreDifference> compare(const LedgerTotals& totals, const StoredSemester& semester) {
  if (totals.head == 0) return row_difference("the ledger has no entry of the semester");
  if (semester.head != totals.head) return wrong_head(semester.head, totals.head);
  if (semester.capacity != totals.capacity) return wrong_capacity(semester.capacity, totals.capacity);
  if (semester.left != totals.left) {
    return row_difference("what the semester has left is not its capacity less the grants", text_of(semester.left),
                          text_of(totals.left));
  }
  return std::nullopt;
}

std::optional<StoreDifference> LedgerReplay::add(const LedgerRow& row) {
  if (row.seq == totals_.head + 1 && !has_only_its_columns(row)) return wrong_columns(row);
  RowContext context{.program_count = granted_at_.size()};
  const auto program = row.program_id.value_or(0);
  Seq* const granted_at = program >= 1 && std::cmp_less_equal(program, granted_at_.size())
                              ? &granted_at_[static_cast<std::size_t>(program - 1)]
                              : nullptr;
  if (granted_at != nullptr) {
    context.granted_at = *granted_at;
    context.has_grant = *granted_at != 0;
  }
  auto totals = totals_;
  if (auto found = replay(totals, row, context)) return found;
  if (is_kind(row, EntryKind::kGranted)) {
    if (auto found = compare_status(row)) return found;
    *granted_at = row.seq;
    ++grants_;
  }
  totals_ = totals;
  return std::nullopt;
}

std::optional<StoreDifference> LedgerReplay::finish(const StoredSemester& semester, Epoch leadership) const {
  if (auto found = compare(totals_, semester)) return found;
  if (semester.epoch < 0 || semester.epoch > leadership) {
    return row_difference("the leadership never had the semester's epoch", "epoch " + std::to_string(semester.epoch),
                          "0 to " + std::to_string(leadership));
  }
  if (!semester.is_open) return row_difference("the semester is closed, and no entry closes it");
  return std::nullopt;
}

}  // namespace dti
