// The part of the checks that replays the ledger of each semester after each statement of the store.
#include <algorithm>
#include <utility>

#include "dti/base/time_text.hpp"
#include "simulation/checks/by_the_rule.hpp"
#include "simulation/checks/checks.hpp"

namespace dti::simulation {

void Checks::on_store_changed() {
  const auto epoch = store_->epoch();
  if (epoch < epoch_) world_.violate("epochs-rise", "the store's epoch fell to " + std::to_string(epoch));
  if (epoch > epoch_) superseded_at_.emplace(epoch_, world_.now());
  epoch_ = epoch;
  const auto survey = reader_.survey();
  for (auto i = row_of_.size(); i < survey.catalog.size(); ++i) {
    const auto row = names_.find(survey.catalog[i].faculty_name, survey.catalog[i].name);
    if (!row || std::find(row_of_.begin(), row_of_.end(), *row) != row_of_.end()) {
      return world_.violate("catalogue", "a program that is nobody's, or twice: " + survey.catalog[i].name);
    }
    row_of_.push_back(*row);
    faculty_of_id_[survey.catalog[i].faculty_id] = faculty_of(*row);
  }
  for (const auto& stored : survey.semesters) check_semester(stored);
  for (const auto& change : survey.changes) {
    if (change.retires()) retired_.insert(row_of_.at(change.program - 1));
  }
}

void Checks::check_semester(const StoredSemester& stored) {
  const auto [place, is_new] = semesters_.try_emplace(stored.name);
  auto& semester = place->second;
  if (is_new) {
    semester.id = stored.id;
    const auto has_grants = [](const auto& other) { return !other.second.grants.empty(); };
    if (!office_semesters_.contains(stored.name) && std::any_of(semesters_.begin(), semesters_.end(), has_grants)) {
      world_.cells.reach("semester/opened-by-a-later-start");
    }
  }
  if (stored.epoch < semester.epoch) world_.violate("epochs-rise", "the epoch of semester " + stored.name + " fell");
  semester.epoch = stored.epoch;
  const auto entries = store_->entries(stored.id);
  const auto same = [](const MemoryStore::Entry& one, const MemoryStore::Entry& other) {
    return one.entry == other.entry && one.request_id == other.request_id;
  };
  if (entries.size() < semester.entries.size() ||
      !std::equal(semester.entries.begin(), semester.entries.end(), entries.begin(), same)) {
    return world_.violate("ledger-only-grows", "entries of semester " + stored.name + " changed or went");
  }
  const auto head_before = static_cast<Seq>(semester.entries.size());
  for (auto i = semester.entries.size(); i < entries.size(); ++i) replay(semester, stored.name, entries[i]);
  semester.entries = entries;
  check_whole(semester, stored.name, head_before);
  if (stored.head != static_cast<Seq>(entries.size())) {
    world_.violate("head", "semester " + stored.name + " has " + std::to_string(entries.size()) +
                               " entries, and its head says " + std::to_string(stored.head));
  }
  if (stored.is_open != semester.is_open || stored.capacity != semester.capacity) {
    world_.violate("row-is-the-ledger", "semester " + stored.name +
                                            " is not open as, or has not the capacity that, its "
                                            "ledger says");
  }
  if (stored.left != semester.left) {
    world_.violate("conservation", "semester " + stored.name + " has " + text(stored.left) +
                                       " left; capacity less grants is " + text(semester.left));
  }
}

/// What is stored in one step is whole: the entries of a request, and those of a command.
void Checks::check_whole(Semester& semester, const std::string& name, Seq head_before) {
  if (semester.replacing) {
    world_.violate("whole-changes",
                   "a grant of semester " + name + " was released to replace it, and not granted again");
  }
  if (semester.round) world_.violate("whole-rounds", "a round of semester " + name + " ends before its last grant");
  std::map<std::string, Seq> requests;
  std::set<std::string> commands;
  int top_ups = 0;
  for (auto i = static_cast<std::size_t>(head_before); i < semester.entries.size(); ++i) {
    const auto& stored = semester.entries[i];
    if (stored.command_id) commands.insert(*stored.command_id);
    if (stored.entry.kind == EntryKind::kGranted && stored.entry.cause == Cause::kToppedUp) ++top_ups;
    if (!stored.request_id || stored.entry.kind != EntryKind::kGranted) continue;
    requests.emplace(*stored.request_id, stored.entry.seq - 1);
    // A later copy of a request grants only to programs that held another grant when the first copy was decided.
    const auto first = semester.requests.find(*stored.request_id);
    if (first == semester.requests.end()) continue;
    const auto& grants = semester.grants[row_of_[stored.entry.program_id - 1]];
    if (std::none_of(grants.begin(), grants.end(), [&](const Held& held) { return held.stands_at(first->second); })) {
      world_.violate("whole-messages", "entries of request " + *stored.request_id + " were stored at two times");
    }
  }
  for (const auto& [id, head] : requests) {
    semester.requests.emplace(id, head);
    if (expired_.contains(id)) world_.cells.reach("request/expired-and-stored");
  }
  note_holds(semester, head_before);
  if (top_ups > 1) world_.cells.reach("top-up/several-in-one-change");
  for (const auto& id : commands) {
    if (!semester.commands.insert(id).second) {
      world_.violate("one-effect-a-command", "entries of command " + id + " were stored at two times");
    }
  }
}

void Checks::replay(Semester& semester, const std::string& name, const MemoryStore::Entry& stored) {
  const auto& entry = stored.entry;
  const auto what = "entry " + std::to_string(entry.seq) + " of semester " + name;
  const bool reopens = entry.kind == EntryKind::kSemesterOpened || entry.kind == EntryKind::kSemesterReopened;
  if (reopens == semester.is_open) {
    return world_.violate("closed-stays-closed",
                          what + (reopens ? " opens it again" : " changes it while it is closed"));
  }
  const bool is_of_round = entry.kind == EntryKind::kGranted && entry.cause == Cause::kRound;
  if (semester.round.has_value() != is_of_round ||
      (semester.round && semester.round->command_id != stored.command_id)) {
    return world_.violate("whole-rounds", what + " stands in a round, or is a part of none");
  }
  check_order(semester, what, stored);
  switch (entry.kind) {
    case EntryKind::kSemesterOpened:
      if (entry.seq != 1) world_.violate("one-order", what + " opens it again");
      semester.opened_with = semester.capacity = entry.capacity;
      semester.left = full_pool(entry.capacity);
      [[fallthrough]];
    case EntryKind::kSemesterReopened: semester.is_open = true; break;
    case EntryKind::kSemesterClosed: semester.is_open = false; break;
    case EntryKind::kCapacityChanged:
      semester.left.classrooms += entry.capacity.classrooms - semester.capacity.classrooms;
      semester.left.labs += entry.capacity.labs - semester.capacity.labs;
      semester.left.conversions_left += entry.capacity.conversions - semester.capacity.conversions;
      semester.capacity = entry.capacity;
      if (is_negative(semester.left)) world_.violate("nothing-negative", what + " leaves " + text(semester.left));
      break;
    case EntryKind::kGranted:
    case EntryKind::kReleased:
    case EntryKind::kWaitingLeft:
    case EntryKind::kConfirmed:
    case EntryKind::kHoldExtended:
      if (entry.program_id == 0 || entry.program_id > row_of_.size()) {
        return world_.violate("ledger-is-known", what + " is of an unknown program");
      }
      if (entry.kind == EntryKind::kWaitingLeft) {
        replay_leaving(semester, what, entry);
      } else if (entry.kind == EntryKind::kConfirmed) {
        replay_confirmation(semester, what, stored);
      } else if (entry.kind == EntryKind::kHoldExtended) {
        replay_extension(semester, what, stored);
      } else if (entry.kind == EntryKind::kGranted) {
        replay_grant(semester, what, stored);
      } else {
        replay_release(semester, what, stored);
      }
      break;
    case EntryKind::kSetting: replay_setting(semester, what, entry); break;
    case EntryKind::kQuotaSet: replay_quota(semester, what, entry); break;
    case EntryKind::kRound: replay_round(semester, what, stored); break;
    case EntryKind::kRoundOpened: replay_opening(semester, what, stored); break;
  }
  if (reopens || entry.kind == EntryKind::kSemesterClosed) semester.open_changed_at = world_.now();
  note_due(semester);
  semester.command_id = stored.command_id;
  if (stored.at < newest_at_) {
    world_.violate("time-rises", what + " is of " + time_text(stored.at) + ", after one of " + time_text(newest_at_));
  }
  newest_at_ = std::max(newest_at_, stored.at);
}

void Checks::replay_grant(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  const auto& entry = stored.entry;
  const auto row = row_of_[entry.program_id - 1];
  auto& grants = semester.grants[row];
  if (!grants.empty() && grants.back().released_at == 0) {
    return world_.violate("one-grant", what + " grants to " + names_.rows()[row].program + " a second time");
  }
  const auto spends = [&](const Held& held) { return held.request_id && held.request_id == stored.request_id; };
  if (std::any_of(grants.begin(), grants.end(), spends)) {
    world_.violate("requests-are-spent",
                   what + " grants by request " + *stored.request_id + ", whose grant was released");
  }
  const auto replacing = std::exchange(semester.replacing, std::nullopt);
  if (replacing.has_value() != (entry.cause != Cause::kAsked && entry.cause != Cause::kRound) ||
      (replacing && (replacing->row != row || replacing->cause != entry.cause))) {
    return world_.violate("whole-changes", what + " does not belong to the release before it");
  }
  if (!replacing && retired_.contains(row)) {
    world_.violate("retired-get-nothing", what + " grants to " + names_.rows()[row].program + ", which is retired");
  }
  const bool is_top_up = entry.cause == Cause::kToppedUp;
  if (is_top_up) check_top_up(semester, what, *replacing, entry);
  // What a round gives is compared when the last grant of it is there.
  const bool is_of_round = entry.cause == Cause::kRound;
  const auto expected = is_of_round ? entry.grant : expected_grant(semester, replacing, row, entry.want);
  if (is_negative(entry.grant)) world_.violate("nothing-negative", what + " grants " + text(entry.grant));
  if (entry.grant != expected) {
    world_.violate("the-rule", what + " grants " + text(entry.grant) + " of " + text(semester.left) + ", the rule " +
                                   text(expected));
  }
  take(semester.left, entry.grant);
  if (is_negative(semester.left)) world_.violate("nothing-negative", what + " leaves " + text(semester.left));
  if (!grants.empty() && !replacing) world_.cells.reach("grant/after-a-release");
  const auto wants_more = [&](const Want& before) {
    return entry.want.classrooms > before.classrooms || entry.want.labs > before.labs;
  };
  const auto place = replacing && !wants_more(replacing->held.want) ? replacing->held.place : entry.seq;
  grants.push_back({entry.want, entry.grant, entry.seq, 0, is_top_up ? replacing->held.request_id : stored.request_id,
                    place, is_top_up});
  grants.back().granted_under = epoch_;
  replay_hold(what, stored, replacing, grants.back());
  check_limits(semester, what, row, grants.back());
  if (is_of_round) replay_grant_of_round(semester, what, stored);
  if (replacing) note_replaced(semester, *replacing, grants.back());
}

/// @param replacing  the grant that has just been released, whose rooms are left
Grant Checks::expected_grant(const Semester& semester, const std::optional<Replacing>& replacing, std::size_t row,
                             const Want& want) const {
  const auto part = admitted(semester, row, want);
  if (!replacing) return grant_by_the_rule(semester.left, part);
  auto before = semester;
  take(before.left, replacing->held.grant);
  if (replacing->cause == Cause::kConfirmedInPart) {
    auto kept = replacing->held.grant;
    put_back_unwanted(before.left, kept, want);
    return kept;
  }
  if (replacing->cause == Cause::kToppedUp) return top_up_by_the_rule(before.left, replacing->held.grant, part);
  return amended(before, row, replacing->held, want);
}

void Checks::replay_release(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  const auto& entry = stored.entry;
  const auto row = row_of_[entry.program_id - 1];
  auto& grants = semester.grants[row];
  const bool is_top_up = entry.cause == Cause::kToppedUp;
  if (grants.empty() || grants.back().released_at != 0 || grants.back().grant != entry.grant ||
      grants.back().want != entry.want || stored.request_id != (is_top_up ? std::nullopt : grants.back().request_id)) {
    return world_.violate("releases-repeat-the-grant", what + " releases another grant than the program holds");
  }
  check_end_of_hold(semester, what, stored, grants.back());
  const bool replaces = is_top_up || entry.cause == Cause::kAmended || entry.cause == Cause::kConfirmedInPart;
  if (replaces) semester.replacing = Replacing{row, entry.cause, grants.back()};
  grants.back().released_at = entry.seq;
  grants.back().is_topped_up = is_top_up;
  grants.back().released_by = entry.cause;
  put_back(semester.left, entry.grant);
}

void Checks::on_write(Epoch epoch, Seq base, CommitResult result, Epoch epoch_before, Time decided_at) {
  decided_at_ = decided_at;
  const auto what = "a write under epoch " + std::to_string(epoch) + " on head " + std::to_string(base);
  if (result == CommitResult::kCommitted && epoch != epoch_before) {
    world_.violate("one-writer", what + " was stored under epoch " + std::to_string(epoch_before));
  }
  if (result == CommitResult::kBaseMoved) world_.violate("base-stays", what + " found another head");
}

bool Checks::has_stored(SemesterId id, Seq base, const std::vector<LedgerEntry>& entries) const {
  for (const auto& [name, semester] : semesters_) {
    if (semester.id != id) continue;
    const auto last = static_cast<std::size_t>(base) + entries.size();
    const auto same = [](const LedgerEntry& one, const MemoryStore::Entry& other) { return one == other.entry; };
    return last <= semester.entries.size() &&
           std::equal(entries.begin(), entries.end(), semester.entries.begin() + base, same);
  }
  return false;
}

bool Checks::has_stored(const Batch& batch) const { return has_stored(batch.semester_id, batch.base, batch.entries); }

bool Checks::has_stored(const Change& change) const {
  std::vector<LedgerEntry> entries;
  for (const auto& stored : change.entries) entries.push_back(entry_of(stored.row));
  return has_stored(change.semester_id, change.base, entries);
}

}  // namespace dti::simulation
