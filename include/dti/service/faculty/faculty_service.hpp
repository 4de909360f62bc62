#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/actions.hpp"
#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"

namespace dti {

inline constexpr std::size_t kBatchProgramsMax = 1'000;  // what a server takes in one request

struct FacultyOptions {
  std::string name;
  std::vector<std::string> endpoints;   // host:port of the servers, at least one; tried in turn
  std::optional<std::string> semester;  // given: one batch of it, then exit
  std::size_t programs_min = 5;         // send when so many programs have asked (never more than kBatchProgramsMax) …
  std::chrono::milliseconds batch_wait{30'000};      // … or when the oldest has waited so long
  std::chrono::milliseconds request_timeout{2'000};  // for one try
  int retries = 10;
  std::chrono::milliseconds budget{25'000};       // for all tries of a batch
  std::chrono::milliseconds stop_timeout{1'300};  // how long a stop waits for the servers: it has 2 s in all
  std::size_t waiting_max = 16'384;               // programs waiting for an answer
};

/// The answer to one program.
struct SendRoomAnswer {
  Token token = 0;
  RoomAnswer answer;
};
/// One try: the request, to the server with that index.
struct SendRequest {
  std::size_t endpoint = 0;
  AllocationRequest request;
};
/// The connection to a server is to be ended; the next request goes over another one, to the next address if it has
/// several.
struct ResetEndpoint {
  std::size_t endpoint = 0;
};
using FacultyAction = std::variant<SendRoomAnswer, SendRequest, ResetEndpoint, LogEvent, Exit>;

/// A faculty as a state machine: programs ask, their requests gather in batches of one semester, each batch is asked of
/// the servers until one answers it or its tries are used up, and each program gets exactly one answer.
/// No thread, clock or socket of its own. Thread: one. Source: docs/protocol.md.
class FacultyService {
 public:
  /// @param random  64 random bits a call, for ids and for the spread of pauses
  FacultyService(FacultyOptions options, std::function<std::uint64_t()> random);

  /// A program's well-formed request. One that asks again, also in another spelling of its name, gets an answer to each
  /// request, and counts once towards the batch. @param token  never used before
  void on_room_request(Token token, const RoomRequest& request, SteadyTime now);
  /// A server's reply. One that answers nothing that is waiting changes nothing.
  /// @param endpoint  the server that it came from
  void on_reply(std::size_t endpoint, const AllocationReply& reply, SteadyTime now);
  /// The connection to a server stands: the requests for it were sent, and the time of their tries begins.
  void on_connected(std::size_t endpoint, SteadyTime now);
  /// The connection to a server could not be made, or broke. What was asked there will not be answered, and is asked again
  /// after a pause: of another server, if one may be there. A request that was sent is not sent again without retries.
  /// @param reason  a clause for the log
  void on_connection_lost(std::size_t endpoint, const std::string& reason, SteadyTime now);
  /// A program's message that is no request, and was refused as such: it counts towards the batch, so that the others do
  /// not wait for that program. @param asker  a name for the program, the same each time that it asks
  void on_malformed_request(const std::optional<std::string>& semester, const std::string& asker, SteadyTime now);
  /// Time has passed; to be called at wake_at() at the latest.
  void on_tick(SteadyTime now);
  /// Asked to stop: what gathers is asked at once, what waits is answered, then comes Exit.
  void on_stop(SteadyTime now);

  /// When on_tick() wants to be called; none: not before another event.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// The actions since the last call, in the order in which they are to be done.
  [[nodiscard]] std::vector<FacultyAction> take_actions();
  /// How many programs wait for an answer.
  [[nodiscard]] std::size_t waiting_count() const { return waiting_count_; }

 private:
  using BatchId = std::uint64_t;

  // Programs of one semester that are asked for together. tokens[i] asked for request.programs[i].
  struct Batch {
    AllocationRequest request;
    std::vector<std::optional<Token>> tokens;  // none: was answered
    std::set<std::string> askers;              // the programs that have asked, also those whose message was malformed
    std::size_t waiting_count = 0;             // tokens that were not answered
    std::size_t endpoint = 0;                  // of the try under way, or of the next one
    bool under_way = false;                    // once asked: a try is under way, else it pauses before the next one
    bool is_sent = false;                      // under way: the connection stood
    bool was_sent = false;                     // in any try
    int tries_left = 0;
    int refusals = 0;         // how often a server told it to come back, or could not be reached
    bool redirected = false;  // it went to the leader that a server named, without a pause
    SteadyTime next_at{};     // gathering: to be sent, or forgotten; under way: the try is lost; pausing: the next try
    SteadyTime give_up_at{};
  };
  // What is known of the connection to a server.
  struct Connection {
    std::size_t tries_under_way = 0;
    bool connected = false;
    bool silent = false;       // a try on it was lost, and no reply came since
    SteadyTime since{};        // of its making
    SteadyTime avoid_until{};  // it did not answer, or could not be reached: others are asked before
  };

  /// The batch of a semester that gathers, begun if there is none.
  Batch& gather(const std::string& semester, SteadyTime now);
  void send_if_full(const std::string& semester, SteadyTime now);
  void refuse(Token token, Status status, std::string detail);
  void send(Batch batch, SteadyTime now);
  void try_once(Batch& batch, SteadyTime now);
  void on_lost_try(Batch& batch, SteadyTime now);
  void on_refusal(Batch& batch, const RequestError& error, SteadyTime now);
  void try_again_later(Batch& batch, const RequestError& error, bool is_free, const std::string& why, SteadyTime now);
  void begin_time_of_try(Batch& batch, SteadyTime now);
  void end_try(Batch& batch);
  void look_behind_balancer(std::size_t endpoint, const RequestError& error, SteadyTime now);
  void reset(std::size_t endpoint, SteadyTime now);
  void erase_answered();
  void give_up(Batch& batch, std::size_t next, const std::string& why);
  void answer(Batch& batch, std::size_t index, RoomAnswer answer);
  void answer_from(Batch& batch, const AllocationReply& reply, bool refused);
  [[nodiscard]] std::optional<BatchId> find_batch(std::size_t endpoint, const AllocationReply& reply) const;
  [[nodiscard]] std::optional<std::size_t> find_leader(const RequestError& error) const;
  [[nodiscard]] std::size_t next_endpoint(const Batch& batch, const RequestError& error, SteadyTime now) const;
  [[nodiscard]] std::string random_uuid();
  void end_if_done();
  void log(LogLevel level, std::string event, std::string message, const Batch& batch);

  const FacultyOptions options_;
  const std::size_t programs_min_;  // a batch of so many programs is sent
  const std::function<std::uint64_t()> random_;

  std::map<std::string, Batch> gathering_;             // by semester
  std::map<BatchId, Batch> asked_;                     // oldest first; each has a program that waits
  std::unordered_map<std::string, BatchId> batch_of_;  // by the correlation id of each program that waits in asked_
  BatchId last_batch_ = 0;
  std::size_t waiting_count_ = 0;  // programs, in gathering_ and asked_

  std::vector<Connection> connections_;  // by endpoint
  std::size_t preferred_ = 0;            // of a batch's first try: what answered last, or is after what did not
  std::optional<SteadyTime> stop_at_;    // asked to stop: wait until then
  bool ended_ = false;                   // Exit was said
  std::vector<FacultyAction> actions_;
};

}  // namespace dti
