#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ask.hpp"
#include "dti/domain/policies/policies.hpp"
#include "dti/domain/round_plan.hpp"
#include "dti/service/ledger/round_lots.hpp"

namespace dti {

// The column `terms` of the ledger, which has what only rounds need. Each text has one form: no other text means the same.
// Source: docs/adr/0033-rounds.md

inline constexpr int kPolicyVersion = 1;  // of the policies; a change of what one grants needs another number

/// BLAKE2b-256 of `dti-round-plan-1`, the store, the semester, the policy, and the six numbers of each ask, each after a
/// line end.
[[nodiscard]] Seal hash_of(const RoundPlan& plan);

/// The hash that `round-opened` publishes: BLAKE2b-256 of `dti-round-1`, the secret, and the hash of the plan.
[[nodiscard]] Seal commitment_of(const RoundSecret& secret, const Seal& plan);

/// Of `round-opened`: `hash=…`.
[[nodiscard]] std::string opening_text(const Seal& commitment);
/// @return none: it is another text
[[nodiscard]] std::optional<Seal> parse_opening(std::string_view text);

/// Of `round`: how the grants that follow it were decided.
struct RoundTerms {
  Policy policy = kDefaultPolicy;
  Seq opened_at = 0;        // the entry that opened it
  std::int64_t grants = 0;  // that follow, at least 1
  RoundSecret secret;
  Seal plan;  // the hash of the plan
  Seal seal;  // of the entry that opened it

  friend bool operator==(const RoundTerms&, const RoundTerms&) = default;
};

/// `policy=max-min version=1 opened=12 grants=300 secret=… plan=… seal=…`
[[nodiscard]] std::string text_of(const RoundTerms& terms);
/// @return none: it is another text, or of another version
[[nodiscard]] std::optional<RoundTerms> parse_round_terms(std::string_view text);

/// Of a grant by a round: what the policies know of its program, `class=1 weight=1 floor=0`.
[[nodiscard]] std::string ask_text(const Ask& ask);
/// Sets the class, the weight and the floor of an ask. @return false: it is another text, or out of range
[[nodiscard]] bool read_ask_text(std::string_view text, Ask& ask);

}  // namespace dti
