#include "load/load_run.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <queue>
#include <stdexcept>
#include <utility>

#include "core/clock.hpp"
#include "core/in_flight.hpp"
#include "core/reply_reader.hpp"
#include "core/request_source.hpp"
#include "load/connections.hpp"
#include "load/encoded_requests.hpp"

namespace dti::bench {
namespace {

constexpr std::size_t kBurstMax = 512;          // messages each way before the other way has its turn
constexpr std::int64_t kCheckNs = 100'000'000;  // how often overdue answers are looked for
constexpr std::int64_t kProgressNs = 1'000'000'000;
constexpr std::int64_t kRetryAfterNs = 100'000'000;  // for a refusal that does not say
constexpr double kRequestsPerSecondMax = 500'000;    // more than two cores can do; bounds what is encoded beforehand
constexpr std::size_t kLatenciesMax = 100'000'000;   // reserved at most: 400 MB, of which only what is used is touched
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// The maximum number of requests that will be sent.
std::uint64_t expected_requests(const LoadOptions& options, std::uint64_t there_are) {
  auto expected = there_are;
  if (options.requests > 0) expected = std::min(expected, options.requests);
  if (options.seconds > 0) {
    const double rate = options.rate > 0 ? options.rate : kRequestsPerSecondMax;
    const double in_time = rate * (options.warm_up + options.seconds) + 1;
    if (in_time < static_cast<double>(expected)) expected = static_cast<std::uint64_t>(in_time);
  }
  return expected;
}

EncodedRequests encode_beforehand(const LoadOptions& options, RequestMaker& maker) {
  const auto size = maker.size();
  if (options.repeats == 100) return {maker, 0, expected_requests(options, options.first > 0 ? options.first : size)};
  return {maker, options.first, expected_requests(options, size - options.first)};
}

class Run {
 public:
  Run(const LoadOptions& options, RequestMaker& maker)
      : options_(options),
        maker_(maker),
        encoded_(encode_beforehand(options, maker)),
        latencies_(expected_requests(options, kLatenciesMax)),
        connections_(options.server, keys_of(options), options.connections, options.in_flight),
        in_flight_(options.in_flight),
        source_({maker.size(), options.first, options.repeats, options.seed}),
        parts_(options.semesters.size()) {}

  LoadResult run() {
    prctl(PR_SET_TIMERSLACK, 1UL);  // sends are due to the microsecond
    connections_.wait_until_connected(options_.timeout);
    start_ = now_ns();
    window_start_ = start_ + to_ns(options_.warm_up);
    window_end_ = options_.seconds > 0 ? window_start_ + to_ns(options_.seconds) : kNever;
    check_at_ = start_ + kCheckNs;
    progress_at_ = start_ + kProgressNs;
    cpu_at_start_ = cpu_at_end_ = cpu_seconds();
    for (;;) {
      const auto now = now_ns();
      pass_time(now);
      const auto received = connections_.receive(kBurstMax, [this](std::string_view body) { on_reply(body); });
      const auto sent = send_what_is_due();
      if (!is_closed_ && has_none_left()) has_run_out_ = true;
      if (has_stopped() && in_flight_.size() == 0) break;
      if (received < kBurstMax && sent < kBurstMax) connections_.wait(wake_at());
    }
    if (shows_progress_) std::fputc('\n', stderr);
    return result();
  }

 private:
  struct PartSums {
    std::uint64_t requests = 0;
    std::uint64_t decisions = 0;
    std::int64_t last = 0;  // when its last answer came
  };
  using Retry = std::pair<std::int64_t, std::uint64_t>;  // when, which number

  // Time.

  void pass_time(std::int64_t now) {
    if (!is_open_ && now >= window_start_) {
      is_open_ = true;
      cpu_at_start_ = cpu_seconds();
    }
    if (!is_closed_ && now >= window_end_) {
      is_closed_ = true;
      cpu_at_end_ = cpu_seconds();
    }
    if (now >= check_at_) {
      check_at_ = now + kCheckNs;
      check_answers(now);
    }
    if (now >= progress_at_) {
      progress_at_ = now + kProgressNs;
      show_progress(now);
    }
  }

  [[nodiscard]] std::int64_t wake_at() const {
    auto at = check_at_;
    if (!is_open_) at = std::min(at, window_start_);
    if (!is_closed_) at = std::min(at, window_end_);
    if (!retries_.empty()) at = std::min(at, retries_.top().first);
    if (is_open_loop() && !has_stopped() && !in_flight_.is_full() && !waits_for_answer_) {
      at = std::min(at, next_due());
    }
    return at;
  }

  void check_answers(std::int64_t now) const {
    const auto longest = to_ns(options_.timeout);
    bool is_late = in_flight_.size() > 0 && now - last_served_ > longest;  // nothing but refusals, for so long
    in_flight_.for_each([&](const UnderWay& it) { is_late = is_late || (!it.waits && now - it.sent > longest); });
    if (!is_late) return;
    throw std::runtime_error{"no answer from " + options_.server + " within " + shown_seconds(options_.timeout) +
                             " s: " + std::to_string(in_flight_.size()) + " requests are unanswered, after " +
                             std::to_string(served_) + " that were answered"};
  }

  void show_progress(std::int64_t now) const {
    if (!shows_progress_) return;
    std::fprintf(stderr, "\r%.0f s, %llu answered, %zu waiting   ", to_seconds(now - start_),
                 static_cast<unsigned long long>(served_), in_flight_.size());
  }

  // Sending.

  [[nodiscard]] bool is_open_loop() const { return options_.rate > 0; }

  [[nodiscard]] bool has_none_left() const {
    return (options_.requests > 0 && sent_ >= options_.requests) || source_.is_used_up();
  }

  // An open loop also sends, late, what was due in the window and could not be sent then: its latency is the longest.
  [[nodiscard]] bool has_stopped() const {
    return has_none_left() || (is_open_loop() ? next_due() >= window_end_ : is_closed_);
  }

  // Is the window as long as was asked for?
  [[nodiscard]] bool has_whole_window() const {
    return is_open_loop() ? next_due() >= window_end_ : is_closed_ && !has_run_out_;
  }

  // When the next request of an open loop is to be sent.
  [[nodiscard]] std::int64_t next_due() const { return start_ + to_ns(static_cast<double>(sent_) / options_.rate); }

  std::size_t send_what_is_due() {
    std::size_t count = 0;
    while (!retries_.empty() && retries_.top().first <= now_ns()) {
      auto* request = in_flight_.find(retries_.top().second);
      retries_.pop();
      request->waits = false;
      request->sent = now_ns();
      send(request->number);
      ++count;
    }
    for (; count < kBurstMax && !has_stopped() && !in_flight_.is_full(); ++count) {
      const auto now = now_ns();
      const auto due = is_open_loop() ? next_due() : now;
      if (due > now) break;
      const auto next = source_.next(in_flight_);
      waits_for_answer_ = !next;
      if (!next) break;
      if (in_flight_.size() == 0) last_served_ = now;
      const auto bytes = static_cast<std::uint32_t>(send(next->number));
      in_flight_.add({next->number, due, now, bytes, next->is_repeat, false});
      ++sent_;
    }
    return count;
  }

  // Sends the request.
  // @return the number of its bytes
  std::size_t send(std::uint64_t number) {
    auto body = encoded_.find(number);
    auto bytes = Connections::Bytes::kStay;
    if (body.empty()) {
      fresh_body_ = maker_.encode(number);
      body = fresh_body_;
      bytes = Connections::Bytes::kCopy;
    }
    if (!connections_.send(body, bytes)) throw std::runtime_error{"a socket's queue is full"};
    return body.size();
  }

  // Answers.

  void on_reply(std::string_view body) {
    const auto now = now_ns();
    const auto number = number_of_reply(body);
    auto* request = number ? in_flight_.find(*number) : nullptr;
    if (request == nullptr || request->waits) {
      ++foreign_replies_;
      return;
    }
    // A request of an open loop belongs to when it was due: if only those answered in time counted, a stall before the
    // end would leave no trace.
    const auto at = is_open_loop() ? request->due : now;
    const bool counts = at >= window_start_ && at < window_end_;
    bool is_granted = true;
    if (!options_.any_reply) {
      if (const auto error = error_of_reply(body)) return on_error(*error, request, now, counts);
      is_granted = count_statuses(body, counts ? statuses_ : statuses_outside_);
    }
    if (is_granted && !request->is_repeat) source_.on_granted(*number);
    if (counts) count_answer(*request, body.size(), now);
    last_served_ = now;
    ++served_;
    in_flight_.remove(request);
  }

  void on_error(const ReplyError& error, UnderWay* request, std::int64_t now, bool counts) {
    ++all_errors_[std::string{error.name}];
    if (counts) ++errors_[std::string{error.name}];
    const auto status = status_from_wire(error.name);
    if (is_open_loop() || !status || !may_retry(*status)) {
      last_served_ = now;
      in_flight_.remove(request);
      return;
    }
    request->waits = true;
    const auto after = error.retry_after ? error.retry_after->count() * 1'000'000 : kRetryAfterNs;
    retries_.emplace(now + after, request->number);
  }

  void count_answer(const UnderWay& request, std::size_t reply_bytes, std::int64_t now) {
    const auto decisions = maker_.program_count(request.number);
    ++requests_;
    decisions_ += decisions;
    repeats_ += request.is_repeat ? 1 : 0;
    request_bytes_ += request.bytes;
    reply_bytes_ += reply_bytes;
    last_counted_ = now;
    latencies_.add(std::chrono::nanoseconds{now - request.due});
    auto& part = parts_[maker_.semester_of(request.number)];
    ++part.requests;
    part.decisions += decisions;
    if (!request.is_repeat) part.last = now;
  }

  // The end.

  [[nodiscard]] LoadResult result() {
    if (!is_closed_) cpu_at_end_ = cpu_seconds();
    if (requests_ == 0 && errors_.empty()) {
      throw std::runtime_error{"nothing was answered between the warm-up and the end: " + std::to_string(served_) +
                               " answers came in the warm-up (is the catalogue too small, or the warm-up too long?)"};
    }
    const auto end = has_whole_window() ? window_end_ : std::max(last_counted_, window_start_ + 1);
    LoadResult result;
    result.requests = requests_;
    result.decisions = decisions_;
    result.fresh_requests = requests_ - repeats_;
    result.repeat_requests = repeats_;
    result.seconds = to_seconds(end - window_start_);
    result.ended_early = options_.seconds > 0 && !has_whole_window();
    result.latency = latencies_.summary();
    result.statuses = statuses_.by_name();
    result.errors = errors_;
    result.all_statuses = statuses_.by_name();
    for (const auto& [name, count] : statuses_outside_.by_name()) result.all_statuses[name] += count;
    result.all_errors = all_errors_;
    result.foreign_replies = foreign_replies_;
    const auto count = static_cast<double>(std::max<std::uint64_t>(requests_, 1));
    result.request_bytes = static_cast<double>(request_bytes_) / count;
    result.reply_bytes = static_cast<double>(reply_bytes_) / count;
    result.sent_in_all = source_.used();
    result.cpu_seconds = cpu_at_end_ - cpu_at_start_;
    if (options_.semesters.size() > 1 && options_.repeats < 100) add_parts(result, end);
    return result;
  }

  void add_parts(LoadResult& result, std::int64_t end) const {
    auto begin = window_start_;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto& part = parts_[i];
      if (part.requests == 0) continue;
      const bool is_last = i + 1 == parts_.size() || parts_[i + 1].requests == 0;
      const auto part_end = is_last ? end : std::max(part.last, begin);
      result.parts.push_back({options_.semesters[i], part.requests, part.decisions, to_seconds(part_end - begin)});
      begin = part_end;
    }
  }

  // Fixed after construction.
  const LoadOptions& options_;
  RequestMaker& maker_;
  const EncodedRequests encoded_;  // before the connections, which send from its memory
  Latencies latencies_;
  Connections connections_;
  const bool shows_progress_ = isatty(STDERR_FILENO) != 0;

  // Fixed when the clock starts; nanoseconds of the steady clock.
  std::int64_t start_ = 0;
  std::int64_t window_start_ = 0;
  std::int64_t window_end_ = 0;

  InFlight in_flight_;
  RequestSource source_;
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::string fresh_body_;
  std::uint64_t sent_ = 0;  // once each, retries not counted
  std::uint64_t served_ = 0;
  std::uint64_t foreign_replies_ = 0;
  std::int64_t last_served_ = 0;  // or when the first unanswered request was sent
  std::int64_t check_at_ = 0;
  std::int64_t progress_at_ = 0;
  bool waits_for_answer_ = false;  // the next request has no reply yet
  bool is_open_ = false;           // the window has begun
  bool is_closed_ = false;         // and has ended
  bool has_run_out_ = false;       // of requests, before that
  StatusCounts statuses_outside_;  // of the window
  std::map<std::string, std::uint64_t> all_errors_;

  // Counted in the window.
  std::uint64_t requests_ = 0;
  std::uint64_t decisions_ = 0;
  std::uint64_t repeats_ = 0;
  std::uint64_t request_bytes_ = 0;
  std::uint64_t reply_bytes_ = 0;
  std::int64_t last_counted_ = 0;
  StatusCounts statuses_;
  std::map<std::string, std::uint64_t> errors_;
  std::vector<PartSums> parts_;
  double cpu_at_start_ = 0;
  double cpu_at_end_ = 0;
};

}  // namespace

LoadResult run_load(const LoadOptions& options, RequestMaker& maker) {
  auto run = std::make_unique<Run>(options, maker);
  try {
    return run->run();
  } catch (...) {
    // The end of a ZeroMQ context waits for a host name that is being looked up; the process ends soon, and does not.
    static_cast<void>(run.release());
    throw;
  }
}

}  // namespace dti::bench
