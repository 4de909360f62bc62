#include "service/ledger/round_rules.hpp"

#include <string>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

StoreDifference difference(const LedgerRow& row, std::string what, std::string stored = {}, std::string expected = {}) {
  const auto program = row.program_id ? std::optional{*row.program_id} : std::nullopt;
  return {row.seq, program, std::move(what), std::move(stored), std::move(expected)};
}

std::string terms_text(const LedgerRow& row) { return row.terms ? escaped(*row.terms) : "none"; }

bool is_not_negative(const Pool& pool) { return pool.classrooms >= 0 && pool.labs >= 0 && pool.conversions_left >= 0; }

}  // namespace

std::optional<StoreDifference> replay_round_opened(LedgerTotals& totals, const LedgerRow& row) {
  const auto commitment = parse_opening(row.terms.value_or(""));
  if (!commitment) return difference(row, "the terms are not those of an opening", terms_text(row));
  totals.round_commitment = commitment;
  totals.round_at = row.seq;
  return std::nullopt;
}

std::optional<StoreDifference> replay_round(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  const auto terms = parse_round_terms(row.terms.value_or(""));
  if (!terms) return difference(row, "the terms are not those of a round of this version", terms_text(row));
  if (!totals.round_commitment) return difference(row, "a round is held, and none is open");
  if (terms->opened_at != totals.round_at) {
    return difference(row, "the round is not the one that was opened last",
                      "opened by entry " + std::to_string(terms->opened_at),
                      "opened by entry " + std::to_string(totals.round_at));
  }
  const auto commitment = commitment_of(terms->secret, terms->plan);
  if (commitment != *totals.round_commitment) {
    return difference(row, "the secret and the plan are not those that were published", hex_text(commitment),
                      hex_text(*totals.round_commitment));
  }
  if (context.waiting != nullptr) {
    if (const auto first = context.waiting->find_first(totals.left)) {
      return difference(row, "the round overtakes program " + std::to_string(first->program) +
                                 ", which waits since entry " + std::to_string(first->since) +
                                 " and can use what is left");
    }
  }
  totals.round_commitment.reset();
  totals.round_at = row.seq;
  totals.round_grants_missing = terms->grants;
  return std::nullopt;
}

std::optional<StoreDifference> replay_award(LedgerTotals& totals, const LedgerRow& row, const RowContext& context) {
  const auto ask = ask_of(row);
  if (!ask) return difference(row, "the terms are not those of a grant by a round", terms_text(row));
  const auto& round = *context.round;
  if (row.command != round.command()) return difference(row, "the round before is of another command than the grant");
  const Grant grant{*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted};
  const auto left = charge(totals.left, grant);
  if (grant.classrooms < 0 || grant.labs < 0 || grant.mobile_labs < 0 || !is_not_negative(left)) {
    return difference(row, "the round grants more than is left", text_of(grant), text_of(totals.left));
  }
  if (const auto wrong = round.compare_with_last(row, *ask, context.faculty)) {
    return StoreDifference{wrong->seq, wrong->program,
                           "the grant is not what the round gives for " + text_of(wrong->want), text_of(wrong->stored),
                           text_of(wrong->expected)};
  }
  totals.left = left;
  totals.waits_since = row.seq;
  --totals.round_grants_missing;
  return std::nullopt;
}

StoreDifference half_round(const LedgerTotals& totals) {
  return {totals.head,
          std::nullopt,
          "the round of entry " + std::to_string(totals.round_at) + " ends before its last grant",
          std::to_string(totals.round_grants_missing) + " grants are missing",
          {}};
}

}  // namespace dti
