#include "dti/service/planning/explain.hpp"

#include <algorithm>

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

/// @param except  the program whose grant is explained
Holders holders_of(const SemesterState& state, ProgramId except, RoomKind kind) {
  Holders holders{.kind = kind, .largest = {}, .last = {}};
  std::vector<Holder> all;
  for (std::size_t i = 0; i < state.grants().size(); ++i) {
    const auto& [seq, want, grant] = state.grants()[i];
    const auto program = static_cast<ProgramId>(i + 1);
    if (seq == 0 || program == except || used(grant, kind) == 0) continue;
    all.push_back({program, seq, used(grant, kind)});
    holders.rooms += used(grant, kind);
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

/// @param after  the state of which `row` is the last entry, a grant
GrantExplanation explain(const SemesterState& after, const LedgerRow& row) {
  const auto program = static_cast<ProgramId>(*row.program_id);
  GrantExplanation found;
  found.seq = row.seq;
  found.generation = row.generation.value_or(1);
  found.want = after.grant_of(program).want;
  found.grant = after.grant_of(program).grant;
  found.status = grant_status(found.want, found.grant);
  found.capacity = after.capacity();
  found.before = give_back(after.left(), found.grant);
  found.after = after.left();
  found.by_rule = allocate(found.before, found.want);
  for (const auto kind : lacking_kinds(found.before, found.want)) {
    found.holders.push_back(holders_of(after, program, kind));
  }
  found.come_back = ways_to_whole(found.before, found.want);
  return found;
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

std::optional<std::string> Explainer::add(const LedgerRow& row) {
  const bool is_about_program = row.program_id && *row.program_id == program_;
  const bool held_before = is_about_program && state_.grant_of(program_).seq != 0;
  if (auto fault = state_.add(row)) return fault;
  if (is_about_program && state_.grant_of(program_).seq == row.seq) {
    if (found_) ++earlier_grants_;
    found_ = explain(state_, row);
    capacity_changes_.clear();
  } else if (held_before) {
    found_->released_at = row.seq;
  } else if (row.kind == stored_code(EntryKind::kCapacityChanged) && found_) {
    capacity_changes_.push_back(row.seq);
  }
  return std::nullopt;
}

}  // namespace dti
