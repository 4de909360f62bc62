#include "simulation/checks.hpp"

#include <algorithm>
#include <utility>

#include "dti/protocol/allocation_codec.hpp"

namespace dti::simulation {
namespace {

/// The rule of docs/allocation.md once more, room by room, so that a fault in allocate() does not hide itself.
Grant grant_by_the_rule(Pool pool, const Want& want) {
  Grant grant;
  while (grant.labs < want.labs && pool.labs > 0) {
    ++grant.labs;
    --pool.labs;
  }
  while (grant.labs + grant.mobile_labs < want.labs && pool.conversions_left > 0 && pool.classrooms > 0) {
    ++grant.mobile_labs;
    --pool.conversions_left;
    --pool.classrooms;
  }
  while (grant.classrooms < want.classrooms && pool.classrooms > 0) {
    ++grant.classrooms;
    --pool.classrooms;
  }
  return grant;
}

bool is_all(const Want& want, const Grant& grant) {
  return grant.classrooms >= want.classrooms && grant.labs + grant.mobile_labs >= want.labs;
}

bool is_negative(const Pool& pool) { return pool.classrooms < 0 || pool.labs < 0 || pool.conversions_left < 0; }

bool is_negative(const Grant& grant) { return grant.classrooms < 0 || grant.labs < 0 || grant.mobile_labs < 0; }

std::string text(const Grant& grant) {
  return std::to_string(grant.classrooms) + "+" + std::to_string(grant.labs) + "+" + std::to_string(grant.mobile_labs);
}

std::string text(const Pool& pool) {
  return std::to_string(pool.classrooms) + "/" + std::to_string(pool.labs) + "/" +
         std::to_string(pool.conversions_left);
}

/// Each entry of an encoded reply, from the numbers that were asked for to its end.
std::vector<std::string_view> entries_of(std::string_view body) {
  constexpr std::string_view kStart = R"(","requested-classrooms":)";  // its quotes cannot stand within a text
  std::vector<std::string_view> entries;
  for (auto start = body.find(kStart); start != std::string_view::npos; start = body.find(kStart, start + 1)) {
    entries.push_back(body.substr(start, body.find('}', start) - start));
  }
  return entries;
}

bool carries_grant(Status status) {
  return status == Status::kOk || status == Status::kNotEnoughResources || status == Status::kAlreadyHasResources;
}

}  // namespace

Checks::Checks(World& world, const Names& names, std::shared_ptr<MemoryStore> store,
               std::set<std::string> office_semesters)
    : world_(world),
      names_(names),
      store_(std::move(store)),
      office_semesters_(std::move(office_semesters)),
      reader_(store_) {}

// The store.

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
  }
  for (const auto& stored : survey.semesters) check_semester(stored);
}

void Checks::check_semester(const StoredSemester& stored) {
  const auto [place, is_new] = semesters_.try_emplace(stored.name);
  auto& semester = place->second;
  if (is_new) {
    semester.id = stored.id;
    semester.opened_at = world_.now();
    semester.capacity = stored.capacity;
    semester.left = full_pool(stored.capacity);
    const auto has_grants = [](const auto& other) { return !other.second.holders.empty(); };
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
  std::set<std::string> request_ids;
  for (auto i = semester.entries.size(); i < entries.size(); ++i) {
    replay(semester, stored, entries[i]);
    if (entries[i].request_id) request_ids.insert(*entries[i].request_id);
  }
  semester.entries = entries;
  for (const auto& id : request_ids) {
    if (!semester.request_ids.insert(id).second) {
      world_.violate("whole-messages", "entries of request " + id + " were stored at two times");
    }
    if (expired_.contains(id)) world_.cells.reach("request/expired-and-stored");
  }
  if (stored.head != static_cast<Seq>(entries.size())) {
    world_.violate("head", "semester " + stored.name + " has " + std::to_string(entries.size()) +
                               " entries, and its head says " + std::to_string(stored.head));
  }
  if (stored.left != semester.left) {
    world_.violate("conservation", "semester " + stored.name + " has " + text(stored.left) +
                                       " left; capacity less grants is " + text(semester.left));
  }
}

void Checks::replay(Semester& semester, const StoredSemester& stored, const MemoryStore::Entry& stored_entry) {
  const auto& entry = stored_entry.entry;
  const auto what = "entry " + std::to_string(entry.seq) + " of semester " + stored.name;
  const bool is_first = semester.entries.empty() && entry.seq == 1;
  if (entry.kind == EntryKind::kSemesterOpened) {
    if (!is_first || entry.capacity != semester.capacity) world_.violate("one-order", what + " opens it again");
    return;
  }
  if (entry.kind != EntryKind::kGranted || entry.program_id == 0 || entry.program_id > row_of_.size()) {
    return world_.violate("ledger-is-known", what + " is of an unknown kind or program");
  }
  const auto row = row_of_[entry.program_id - 1];
  const auto expected = grant_by_the_rule(semester.left, entry.want);
  if (is_negative(entry.grant)) world_.violate("nothing-negative", what + " grants " + text(entry.grant));
  if (entry.grant != expected) {
    world_.violate("the-rule", what + " grants " + text(entry.grant) + " of " + text(semester.left) + ", the rule " +
                                   text(expected));
  }
  semester.left.classrooms -= entry.grant.classrooms + entry.grant.mobile_labs;
  semester.left.labs -= entry.grant.labs;
  semester.left.conversions_left -= entry.grant.mobile_labs;
  if (is_negative(semester.left)) world_.violate("nothing-negative", what + " leaves " + text(semester.left));
  if (!semester.holders.emplace(row, Held{entry.want, entry.grant}).second) {
    world_.violate("one-grant", what + " grants to " + names_.rows()[row].program + " a second time");
  }
}

void Checks::on_commit(const Batch& batch, CommitResult result, Epoch epoch_before) {
  const auto what = "a batch under epoch " + std::to_string(batch.epoch) + " on head " + std::to_string(batch.base);
  if (result == CommitResult::kCommitted && batch.epoch != epoch_before) {
    world_.violate("one-writer", what + " was stored under epoch " + std::to_string(epoch_before));
  }
  if (result == CommitResult::kBaseMoved) world_.violate("base-stays", what + " found another head");
}

bool Checks::has_stored(const Batch& batch) const {
  for (const auto& [name, semester] : semesters_) {
    if (semester.id != batch.semester_id) continue;
    const auto last = static_cast<std::size_t>(batch.base) + batch.entries.size();
    const auto same = [](const LedgerEntry& one, const MemoryStore::Entry& other) { return one == other.entry; };
    return last <= semester.entries.size() &&
           std::equal(batch.entries.begin(), batch.entries.end(), semester.entries.begin() + batch.base, same);
  }
  return false;
}

// Replies and answers.

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
  if (request.programs.empty()) world_.cells.reach(RequestKind::kNoPrograms, reply.state);
  for (std::size_t i = 0; i < request.programs.size(); ++i)
    check_entry(reply, request, i, decoded->programs[i], bytes[i]);
}

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
  const bool is_right = semester != semesters_.end() &&
                        (semester->first != command.name || semester->second.capacity != command.capacity);
  if (!is_right) world_.violate("refusals-are-right", reply.server + " did not open semester " + command.name);
}

/// The store has the semester, and no request that arrived after the command was decided before it.
void Checks::check_opened(const Reply& reply, const OpenSemester& command) {
  const auto semester = semesters_.find(command.name);
  if (semester == semesters_.end() || semester->second.capacity != command.capacity) {
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
    if (semester == semesters_.end() || semester->second.opened_at >= reply.arrived) return;
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
  check_held(reply.server, request.semester, row, asked.want, entry.status, entry.grant);
  if (!row) return world_.cells.reach(RequestKind::kUnknownProgram, reply.state);
  note_kind(reply, request, index, *row, entry);
  const Answered key{request.semester, *row, asked.want.classrooms, asked.want.labs};
  const auto [first, is_first] = first_answers_.emplace(key, bytes);
  if (first->second != bytes) {
    world_.violate("repeats-are-equal",
                   reply.server + " answered " + std::string{bytes} + ", and before " + first->second);
  }
}

void Checks::note_kind(const Reply& reply, const AllocationRequest& request, std::size_t index, std::size_t row,
                       const RepliedProgram& entry) {
  const auto& asked = request.programs[index];
  const auto same_row = [&](const ProgramRequest& other) {
    return names_.find(request.faculty_name, other.name) == row;
  };
  if (std::count_if(request.programs.begin(), request.programs.end(), same_row) > 1) {
    world_.cells.reach(RequestKind::kTwiceInOneMessage, reply.state);
  }
  if (entry.status == Status::kAlreadyHasResources) {
    return world_.cells.reach(RequestKind::kOtherNumbers, reply.state);
  }
  const Answered key{request.semester, row, asked.want.classrooms, asked.want.labs};
  if (request.request_id && expired_.contains(*request.request_id)) world_.cells.reach("request/expired-and-repeated");
  if (first_answers_.contains(key)) {
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

void Checks::check_held(const std::string& who, const std::string& semester, std::optional<std::size_t> row,
                        const Want& want, Status status, const Grant& grant) {
  const auto say = [&](const std::string& check, const std::string& what) {
    world_.violate(check, who + " answered " + std::string{wire_text(status)} + " " + text(grant) + " in " + semester +
                              " to " + (row ? names_.rows()[*row].program : "nobody") + ": " + what);
  };
  if (!row) {
    if (status != Status::kInvalidProgram) say("refusals-are-right", "there is no such program");
    return;
  }
  if (!carries_grant(status)) return say("refusals-are-right", "there is such a program");
  const auto found = semesters_.find(semester);
  const auto held =
      found == semesters_.end() ? std::map<std::size_t, Held>::const_iterator{} : found->second.holders.find(*row);
  if (found == semesters_.end() || held == found->second.holders.end()) {
    return say("answered-is-durable", "the ledger has no such grant");
  }
  if (held->second.grant != grant) say("answered-is-durable", "the ledger says " + text(held->second.grant));
  const bool is_same_want = held->second.want == want;
  if (is_same_want != (status != Status::kAlreadyHasResources)) say("refusals-are-right", "it asked for other numbers");
  if (is_same_want && (status == Status::kOk) != is_all(want, grant))
    say("status-fits-grant", "that is not what it got");
}

void Checks::on_room_answer(const std::string& faculty, const RoomRequest& request, const RoomAnswer& answer) {
  if (may_retry(answer.status)) return;
  if (answer.status == Status::kInvalidSemester || answer.status == Status::kInvalidRequest) return;
  check_held("faculty " + faculty, request.semester, names_.find(faculty, request.program_name), request.want,
             answer.status, answer.grant);
}

void Checks::on_quiet_leader(const std::string& server, const Allocator& allocator) {
  for (const auto& [name, semester] : semesters_) {
    if (allocator.find_semester(name) != semester.id) {
      world_.violate("state-is-the-ledger", server + " does not serve semester " + name);
    } else if (allocator.head(semester.id) != static_cast<Seq>(semester.entries.size()) ||
               allocator.left(semester.id) != semester.left) {
      world_.violate("state-is-the-ledger", server + " has " + text(allocator.left(semester.id)) +
                                                " left of semester " + name + ", the ledger " + text(semester.left));
    }
  }
}

}  // namespace dti::simulation
