#pragma once

#include <optional>

#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {

// The rules for holds. Each function returns the first difference of a row from them. Source: docs/allocation.md, Holds. Pure.

/// Compares the end of a grant: a request chooses it, a grant that replaces a hold keeps it, and a part that is confirmed has
/// none.
[[nodiscard]] std::optional<StoreDifference> compare_end(const std::optional<Replacing>& replacing,
                                                         const LedgerRow& row);

/// Compares what a grant that confirms a part of a hold wants: less than the hold.
[[nodiscard]] std::optional<StoreDifference> compare_part(const Replacing& replacing, const LedgerRow& row);

/// Compares a release whose cause only a hold can have. @return none for other causes
[[nodiscard]] std::optional<StoreDifference> compare_end_of_hold(const LedgerRow& row, const RowContext& context);

/// Compares a `confirmed` or a `hold-extended`, whose program is in the catalogue.
[[nodiscard]] std::optional<StoreDifference> replay_hold(const LedgerRow& row, const RowContext& context);

/// Counts the holds that are open after a row that was replayed.
/// @param context  of the row
[[nodiscard]] std::int64_t holds_after(std::int64_t holds, const LedgerRow& row, const RowContext& context);

/// Tells whether a row has the columns `expires_at` and `at` where a hold needs them, and only there.
[[nodiscard]] bool has_hold_columns(const LedgerRow& row);

}  // namespace dti
