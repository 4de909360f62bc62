#include "dti/service/faculty/faculty_service.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"

namespace dti {
namespace {

constexpr std::size_t kSemestersMax = 64;  // malformed requests can name any semester, so they may begin few batches

constexpr const char* kMayBeGranted =
    "; rooms may have been granted all the same: before you ask again, look at the server's log, because an old DTI "
    "server grants a repeat once more";

// A program that repeats its request counts once. Names that differ in a separator may be two programs, so they count
// as two.
std::string asker_of(const std::string& name) {
  auto key = strict_key(name);
  return key.empty() ? name : key;
}

LogEvent log_event_of(RequestEvent::Kind kind) {
  switch (kind) {
    case RequestEvent::Kind::kSent: return {LogLevel::kInfo, "batch-sent", {}, {}};
    case RequestEvent::Kind::kTryLost: return {LogLevel::kWarning, "try-lost", {}, {}};
    case RequestEvent::Kind::kTryRefused: return {LogLevel::kWarning, "try-refused", {}, {}};
    case RequestEvent::Kind::kAnswered: return {LogLevel::kInfo, "batch-answered", {}, {}};
    case RequestEvent::Kind::kGivenUp: break;
  }
  return {LogLevel::kWarning, "batch-given-up", {}, {}};
}

}  // namespace

FacultyService::FacultyService(FacultyOptions options, std::function<std::uint64_t()> random)
    : options_(std::move(options)), client_(options_.client, std::move(random)) {}

void FacultyService::on_room_request(Token token, const RoomRequest& request, SteadyTime now) {
  if (auto error = why_not_take(request.semester)) return refuse(token, error->status, std::move(error->detail));

  const Gathering what{request.semester, request.hold_seconds};
  auto& batch = gather(what, now);
  if (batch.tokens.empty()) batch.since = now;
  batch.request.programs.push_back({client_.fresh_id(), request.program_name, request.want});
  batch.tokens.emplace_back(token);
  // A program that repeats its request, for example after a crash, does not count as another one.
  batch.askers.insert(asker_of(request.program_name));
  ++waiting_count_;
  send_if_full(what, now);
}

std::optional<RequestError> FacultyService::why_not_take(const std::string& semester) const {
  const auto error = [](Status status, std::string detail) { return RequestError{status, std::move(detail), {}, {}}; };
  if (options_.semester && semester != *options_.semester) {
    return error(Status::kInvalidSemester, "this faculty serves semester " + *options_.semester + " only");
  }
  if (stop_at_ || ended_) return error(Status::kUnavailable, "the faculty is stopping; ask again later");
  if (has_sent_its_batch()) {
    return error(Status::kUnavailable, "the faculty has sent its request already; ask when it runs again");
  }
  if (waiting_count_ >= options_.waiting_max) {
    return error(Status::kOverloaded, "too many programs wait for an answer; ask again later");
  }
  return std::nullopt;
}

void FacultyService::on_malformed_request(const std::optional<std::string>& semester, const std::string& asker,
                                          SteadyTime now) {
  const auto& counts_for = semester ? semester : options_.semester;
  const bool is_served = counts_for && (!options_.semester || counts_for == options_.semester);
  if (!is_served || has_sent_its_batch() || stop_at_ || ended_) return;
  const Gathering what{*counts_for};
  if (!gathering_.contains(what) && gathering_.size() >= kSemestersMax) return;
  gather(what, now).askers.insert(asker_of(asker));
  send_if_full(what, now);
}

void FacultyService::on_reply(std::size_t endpoint, const AllocationReply& reply, SteadyTime now) {
  ServerReply read{reply.error, reply.request_id, reply.semester, {}};
  read.parts.reserve(reply.programs.size());
  for (const auto& program : reply.programs) read.parts.push_back({program.correlation_id, program.status});
  const auto match = client_.on_reply(endpoint, read, now);
  const bool is_of_batch = match && asked_.contains(match->request);
  if (is_of_batch) answer_from(reply, *match);
  follow_client();
  if (is_of_batch && match->is_over) {
    const auto batch = asked_.extract(match->request);
    counts_.batch_seconds.observe(std::chrono::duration<double>{now - batch.mapped().sent_at}.count());
  }
  if (match && match->is_over && !is_of_batch) {
    answer_by_old_server(match->request);
  } else if (!match) {
    end_by_old_server(endpoint, reply, now);
  }
  end_if_done();
}

void FacultyService::on_connected(std::size_t endpoint, SteadyTime now) {
  client_.on_connected(endpoint, now);
  follow_client();
}

void FacultyService::on_connection_lost(std::size_t endpoint, const std::string& reason, SteadyTime now) {
  client_.on_connection_lost(endpoint, reason, now);
  follow_client();
  end_if_done();
}

void FacultyService::on_tick(SteadyTime now) {
  if (stop_at_ && now >= *stop_at_ && !ended_) {
    client_.give_up_all("the faculty is stopping");
    follow_client();
    ended_ = true;
    actions_.push_back(Exit{1, "the faculty stopped before the servers had replied"});
    return;
  }
  for (auto place = gathering_.begin(); place != gathering_.end();) {
    const auto due = place++;
    if (now >= due->second.since + options_.batch_wait) send(std::move(gathering_.extract(due).mapped()), now);
  }
  client_.on_tick(now);
  follow_client();
  end_if_done();
}

void FacultyService::change_batches(std::size_t programs_min, std::chrono::milliseconds batch_wait, SteadyTime now) {
  options_.programs_min = programs_min;
  options_.batch_wait = batch_wait;
  for (auto place = gathering_.begin(); place != gathering_.end();) {
    const auto batch = place++;
    if (is_full(batch->second)) send(std::move(gathering_.extract(batch).mapped()), now);
  }
}

void FacultyService::on_stop(SteadyTime now) {
  if (stop_at_ || ended_) return;
  stop_at_ = now + options_.stop_timeout;
  while (!gathering_.empty()) send(std::move(gathering_.extract(gathering_.begin()).mapped()), now);
  end_if_done();
}

std::optional<SteadyTime> FacultyService::wake_at() const {
  auto earliest = client_.wake_at();
  const auto consider = [&](SteadyTime at) { earliest = std::min(earliest.value_or(at), at); };
  if (stop_at_ && !ended_) consider(*stop_at_);
  for (const auto& [what, batch] : gathering_) consider(batch.since + options_.batch_wait);
  return earliest;
}

std::vector<FacultyAction> FacultyService::take_actions() { return std::exchange(actions_, {}); }

FacultyService::ProgramBatch& FacultyService::gather(const Gathering& what, SteadyTime now) {
  const auto [place, is_first] = gathering_.try_emplace(what);
  auto& batch = place->second;
  if (is_first) {
    batch.request.semester = what.semester;
    batch.request.hold_seconds = what.hold_seconds;
    batch.request.faculty_name = options_.name;
    batch.since = now;
  }
  return batch;
}

void FacultyService::send_if_full(const Gathering& what, SteadyTime now) {
  const auto place = gathering_.find(what);
  if (is_full(place->second)) send(std::move(gathering_.extract(place).mapped()), now);
}

bool FacultyService::is_full(const ProgramBatch& batch) const {
  const auto programs_min = std::clamp<std::size_t>(options_.programs_min, 1, kBatchProgramsMax);
  return batch.askers.size() >= programs_min || batch.tokens.size() >= kBatchProgramsMax;
}

void FacultyService::send(ProgramBatch batch, SteadyTime now) {
  if (batch.tokens.empty()) return;  // all its requests were malformed
  const auto request_id = client_.fresh_id();
  batch.request.request_id = request_id;
  ClientRequest request{request_id, {}, batch.request.semester};
  for (const auto& program : batch.request.programs) request.correlation_ids.push_back(program.correlation_id);
  counts_.batch_programs.observe(static_cast<double>(batch.tokens.size()));
  batch.sent_at = now;
  has_sent_ = true;
  asked_.emplace(++last_request_, std::move(batch));
  client_.send(last_request_, std::move(request), now);
  follow_client();
}

void FacultyService::refuse(Token token, Status status, std::string detail) {
  actions_.push_back(SendRoomAnswer{token, {.status = status, .grant = {}, .detail = std::move(detail)}});
}

void FacultyService::follow_client() {
  for (auto& action : client_.take_actions()) {
    if (const auto* attempt = std::get_if<SendTry>(&action)) {
      if (const auto command = commands_.find(attempt->request); command != commands_.end()) {
        command->second.endpoint = attempt->endpoint;
        actions_.push_back(SendCommand{attempt->endpoint, command->second.command});
        continue;
      }
      actions_.push_back(SendRequest{attempt->endpoint, asked_.at(attempt->request).request});
    } else if (const auto* outcome = std::get_if<NotKnown>(&action)) {
      answer_not_known(*outcome);
    } else if (const auto* connect = std::get_if<ConnectEndpoint>(&action)) {
      actions_.push_back(*connect);
    } else if (const auto* reset = std::get_if<ResetEndpoint>(&action)) {
      actions_.push_back(*reset);
    } else {
      log(std::get<RequestEvent>(action));
    }
  }
}

// Sends their replies to the programs that the server's reply settles: all that still wait, if the request is over.
void FacultyService::answer_from(const AllocationReply& reply, const ReplyMatch& match) {
  auto& batch = asked_.at(match.request);
  std::unordered_map<std::string_view, const RepliedProgram*> replied;
  for (const auto& program : reply.programs) replied.emplace(program.correlation_id, &program);
  const std::string detail = reply.error ? reply.error->detail : "";
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    if (!batch.tokens[i]) continue;
    const auto entry = replied.find(batch.request.programs[i].correlation_id);
    if (entry != replied.end() && match.answers(entry->second->status)) {
      const auto& [id, status, grant, own_detail, expires_at] = *entry->second;
      RoomAnswer told{.status = status,
                      .grant = grant,
                      .detail = own_detail.empty() ? detail : own_detail,
                      .expires_at = expires_at};
      if (status == Status::kInvalidProgram && told.detail.empty()) {
        const auto fault = name_fault(batch.request.programs[i].name, kNameBytesMax);
        if (fault) told.detail = "the name " + *fault;
      }
      answer(batch.tokens[i], std::move(told));
    } else if (match.is_over) {
      const auto status = reply.error ? reply.error->status : Status::kUnavailable;
      answer(batch.tokens[i], {.status = status, .grant = {}, .detail = detail});
    }
  }
}

void FacultyService::answer_not_known(const NotKnown& outcome) {
  if (commands_.contains(outcome.request)) {
    const std::string advice = outcome.was_sent ? "; the outcome is not known: repeat the command with its command-id"
                                                : "; nothing was asked of a server: ask again";
    return answer_command(outcome.request, RequestError{Status::kUnavailable, outcome.reason + advice, {}, {}});
  }
  // Without retries, the server may be an old one, which does not recognize a repeated request.
  const std::string advice = !outcome.was_sent             ? "; nothing was asked of a server: ask again"
                             : options_.client.retries > 0 ? "; ask again, it is safe"
                                                           : kMayBeGranted;
  auto batch = asked_.extract(outcome.request);
  for (auto& token : batch.mapped().tokens) {
    if (token) answer(token, {.status = Status::kUnavailable, .grant = {}, .detail = outcome.reason + advice});
  }
}

void FacultyService::answer(std::optional<Token>& token, RoomAnswer answer) {
  actions_.push_back(SendRoomAnswer{token.value(), std::move(answer)});
  token.reset();
  --waiting_count_;
}

void FacultyService::count(RequestEvent::Kind kind) {
  switch (kind) {
    case RequestEvent::Kind::kSent: ++counts_.tries_sent; break;
    case RequestEvent::Kind::kTryLost: ++counts_.tries_lost; break;
    case RequestEvent::Kind::kTryRefused: ++counts_.tries_refused; break;
    case RequestEvent::Kind::kAnswered: ++counts_.batches_answered; break;
    case RequestEvent::Kind::kGivenUp: ++counts_.batches_given_up; break;
  }
}

void FacultyService::log(const RequestEvent& event) {
  if (commands_.contains(event.request)) {
    if (event.kind != RequestEvent::Kind::kAnswered && event.kind != RequestEvent::Kind::kGivenUp) count(event.kind);
    actions_.push_back(log_of_command(event));
    return;
  }
  count(event.kind);
  const auto& request = asked_.at(event.request).request;
  auto logged = log_event_of(event.kind);
  logged.message = event.message;
  logged.fields = {{"request-id", request.request_id.value_or("")},
                   {"semester", request.semester},
                   {"programs", std::to_string(request.programs.size())},
                   {"server", options_.client.endpoints[event.endpoint]},
                   {"tries-left", std::to_string(event.tries_left)}};
  actions_.push_back(std::move(logged));
}

void FacultyService::end_if_done() {
  if (ended_ || waiting_count_ > 0) return;
  if (!stop_at_ && !has_sent_its_batch()) return;
  ended_ = true;
  actions_.push_back(Exit{0, ""});
}

}  // namespace dti
