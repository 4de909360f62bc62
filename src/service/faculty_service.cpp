#include "dti/service/faculty_service.hpp"

#include <algorithm>
#include <string_view>

#include "dti/domain/check.hpp"
#include "dti/domain/name.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseMin{50};
constexpr milliseconds kPauseMax{1'000};
constexpr milliseconds kRetryAfterMax{5'000};  // whatever a server wants: the budget is short
constexpr milliseconds kAvoidAbsent{1'000};    // a server that is not there: looked for again after so long

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

  const auto [place, is_first] = gathering_.try_emplace(request.semester);
  auto& batch = place->second;
  if (is_first) {
    batch.request.semester = request.semester;
    batch.request.faculty_name = options_.name;
    batch.next_at = now + options_.batch_wait;
  }
  batch.request.programs.push_back({random_uuid(), request.program_name, request.want});
  batch.tokens.emplace_back(token);
  auto key = name_key(request.program_name);
  // A program that asks again, after a crash for instance, does not take the place of another one.
  batch.name_keys.insert(key.empty() ? request.program_name : std::move(key));
  ++batch.waiting_count;
  ++waiting_count_;
  if (batch.name_keys.size() >= programs_min_ || batch.tokens.size() == kBatchProgramsMax) {
    send(std::move(gathering_.extract(place).mapped()), now);
  }
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
    if (batch.waiting_count == 0) asked_.erase(*id);
  }
  end_if_done();
}

void FacultyService::on_connection_lost(std::size_t endpoint, SteadyTime now) {
  if (options_.retries <= 0) return;
  connections_[endpoint].avoid_until = now + kAvoidAbsent;
  if (connections_[endpoint].tries_under_way == 0) return;
  // With nobody else to ask, the request waits for the connection: libzmq makes it again.
  const auto is_there = [&](const Connection& other) { return other.avoid_until <= now; };
  if (std::none_of(connections_.begin(), connections_.end(), is_there)) return;
  for (auto& [id, batch] : asked_) {
    if (!batch.under_way || batch.endpoint != endpoint) continue;
    log(LogLevel::kWarning, "try-lost", "the server is not there", batch);
    try_again_later(batch, {Status::kUnavailable, "", {}, {}}, true, now);
  }
  reset(endpoint, now);  // what is queued for it must not arrive much later
  std::erase_if(asked_, [](const auto& entry) { return entry.second.waiting_count == 0; });
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
      give_up(batch, batch.endpoint, "no server could answer in time");
    } else {
      try_once(batch, now);
    }
  }
  std::erase_if(asked_, [](const auto& entry) { return entry.second.waiting_count == 0; });
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

void FacultyService::refuse(Token token, Status status, std::string detail) {
  actions_.push_back(SendRoomAnswer{token, {.status = status, .grant = {}, .detail = std::move(detail)}});
}

void FacultyService::send(Batch batch, SteadyTime now) {
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
  if (connection.silent && (connection.tries_under_way == 0 || may_end_others)) reset(batch.endpoint, now);
  ++connection.tries_under_way;
  --batch.tries_left;
  batch.under_way = true;
  batch.next_at = std::min(now + options_.request_timeout, batch.give_up_at);
  actions_.push_back(SendRequest{batch.endpoint, batch.request});
  log(LogLevel::kInfo, "batch-sent", "asked a server", batch);
}

void FacultyService::on_lost_try(Batch& batch, SteadyTime now) {
  log(LogLevel::kWarning, "try-lost", "the server did not answer in time", batch);
  end_try(batch);
  auto& connection = connections_[batch.endpoint];
  connection.silent = true;
  connection.avoid_until = now + options_.request_timeout;
  // A peer that vanished is not noticed on an old connection, and what is queued for it must not arrive much later.
  if (connection.tries_under_way == 0) reset(batch.endpoint, now);
  const auto next = next_endpoint(batch, {}, now);
  if (batch.tries_left == 0 || now >= batch.give_up_at) return give_up(batch, next, "no server answered in time");
  batch.endpoint = next;
  try_once(batch, now);
}

void FacultyService::on_refusal(Batch& batch, const RequestError& error, SteadyTime now) {
  log(LogLevel::kWarning, "try-refused", "the server answered " + std::string(wire_text(error.status)), batch);
  try_again_later(batch, error, error.status == Status::kNotLeader, now);
}

/// @param is_free  nothing was tried: it counts as none of the retries, unless there are none. The budget bounds it
void FacultyService::try_again_later(Batch& batch, const RequestError& error, bool is_free, SteadyTime now) {
  end_try(batch);
  if (is_free && options_.retries > 0) ++batch.tries_left;
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
  const auto pause = std::max(retry_after, pause_after(++batch.refusals));
  const auto next = next_endpoint(batch, error, now);
  if (batch.tries_left == 0 || now + pause >= batch.give_up_at) {
    return give_up(batch, next, "no server could answer: " + std::string(wire_text(error.status)));
  }
  batch.endpoint = next;
  batch.next_at = now + pause;
}

void FacultyService::end_try(Batch& batch) {
  if (!batch.under_way) return;
  batch.under_way = false;
  --connections_[batch.endpoint].tries_under_way;
}

void FacultyService::reset(std::size_t endpoint, SteadyTime now) {
  connections_[endpoint].silent = false;
  connections_[endpoint].since = now;
  actions_.push_back(ResetEndpoint{endpoint});
}

// The next batch goes on where this one would have: with few tries the last servers would else never be asked.
void FacultyService::give_up(Batch& batch, std::size_t next, const std::string& why) {
  end_try(batch);
  preferred_ = next;
  log(LogLevel::kWarning, "batch-given-up", why, batch);
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    if (batch.tokens[i]) answer(batch, i, {.status = Status::kUnavailable, .grant = {}, .detail = why + "; ask again"});
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
      answer(batch, i, {.status = entry->second->status, .grant = entry->second->grant, .detail = detail});
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

// Doubles with each refusal, up to kPauseMax; half of it is random, so that faculties do not come back as one.
milliseconds FacultyService::pause_after(int refusals) {
  auto longest = 2 * kPauseMin;
  for (int i = 1; i < refusals && longest < kPauseMax; ++i) longest *= 2;
  const auto half = std::min(longest, kPauseMax) / 2;
  return half + milliseconds(random_() % (static_cast<std::uint64_t>(half.count()) + 1));
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
