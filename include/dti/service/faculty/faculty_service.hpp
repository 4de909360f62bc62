#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dti/base/actions.hpp"
#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"
#include "dti/service/client/server_client.hpp"

namespace dti {

inline constexpr std::size_t kBatchProgramsMax = 1'000;  // what a server takes in one request

struct FacultyOptions {
  std::string name;
  ServerClientOptions client;           // the servers, and how they are asked
  std::optional<std::string> semester;  // if set: one batch of this semester, then exit
  std::size_t programs_min = 5;         // send a batch when so many programs have asked (at most kBatchProgramsMax) …
  std::chrono::milliseconds batch_wait{30'000};   // … or when the oldest has waited so long
  std::chrono::milliseconds stop_timeout{1'300};  // how long a stop waits for the servers: it has 2 s in all
  std::size_t waiting_max = 16'384;               // programs waiting for an answer
};

/// The answer to one program.
struct SendRoomAnswer {
  Token token = 0;
  RoomAnswer answer;
};
/// Send the request to the server with that index.
struct SendRequest {
  std::size_t endpoint = 0;
  AllocationRequest request;
};
using FacultyAction = std::variant<SendRoomAnswer, SendRequest, ResetEndpoint, LogEvent, Exit>;

/// A faculty as a state machine. It gathers the requests of programs into batches of one semester, has a ServerClient
/// ask the servers for each batch, and gives each program exactly one answer.
/// No thread, clock or socket of its own. Thread: one. Source: docs/protocol.md.
class FacultyService {
 public:
  /// @param random  64 random bits a call, for ids and for the spread of pauses
  FacultyService(FacultyOptions options, std::function<std::uint64_t()> random);

  /// A program's well-formed request. A program that asks again, also in another spelling of its name, gets an answer
  /// to each request, and counts once towards the batch. @param token  never used before
  void on_room_request(Token token, const RoomRequest& request, SteadyTime now);
  /// A program's message that is no request, and was refused as such. It counts towards the batch, so that the other
  /// programs do not wait for that one. @param asker  a name for the program, the same each time that it asks
  void on_malformed_request(const std::optional<std::string>& semester, const std::string& asker, SteadyTime now);
  /// A server's reply, a connection to a server that was established, and one that could not be made or broke: see
  /// ServerClient.
  void on_reply(std::size_t endpoint, const AllocationReply& reply, SteadyTime now);
  void on_connected(std::size_t endpoint, SteadyTime now);
  void on_connection_lost(std::size_t endpoint, const std::string& reason, SteadyTime now);
  /// Time has passed; to be called at wake_at() at the latest.
  void on_tick(SteadyTime now);
  /// A stop was requested: the faculty sends every gathering batch at once, answers the programs that wait, then exits.
  void on_stop(SteadyTime now);

  /// When on_tick() must be called; none: not before another event.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// The actions since the last call, in the order in which they must be carried out.
  [[nodiscard]] std::vector<FacultyAction> take_actions();
  /// How many programs wait for an answer.
  [[nodiscard]] std::size_t waiting_count() const { return waiting_count_; }

 private:
  // Programs of one semester in one request to the servers. tokens[i] asked for request.programs[i].
  struct ProgramBatch {
    AllocationRequest request;
    std::vector<std::optional<Token>> tokens;  // none: was answered
    std::set<std::string> askers;              // the programs that have asked, also those whose message was malformed
    SteadyTime send_at{};                      // while it gathers: when it is sent, or forgotten if it is empty
  };

  [[nodiscard]] bool has_sent_its_batch() const { return options_.semester && last_batch_ > 0; }
  /// The gathering batch of a semester, begun if there is none.
  ProgramBatch& gather(const std::string& semester, SteadyTime now);
  void send_if_full(const std::string& semester, SteadyTime now);
  void send(ProgramBatch batch, SteadyTime now);
  void refuse(Token token, Status status, std::string detail);
  void follow_client();
  void answer_from(const AllocationReply& reply, const ReplyMatch& match);
  void answer_not_known(const NotKnown& outcome);
  void answer(std::optional<Token>& token, RoomAnswer answer);
  void log(const RequestEvent& event);
  void end_if_done();

  const FacultyOptions options_;
  const std::size_t programs_min_;  // a batch of so many programs is sent

  ServerClient client_;                            // its tokens are the keys of asked_
  std::map<std::string, ProgramBatch> gathering_;  // by semester
  std::map<Token, ProgramBatch> asked_;            // each has a program that waits
  Token last_batch_ = 0;
  std::size_t waiting_count_ = 0;      // programs, in gathering_ and asked_
  std::optional<SteadyTime> stop_at_;  // a stop was requested: the faculty waits until then
  bool ended_ = false;                 // it has said Exit
  std::vector<FacultyAction> actions_;
};

}  // namespace dti
