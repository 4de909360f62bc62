// The part of the checks that looks at holds: by the times of the ledger, and by the true time of the run.
#include <algorithm>
#include <string>

#include "dti/base/time_text.hpp"
#include "simulation/checks/checks.hpp"

namespace dti::simulation {
namespace {

constexpr std::int64_t kLongest = 30LL * 24 * 3600 * 1'000'000;  // a hold, from its grant or its extension
constexpr std::chrono::seconds kSoon{100};                       // an end for which a run waits
constexpr Time kRounding{10};

std::int64_t microseconds(WallTime time) { return time.time_since_epoch().count(); }

bool is_of_server(const MemoryStore::Entry& stored, std::string_view verb) {
  return stored.command_id && stored.command_id->starts_with(verb);
}

/// The end of the hold of an entry; 0: the grant is firm, or the text is no time.
std::int64_t end_in(const RepliedProgram& entry) {
  const auto time = time_from_text(entry.expires_at);
  return time ? microseconds(*time) : 0;
}

}  // namespace

// By the ledger.

/// The hold that an entry is about; null after a violation.
Checks::Held* Checks::find_hold(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  auto& grants = semester.grants[row_of_[stored.entry.program_id - 1]];
  if (!grants.empty() && grants.back().released_at == 0 && grants.back().expires_at != 0) return &grants.back();
  world_.violate("holds-end-once", what + " is about a hold, and the program has none");
  return nullptr;
}

/// A grant was replayed: it is a hold if it was asked for as one, and stays one while it is amended and topped up.
void Checks::replay_hold(const std::string& what, const MemoryStore::Entry& stored,
                         const std::optional<Replacing>& replacing, Held& now) {
  const auto expires_at = stored.entry.expires_at;
  now.expires_at = expires_at;
  if (!replacing) {
    if (expires_at == 0) return;
    const auto length = expires_at - microseconds(stored.at);
    if (length <= 0 || length > kLongest) world_.violate("holds-last", what + " has no possible end");
    now.ends.push_back({expires_at, decided_at_, Time{length}});
    return world_.cells.reach("hold/granted");
  }
  const auto& before = replacing->held;
  now.ends = before.ends;
  if (replacing->cause == Cause::kConfirmedInPart) {
    now.was_confirmed = true;
    if (expires_at != 0) world_.violate("holds-keep-their-end", what + " is confirmed, and has an end");
    return world_.cells.reach("hold/confirmed-in-part");
  }
  if (expires_at != before.expires_at) world_.violate("holds-keep-their-end", what + " has another end");
  now.was_confirmed = now.is_top_up && before.was_confirmed;
  if (expires_at != 0) world_.cells.reach(now.is_top_up ? "hold/topped-up" : "hold/amended");
}

void Checks::replay_confirmation(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  auto* const held = find_hold(semester, what, stored);
  if (held == nullptr) return;
  if (microseconds(stored.at) >= held->expires_at) world_.violate("holds-last", what + " confirms after the end");
  held->expires_at = 0;
  held->was_confirmed = true;
  world_.cells.reach(is_of_server(stored, "confirm-") ? "hold/confirmed-by-a-request" : "hold/confirmed");
}

void Checks::replay_extension(Semester& semester, const std::string& what, const MemoryStore::Entry& stored) {
  auto* const held = find_hold(semester, what, stored);
  if (held == nullptr) return;
  const auto at = microseconds(stored.at);
  const auto end = stored.entry.expires_at;
  if (at >= held->expires_at || end <= held->expires_at || end - at > kLongest) {
    world_.violate("holds-last", what + " extends a hold after its end, to an earlier one, or by too much");
  }
  held->expires_at = end;
  held->ends.push_back({end, decided_at_, Time{end - at}});
  world_.cells.reach("hold/extended");
}

/// A grant is released: as a hold, only while it is one, and by its end not before it.
void Checks::check_end_of_hold(Semester& semester, const std::string& what, const MemoryStore::Entry& stored,
                               const Held& held) {
  const auto cause = stored.entry.cause;
  const auto at = microseconds(stored.at);
  if (cause != Cause::kExpired && cause != Cause::kCancelled && cause != Cause::kConfirmedInPart) {
    if (cause == Cause::kReleased && held.expires_at != 0) world_.cells.reach("hold/released");
    return;
  }
  if (find_hold(semester, what, stored) == nullptr) return;
  if (cause == Cause::kCancelled) return world_.cells.reach("hold/cancelled");
  if ((cause == Cause::kExpired) != (at >= held.expires_at)) {
    world_.violate("holds-last", what + " is of " + time_text(stored.at) + ", and the hold ends at " +
                                     time_text(WallTime{Time{held.expires_at}}));
  }
  if (cause != Cause::kExpired) return;
  check_not_early(what, held.ends.back());
  world_.cells.reach(is_of_server(stored, "expire-") ? "hold/expired" : "hold/expired-at-a-close");
  if (held.granted_under != epoch_) world_.cells.reach("hold/expired-by-the-next-leader");
}

/// A hold lasts as long as was promised, in true time. It may end sooner only if its end by a right clock has come: the server that
/// promised it was behind. What a clock goes too fast, a hold may end too early.
void Checks::check_not_early(const std::string& what, const HoldEnd& end) {
  const auto by_length = end.decided + end.length;
  const auto by_clock = WallTime{Time{end.expires_at}} - wall_time(Time{0});
  const auto drift = has_drift_ ? decided_at_ / 10 : Time{0};
  const auto early = std::min(by_length, by_clock) - decided_at_ - drift - kRounding;
  if (early <= Time{0}) return;
  world_.violate("holds-last", what + " ends a hold " + std::to_string(early.count()) + " us before its end");
}

/// Names what one change has done about holds.
void Checks::note_holds(const Semester& semester, Seq head_before) {
  std::size_t expired = 0;
  std::size_t confirmed = 0;
  std::size_t cancelled = 0;
  for (auto i = static_cast<std::size_t>(head_before); i < semester.entries.size(); ++i) {
    const auto& entry = semester.entries[i].entry;
    if (entry.kind == EntryKind::kConfirmed) ++confirmed;
    if (entry.kind != EntryKind::kReleased) continue;
    if (entry.cause == Cause::kExpired) ++expired;
    if (entry.cause == Cause::kCancelled) ++cancelled;
  }
  if (expired > 1) world_.cells.reach("hold/several-expired-in-one-change");
  if (expired > 0 && due_in(semester)) world_.cells.reach("hold/lets-the-wait-list-go-on");
  if (semester.is_open) return;
  if (confirmed > 0) world_.cells.reach("hold/closed-with-confirm");
  if (cancelled > 0) world_.cells.reach("hold/closed-with-cancel");
}

// At replies.

/// The reply tells the end of the hold, and a request without hold-seconds has made the grant firm.
void Checks::check_reply_about_hold(const Reply& reply, const AllocationRequest& request, const RepliedProgram& entry,
                                    const Held& held, std::size_t row) {
  const auto end = end_in(entry);
  const bool is_twice = count_of(request, row) > 1;
  const auto say = [&](const std::string& what) {
    world_.violate("answered-is-durable", reply.server + " answered in " + request.semester +
                                              " that a hold ends at \"" + entry.expires_at + "\": " + what);
  };
  // A reply that is late can be of an earlier grant with the same numbers.
  const auto was_so = [&](const Held& one) {
    const auto has_end = [&](const HoldEnd& of_hold) { return of_hold.expires_at == end; };
    return one.grant == held.grant && (end == 0 || std::any_of(one.ends.begin(), one.ends.end(), has_end));
  };
  const bool was_told = find_held(request.semester, row, Moment::kEver, was_so) != nullptr;
  // The second one of a message can confirm what the first one was told about.
  if (is_superseded(reply) || is_twice ? !was_told : end != held.expires_at) say("the ledger has another end");
  const bool is_refusal = entry.status == Status::kAlreadyHasResources;
  if (request.hold_seconds == 0 && !is_refusal && end != 0) say("the request has no hold-seconds");
  const bool was_granted_by_it = request.request_id && held.request_id == request.request_id;
  const auto length = Time{std::chrono::seconds{request.hold_seconds}};
  if (was_granted_by_it && (held.ends.empty() ? length != Time{0} : held.ends.front().length != length)) {
    say("the request has another length");
  }
  if (is_refusal) {
    if (end != 0) world_.cells.reach("hold/other-numbers");
  } else if (request.hold_seconds > 0) {
    if (end == 0) world_.cells.reach("hold/asked-for-and-granted-before");
    if (end != 0 && held.ends.back().decided < reply.arrived) world_.cells.reach("hold/repeated");
  }
}

/// What has become of the hold of a program, if it is no longer open.
std::optional<Status> Checks::end_of_hold(const Subject& subject) const {
  if (subject.held != nullptr)
    return subject.held->was_confirmed ? std::optional{Status::kHoldConfirmed} : std::nullopt;
  const auto grants = subject.semester->grants.find(subject.row);
  if (grants == subject.semester->grants.end() || grants->second.empty()) return std::nullopt;
  switch (grants->second.back().released_by) {
    case Cause::kCancelled: return Status::kHoldCancelled;
    case Cause::kExpired: return Status::kHoldExpired;
    default: return std::nullopt;
  }
}

/// Does a command about a hold tell its end rightly? Also a hold whose end has come, but which the store still has.
bool Checks::tells_end(const Subject& subject, Status status) const {
  if (end_of_hold(subject) == status) return true;
  if (status != Status::kHoldExpired || subject.held == nullptr || subject.held->expires_at == 0) return false;
  const auto drift = has_drift_ ? world_.now() / 10 : Time{0};
  const auto latest = std::max(newest_at_, wall_time(world_.now() + drift));
  return microseconds(latest) >= subject.held->expires_at;
}

void Checks::check_hold_facts(const Reply& reply, const OfficeCommand& command, const OfficeOutcome& outcome,
                              const Subject& subject) {
  const auto say = [&](const std::string& what) {
    world_.violate("facts-are-the-ledger", reply.server + " answered command " + command.id + " with " + what);
  };
  const auto end = subject.held == nullptr ? 0 : subject.held->expires_at;
  if (program_of(command) != nullptr && outcome.expires_at != end) say("another end of the hold");
  if (!std::holds_alternative<CloseSemester>(command.change) || !outcome.error) return;
  if (outcome.holds != static_cast<std::int64_t>(open_holds(*subject.semester))) say("another number of holds");
}

// At any time.

std::size_t Checks::open_holds(const Semester& semester) {
  const auto has_hold = [](const auto& of_row) {
    const auto& grants = of_row.second;
    return !grants.empty() && grants.back().released_at == 0 && grants.back().expires_at != 0;
  };
  return static_cast<std::size_t>(std::count_if(semester.grants.begin(), semester.grants.end(), has_hold));
}

std::size_t Checks::hold_count() const {
  std::size_t count = 0;
  for (const auto& [name, semester] : semesters_) count += open_holds(semester);
  return count;
}

std::optional<WallTime> Checks::last_end_of_holds() const {
  std::int64_t last = 0;
  for (const auto& [name, semester] : semesters_) {
    for (const auto& [row, grants] : semester.grants) {
      if (grants.empty() || grants.back().released_at != 0) continue;
      const auto end = grants.back().expires_at;
      if (end <= microseconds(newest_at_ + kSoon)) last = std::max(last, end);
    }
  }
  return last == 0 ? std::nullopt : std::optional{WallTime{Time{last}}};
}

void Checks::check_holds_ended(WallTime until) {
  for (const auto& [name, semester] : semesters_) {
    for (const auto& [row, grants] : semester.grants) {
      if (grants.empty() || grants.back().released_at != 0) continue;
      const auto end = grants.back().expires_at;
      if (end == 0 || end > microseconds(until)) continue;
      world_.violate("holds-end", names_.rows()[row].program + " still has a hold in semester " + name +
                                      " that ended at " + time_text(WallTime{Time{end}}));
    }
  }
}

void Checks::check_holds(const std::string& server, const Allocator& allocator, const Semester& semester,
                         const std::string& name) {
  const auto& holds = allocator.holds(semester.id);
  bool is_equal = holds.size() == open_holds(semester);
  for (std::size_t i = 0; i < row_of_.size(); ++i) {
    const auto grants = semester.grants.find(row_of_[i]);
    const bool is_held =
        grants != semester.grants.end() && !grants->second.empty() && grants->second.back().released_at == 0;
    const auto end = is_held ? grants->second.back().expires_at : 0;
    is_equal = is_equal && holds.end_of(static_cast<ProgramId>(i + 1)) == end;
  }
  if (!is_equal) world_.violate("state-is-the-ledger", server + " has other holds in semester " + name);
}

}  // namespace dti::simulation
