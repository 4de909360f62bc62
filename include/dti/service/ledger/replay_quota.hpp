#pragma once

#include <optional>

#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {

/// The quota of a `quota-set`; none: it lacks columns, or has one of a limit alone.
[[nodiscard]] std::optional<Quota> quota_of(const LedgerRow& row);

/// Compares a `quota-set` with the rule: no hard limit is less than what the faculty holds.
/// @return the first difference. Source: docs/allocation.md, Quotas. Pure.
[[nodiscard]] std::optional<StoreDifference> replay_quota(const LedgerRow& row, const RowContext& context);

}  // namespace dti
