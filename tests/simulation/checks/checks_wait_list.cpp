// The part of the checks that looks at wait lists: by the ledger alone, and by trying every program in turn.
#include <algorithm>

#include "simulation/checks/by_the_rule.hpp"
#include "simulation/checks/checks.hpp"

namespace dti::simulation {
namespace {

/// A program confirmed its hold by a request.
bool is_by_request(const MemoryStore::Entry& stored) {
  return stored.command_id && stored.command_id->starts_with("confirm-");
}

bool has_less(const Grant& after, const Grant& before) {
  return after.classrooms < before.classrooms || after.labs < before.labs ||
         after.labs + after.mobile_labs < before.labs + before.mobile_labs;
}

}  // namespace

/// The programs that wait, or would if there were a list.
/// @param supposed  for the quotas
std::vector<Waiting> Checks::waiting_in(const Semester& semester, const std::optional<Supposed>& supposed) const {
  std::vector<Waiting> waiting;
  for (const auto& [row, grants] : semester.grants) {
    const auto& held = grants.back();
    if (held.released_at != 0 || held.place == 0 || is_all(held.want, held.grant)) continue;
    waiting.push_back({held.place, row, held.want, held.grant, admitted(semester, row, held.want, supposed)});
  }
  return waiting;
}

/// The program that must be topped up before anything else is decided in the semester.
std::optional<Waiting> Checks::due_in(const Semester& semester) const {
  if (!semester.has_wait_list || !semester.is_open) return std::nullopt;
  return first_due(waiting_in(semester), semester.left);
}

/// @return 0: it does not wait
Seq Checks::place_in_list(const Semester& semester, const Held* held) {
  const bool waits = semester.has_wait_list && held != nullptr && !is_all(held->want, held->grant);
  return waits ? held->place : 0;
}

bool Checks::is_settled() const {
  return std::none_of(semesters_.begin(), semesters_.end(), [&](const auto& named) { return due_in(named.second); });
}

void Checks::on_top_ups_rejected(const Change& change) {
  constexpr std::size_t kSingle = 2;  // a release and a grant
  const bool is_single = change.entries.size() == kSingle;
  world_.cells.reach(is_single ? "top-up/rejected-alone" : "top-up/rejected-with-others");
  for (auto& [name, semester] : semesters_) {
    if (is_single && semester.id == change.semester_id) {
      semester.rejected_under = std::max(semester.rejected_under, change.epoch);
    }
  }
}

/// Nothing is stored before the program that is due, except one command after each rejection of its top-up. A confirmation
/// gives rooms to nobody, so it overtakes nobody.
void Checks::check_order(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  if (semester.replacing) return;  // the second half of what was in order
  const auto& entry = stored.entry;
  if (entry.kind == EntryKind::kConfirmed && is_by_request(stored)) return;
  const bool continues = stored.command_id && stored.command_id == semester.command_id;
  if (continues && entry.cause != Cause::kToppedUp) return;  // the change is in order if its first entry is
  const auto rejected_under = std::exchange(semester.rejected_under, 0);
  const auto due = due_in(semester);
  const auto first = due ? names_.rows()[due->row].program + ", which waits since entry " + std::to_string(due->place) +
                               " and may have something of " + text(semester.left)
                         : "a program that waits; none may have anything of " + text(semester.left);
  if (entry.cause == Cause::kToppedUp) {
    const bool is_known = entry.program_id > 0 && entry.program_id <= row_of_.size();
    if (!due || !is_known || row_of_[entry.program_id - 1] != due->row) {
      world_.violate("nobody-overtakes", what + " does not top up " + first);
    }
    if (semester.due_under != 0 && semester.due_under != epoch_) world_.cells.reach("top-up/by-the-next-leader");
    return;
  }
  if (!due) return;
  if (entry.kind == EntryKind::kGranted) {
    world_.violate("nobody-overtakes", what + " grants before " + first);
  } else if (rejected_under != epoch_) {
    world_.violate("settled-first", what + " comes before " + first);
  } else {
    world_.cells.reach("top-up/rejected-and-passed-by-a-command");
  }
}

void Checks::check_top_up(const Semester& semester, const std::string& what, const Replacing& replacing,
                          const LedgerEntry& entry) {
  const auto& before = replacing.held;
  if (!semester.has_wait_list) world_.violate("the-rule", what + " tops up without a wait list");
  if (has_less(entry.grant, before.grant) || entry.grant == before.grant || entry.want != before.want) {
    world_.violate("top-ups-only-add", what + " makes " + text(entry.grant) + " of " + text(before.grant));
  }
  if (entry.waits_since != before.place) {
    world_.violate("places-are-kept", what + " has place " + std::to_string(entry.waits_since) +
                                          ", and before it was " + std::to_string(before.place));
  }
}

/// Names what a top-up or an amendment has done, when it is replayed.
void Checks::note_replaced(const Semester& semester, const Replacing& replacing, const Held& now) {
  if (!semester.has_wait_list) return;
  const auto& before = replacing.held;
  const bool is_whole = is_all(now.want, now.grant);
  const auto waiting = waiting_in(semester);
  if (!now.is_top_up) {
    if (!is_whole && before.place > 0) {
      world_.cells.reach(now.place == before.place ? "amendment/keeps-its-place" : "amendment/asks-again");
    }
    if (before.place == 0 && now.place > 0 && !is_whole) world_.cells.reach("amendment/asks-for-a-place-again");
    if (due_in(semester)) world_.cells.reach("amendment/frees-rooms-for-others");
    return;
  }
  world_.cells.reach(is_whole ? "top-up/whole" : "top-up/part");
  if (before.is_top_up) world_.cells.reach("top-up/of-a-topped-up-grant");
  if (now.grant.mobile_labs < before.grant.mobile_labs) world_.cells.reach("top-up/a-lab-for-a-mobile-lab");
  const auto is_earlier = [&](const Waiting& program) { return program.place < now.place; };
  if (std::any_of(waiting.begin(), waiting.end(), is_earlier))
    world_.cells.reach("top-up/passes-over-an-earlier-place");
}

void Checks::replay_setting(Semester& semester, const std::string& what, const LedgerEntry& entry) {
  const bool is_on = entry.setting == SemesterSetting::kWaitListOn;
  if (is_on == semester.has_wait_list) world_.violate("the-rule", what + " sets the wait list as it was");
  semester.has_wait_list = is_on;
  if (waiting_in(semester).empty()) return;
  world_.cells.reach(is_on ? "wait-list/on-with-programs-waiting" : "wait-list/off-with-programs-waiting");
}

void Checks::replay_leaving(Semester& semester, const std::string& what, const LedgerEntry& entry) {
  auto& grants = semester.grants[row_of_[entry.program_id - 1]];
  const bool is_held = !grants.empty() && grants.back().released_at == 0;
  if (!is_held || place_in_list(semester, &grants.back()) == 0) {
    return world_.violate("places-are-kept", what + " is of a program that does not wait");
  }
  grants.back().place = 0;
}

/// Remembers since when a program that waits may have something.
void Checks::note_due(Semester& semester) const {
  if (semester.replacing) return;
  if (!due_in(semester)) {
    semester.due_under = 0;
  } else if (semester.due_under == 0) {
    semester.due_under = epoch_;
  }
}

/// A request was decided, and nothing is due: otherwise it has overtaken a program that waits. While the store rejects the
/// top-up that is due, and by a server that stops, repeats are answered; check_order() finds a new grant.
void Checks::check_settled(const Reply& reply, const std::string& semester) {
  const auto found = semesters_.find(semester);
  if (found == semesters_.end() || is_superseded(reply)) return;
  if (reply.is_stopping || found->second.rejected_under == epoch_) return;
  if (const auto due = due_in(found->second)) {
    world_.violate("settled-first", reply.server + " answered a request in semester " + semester + " before " +
                                        names_.rows()[due->row].program + " had what it may have");
  }
}

void Checks::check_wait_list(const std::string& server, const Allocator& allocator, const Semester& semester,
                             const std::string& name) {
  const auto* const list = allocator.wait_list(semester.id);
  const auto expected = semester.has_wait_list ? waiting_in(semester).size() : 0;
  if ((list != nullptr) != semester.has_wait_list || (list != nullptr && list->size() != expected)) {
    world_.violate("state-is-the-ledger", server + " has another wait list of semester " + name);
  }
  if (due_in(semester)) world_.violate("settled-at-the-end", "programs of semester " + name + " still may have rooms");
}

}  // namespace dti::simulation
