#include "dti/service/planning/explain.hpp"

#include <algorithm>
#include <utility>

#include "dti/domain/amend.hpp"

namespace dti {
namespace {

Quantity used(const Grant& grant, RoomKind kind) {
  switch (kind) {
    case RoomKind::kClassrooms: return grant.classrooms + grant.mobile_labs;
    case RoomKind::kLabs: return grant.labs;
    case RoomKind::kConversions: return grant.mobile_labs;
  }
  return 0;
}

/// @param grants  those before the one that is explained
Holders holders_of(const std::vector<Holding>& grants, RoomKind kind) {
  Holders holders{.kind = kind, .largest = {}, .last = {}};
  std::vector<Holder> all;
  for (const auto& held : grants) {
    const auto rooms = used(held.grant, kind);
    if (rooms == 0) continue;
    all.push_back({held.program, held.seq, rooms});
    holders.rooms += rooms;
  }
  holders.programs = all.size();
  const auto count = std::min(all.size(), Holders::kListedMax);
  const auto listed = [&](auto comes_first) {
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), comes_first);
    return std::vector<Holder>{all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
  };
  holders.largest =
      listed([](const Holder& a, const Holder& b) { return a.rooms != b.rooms ? a.rooms > b.rooms : a.seq > b.seq; });
  holders.last = listed([](const Holder& a, const Holder& b) { return a.seq > b.seq; });
  return holders;
}

/// The kinds of which the pool had too few for the want.
std::vector<RoomKind> lacking_kinds(const Pool& pool, const Want& want) {
  const auto shortfall = std::max<Quantity>(0, want.labs - pool.labs);
  std::vector<RoomKind> kinds;
  if (ways_to_whole(pool, want).empty()) return kinds;
  if (pool.classrooms < want.classrooms + shortfall) kinds.push_back(RoomKind::kClassrooms);
  if (shortfall > 0) kinds.push_back(RoomKind::kLabs);
  if (pool.conversions_left < shortfall) kinds.push_back(RoomKind::kConversions);
  return kinds;
}

}  // namespace

std::vector<ComeBack> ways_to_whole(const Pool& pool, const Want& want) {
  const auto lacking = [](Quantity needed, Quantity there) { return std::max<Quantity>(0, needed - there); };
  const auto shortfall = lacking(want.labs, pool.labs);
  const ComeBack few_labs{.classrooms = lacking(want.classrooms + shortfall, pool.classrooms),
                          .labs = 0,
                          .conversions = lacking(shortfall, pool.conversions_left)};
  // Classrooms that the program does not want as classrooms can become mobile labs without harm.
  const auto mobile_labs = std::min(lacking(pool.classrooms, want.classrooms), pool.conversions_left);
  const ComeBack few_conversions{.classrooms = lacking(want.classrooms, pool.classrooms),
                                 .labs = lacking(shortfall, mobile_labs),
                                 .conversions = 0};
  if (few_labs == ComeBack{}) return {};
  if (few_labs == few_conversions) return {few_labs};
  return {few_conversions, few_labs};
}

std::optional<WaitingNow> waiting_now(const SemesterView& semester, ProgramId program) {
  const auto waiting = semester.waiting();
  const auto found =
      std::find_if(waiting.begin(), waiting.end(), [&](const Holding& holding) { return holding.program == program; });
  if (found == waiting.end()) return std::nullopt;
  const auto& grant = found->grant;
  const auto want = within(found->want, semester.quotas().allowance(semester.faculty_of(program), grant));
  const auto pool = give_back(semester.left(), {0, 0, grant.mobile_labs});  // a top-up returns them first
  return WaitingNow{.since = found->waits_since,
                    .position = static_cast<std::size_t>(found - waiting.begin()) + 1,
                    .places = waiting.size(),
                    .come_back = ways_to_whole(pool, {want.classrooms - grant.classrooms, want.labs - grant.labs})};
}

std::optional<Explainer::Replaced> Explainer::replaced_by(const StoredEntry& entry) const {
  const auto* const held = view_.find(program_);
  const bool is_replaced = held != nullptr && entry.row.kind == stored_code(EntryKind::kReleased) &&
                           entry.row.program_id == std::int64_t{program_} && entry.row.cause &&
                           *entry.row.cause != static_cast<std::int64_t>(Cause::kReleased);
  if (!is_replaced) return std::nullopt;
  return Replaced{held->grant, static_cast<Cause>(*entry.row.cause), view_.left(), view_.wait_list()};
}

/// @param held  the grant of the last entry
GrantExplanation Explainer::explain(const Holding& held) const {
  GrantExplanation found;
  found.seq = held.seq;
  found.at = held.at;
  found.generation = held.generation;
  found.want = held.want;
  found.grant = held.grant;
  found.status = grant_status(held.want, held.grant);
  found.capacity = view_.capacity();
  const auto faculty = view_.faculty_of(program_);
  const auto allowance = view_.quotas().allowance(faculty, held.grant);
  const auto own = counted(held.grant);
  const auto& all = view_.quotas().held(faculty);
  found.quota = view_.quotas().quota(faculty);
  found.held_by_others = {all.classrooms - own.classrooms, all.labs - own.labs};
  found.admitted = found.asked = within(held.want, allowance);
  found.before = give_back(view_.left(), held.grant);
  found.after = view_.left();
  if (replaced_) {
    const bool is_top_up = replaced_->cause == Cause::kToppedUp;
    const bool has_list = !is_top_up && replaced_->waiting;
    const auto basis = amend_basis(replaced_->left, replaced_->held, held.want,
                                   {.program = program_,
                                    .faculty = faculty,
                                    .allowance = allowance,
                                    .waiting = has_list ? &*replaced_->waiting : nullptr});
    // A mobile lab may become a lab: it is returned first.
    found.amendment =
        Amendment{replaced_->held, {basis.keeps.classrooms, basis.keeps.labs}, is_top_up, basis.is_for_others};
    found.before = give_back(basis.pool, {0, 0, basis.keeps.mobile_labs});
    found.asked = {found.admitted.classrooms - basis.keeps.classrooms, found.admitted.labs - basis.keeps.labs};
  }
  found.given = found.by_rule = allocate(found.before, found.asked);
  found.by_rule.classrooms += found.admitted.classrooms - found.asked.classrooms;
  found.by_rule.labs += found.admitted.labs - found.asked.labs;
  found.come_back = ways_to_whole(found.before, found.asked);
  auto grants = view_.holdings();
  grants.pop_back();  // the grant itself is the last one
  for (const auto kind : lacking_kinds(found.before, found.asked)) found.holders.push_back(holders_of(grants, kind));
  return found;
}

/// Lets a round follow an entry that the view does not have yet.
void Explainer::collect(const StoredEntry& entry) {
  if (entry.row.kind == stored_code(EntryKind::kRound)) {
    const auto terms = parse_round_terms(entry.row.terms.value_or(""));
    round_ = terms ? std::optional{Round{*terms, entry.row.seq, {view_.left(), view_.quotas()}, {}, {}}} : std::nullopt;
    return;
  }
  const auto ask = round_ && entry.row.terms ? ask_of(entry.row) : std::nullopt;
  if (!ask) return round_.reset();
  if (ask->program == program_) round_->own = round_->asks.size();
  round_->asks.push_back(*ask);
}

/// All grants of the round are there: the policy gives them.
void Explainer::finish_round() {
  const auto round = *std::exchange(round_, std::nullopt);
  if (!round.own) return;
  const auto faculty_of = [&](ProgramId program) { return view_.faculty_of(program); };
  const auto award = decide_round(round.terms, round.pool, round.asks, faculty_of).at(*round.own);
  found_->round = RoundShare{round.seq, round.terms.policy, round.asks.size(), award.limited_by};
  found_->by_rule = award.grant;
  found_->before = round.pool.left;
  found_->after = view_.left();
  found_->given = {};
  found_->holders.clear();
  found_->come_back.clear();
}

void Explainer::add(const StoredEntry& entry) {
  const auto seq = entry.row.seq;
  if (round_ || entry.row.kind == stored_code(EntryKind::kRound)) collect(entry);
  const bool held_before = view_.find(program_) != nullptr;
  auto replaced = replaced_by(entry);
  view_.add(entry);
  const auto* held = view_.find(program_);
  if (held != nullptr && held->seq == seq) {
    const bool is_topped_up = replaced_ && replaced_->cause == Cause::kToppedUp;
    const auto request_id = is_topped_up && found_ ? found_->request_id : entry.request_id;
    if (found_) ++earlier_grants_;
    found_ = explain(*held);
    found_->request_id = request_id;
    capacity_changes_.clear();
  } else if (held_before && held == nullptr) {
    found_->released_at = seq;
  }
  replaced_ = std::move(replaced);
  if (round_ && std::cmp_equal(round_->asks.size(), round_->terms.grants)) finish_round();
  if (entry.row.kind == stored_code(EntryKind::kCapacityChanged) && found_) capacity_changes_.push_back(seq);
  if (entry.row.kind == stored_code(EntryKind::kSemesterClosed)) closed_at_ = seq;
}

}  // namespace dti
