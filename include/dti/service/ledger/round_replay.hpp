#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dti/domain/policies/policies.hpp"
#include "dti/domain/quotas.hpp"
#include "dti/service/ledger/round_terms.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// The semester when a round is held.
struct RoundPool {
  Pool left;      // each quantity >= 0
  Quotas quotas;  // with what the faculties hold
};

/// What a round grants.
/// @param terms  its secret and its seal draw the lots, which replace those of `asks`
/// @param asks   in the order in which their grants are written, which is also that of their arrival
/// @param faculty_of  the faculty of each program
/// Pure. Source: docs/adr/0033-rounds.md
[[nodiscard]] Awards decide_round(const RoundTerms& terms, const RoundPool& pool, std::vector<Ask> asks,
                                  const std::function<FacultyId(ProgramId)>& faculty_of);

/// A grant that a policy does not give.
struct WrongAward {
  Seq seq = 0;
  ProgramId program = 0;
  Want want;
  Grant stored;
  Grant expected;
};

/// A round of which the ledger's reader has seen the beginning, and not all grants yet. It keeps them until the last one is
/// there: only then can they be computed. Thread: one.
class RoundInProgress {
 public:
  /// @param row  of the round
  RoundInProgress(const RoundTerms& terms, const LedgerRow& row, RoundPool pool)
      : terms_(terms), at_(row.seq), command_(row.command), pool_(std::move(pool)) {}

  [[nodiscard]] Seq at() const { return at_; }
  [[nodiscard]] const StoredNumber& command() const { return command_; }
  /// Grants that are missing; at least 1 while the round is in progress.
  [[nodiscard]] std::int64_t missing() const { return terms_.grants - static_cast<std::int64_t>(asks_.size()); }

  /// Adds the next grant, whose columns are in their ranges.
  void add(const LedgerRow& row, const Ask& ask, FacultyId faculty);
  /// The first grant that is not what the policy gives, if this is the last one of the round.
  [[nodiscard]] std::optional<WrongAward> compare_with_last(const LedgerRow& row, const Ask& ask,
                                                            FacultyId faculty) const;

 private:
  RoundTerms terms_;
  Seq at_ = 0;
  StoredNumber command_;
  RoundPool pool_;
  std::vector<Ask> asks_;
  std::vector<Grant> grants_;
  std::unordered_map<ProgramId, FacultyId> faculties_;
};

/// The ask of a grant by a round. @return none: its terms are not those of one, or its want is out of range
[[nodiscard]] std::optional<Ask> ask_of(const LedgerRow& row);

}  // namespace dti
