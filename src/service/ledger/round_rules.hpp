#pragma once

#include <optional>

#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {

// The rules of replay() for rounds. Source: docs/adr/0033-rounds.md

/// An entry that opens a round: the newest opening counts.
[[nodiscard]] std::optional<StoreDifference> replay_round_opened(LedgerTotals& totals, const LedgerRow& row);

/// The first entry of a round.
[[nodiscard]] std::optional<StoreDifference> replay_round(LedgerTotals& totals, const LedgerRow& row,
                                                          const RowContext& context);

/// A grant by the round in progress, whose program holds nothing. With the last grant, the round is computed.
[[nodiscard]] std::optional<StoreDifference> replay_award(LedgerTotals& totals, const LedgerRow& row,
                                                          const RowContext& context);

/// The round in progress has ended before its last grant.
[[nodiscard]] StoreDifference half_round(const LedgerTotals& totals);

}  // namespace dti
