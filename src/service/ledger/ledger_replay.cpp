#include "dti/service/ledger/ledger_replay.hpp"

#include <utility>

#include "dti/domain/allocate.hpp"
#include "dti/domain/amend.hpp"
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

StoreDifference wrong_capacity(const Capacity& stored, const LedgerTotals& totals) {
  const auto what = totals.capacity_at == 1 ? std::string{"what it was opened with"}
                                            : "that of entry " + std::to_string(totals.capacity_at);
  return row_difference("the semester's capacity is not " + what, text_of(stored), text_of(totals.capacity));
}

bool is_kind(const LedgerRow& row, EntryKind kind) { return row.kind == static_cast<std::int64_t>(kind); }

std::string text_of_status(std::int64_t code) {
  if (code != 0 && code != 1) return "status " + std::to_string(code);
  return std::string{wire_text(code == 0 ? Status::kOk : Status::kNotEnoughResources)};
}

bool has_cause(const LedgerRow& row, Cause cause) { return row.cause == static_cast<std::int64_t>(cause); }

/// Whether the columns of other kinds are NULL, and those that no replay needs are there.
bool has_only_its_columns(const LedgerRow& row) {
  const bool is_of_command = row.command.has_value();
  const bool is_about_program = has_any_grant_column(row) || row.status || row.cause || row.request;
  switch (static_cast<EntryKind>(row.kind)) {
    case EntryKind::kGranted:
      return !has_any_capacity_column(row) && row.status && is_of_command == row.cause.has_value();
    case EntryKind::kReleased: return !has_any_capacity_column(row) && !row.status && is_of_command;
    case EntryKind::kSemesterOpened: return !is_about_program && !is_of_command;
    case EntryKind::kCapacityChanged: return !is_about_program && is_of_command;
    case EntryKind::kSemesterClosed:
    case EntryKind::kSemesterReopened: return !is_about_program && !has_any_capacity_column(row) && is_of_command;
  }
  return true;  // replay() refuses other kinds
}

StoreDifference wrong_columns(const LedgerRow& row) {
  return difference(row, "the entry does not have the columns of " + kind_text(row.kind));
}

/// @return the capacity of the row; none: it lacks columns
std::optional<Capacity> capacity_of(const LedgerRow& row) {
  if (!has_capacity_columns(row)) return std::nullopt;
  return Capacity{*row.classrooms_capacity, *row.labs_capacity, *row.conversions_capacity};
}

StoreDifference impossible_capacity(const LedgerRow& row, const Capacity& capacity) {
  return difference(row, "no semester can have that capacity", text_of(capacity),
                    "0 to " + std::to_string(kCapacityMax) + " of each, and no more conversions than classrooms");
}

std::optional<StoreDifference> replay_opening(LedgerTotals& totals, const LedgerRow& row) {
  if (row.seq != 1) return difference(row, "the entry opens a semester that is open");
  const auto capacity = capacity_of(row);
  if (!capacity) return wrong_columns(row);
  if (!is_in_range(*capacity)) return impossible_capacity(row, *capacity);
  totals.capacity = *capacity;
  totals.capacity_at = row.seq;
  totals.left = full_pool(*capacity);
  totals.is_open = true;
  totals.opened_at = row.seq;
  return std::nullopt;
}

std::optional<StoreDifference> replay_capacity(LedgerTotals& totals, const LedgerRow& row) {
  const auto capacity = capacity_of(row);
  if (!capacity) return wrong_columns(row);
  if (!is_in_range(*capacity)) return impossible_capacity(row, *capacity);
  const auto left = left_after_resize(totals.left, totals.capacity, *capacity);
  if (!left) {
    return difference(row, "the capacity is less than what is granted", text_of(*capacity),
                      "at least " + text_of(granted_of(totals.capacity, totals.left)));
  }
  totals.left = *left;
  totals.capacity = *capacity;
  totals.capacity_at = row.seq;
  return std::nullopt;
}

std::optional<StoreDifference> replay_closing(LedgerTotals& totals, const LedgerRow& row) {
  totals.is_open = false;
  totals.opened_at = row.seq;
  return std::nullopt;
}

std::optional<StoreDifference> replay_reopening(LedgerTotals& totals, const LedgerRow& row) {
  if (totals.is_open) return difference(row, "the entry reopens a semester that is open");
  totals.is_open = true;
  totals.opened_at = row.seq;
  return std::nullopt;
}

/// The difference of a row that does not name a program of the catalogue.
std::optional<StoreDifference> unknown_program(const LedgerRow& row, const RowContext& context) {
  const auto program = *row.program_id;
  if (program >= 1 && std::cmp_less_equal(program, context.program_count)) return std::nullopt;
  return difference(row, "the program is not in the catalogue", "program " + std::to_string(program),
                    "1 to " + std::to_string(context.program_count));
}

std::optional<StoreDifference> wrong_generation(const LedgerRow& row, std::int32_t expected, const char* what) {
  if (*row.generation == expected) return std::nullopt;
  return difference(row, what, "generation " + std::to_string(*row.generation),
                    "generation " + std::to_string(expected));
}

Want want_of(const LedgerRow& row) { return {*row.classrooms_wanted, *row.labs_wanted}; }
Grant grant_of(const LedgerRow& row) { return {*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted}; }

std::optional<StoreDifference> replay_grant(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  if (!has_grant_columns(row)) return wrong_columns(row);
  if (auto found = unknown_program(row, context)) return found;
  const bool is_amended = has_cause(row, Cause::kAmended);
  if (row.cause && !is_amended) return difference(row, "no grant has that cause", cause_text(*row.cause));
  const auto& amending = totals.amending;
  if (is_amended != amending.has_value() || (amending && amending->program_id != *row.program_id)) {
    return difference(row, is_amended ? "the entry before does not release the grant that this one amends"
                                      : "the entry before released a grant to amend it, and this one does not");
  }
  if (amending && amending->command != row.command) {
    return difference(row, "the release before is of another command than the amended grant");
  }
  if (context.held) {
    const auto earlier =
        context.granted_at == 0 ? std::string{} : "; entry " + std::to_string(context.granted_at) + " has its grant";
    return difference(row, "the program is granted a second time" + earlier);
  }
  if (auto found = wrong_generation(row, context.generation + 1,
                                    context.generation == 0
                                        ? "the generation is not the first, although no grant was released"
                                        : "the generation is not the one after that of the released grant")) {
    return found;
  }
  const auto want = want_of(row);
  if (!is_in_range(want)) {
    return difference(row, "no request wants that", text_of(want), "0 to " + std::to_string(kQuantityMax) + " of each");
  }
  const auto stored = grant_of(row);
  const auto expected = amending ? amend(charge(totals.left, amending->held.grant), amending->held.grant, want)
                                 : allocate(totals.left, want);
  if (stored != expected) {
    return difference(row,
                      "the grant is not what the rule gives for " + text_of(want) + " from " + text_of(totals.left),
                      text_of(stored), text_of(expected));
  }
  totals.left = charge(totals.left, expected);
  totals.amending.reset();
  return std::nullopt;
}

std::optional<StoreDifference> replay_release(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  if (!has_grant_columns(row) || !row.cause) return wrong_columns(row);
  if (auto found = unknown_program(row, context)) return found;
  const bool is_amended = has_cause(row, Cause::kAmended);
  if (!is_amended && !has_cause(row, Cause::kReleased)) {
    return difference(row, "no release has that cause", cause_text(*row.cause));
  }
  if (!context.held) return difference(row, "the program holds no grant that could be released");
  if (auto found =
          wrong_generation(row, context.generation, "the release is not of the grant that the program holds")) {
    return found;
  }
  const HeldGrant stored{want_of(row), grant_of(row)};
  if (stored != *context.held) {
    return difference(row, "the release does not repeat the grant", text_of(stored.want) + ": " + text_of(stored.grant),
                      text_of(context.held->want) + ": " + text_of(context.held->grant));
  }
  totals.left = give_back(totals.left, stored.grant);
  if (is_amended) totals.amending = Amending{*row.program_id, stored, row.command};
  return std::nullopt;
}

std::optional<StoreDifference> replay_kind(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  switch (static_cast<EntryKind>(row.kind)) {
    case EntryKind::kGranted: return replay_grant(totals, row, context);
    case EntryKind::kReleased: return replay_release(totals, row, context);
    case EntryKind::kCapacityChanged: return replay_capacity(totals, row);
    case EntryKind::kSemesterOpened: return replay_opening(totals, row);
    case EntryKind::kSemesterClosed: return replay_closing(totals, row);
    case EntryKind::kSemesterReopened: return replay_reopening(totals, row);
  }
  return std::nullopt;
}

StoreDifference half_amended(const LedgerTotals& totals) {
  return {totals.head,
          totals.amending->program_id,
          "the entry released a grant to amend it, and no amended grant follows",
          {},
          {}};
}

/// Compares the status of a grant that has been replayed.
std::optional<StoreDifference> compare_status(const LedgerRow& row) {
  const std::int64_t status = grant_status(want_of(row), grant_of(row)) == Status::kOk ? 0 : 1;
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
  if (row.kind < 0 || row.kind >= kEntryKindCount) {
    return difference(row, "the entry is of a kind for which this version has no rule", kind_text(row.kind));
  }
  if (!opens && !totals.is_open && !is_kind(row, EntryKind::kSemesterReopened)) {
    return difference(row, "the semester is closed, and the entry does not reopen it", kind_text(row.kind));
  }
  if (totals.amending && !is_kind(row, EntryKind::kGranted)) return half_amended(totals);
  auto found = replay_kind(totals, row, context);
  if (!found) totals.head = row.seq;
  return found;
}

std::optional<StoreDifference> compare(const LedgerTotals& totals, const StoredSemester& semester) {
  if (totals.head == 0) return row_difference("the ledger has no entry of the semester");
  if (semester.head != totals.head) return wrong_head(semester.head, totals.head);
  if (totals.amending) return half_amended(totals);
  if (semester.is_open != totals.is_open) {
    return row_difference(semester.is_open ? "the semester is open, and its ledger has closed it"
                                           : "the semester is closed, and no entry closes it");
  }
  if (semester.capacity != totals.capacity) return wrong_capacity(semester.capacity, totals);
  if (semester.left != totals.left) {
    return row_difference("what the semester has left is not its capacity less the grants", text_of(semester.left),
                          text_of(totals.left));
  }
  return std::nullopt;
}

std::optional<StoreDifference> LedgerReplay::add(const LedgerRow& row) {
  if (row.seq == totals_.head + 1 && !has_only_its_columns(row)) return wrong_columns(row);
  RowContext context{.program_count = programs_.size()};
  const auto program = row.program_id.value_or(0);
  Newest* const newest = program >= 1 && std::cmp_less_equal(program, programs_.size())
                             ? &programs_[static_cast<std::size_t>(program - 1)]
                             : nullptr;
  if (newest != nullptr) {
    context.granted_at = newest->granted_at;
    context.generation = newest->generation;
    if (newest->is_held) context.held = newest->grant;
  }
  auto totals = totals_;
  if (auto found = replay(totals, row, context)) return found;
  if (is_kind(row, EntryKind::kGranted)) {
    if (auto found = compare_status(row)) return found;
    *newest = {row.seq, row.request, {want_of(row), grant_of(row)}, context.generation + 1, true};
    ++grants_;
  }
  if (is_kind(row, EntryKind::kReleased)) {
    if (row.request != newest->request)
      return difference(row, "the release does not repeat the request-id of the grant");
    newest->is_held = false;
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
  return std::nullopt;
}

}  // namespace dti
