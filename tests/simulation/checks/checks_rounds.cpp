// The part of the checks that looks at rounds: they are whole, and as they were opened.
#include <algorithm>

#include "simulation/checks/by_the_rule.hpp"
#include "simulation/checks/checks.hpp"

namespace dti::simulation {

/// The entry with all its columns.
StoredEntry Checks::read_entry(const Semester& semester, Seq seq) {
  StoredEntry found;
  (void)reader_.watch();  // connects
  reader_.read_entries(semester.id, seq, seq, [&](std::vector<StoredEntry> read) { found = read.front(); });
  return found;
}

void Checks::replay_opening(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  const auto terms = read_entry(semester, stored.entry.seq).row.terms;
  const auto commitment = parse_opening(terms.value_or(""));
  if (!commitment) return world_.violate("rounds-are-opened", what + " has no hash");
  if (semester.round_opened) world_.cells.reach("round/opened-anew");
  semester.round_opened = commitment;
  semester.round_opened_at = stored.entry.seq;
  semester.round_opened_under = epoch_;
}

void Checks::replay_round(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  const auto terms = parse_round_terms(read_entry(semester, stored.entry.seq).row.terms.value_or(""));
  const auto opened = std::exchange(semester.round_opened, std::nullopt);
  if (!terms || terms->grants < 1) return world_.violate("rounds-are-opened", what + " has no terms");
  if (!opened || terms->opened_at != semester.round_opened_at || commitment_of(terms->secret, terms->plan) != *opened ||
      store_->find_seal(semester.id, terms->opened_at) != terms->seal) {
    world_.violate("rounds-are-opened", what + " is not the round that was opened last");
  }
  Quotas quotas;
  for (const auto& [id, faculty] : faculty_of_id_) {
    quotas.set(id, quota_of(semester, faculty), 0);
    const auto held = held_by(semester, faculty);
    quotas.add(id, {held.classrooms, held.labs, 0});
  }
  semester.round = RoundInProgress{*terms, stored.command_id, semester.left, quotas};
  if (semester.has_wait_list) world_.cells.reach("round/with-a-wait-list");
  if (semester.round_opened_under != epoch_) world_.cells.reach("round/run-by-the-next-leader");
}

void Checks::replay_grant_of_round(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  auto& round = *semester.round;
  Ask ask;
  ask.program = stored.entry.program_id;
  ask.want = stored.entry.want;
  if (!read_ask_text(read_entry(semester, stored.entry.seq).row.terms.value_or(""), ask)) {
    return world_.violate("rounds-are-opened", what + " does not say what the policy knows of the program");
  }
  round.asks.push_back(ask);
  round.grants.push_back(stored.entry.grant);
  if (static_cast<std::int64_t>(round.asks.size()) < round.terms.grants) return;
  check_round(semester, what, round);
  semester.round.reset();
}

/// Each program has what the policy gives. First come is the rule for one program after the other.
void Checks::check_round(const Semester& semester, const std::string& what, const RoundInProgress& round) {
  auto left = round.left;
  auto quotas = round.quotas;
  bool is_cut = false;
  for (std::size_t i = 0; i < round.asks.size(); ++i) {
    const auto& ask = round.asks[i];
    const auto faculty = std::find_if(faculty_of_id_.begin(), faculty_of_id_.end(), [&](const auto& known) {
      return known.second == faculty_of(row_of_[ask.program - 1]);
    });
    const auto part = within(ask.want, quotas.allowance(faculty->first));
    const auto expected = grant_by_the_rule(left, part);
    is_cut = is_cut || part != ask.want;
    if (round.terms.policy != Policy::kFirstCome || round.grants[i] != expected) {
      world_.violate("the-rule", what + " ends a round that gives " + text(round.grants[i]) + " to program " +
                                     std::to_string(ask.program) + ", the rule " + text(expected));
    }
    take(left, expected);
    quotas.add(faculty->first, expected);
  }
  if (is_cut) world_.cells.reach("round/cut-by-a-quota");
  if (left != semester.left) world_.violate("conservation", what + " ends a round that leaves other rooms");
}

/// Does every program of a round hold a grant?
static bool all_hold(const RoundPlan& plan, const std::function<bool(ProgramId)>& holds) {
  return std::all_of(plan.asks.begin(), plan.asks.end(), [&](const Ask& ask) { return holds(ask.program); });
}

bool Checks::is_refused(const RunRound& round, const Subject& subject) const {
  const auto& semester = *subject.semester;
  const auto holds = [&](ProgramId program) {
    const auto grants = semester.grants.find(row_of_[program - 1]);
    if (retired_.contains(row_of_[program - 1])) return true;  // it is left out as well
    return grants != semester.grants.end() && !grants->second.empty() && grants->second.back().released_at == 0;
  };
  const auto commitment = commitment_of({parse_seal(round.secret).value_or(Seal{}).bytes}, hash_of(round.plan));
  return semester.round_opened != commitment || all_hold(round.plan, holds) || due_in(semester).has_value();
}

void Checks::note_refused_round(const RunRound& round, const Subject& subject) const {
  const auto commitment = commitment_of({parse_seal(round.secret).value_or(Seal{}).bytes}, hash_of(round.plan));
  const auto& opened = subject.semester->round_opened;
  world_.cells.reach(!opened                 ? "round/refused-without-an-opening"
                     : *opened != commitment ? "round/refused-by-its-hash"
                                             : "round/refused-without-programs");
}

}  // namespace dti::simulation
