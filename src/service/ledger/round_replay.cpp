#include "dti/service/ledger/round_replay.hpp"

#include <algorithm>
#include <utility>

namespace dti {
namespace {

Grant grant_of(const LedgerRow& row) { return {*row.classrooms_granted, *row.labs_granted, *row.mobile_labs_granted}; }

}  // namespace

Awards decide_round(const RoundTerms& terms, const RoundPool& pool, std::vector<Ask> asks,
                    const std::function<FacultyId(ProgramId)>& faculty_of) {
  const RoundLots lots{terms.secret, terms.seal};
  Seq arrival = 0;
  for (auto& ask : asks) {
    ask.lot = lots.of(ask.program);
    ask.arrival = ++arrival;
  }
  return share_within(terms.policy, pool.left, asks, pool.quotas, faculty_of);
}

void RoundInProgress::add(const LedgerRow& row, const Ask& ask, FacultyId faculty) {
  if (asks_.empty()) {
    // A row can name more grants than follow.
    const auto expected = static_cast<std::size_t>(std::min<std::int64_t>(terms_.grants, 1'000));
    asks_.reserve(expected);
    grants_.reserve(expected);
  }
  asks_.push_back(ask);
  grants_.push_back(grant_of(row));
  faculties_.emplace(ask.program, faculty);
}

std::optional<WrongAward> RoundInProgress::compare_with_last(const LedgerRow& row, const Ask& ask,
                                                             FacultyId faculty) const {
  if (missing() > 1) return std::nullopt;
  auto asks = asks_;
  asks.push_back(ask);
  const auto awards = decide_round(terms_, pool_, asks, [&](ProgramId program) {
    return program == ask.program ? faculty : faculties_.at(program);
  });
  for (std::size_t i = 0; i < awards.size(); ++i) {
    const auto stored = i < grants_.size() ? grants_[i] : grant_of(row);
    if (awards[i].grant == stored) continue;
    return WrongAward{at_ + static_cast<Seq>(i) + 1, asks[i].program, asks[i].want, stored, awards[i].grant};
  }
  return std::nullopt;
}

std::optional<Ask> ask_of(const LedgerRow& row) {
  Ask ask;
  ask.program = static_cast<ProgramId>(*row.program_id);
  ask.want = {*row.classrooms_wanted, *row.labs_wanted};
  if (!read_ask_text(row.terms.value_or(""), ask)) return std::nullopt;
  return ask;
}

}  // namespace dti
