#include "simulation/checks/checks.hpp"

#include <algorithm>
#include <utility>

#include "dti/base/time_text.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "simulation/checks/by_the_rule.hpp"

namespace dti::simulation {
namespace {

/// Each entry of an encoded reply, from the numbers that were asked for to its end.
std::vector<std::string_view> entries_of(std::string_view body) {
  constexpr std::string_view kStart = R"(","requested-classrooms":)";  // its quotes cannot stand within a text
  std::vector<std::string_view> entries;
  for (auto start = body.find(kStart); start != std::string_view::npos; start = body.find(kStart, start + 1)) {
    entries.push_back(body.substr(start, body.find('}', start) - start));
  }
  return entries;
}

/// The end of the hold of an entry; 0: the grant is firm, or the text is no time.
std::int64_t end_in(const RepliedProgram& entry) {
  const auto time = time_from_text(entry.expires_at);
  return time ? time->time_since_epoch().count() : 0;
}

bool carries_grant(Status status) {
  return status == Status::kOk || status == Status::kNotEnoughResources || status == Status::kAlreadyHasResources;
}

}  // namespace

Checks::Checks(World& world, const Names& names, std::shared_ptr<MemoryStore> store,
               std::set<std::string> office_semesters, bool has_drift)
    : world_(world),
      names_(names),
      store_(std::move(store)),
      office_semesters_(std::move(office_semesters)),
      has_drift_(has_drift),
      reader_(store_) {}

void Checks::on_reply(const Reply& reply, const AllocationRequest& request, std::string_view body) {
  const auto decoded = decode_allocation_reply(body);
  if (!decoded) return world_.violate("replies-are-readable", reply.server + " sent " + std::string{body});
  const auto bytes = entries_of(body);
  if (decoded->programs.size() != request.programs.size() || bytes.size() != request.programs.size() ||
      decoded->request_id != request.request_id) {
    return world_.violate("every-program-is-answered", reply.server + " answered " + std::string{body});
  }
  if (decoded->error && may_retry(decoded->error->status)) {
    if (decoded->error->status == Status::kNotLeader) {
      world_.cells.reach(decoded->error->leader.empty() ? "request/sent-to-nobody" : "request/sent-to-the-leader");
    }
    if (decoded->error->detail.find("what the wait list of the semester is due") != std::string::npos) {
      world_.cells.reach("request/behind-a-rejected-top-up");
    }
    if (decoded->error->detail.find("a hold of the program has expired") != std::string::npos) {
      world_.cells.reach("hold/request-behind-a-rejected-expiry");
    }
    if (decoded->error->status == Status::kOverloaded) world_.cells.reach("request/overloaded");
    if (decoded->error->detail.find("did not answer in time") != std::string::npos) {
      world_.cells.reach("request/expired");
      if (request.request_id) expired_.insert(*request.request_id);
    }
    return;
  }
  if (decoded->error && decoded->error->status == Status::kInvalidRequest) {
    return world_.cells.reach(RequestKind::kMalformed, reply.state);
  }
  ++decided_count_;
  check_leads(reply);
  if (decoded->error) return check_error(reply, request, *decoded->error);
  check_settled(reply, request.semester);
  if (request.programs.empty()) world_.cells.reach(RequestKind::kNoPrograms, reply.state);
  for (std::size_t i = 0; i < request.programs.size(); ++i)
    check_entry(reply, request, i, decoded->programs[i], bytes[i]);
}

bool Checks::is_superseded(const Reply& reply) const { return superseded_at_.contains(reply.epoch); }

void Checks::check_leads(const Reply& reply) {
  const auto superseded = superseded_at_.find(reply.epoch);
  if (reply.epoch == 0 || (superseded != superseded_at_.end() && superseded->second < reply.arrived)) {
    world_.violate("only-the-leader-answers", reply.server + " answered under epoch " + std::to_string(reply.epoch) +
                                                  " what it was asked after another one had taken the lead");
  }
}

void Checks::on_reply(const Reply& reply, const OpenSemester& command, const OpenSemesterOutcome& outcome) {
  if (!outcome.error) return check_opened(reply, command);
  const auto status = outcome.error->status;
  if (status == Status::kNotLeader) world_.cells.reach("command/on-a-standby");
  if (outcome.error->detail.find("did not answer in time") != std::string::npos) world_.cells.reach("command/expired");
  if (may_retry(status) || status == Status::kInvalidRequest) return;  // the office knows which name is bad
  const auto folded = [](std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
  };
  const auto semester = semesters_.find(folded(command.name));
  const bool is_right =
      semester != semesters_.end() &&
      (semester->first != command.name || semester->second.opened_with != command.capacity ||
       !semester->second.is_open || semester->second.open_changed_at >= reply.arrived || is_superseded(reply));
  if (!is_right) world_.violate("refusals-are-right", reply.server + " did not open semester " + command.name);
}

/// The store has the semester, and no request that arrived after the command was decided before it.
void Checks::check_opened(const Reply& reply, const OpenSemester& command) {
  const auto semester = semesters_.find(command.name);
  if (semester == semesters_.end() || semester->second.opened_with != command.capacity) {
    return world_.violate("answered-is-durable", reply.server + " answered that semester " + command.name + " is open");
  }
  const auto unknown = last_unknown_.find({reply.process, command.name});
  if (unknown != last_unknown_.end() && unknown->second > reply.arrived) {
    world_.violate("barriers", reply.server + " decided a request in semester " + command.name +
                                   " before the command that opens it, which had arrived earlier");
  }
}

void Checks::check_error(const Reply& reply, const AllocationRequest& request, const RequestError& error) {
  if (error.status == Status::kInvalidSemester) {
    world_.cells.reach(RequestKind::kUnknownSemester, reply.state);
    auto& last_unknown = last_unknown_[{reply.process, request.semester}];
    last_unknown = std::max(last_unknown, reply.arrived);
    const auto semester = semesters_.find(request.semester);
    if (semester == semesters_.end() || !semester->second.is_open ||
        semester->second.open_changed_at >= reply.arrived || is_superseded(reply)) {
      return;
    }
  } else if (error.status == Status::kInvalidFaculty) {
    world_.cells.reach(RequestKind::kUnknownFaculty, reply.state);
    if (!names_.knows_faculty(request.faculty_name)) return;
  }
  world_.violate("refusals-are-right", reply.server + " answered " + std::string{wire_text(error.status)} + " to " +
                                           request.faculty_name + " in " + request.semester);
}

void Checks::check_entry(const Reply& reply, const AllocationRequest& request, std::size_t index,
                         const RepliedProgram& entry, std::string_view bytes) {
  const auto& asked = request.programs[index];
  const auto row = names_.find(request.faculty_name, asked.name);
  if (entry.correlation_id != asked.correlation_id) {
    return world_.violate("every-program-is-answered", reply.server + " answered another program-id");
  }
  if (entry.status == Status::kGrantReleased) {
    check_spent(reply, request, row);
    return;
  }
  const auto* const held = check_held(reply.server, request.semester, row, asked.want, entry.status, entry.grant,
                                      is_superseded(reply) ? Moment::kEver : Moment::kNow);
  if (!row) return world_.cells.reach(RequestKind::kUnknownProgram, reply.state);
  if (held == nullptr) return;
  check_reply_about_hold(reply, request, entry, *held, *row);
  const Answered key{request.semester, *row, held->granted_at, asked.want.classrooms, asked.want.labs, end_in(entry)};
  note_kind(reply, request, index, *row, entry, held->is_top_up || first_answers_.contains(key));
  if (held->is_top_up) world_.cells.reach("request/repeated-after-a-top-up");
  bytes = bytes.substr(0, bytes.find(",\"detail\":"));  // a quota can have changed since
  const auto [first, is_first] = first_answers_.emplace(key, bytes);
  if (first->second != bytes) {
    world_.violate("repeats-are-equal",
                   reply.server + " answered " + std::string{bytes} + ", and before " + first->second);
  }
}

/// How often a request names the program.
std::size_t Checks::count_of(const AllocationRequest& request, std::size_t row) const {
  const auto is_it = [&](const ProgramRequest& asked) { return names_.find(request.faculty_name, asked.name) == row; };
  return static_cast<std::size_t>(std::count_if(request.programs.begin(), request.programs.end(), is_it));
}

void Checks::note_kind(const Reply& reply, const AllocationRequest& request, std::size_t index, std::size_t row,
                       const RepliedProgram& entry, bool is_repeat) {
  const auto& asked = request.programs[index];
  if (count_of(request, row) > 1) {
    world_.cells.reach(RequestKind::kTwiceInOneMessage, reply.state);
  }
  if (entry.status == Status::kAlreadyHasResources) {
    return world_.cells.reach(RequestKind::kOtherNumbers, reply.state);
  }
  if (request.request_id && expired_.contains(*request.request_id)) world_.cells.reach("request/expired-and-repeated");
  if (is_repeat) {
    const bool is_respelled = names_.rows()[row].program != asked.name;
    return world_.cells.reach(is_respelled ? RequestKind::kRespelled : RequestKind::kRepeated, reply.state);
  }
  if (entry.grant.mobile_labs > 0) world_.cells.reach(RequestKind::kConverted, reply.state);
  const bool is_nothing = entry.grant == Grant{} && asked.want != Want{};
  world_.cells.reach(entry.status == Status::kOk ? RequestKind::kGranted
                     : is_nothing                ? RequestKind::kGrantedNothing
                                                 : RequestKind::kGrantedInPart,
                     reply.state);
}

const Checks::Held* Checks::check_held(const std::string& who, const std::string& semester,
                                       std::optional<std::size_t> row, const Want& want, Status status,
                                       const Grant& grant, Moment moment) {
  const auto say = [&](const std::string& check, const std::string& what) {
    world_.violate(check, who + " answered " + std::string{wire_text(status)} + " " + text(grant) + " in " + semester +
                              " to " + (row ? names_.rows()[*row].program : "nobody") + ": " + what);
    return nullptr;
  };
  if (!row) {
    return status == Status::kInvalidProgram ? nullptr : say("refusals-are-right", "there is no such program");
  }
  if (status == Status::kInvalidProgram && retired_.contains(*row)) {
    const auto any = [](const Held&) { return true; };
    if (moment == Moment::kNow && find_held(semester, *row, moment, any) != nullptr) {
      return say("refusals-are-right", "it is retired, and holds a grant");
    }
    world_.cells.reach("retired/asks-and-gets-nothing");
    return nullptr;
  }
  if (!carries_grant(status)) return say("refusals-are-right", "there is such a program");
  if (retired_.contains(*row)) world_.cells.reach("retired/asks-and-gets-what-it-holds");
  const auto is_meant = [&](const Held& held) {
    return held.grant == grant && (held.want == want) == (status != Status::kAlreadyHasResources);
  };
  const auto* const held = find_held(semester, *row, moment, is_meant);
  if (held == nullptr) return say("answered-is-durable", "the ledger has no such grant");
  if (!is_meant(*held)) {
    return say("answered-is-durable", "the ledger says " + text(held->grant) + ", or it asked for other numbers");
  }
  if (held->want == want && (status == Status::kOk) != is_all(want, grant)) {
    return say("status-fits-grant", "that is not what it got");
  }
  return held;
}

/// The grant of a program: the one that stands; or, of any moment, one that is meant.
const Checks::Held* Checks::find_held(const std::string& semester, std::size_t row, Moment moment,
                                      const std::function<bool(const Held&)>& is_meant) const {
  const auto found = semesters_.find(semester);
  if (found == semesters_.end()) return nullptr;
  const auto grants = found->second.grants.find(row);
  if (grants == found->second.grants.end()) return nullptr;
  if (moment == Moment::kNow) return grants->second.back().released_at == 0 ? &grants->second.back() : nullptr;
  const auto meant = std::find_if(grants->second.rbegin(), grants->second.rend(), is_meant);
  return meant == grants->second.rend() ? nullptr : &*meant;
}

/// A request is told that its grant was released: the ledger says so.
void Checks::check_spent(const Reply& reply, const AllocationRequest& request, std::optional<std::size_t> row) {
  const auto is_spent = [&](const Held& held) {
    return held.released_at > 0 && !held.is_topped_up && held.request_id == request.request_id;
  };
  if (!row || !request.request_id || find_held(request.semester, *row, Moment::kEver, is_spent) == nullptr) {
    world_.violate("refusals-are-right", reply.server + " answered GRANT-RELEASED in " + request.semester +
                                             ", where no grant of that request was released");
  }
  world_.cells.reach("request/spent");
  const auto ended_as_hold = [&](const Held& held) {
    return is_spent(held) && (held.released_by == Cause::kExpired || held.released_by == Cause::kCancelled);
  };
  if (row && find_held(request.semester, *row, Moment::kEver, ended_as_hold) != nullptr) {
    world_.cells.reach("hold/spent-by-its-end");
  }
}

void Checks::on_room_answer(const std::string& faculty, const RoomRequest& request, const RoomAnswer& answer) {
  if (may_retry(answer.status)) return;
  if (answer.status == Status::kInvalidSemester || answer.status == Status::kInvalidRequest) return;
  const auto row = names_.find(faculty, request.program_name);
  if (answer.status == Status::kGrantReleased) {
    const auto is_released = [](const Held& held) { return held.released_at > 0; };
    if (!row || find_held(request.semester, *row, Moment::kEver, is_released) == nullptr) {
      world_.violate("refusals-are-right", "faculty " + faculty + " answered GRANT-RELEASED in " + request.semester +
                                               ", where no grant was released");
    }
    return;
  }
  // The answer takes its time, and the office may have changed the grant meanwhile.
  (void)check_held("faculty " + faculty, request.semester, row, request.want, answer.status, answer.grant,
                   Moment::kEver);
}

void Checks::on_quiet_leader(const std::string& server, const Allocator& allocator) {
  for (const auto& [name, semester] : semesters_) {
    const auto served = semester.is_open ? std::optional{semester.id} : std::nullopt;
    if (allocator.find_semester(name) != served) {
      world_.violate("state-is-the-ledger",
                     server + (semester.is_open ? " does not serve semester " : " serves the closed semester ") + name);
    } else if (!semester.is_open) {
      continue;
    } else if (allocator.head(semester.id) != static_cast<Seq>(semester.entries.size()) ||
               allocator.left(semester.id) != semester.left) {
      world_.violate("state-is-the-ledger", server + " has " + text(allocator.left(semester.id)) +
                                                " left of semester " + name + ", the ledger " + text(semester.left));
    } else {
      check_holdings(server, allocator, semester);
      check_wait_list(server, allocator, semester, name);
      check_quotas(server, allocator, semester, name);
      check_holds(server, allocator, semester, name);
    }
  }
}

void Checks::check_holdings(const std::string& server, const Allocator& allocator, const Semester& semester) {
  for (std::size_t i = 0; i < row_of_.size(); ++i) {
    const auto state = allocator.program(semester.id, static_cast<ProgramId>(i + 1));
    const auto grants = semester.grants.find(row_of_[i]);
    const bool is_held = grants != semester.grants.end() && grants->second.back().released_at == 0;
    const auto expected =
        is_held ? std::optional{HeldGrant{grants->second.back().want, grants->second.back().grant}} : std::nullopt;
    if (state.held != expected || (is_held && state.waits_since != grants->second.back().place)) {
      world_.violate("state-is-the-ledger",
                     server + " has another grant or place of " + names_.rows()[row_of_[i]].program);
    }
  }
}

}  // namespace dti::simulation
