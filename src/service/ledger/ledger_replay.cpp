#include "dti/service/ledger/ledger_replay.hpp"

#include <utility>

#include "dti/domain/allocate.hpp"
#include "dti/domain/amend.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dti/service/ledger/replay_quota.hpp"
#include "service/ledger/replay_holds.hpp"
#include "service/ledger/round_rules.hpp"

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

bool has_any_quota_column(const LedgerRow& row) {
  return row.faculty_id || row.classrooms_limit || row.classrooms_limit_is_soft || row.labs_limit ||
         row.labs_limit_is_soft;
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

/// A grant that replaces another one of the program, or the release of the other one.
bool is_replacement(const LedgerRow& row) {
  return has_cause(row, Cause::kAmended) || has_cause(row, Cause::kToppedUp) || has_cause(row, Cause::kConfirmedInPart);
}

/// Whether the columns of other kinds are NULL, and those that no replay needs are there.
bool has_only_its_columns(const LedgerRow& row) {
  const bool is_of_command = row.command.has_value();
  const bool is_about_program = has_any_grant_column(row) || row.status || row.cause || row.request;
  const bool is_topped_up = has_cause(row, Cause::kToppedUp);
  const auto kind = static_cast<EntryKind>(row.kind);
  if (row.setting.has_value() != (kind == EntryKind::kSetting)) return false;
  if (has_any_quota_column(row) && kind != EntryKind::kQuotaSet) return false;
  if (row.waits_since.has_value() != (kind == EntryKind::kGranted && is_topped_up)) return false;
  const bool is_by_round = kind == EntryKind::kGranted && has_cause(row, Cause::kRound);
  const bool is_of_round = kind == EntryKind::kRound || kind == EntryKind::kRoundOpened || is_by_round;
  if (row.terms.has_value() != is_of_round || (is_by_round && row.request)) return false;
  if (is_topped_up && row.request) return false;
  if (!has_hold_columns(row)) return false;
  switch (kind) {
    case EntryKind::kGranted:
      return !has_any_capacity_column(row) && row.status &&
             is_of_command == (row.cause && !has_cause(row, Cause::kAsked));
    case EntryKind::kReleased: return !has_any_capacity_column(row) && !row.status && is_of_command;
    case EntryKind::kSemesterOpened: return !is_about_program && !is_of_command;
    case EntryKind::kCapacityChanged: return !is_about_program && is_of_command;
    case EntryKind::kSemesterClosed:
    case EntryKind::kSemesterReopened:
    case EntryKind::kRound:
    case EntryKind::kRoundOpened:
    case EntryKind::kSetting: return !is_about_program && !has_any_capacity_column(row) && is_of_command;
    case EntryKind::kWaitingLeft:
    case EntryKind::kConfirmed:
    case EntryKind::kHoldExtended:
      return row.program_id && row.generation && !row.classrooms_wanted && !row.labs_wanted &&
             !row.classrooms_granted && !row.labs_granted && !row.mobile_labs_granted && !row.status && !row.cause &&
             !row.request && !has_any_capacity_column(row) && is_of_command;
    case EntryKind::kQuotaSet: return !is_about_program && !has_any_capacity_column(row) && is_of_command;
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
  if (totals.holds > 0) {
    return difference(row, "the entry closes a semester with open holds", std::to_string(totals.holds) + " open holds",
                      "none");
  }
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

std::string waiting_text(const Place& place) {
  return "program " + std::to_string(place.program) + ", which waits since entry " + std::to_string(place.since);
}

/// The words for a cause of replacements.
struct ReplacementText {
  std::string infinitive;
  std::string verb;
  std::string participle;
};

ReplacementText text_of(Cause cause) {
  if (cause == Cause::kToppedUp) return {"top it up", "tops up", "topped-up"};
  if (cause == Cause::kConfirmedInPart) return {"confirm a part of it", "confirms in part", "confirmed"};
  return {"amend it", "amends", "amended"};
}

/// Compares whether the row replaces the grant that the row before has released.
std::optional<StoreDifference> compare_replacing(const std::optional<Replacing>& replacing, const LedgerRow& row) {
  const bool replaces = is_replacement(row);
  if (row.cause && !replaces && !has_cause(row, Cause::kAsked))
    return difference(row, "no grant has that cause", cause_text(*row.cause));
  const bool is_that = replacing && replacing->program_id == *row.program_id && has_cause(row, replacing->cause);
  if (is_that && replacing->command != row.command) {
    return difference(
        row, "the release before is of another command than the " + text_of(replacing->cause).participle + " grant");
  }
  if (replaces == replacing.has_value() && (!replaces || is_that)) return std::nullopt;
  if (replaces) {
    return difference(row, "the entry before does not release the grant that this one " +
                               text_of(static_cast<Cause>(*row.cause)).verb);
  }
  return difference(
      row, "the entry before released a grant to " + text_of(replacing->cause).infinitive + ", and this one does not");
}

/// What the rule gives for that want.
Grant expected_grant(const LedgerTotals& totals, const RowContext& context, const Want& want) {
  const auto allowance = context.quotas == nullptr ? Allowance{} : context.quotas->allowance(context.faculty);
  if (!totals.replacing) return allocate(totals.left, within(want, allowance));
  const auto& held = totals.replacing->held.grant;
  const auto left = charge(totals.left, held);
  if (totals.replacing->cause == Cause::kToppedUp) return top_up(left, held, within(want, allowance));
  if (totals.replacing->cause == Cause::kConfirmedInPart) return kept(held, want);
  return amend_in_order(left, held, want,
                        {.program = static_cast<ProgramId>(totals.replacing->program_id),
                         .faculty = context.faculty,
                         .allowance = allowance,
                         .waiting = context.waiting});
}

/// A request that follows while a place may have something of what is left overtakes it.
std::optional<StoreDifference> compare_order(const LedgerTotals& totals, const LedgerRow& row,
                                             const RowContext& context) {
  if (context.waiting == nullptr || totals.replacing) return std::nullopt;
  const auto first = context.waiting->find_first(totals.left);
  if (!first) return std::nullopt;
  return difference(row, "the grant overtakes " + waiting_text(*first) + " and can use what is left");
}

/// The place of a grant that is not whole. To want more of any kind is to ask again.
Seq place_of(const std::optional<Replacing>& replacing, Seq seq, const Want& want) {
  if (!replacing) return seq;
  return asks_again(replacing->held.want, want) ? seq : replacing->waits_since;
}

std::optional<StoreDifference> compare_top_up(const LedgerTotals& totals, const LedgerRow& row) {
  const auto& before = *totals.replacing;
  if (want_of(row) != before.held.want) {
    return difference(row, "the top-up changes what the program wants", text_of(want_of(row)),
                      text_of(before.held.want));
  }
  if (row.waits_since == before.waits_since) return std::nullopt;
  return difference(row, "the top-up has another place in the wait list",
                    row.waits_since ? "entry " + std::to_string(*row.waits_since) : "none",
                    "entry " + std::to_string(before.waits_since));
}

std::optional<StoreDifference> replay_grant(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  if (!has_grant_columns(row)) return wrong_columns(row);
  if (auto found = unknown_program(row, context)) return found;
  const bool is_by_round = has_cause(row, Cause::kRound);
  if (is_by_round && totals.round_grants_missing == 0)
    return difference(row, "the grant is by a round, and none is held");
  if (!is_by_round) {
    if (auto found = compare_replacing(totals.replacing, row)) return found;
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
  if (is_by_round) return replay_award(totals, row, context);
  if (has_cause(row, Cause::kToppedUp)) {
    if (auto found = compare_top_up(totals, row)) return found;
  }
  if (has_cause(row, Cause::kConfirmedInPart)) {
    if (auto found = compare_part(*totals.replacing, row)) return found;
  }
  if (auto found = compare_end(totals.replacing, row)) return found;
  if (auto found = compare_order(totals, row, context)) return found;
  const auto stored = grant_of(row);
  const auto expected = expected_grant(totals, context, want);
  if (stored != expected) {
    return difference(row,
                      "the grant is not what the rule gives for " + text_of(want) + " from " + text_of(totals.left),
                      text_of(stored), text_of(expected));
  }
  totals.left = charge(totals.left, expected);
  totals.waits_since = place_of(totals.replacing, row.seq, want);
  totals.replacing.reset();
  return std::nullopt;
}

/// Compares whether the first program that can use something of what is left is topped up.
std::optional<StoreDifference> compare_first(const LedgerTotals& totals, const LedgerRow& row,
                                             const RowContext& context) {
  if (context.waiting == nullptr) return difference(row, "a program is topped up, and the semester has no wait list");
  const auto first = context.waiting->find_first(totals.left);
  if (!first) return difference(row, "a program is topped up, and no program that waits can use what is left");
  if (std::cmp_equal(first->program, *row.program_id)) return std::nullopt;
  return difference(row, "the top-up overtakes " + waiting_text(*first) + " and can use what is left");
}

std::optional<StoreDifference> replay_release(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  if (!has_grant_columns(row) || !row.cause) return wrong_columns(row);
  if (auto found = unknown_program(row, context)) return found;
  const bool is_replaced = is_replacement(row);
  const bool ends =
      has_cause(row, Cause::kReleased) || has_cause(row, Cause::kCancelled) || has_cause(row, Cause::kExpired);
  if (!is_replaced && !ends) {
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
  if (has_cause(row, Cause::kToppedUp)) {
    if (auto found = compare_first(totals, row, context)) return found;
  }
  if (auto found = compare_end_of_hold(row, context)) return found;
  totals.left = give_back(totals.left, stored.grant);
  if (is_replaced) {
    totals.replacing = Replacing{
        *row.program_id, static_cast<Cause>(*row.cause), stored, context.waits_since, row.command, context.expires_at};
  }
  return std::nullopt;
}

std::optional<StoreDifference> replay_setting(LedgerTotals& totals, const LedgerRow& row) {
  if (!row.setting) return wrong_columns(row);
  if (*row.setting < 0 || *row.setting >= kSemesterSettingCount) {
    return difference(row, "this version does not know the setting", "setting " + std::to_string(*row.setting));
  }
  const bool is_on = *row.setting == static_cast<std::int64_t>(SemesterSetting::kWaitListOn);
  if (is_on == totals.has_wait_list) {
    return difference(
        row, is_on ? "the entry turns on a wait list that is on" : "the entry turns off a wait list that is off");
  }
  totals.has_wait_list = is_on;
  totals.setting_at = row.seq;
  return std::nullopt;
}

std::optional<StoreDifference> replay_leaving(const LedgerRow& row, const RowContext& context) {
  if (!row.program_id || !row.generation) return wrong_columns(row);
  if (auto found = unknown_program(row, context)) return found;
  const bool waits = context.waiting != nullptr && context.held && context.waits_since > 0 &&
                     grant_status(context.held->want, context.held->grant) != Status::kOk;
  if (!waits) return difference(row, "the program leaves the wait list and is not in it");
  return wrong_generation(row, context.generation, "the entry is not about the grant that the program holds");
}

StoreDifference without_rule(const LedgerRow& row) {
  return difference(row, "the entry is of a kind for which this version has no rule", kind_text(row.kind));
}

std::optional<StoreDifference> replay_change_of_hold(const LedgerRow& row, const RowContext& context) {
  const bool extends = is_kind(row, EntryKind::kHoldExtended);
  if (!row.program_id || !row.generation || row.expires_at.has_value() != extends) return wrong_columns(row);
  if (auto found = unknown_program(row, context)) return found;
  return replay_hold(row, context);
}

std::optional<StoreDifference> replay_kind(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  switch (static_cast<EntryKind>(row.kind)) {
    case EntryKind::kGranted: return replay_grant(totals, row, context);
    case EntryKind::kReleased: return replay_release(totals, row, context);
    case EntryKind::kCapacityChanged: return replay_capacity(totals, row);
    case EntryKind::kSemesterOpened: return replay_opening(totals, row);
    case EntryKind::kSemesterClosed: return replay_closing(totals, row);
    case EntryKind::kSemesterReopened: return replay_reopening(totals, row);
    case EntryKind::kSetting: return replay_setting(totals, row);
    case EntryKind::kWaitingLeft: return replay_leaving(row, context);
    case EntryKind::kQuotaSet: return replay_quota(row, context);
    case EntryKind::kConfirmed:
    case EntryKind::kHoldExtended: return replay_change_of_hold(row, context);
    case EntryKind::kRound: return replay_round(totals, row, context);
    case EntryKind::kRoundOpened: return replay_round_opened(totals, row);
  }
  return std::nullopt;
}

StoreDifference half_replaced(const LedgerTotals& totals) {
  const auto text = text_of(totals.replacing->cause);
  return {totals.head,
          totals.replacing->program_id,
          "the entry released a grant to " + text.infinitive + ", and no " + text.participle + " grant follows",
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
    return without_rule(row);
  }
  if (!opens && !totals.is_open && !is_kind(row, EntryKind::kSemesterReopened)) {
    return difference(row, "the semester is closed, and the entry does not reopen it", kind_text(row.kind));
  }
  if (totals.replacing && !is_kind(row, EntryKind::kGranted)) return half_replaced(totals);
  const bool is_by_round = is_kind(row, EntryKind::kGranted) && has_cause(row, Cause::kRound);
  if (totals.round_grants_missing > 0 && !is_by_round) return half_round(totals);
  auto found = replay_kind(totals, row, context);
  if (found) return found;
  totals.head = row.seq;
  totals.holds = holds_after(totals.holds, row, context);
  return std::nullopt;
}

void keep_quotas(Quotas& quotas, const LedgerRow& row, const RowContext& context) {
  if (is_kind(row, EntryKind::kGranted)) quotas.add(context.faculty, grant_of(row));
  if (is_kind(row, EntryKind::kReleased)) quotas.remove(context.faculty, context.held->grant);
  if (is_kind(row, EntryKind::kQuotaSet)) {
    if (const auto quota = quota_of(row)) quotas.set(static_cast<FacultyId>(*row.faculty_id), *quota, row.seq);
  }
}

bool keep_wait_list(std::optional<WaitList>& waiting, const LedgerTotals& totals, const LedgerRow& row,
                    const RowContext& context) {
  const bool was_on = waiting.has_value();
  if (totals.has_wait_list != was_on) {
    waiting = totals.has_wait_list ? std::optional<WaitList>{std::in_place} : std::nullopt;
    if (waiting && context.quotas != nullptr) set_rooms(*waiting, *context.quotas);
    return was_on;
  }
  if (!was_on) return true;
  if (is_kind(row, EntryKind::kQuotaSet) && context.quotas != nullptr) {
    const auto faculty = static_cast<FacultyId>(*row.faculty_id);
    waiting->set_room(faculty, context.quotas->room(faculty));
  }
  if (!row.program_id) return true;
  const auto program = static_cast<ProgramId>(*row.program_id);
  if (is_kind(row, EntryKind::kGranted)) {
    if (totals.waits_since > 0) {
      waiting->add({totals.waits_since, program, context.faculty}, grant_of(row), want_of(row));
    }
  } else if ((is_kind(row, EntryKind::kReleased) || is_kind(row, EntryKind::kWaitingLeft)) && context.waits_since > 0) {
    waiting->remove({context.waits_since, program, context.faculty}, context.held->grant, context.held->want);
  }
  if (context.quotas != nullptr) waiting->set_room(context.faculty, context.quotas->room(context.faculty));
  return true;
}

void keep_round(std::optional<RoundInProgress>& round, const LedgerTotals& totals, const LedgerRow& row,
                const RowContext& context) {
  if (is_kind(row, EntryKind::kRound)) {
    round.emplace(*parse_round_terms(*row.terms), row,
                  RoundPool{totals.left, context.quotas == nullptr ? Quotas{} : *context.quotas});
  } else if (totals.round_grants_missing == 0) {
    round.reset();
  } else {
    round->add(row, *ask_of(row), context.faculty);
  }
}

std::optional<StoreDifference> compare(const LedgerTotals& totals, const StoredSemester& semester) {
  if (totals.head == 0) return row_difference("the ledger has no entry of the semester");
  if (semester.head != totals.head) return wrong_head(semester.head, totals.head);
  if (totals.replacing) return half_replaced(totals);
  if (totals.round_grants_missing > 0) return half_round(totals);
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

LedgerReplay::LedgerReplay(const std::vector<FacultyId>& faculties) : programs_(faculties.size()) {
  for (std::size_t i = 0; i < faculties.size(); ++i) {
    programs_[i].faculty = faculties[i];
    faculty_count_ = std::max<std::size_t>(faculty_count_, faculties[i]);
  }
}

std::optional<StoreDifference> LedgerReplay::add(const LedgerRow& row) {
  if (row.seq == totals_.head + 1 && !has_only_its_columns(row)) return wrong_columns(row);
  RowContext context{.program_count = programs_.size(), .faculty_count = faculty_count_, .quotas = &quotas_};
  const auto program = row.program_id.value_or(0);
  Newest* const newest = program >= 1 && std::cmp_less_equal(program, programs_.size())
                             ? &programs_[static_cast<std::size_t>(program - 1)]
                             : nullptr;
  if (newest != nullptr) {
    context.granted_at = newest->granted_at;
    context.generation = newest->generation;
    if (newest->is_held) context.held = newest->grant;
    context.waits_since = newest->waits_since;
    context.faculty = newest->faculty;
    if (newest->is_held) context.expires_at = newest->expires_at;
  }
  if (waiting_) context.waiting = &*waiting_;
  if (round_) context.round = &*round_;
  auto totals = totals_;
  if (auto found = replay(totals, row, context)) return found;
  if (is_kind(row, EntryKind::kGranted)) {
    if (auto found = compare_status(row)) return found;
  }
  const bool ends_grant = is_kind(row, EntryKind::kReleased) && !has_cause(row, Cause::kToppedUp);
  if (ends_grant && row.request != newest->request) {
    return difference(row, "the release does not repeat the request-id of the grant");
  }
  totals_ = totals;
  keep(row, newest, context);
  return std::nullopt;
}

void LedgerReplay::keep(const LedgerRow& row, Newest* newest, const RowContext& context) {
  if (is_kind(row, EntryKind::kGranted)) {
    // A topped-up grant keeps the request-id of the one before it.
    const auto request = has_cause(row, Cause::kToppedUp) ? newest->request : row.request;
    *newest = {row.seq,
               request,
               {want_of(row), grant_of(row)},
               context.generation + 1,
               true,
               totals_.waits_since,
               context.faculty,
               row.expires_at.value_or(0)};
    ++grants_;
  }
  if (is_kind(row, EntryKind::kReleased)) newest->is_held = false;
  if (is_kind(row, EntryKind::kWaitingLeft)) newest->waits_since = 0;
  if (round_ || is_kind(row, EntryKind::kRound)) keep_round(round_, totals_, row, context);
  keep_quotas(quotas_, row, context);
  if (is_kind(row, EntryKind::kConfirmed)) newest->expires_at = 0;
  if (is_kind(row, EntryKind::kHoldExtended)) newest->expires_at = *row.expires_at;
  if (!keep_wait_list(waiting_, totals_, row, context)) add_all_waiting();
}

void LedgerReplay::add_all_waiting() {
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    const auto& newest = programs_[i];
    if (!newest.is_held || newest.waits_since == 0) continue;
    waiting_->add({newest.waits_since, static_cast<ProgramId>(i + 1), newest.faculty}, newest.grant.grant,
                  newest.grant.want);
  }
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
