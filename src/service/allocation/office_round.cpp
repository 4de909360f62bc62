#include "dti/service/allocation/office.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/check.hpp"
#include "dti/domain/name.hpp"
#include "service/allocation/office_entries.hpp"

namespace dti {
namespace {

constexpr std::int64_t kBundlesMax = 5'000'000;  // of drf: about half a second, in which requests wait

/// The asks of the programs that take part, and how many are left out.
struct Participants {
  std::vector<Ask> asks;
  std::vector<std::int32_t> generations;  // of their last grants
  std::int64_t left_out = 0;
};

Participants participants_of(const RoundPlan& plan, const OfficeSubject& subject) {
  Participants found;
  for (const auto& ask : plan.asks) {
    const auto state = subject.program_state(ask.program);
    if (state.held || (subject.retires && subject.retires(ask.program))) {
      ++found.left_out;
      continue;
    }
    found.asks.push_back(ask);
    found.generations.push_back(state.generation);
  }
  return found;
}

std::int64_t bundles_wanted(const std::vector<Ask>& asks) {
  std::int64_t bundles = 0;
  for (const auto& ask : asks) bundles += std::gcd(ask.want.classrooms, ask.want.labs);
  return bundles;
}

/// The reason why no round can be held; none if one can.
std::optional<std::string> fault_of(const RunRound& round, const OfficeSubject& subject) {
  const auto& plan = round.plan;
  if (!subject.totals.round_commitment) return "no round is open: dtictl round open opens one";
  if (plan.store != subject.store) {
    return "the plan is for the store " + escaped(plan.store) + ", and this one is " + subject.store;
  }
  if (commitment_of({parse_seal(round.secret).value_or(Seal{}).bytes}, hash_of(plan)) !=
      *subject.totals.round_commitment) {
    return "the secret and the plan are not those with which entry " + std::to_string(subject.totals.round_at) +
           " opened the round";
  }
  for (const auto& ask : plan.asks) {
    if (std::cmp_less_equal(ask.program, subject.program_count)) continue;
    return "the plan names program " + std::to_string(ask.program) + ", and the catalogue has " +
           std::to_string(subject.program_count) + " programs";
  }
  if (subject.waiting != nullptr && subject.waiting->find_first(subject.totals.left)) {
    return "programs that wait come first, and have not got yet what is left: try again";
  }
  return std::nullopt;
}

}  // namespace

std::variant<OfficePlan, OfficeOutcome> decide(const OfficeCommand& command, const RunRound& round,
                                               const OfficeSubject& subject, const StoredEntry& opened,
                                               const OfficeOutcome& facts) {
  const auto refuse = [&](std::string detail) {
    auto refused = facts;
    refused.error = RequestError{Status::kRefused, std::move(detail), {}, {}};
    return refused;
  };
  if (auto fault = fault_of(round, subject)) return refuse(*std::move(fault));
  const auto [asks, generations, left_out] = participants_of(round.plan, subject);
  if (asks.empty()) return refuse("each program of the plan holds a grant already");
  const auto policy = parse_policy(round.plan.policy);
  DTI_CHECK(policy.has_value());  // fault_of() the command
  if (!opened.seal) {
    throw StorageError{StorageError::Kind::kInvariant, "semester \"" + subject.semester + "\": entry " +
                                                           std::to_string(subject.totals.round_at) +
                                                           ", which opened a round, has no seal"};
  }
  if (policy == Policy::kDrf && bundles_wanted(asks) > kBundlesMax) {
    return refuse("drf would take too long: the programs want more than " + std::to_string(kBundlesMax) + " bundles");
  }

  const RoundTerms terms{.policy = *policy,
                         .opened_at = subject.totals.round_at,
                         .grants = static_cast<std::int64_t>(asks.size()),
                         .secret = {parse_seal(round.secret)->bytes},
                         .plan = hash_of(round.plan),
                         .seal = *opened.seal};
  const auto awards = decide_round(terms, {subject.totals.left, subject.quotas}, asks, subject.faculty_of);
  EntryDraft draft{base_of(subject)};
  LedgerEntry entry;
  entry.kind = EntryKind::kRound;
  draft.add(entry, {command.id, {}, text_of(terms)});
  const auto seq = draft.totals().head;
  entry.kind = EntryKind::kGranted;
  entry.cause = Cause::kRound;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    Allocator::ProgramState state;
    state.generation = generations[i];
    entry.program_id = asks[i].program;
    entry.generation = state.generation + 1;
    entry.want = asks[i].want;
    entry.grant = awards[i].grant;
    draft.add(entry, subject.faculty_of(asks[i].program), state, {command.id, {}, ask_text(asks[i])});
  }
  OfficePlan plan;
  plan.outcome = facts;
  plan.outcome.seq = seq;
  plan.outcome.left = draft.totals().left;
  plan.outcome.round = RoundFacts{terms.grants, left_out};
  plan.change = std::move(draft).finish({{}, command.actor, command.note});
  return plan;
}

RoundFacts facts_of(const RunRound& round, const StoredEntry& written) {
  const auto terms = parse_round_terms(written.row.terms.value_or(""));
  const auto grants = terms ? terms->grants : 0;
  return {grants, static_cast<std::int64_t>(round.plan.asks.size()) - grants};
}

}  // namespace dti
