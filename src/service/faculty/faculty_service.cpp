#include "dti/service/faculty/faculty_service.hpp"

#include <algorithm>
#include <string_view>

#include "dti/base/check.hpp"
#include "dti/base/pause.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryAfterMax{5'000};  // whatever a server wants: the budget is short
constexpr milliseconds kAvoidAbsent{1'000};    // a server that cannot be reached: tried again after so long
constexpr std::size_t kSemestersMax = 64;      // of batches that malformed requests may begin: they can name any semester

constexpr const char* kNotInTime = "no server answered in time";
constexpr const char* kMayBeGranted =
    "; rooms may have been granted all the same: before you ask again, look at the server's log, because an old DTI "
    "server grants a repeat once more";

// A program that asks twice counts once. Names that differ in a separator may be two programs, and count as two.
std::string asker_of(const std::string& name) {
  auto key = strict_key(name);
  return key.empty() ? name : key;
}

}  // namespace

FacultyService::FacultyService(FacultyOptions options, std::function<std::uint64_t()> random)
    : options_(std::move(options)),
      programs_min_(std::clamp<std::size_t>(options_.programs_min, 1, kBatchProgramsMax)),
      random_(std::move(random)),
      connections_(options_.endpoints.size()) {
  DTI_CHECK(!options_.endpoints.empty());
}

void FacultyService::on_room_request(Token token, const RoomRequest& request, SteadyTime now) {
  if (options_.semester && request.semester != *options_.semester) {
    return refuse(token, Status::kInvalidSemester, "this faculty serves semester " + *options_.semester + " only");
  }
  if (stop_at_ || ended_) return refuse(token, Status::kUnavailable, "the faculty is stopping; ask again later");
  if (options_.semester && last_batch_ > 0) {
    return refuse(token, Status::kUnavailable, "the faculty has sent its request already; ask when it runs again");
  }
  if (waiting_count_ >= options_.waiting_max) {
    return refuse(token, Status::kOverloaded, "too many programs wait for an answer; ask again later");
  }

  auto& batch = gather(request.semester, now);
  if (batch.tokens.empty()) batch.next_at = now + options_.batch_wait;
  batch.request.programs.push_back({random_uuid(), request.program_name, request.want});
  batch.tokens.emplace_back(token);
  // A program that asks again, after a crash for instance, does not take the place of another one.
  batch.askers.insert(asker_of(request.program_name));
  ++batch.waiting_count;
  ++waiting_count_;
  send_if_full(request.semester, now);
}

void FacultyService::on_malformed_request(const std::optional<std::string>& semester, const std::string& asker,
                                          SteadyTime now) {
  const auto& counts_for = semester ? semester : options_.semester;
  const bool is_served = counts_for && (!options_.semester || counts_for == options_.semester);
  const bool has_sent_its_batch = options_.semester && last_batch_ > 0;
  if (!is_served || has_sent_its_batch || stop_at_ || ended_) return;
  if (!gathering_.contains(*counts_for) && gathering_.size() >= kSemestersMax) return;
  gather(*counts_for, now).askers.insert(asker_of(asker));
  send_if_full(*counts_for, now);
}

void FacultyService::on_reply(std::size_t endpoint, const AllocationReply& reply, SteadyTime now) {
  const auto id = find_batch(endpoint, reply);
  if (!id) return;
  auto& batch = asked_.at(*id);
  const bool is_of_current_try = batch.under_way && batch.endpoint == endpoint;
  if (is_of_current_try) connections_[endpoint].silent = false;
  connections_[endpoint].avoid_until = {};

  // An error of an unknown code reads as kUnavailable; with no program listed it is an old server's last word.
  const bool is_last_word = !reply.error || !may_retry(reply.error->status) ||
                            (reply.error->status == Status::kUnavailable && reply.programs.empty());
  answer_from(batch, reply, !is_last_word);
  if (batch.waiting_count == 0) {
    end_try(batch);
    preferred_ = endpoint;
    log(LogLevel::kInfo, "batch-answered", "a server answered the request", batch);
    asked_.erase(*id);
  } else if (is_of_current_try) {  // a late refusal says nothing about the try under way
    on_refusal(batch, *reply.error, now);
    erase_answered();
  }
  end_if_done();
}

void FacultyService::on_connected(std::size_t endpoint, SteadyTime now) {
  auto& connection = connections_[endpoint];
  connection.connected = true;
  connection.silent = false;
  connection.since = now;
  for (auto& [id, batch] : asked_) {
    if (batch.under_way && batch.endpoint == endpoint && !batch.is_sent) begin_time_of_try(batch, now);
  }
}

void FacultyService::on_connection_lost(std::size_t endpoint, const std::string& reason, SteadyTime now) {
  auto& connection = connections_[endpoint];
  connection.connected = connection.silent = false;
  connection.avoid_until = now + kAvoidAbsent;
  for (auto& [id, batch] : asked_) {
    if (!batch.under_way || batch.endpoint != endpoint) continue;
    log(LogLevel::kWarning, "try-lost", reason, batch);
    const bool may_be_sent = options_.retries > 0 || !batch.is_sent;
    const auto* why = batch.is_sent ? "the connection to the server was lost" : "no server could be reached";
    try_again_later(batch, {Status::kUnavailable, "", {}, {}}, may_be_sent, why, now);
  }
  erase_answered();
  end_if_done();
}

void FacultyService::on_tick(SteadyTime now) {
  if (stop_at_ && now >= *stop_at_ && !ended_) {
    for (auto& [id, batch] : asked_) give_up(batch, batch.endpoint, "the faculty is stopping");
    asked_.clear();
    ended_ = true;
    actions_.push_back(Exit{1, "stopped before the servers had answered"});
    return;
  }
  for (auto place = gathering_.begin(); place != gathering_.end();) {
    const auto due = place++;
    if (now >= due->second.next_at) send(std::move(gathering_.extract(due).mapped()), now);
  }
  for (auto& [id, batch] : asked_) {
    if (now < batch.next_at) continue;
    if (batch.under_way) {
      on_lost_try(batch, now);
    } else if (now >= batch.give_up_at) {
      give_up(batch, batch.endpoint, kNotInTime);
    } else {
      try_once(batch, now);
    }
  }
  erase_answered();
  end_if_done();
}

void FacultyService::on_stop(SteadyTime now) {
  if (stop_at_ || ended_) return;
  stop_at_ = now + options_.stop_timeout;
  while (!gathering_.empty()) send(std::move(gathering_.extract(gathering_.begin()).mapped()), now);
  end_if_done();
}

std::optional<SteadyTime> FacultyService::wake_at() const {
  std::optional<SteadyTime> earliest = ended_ ? std::nullopt : stop_at_;
  const auto consider = [&](SteadyTime at) { earliest = earliest ? std::min(*earliest, at) : at; };
  for (const auto& [semester, batch] : gathering_) consider(batch.next_at);
  for (const auto& [id, batch] : asked_) consider(batch.next_at);
  return earliest;
}

std::vector<FacultyAction> FacultyService::take_actions() { return std::exchange(actions_, {}); }

FacultyService::Batch& FacultyService::gather(const std::string& semester, SteadyTime now) {
  const auto [place, is_first] = gathering_.try_emplace(semester);
  auto& batch = place->second;
  if (is_first) {
    batch.request.semester = semester;
    batch.request.faculty_name = options_.name;
    batch.next_at = now + options_.batch_wait;
  }
  return batch;
}

void FacultyService::send_if_full(const std::string& semester, SteadyTime now) {
  const auto place = gathering_.find(semester);
  const auto& batch = place->second;
  if (batch.askers.size() < programs_min_ && batch.tokens.size() < kBatchProgramsMax) return;
  send(std::move(gathering_.extract(place).mapped()), now);
}

void FacultyService::refuse(Token token, Status status, std::string detail) {
  actions_.push_back(SendRoomAnswer{token, {.status = status, .grant = {}, .detail = std::move(detail)}});
}

void FacultyService::send(Batch batch, SteadyTime now) {
  if (batch.tokens.empty()) return;  // every request of it was malformed
  const auto id = ++last_batch_;
  batch.request.request_id = random_uuid();
  batch.endpoint = preferred_;
  batch.tries_left = 1 + std::max(0, options_.retries);
  batch.give_up_at = now + options_.budget;
  for (const auto& program : batch.request.programs) batch_of_.emplace(program.correlation_id, id);
  try_once(asked_.emplace(id, std::move(batch)).first->second, now);
}

void FacultyService::try_once(Batch& batch, SteadyTime now) {
  auto& connection = connections_[batch.endpoint];
  // Making a connection anew loses the replies of other tries on it. They can be asked again, unless there are no
  // retries; but a connection must have had its time, or they would end each other's for ever.
  const bool may_end_others = options_.retries > 0 && now - connection.since >= options_.request_timeout;
  if (connection.connected && connection.silent && (connection.tries_under_way == 0 || may_end_others)) {
    reset(batch.endpoint, now);
  }
  ++connection.tries_under_way;
  --batch.tries_left;
  batch.under_way = true;
  batch.is_sent = false;
  batch.next_at = batch.give_up_at;
  if (connection.connected) begin_time_of_try(batch, now);
  actions_.push_back(SendRequest{batch.endpoint, batch.request});
}

void FacultyService::begin_time_of_try(Batch& batch, SteadyTime now) {
  batch.is_sent = batch.was_sent = true;
  batch.next_at = std::min(now + options_.request_timeout, batch.give_up_at);
  log(LogLevel::kInfo, "batch-sent", "asked a server", batch);
}

void FacultyService::on_lost_try(Batch& batch, SteadyTime now) {
  log(LogLevel::kWarning, "try-lost",
      batch.is_sent ? "the server is connected but did not answer in time" : "there was no connection in time", batch);
  end_try(batch);
  auto& connection = connections_[batch.endpoint];
  connection.silent = true;
  connection.avoid_until = now + options_.request_timeout;
  // A peer that vanished is not noticed on an old connection, and what is queued for it must not arrive much later.
  if (connection.tries_under_way == 0) reset(batch.endpoint, now);
  const auto next = next_endpoint(batch, {}, now);
  if (batch.tries_left == 0 || now >= batch.give_up_at) return give_up(batch, next, kNotInTime);
  batch.endpoint = next;
  try_once(batch, now);
}

void FacultyService::on_refusal(Batch& batch, const RequestError& error, SteadyTime now) {
  log(LogLevel::kWarning, "try-refused", "the server answered " + std::string(wire_text(error.status)), batch);
  const auto endpoint = batch.endpoint;
  const bool is_free = error.status == Status::kNotLeader && options_.retries > 0;
  try_again_later(batch, error, is_free, "no server could answer: " + std::string(wire_text(error.status)), now);
  look_behind_balancer(endpoint, error, now);
}

/// Behind one address there may be several servers, and a balancer that gives each connection to another of them.
void FacultyService::look_behind_balancer(std::size_t endpoint, const RequestError& error, SteadyTime now) {
  const auto leader = find_leader(error);
  const bool is_standby = error.status == Status::kNotLeader && (!leader || *leader == endpoint);
  const bool is_only_server = error.status == Status::kUnavailable && connections_.size() == 1;
  if (!is_standby && !is_only_server) return;
  // A standby refuses the other requests on this connection, too; a server that is unavailable may yet answer them.
  const bool may_end_others = is_standby && options_.retries > 0;
  if (connections_[endpoint].tries_under_way > 0 && !may_end_others) return;
  for (auto& [id, other] : asked_) {
    if (!other.under_way || other.endpoint != endpoint) continue;
    log(LogLevel::kWarning, "try-lost", "its connection led to a server that stands by", other);
    try_again_later(other, {Status::kUnavailable, "", {}, {}}, true, "no server could answer: NOT-LEADER", now);
  }
  reset(endpoint, now);
}

/// @param is_free  it counts as none of the retries: the server decided nothing. The budget bounds it
/// @param why  what the programs are told if there is no other try
void FacultyService::try_again_later(Batch& batch, const RequestError& error, bool is_free, const std::string& why,
                                     SteadyTime now) {
  end_try(batch);
  if (is_free) ++batch.tries_left;
  const auto leader = find_leader(error);
  // Once without a pause: two servers may each take the other for the leader.
  if (leader && *leader != batch.endpoint && connections_[*leader].avoid_until <= now && !batch.redirected &&
      batch.tries_left > 0) {
    batch.redirected = true;
    batch.endpoint = *leader;
    batch.next_at = now;
    return;
  }
  batch.redirected = false;
  const auto retry_after = std::min(error.retry_after.value_or(milliseconds{0}), kRetryAfterMax);
  const auto pause = std::max(retry_after, pause_after(++batch.refusals, random_()));
  const auto next = next_endpoint(batch, error, now);
  if (batch.tries_left == 0 || now + pause >= batch.give_up_at) {
    return give_up(batch, next, why);
  }
  batch.endpoint = next;
  batch.next_at = now + pause;
}

void FacultyService::end_try(Batch& batch) {
  if (!batch.under_way) return;
  batch.under_way = false;
  --connections_[batch.endpoint].tries_under_way;
}

void FacultyService::erase_answered() {
  std::erase_if(asked_, [](const auto& entry) { return entry.second.waiting_count == 0; });
}

void FacultyService::reset(std::size_t endpoint, SteadyTime now) {
  connections_[endpoint].connected = connections_[endpoint].silent = false;
  connections_[endpoint].since = now;
  actions_.push_back(ResetEndpoint{endpoint});
}

// The next batch goes on where this one would have: with few tries the last servers would else never be asked.
void FacultyService::give_up(Batch& batch, std::size_t next, const std::string& why) {
  end_try(batch);
  preferred_ = next;
  log(LogLevel::kWarning, "batch-given-up", why, batch);
  // Without retries the server may be an old one, which does not know a repeat.
  const std::string advice = !batch.was_sent        ? "; nothing was asked of a server: ask again"
                             : options_.retries > 0 ? "; ask again, it is safe"
                                                    : kMayBeGranted;
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    if (batch.tokens[i]) answer(batch, i, {.status = Status::kUnavailable, .grant = {}, .detail = why + advice});
  }
}

void FacultyService::answer(Batch& batch, std::size_t index, RoomAnswer answer) {
  actions_.push_back(SendRoomAnswer{batch.tokens[index].value(), std::move(answer)});
  batch.tokens[index].reset();
  batch_of_.erase(batch.request.programs[index].correlation_id);
  --batch.waiting_count;
  --waiting_count_;
}

// Answers the programs that the reply settles: all of them, unless the request was refused for now, when only entries
// with an answer of their own do.
void FacultyService::answer_from(Batch& batch, const AllocationReply& reply, bool refused) {
  std::unordered_map<std::string_view, const RepliedProgram*> replied;
  for (const auto& program : reply.programs) replied.emplace(program.correlation_id, &program);
  const std::string detail = reply.error ? reply.error->detail : "";
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    if (!batch.tokens[i]) continue;
    const auto entry = replied.find(batch.request.programs[i].correlation_id);
    if (entry != replied.end() && !(refused && may_retry(entry->second->status))) {
      const auto& [id, status, grant, own_detail] = *entry->second;
      RoomAnswer told{.status = status, .grant = grant, .detail = own_detail.empty() ? detail : own_detail};
      if (status == Status::kInvalidProgram && told.detail.empty()) {
        const auto fault = name_fault(batch.request.programs[i].name, kNameBytesMax);
        if (fault) told.detail = "the name " + *fault;
      }
      answer(batch, i, std::move(told));
    } else if (!refused) {
      const auto status = reply.error ? reply.error->status : Status::kUnavailable;
      answer(batch, i, {.status = status, .grant = {}, .detail = detail});
    }
  }
}

std::optional<FacultyService::BatchId> FacultyService::find_batch(std::size_t endpoint,
                                                                  const AllocationReply& reply) const {
  for (const auto& program : reply.programs) {
    if (const auto found = batch_of_.find(program.correlation_id); found != batch_of_.end()) return found->second;
  }
  if (!reply.programs.empty()) return std::nullopt;  // too late, or somebody else's
  // An old server's error lists no program. It is taken for the answer of the one request that it can be about.
  std::optional<BatchId> candidate;
  for (const auto& [id, batch] : asked_) {
    if (reply.request_id ? reply.request_id != batch.request.request_id
                         : !batch.under_way || batch.endpoint != endpoint) {
      continue;
    }
    if (reply.semester && reply.semester != batch.request.semester) continue;
    if (candidate || (!reply.request_id && connections_[endpoint].silent)) return std::nullopt;
    candidate = id;
  }
  return candidate;
}

/// The index of the leader that a refusal names, if it is one of the servers.
std::optional<std::size_t> FacultyService::find_leader(const RequestError& error) const {
  if (error.status != Status::kNotLeader) return std::nullopt;
  const auto leader = std::find(options_.endpoints.begin(), options_.endpoints.end(), error.leader);
  if (leader == options_.endpoints.end()) return std::nullopt;
  return static_cast<std::size_t>(leader - options_.endpoints.begin());
}

/// The leader that was named, or the next in turn that was there when it was last asked: a standby that is asked again
/// may lead by then. If none was, the next in turn.
std::size_t FacultyService::next_endpoint(const Batch& batch, const RequestError& error, SteadyTime now) const {
  if (error.status == Status::kOverloaded) return batch.endpoint;
  const auto is_avoided = [&](std::size_t endpoint) { return now < connections_[endpoint].avoid_until; };
  if (const auto leader = find_leader(error); leader && !is_avoided(*leader)) return *leader;
  for (std::size_t i = 1; i <= connections_.size(); ++i) {
    const auto endpoint = (batch.endpoint + i) % connections_.size();
    if (!is_avoided(endpoint)) return endpoint;
  }
  return (batch.endpoint + 1) % connections_.size();
}

std::string FacultyService::random_uuid() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  // Version 4 of RFC 9562: y is 8, 9, a or b.
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  std::string uuid(kPattern);
  std::uint64_t bits = 0;
  int digits_left = 0;
  for (auto& character : uuid) {
    if (character != 'x' && character != 'y') continue;
    if (digits_left == 0) {
      bits = random_();
      digits_left = 16;
    }
    character = kDigits[character == 'x' ? bits & 0xf : 8 + (bits & 0x3)];
    bits >>= 4;
    --digits_left;
  }
  return uuid;
}

void FacultyService::end_if_done() {
  if (ended_ || waiting_count_ > 0) return;
  const bool has_served_its_batch = options_.semester && last_batch_ > 0;
  if (!stop_at_ && !has_served_its_batch) return;
  ended_ = true;
  actions_.push_back(Exit{0, ""});
}

void FacultyService::log(LogLevel level, std::string event, std::string message, const Batch& batch) {
  actions_.push_back(LogEvent{level,
                              std::move(event),
                              std::move(message),
                              {{"request-id", batch.request.request_id.value_or("")},
                               {"semester", batch.request.semester},
                               {"programs", std::to_string(batch.request.programs.size())},
                               {"server", options_.endpoints[batch.endpoint]},
                               {"tries-left", std::to_string(batch.tries_left)}}});
}

}  // namespace dti
