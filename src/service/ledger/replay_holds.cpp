#include "service/ledger/replay_holds.hpp"

#include <string>
#include <utility>

#include "dti/domain/hold.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

StoreDifference difference(const LedgerRow& row, std::string what, std::string stored = {}, std::string expected = {}) {
  const auto program = row.program_id ? std::optional{*row.program_id} : std::nullopt;
  return {row.seq, program, std::move(what), std::move(stored), std::move(expected)};
}

bool is_kind(const LedgerRow& row, EntryKind kind) { return row.kind == stored_code(kind); }
bool has_cause(const LedgerRow& row, Cause cause) { return row.cause == static_cast<std::int64_t>(cause); }

std::string end_text(StoredNumber end) { return end ? "microsecond " + std::to_string(*end) : std::string{"no end"}; }

/// A hold that is due is only released.
std::optional<StoreDifference> compare_in_time(const LedgerRow& row, const RowContext& context, const char* what) {
  if (!is_due(context.expires_at, *row.at)) return std::nullopt;
  return difference(row, what, end_text(row.at), "before " + end_text(context.expires_at));
}

}  // namespace

std::optional<StoreDifference> compare_end(const std::optional<Replacing>& replacing, const LedgerRow& row) {
  if (!replacing) {
    if (!row.expires_at) return std::nullopt;
    if (!row.at) return difference(row, "the hold has no time");
    if (is_hold_end(*row.at, *row.expires_at)) return std::nullopt;
    return difference(row, "no hold can have that end", end_text(row.expires_at),
                      "up to " + std::to_string(kHoldMax.count()) + " s after " + end_text(row.at));
  }
  const auto kept = replacing->cause == Cause::kConfirmedInPart || replacing->expires_at == 0
                        ? StoredNumber{}
                        : StoredNumber{replacing->expires_at};
  if (row.expires_at == kept) return std::nullopt;
  return difference(row, "the grant does not have the end of the one that it replaces", end_text(row.expires_at),
                    end_text(kept));
}

std::optional<StoreDifference> compare_part(const Replacing& replacing, const LedgerRow& row) {
  const Want want{*row.classrooms_wanted, *row.labs_wanted};
  const auto& before = replacing.held.want;
  if (want.classrooms <= before.classrooms && want.labs <= before.labs && want != before) return std::nullopt;
  return difference(row, "the part of the hold that is confirmed is not less than the hold", text_of(want),
                    "less than " + text_of(before));
}

std::optional<StoreDifference> compare_end_of_hold(const LedgerRow& row, const RowContext& context) {
  const bool expires = has_cause(row, Cause::kExpired);
  const bool is_confirmed = has_cause(row, Cause::kConfirmedInPart);
  if (!expires && !is_confirmed && !has_cause(row, Cause::kCancelled)) return std::nullopt;
  if (context.expires_at == 0) {
    return difference(row, expires        ? "the grant that expires is no hold"
                           : is_confirmed ? "the grant of which a part is confirmed is no hold"
                                          : "the grant that is cancelled is no hold");
  }
  if (!expires && !is_confirmed) return std::nullopt;
  if (!row.at) return difference(row, "the entry has no time");
  if (is_confirmed) return compare_in_time(row, context, "a part of the hold is confirmed after its end");
  if (is_due(context.expires_at, *row.at)) return std::nullopt;
  return difference(row, "the hold expires before its end", end_text(row.at),
                    end_text(context.expires_at) + " or later");
}

std::optional<StoreDifference> replay_hold(const LedgerRow& row, const RowContext& context) {
  const bool extends = is_kind(row, EntryKind::kHoldExtended);
  if (!context.held || context.expires_at == 0) {
    return difference(row, extends ? "the program holds nothing that could be extended"
                                   : "the program holds nothing that could be confirmed");
  }
  if (*row.generation != std::int64_t{context.generation}) {
    return difference(row, "the entry is not about the grant that the program holds",
                      "generation " + std::to_string(*row.generation),
                      "generation " + std::to_string(context.generation));
  }
  if (!row.at) return difference(row, "the entry has no time");
  if (!extends) return compare_in_time(row, context, "the hold is confirmed after its end");
  if (auto found = compare_in_time(row, context, "the hold is extended after its end")) return found;
  if (*row.expires_at <= context.expires_at) {
    return difference(row, "the extension does not end later than the hold", end_text(row.expires_at),
                      "after " + end_text(context.expires_at));
  }
  if (is_hold_end(*row.at, *row.expires_at)) return std::nullopt;
  return difference(row, "no hold can have that end", end_text(row.expires_at),
                    "up to " + std::to_string(kHoldMax.count()) + " s after " + end_text(row.at));
}

std::int64_t holds_after(std::int64_t holds, const LedgerRow& row, const RowContext& context) {
  if (is_kind(row, EntryKind::kGranted)) return row.expires_at ? holds + 1 : holds;
  const bool ends = is_kind(row, EntryKind::kConfirmed) || is_kind(row, EntryKind::kReleased);
  return ends && context.expires_at != 0 ? holds - 1 : holds;
}

bool has_hold_columns(const LedgerRow& row) {
  const auto kind = static_cast<EntryKind>(row.kind);
  if (has_cause(row, Cause::kAsked)) return kind == EntryKind::kGranted && row.expires_at;
  if (kind == EntryKind::kHoldExtended) return row.expires_at.has_value();
  return !row.expires_at ||
         (kind == EntryKind::kGranted && (has_cause(row, Cause::kAmended) || has_cause(row, Cause::kToppedUp)));
}

}  // namespace dti
