#pragma once

#include <array>
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
#include "dti/base/histogram.hpp"
#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"
#include "dti/domain/office_command.hpp"
#include "dti/service/client/server_client.hpp"

namespace dti {

inline constexpr std::size_t kBatchProgramsMax = 1'000;  // a server accepts no more in one request

struct FacultyOptions {
  std::string name;
  ServerClientOptions client;                    // the servers, and the limits for requests to them
  std::optional<std::string> semester;           // if set: the faculty sends one batch for this semester and exits
  std::size_t programs_min = 5;                  // programs whose requests make a batch full; at most kBatchProgramsMax
  std::chrono::milliseconds batch_wait{30'000};  // from the first request until a batch that is not full is sent
  std::chrono::milliseconds stop_timeout{1'300};  // how long a stop waits for the servers; a stop may take 2 s in total
  std::size_t waiting_max = 16'384;               // programs that wait for a reply
};

inline constexpr std::array kBatchProgramsBounds{1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1'000.0};

/// What a faculty has done. Counts since its start.
struct FacultyCounts {
  std::uint64_t batches_answered = 0;
  std::uint64_t batches_given_up = 0;
  std::uint64_t tries_sent = 0;
  std::uint64_t tries_lost = 0;                    // no connection, or no reply in time
  std::uint64_t tries_refused = 0;                 // a server replied that the faculty should try again
  Histogram batch_programs{kBatchProgramsBounds};  // of the batches that were sent
  Histogram batch_seconds{kSecondsBounds};         // from the first try of an answered batch to its last reply
};

/// Action: send the reply to one program.
struct SendRoomAnswer {
  Token token = 0;
  RoomAnswer answer;
};
/// Action: send the request over the established connection to the server with that index.
struct SendRequest {
  std::size_t endpoint = 0;
  AllocationRequest request;
};
/// What a server has decided about a command; or, with an error, why there is no decision.
struct CommandReply {
  std::string command_id;
  bool is_dry_run = false;
  OfficeOutcome outcome;
  bool has_facts = false;  // the outcome tells what is true, not only why there was no decision

  friend bool operator==(const CommandReply&, const CommandReply&) = default;
};
/// Action: send the reply to a command of a program.
struct SendCommandReply {
  Token token = 0;
  CommandReply reply;
};
/// Action: send a command over the established connection to the server with that index.
struct SendCommand {
  std::size_t endpoint = 0;
  OfficeCommand command;
};
using FacultyAction = std::variant<SendRoomAnswer, ConnectEndpoint, SendRequest, ResetEndpoint, LogEvent, Exit,
                                   SendCommandReply, SendCommand>;

/// A faculty as a state machine. It collects the requests of programs in batches, one semester and one length of holds per batch, sends each
/// batch to the servers with a ServerClient, and sends each program exactly one reply. It passes commands of programs about
/// their grants on at once, each by itself. It has no thread, clock or
/// socket.
/// Thread: one. Source: docs/protocol.md.
class FacultyService {
 public:
  /// @param random  returns 64 random bits, for ids and for the length of pauses
  FacultyService(FacultyOptions options, std::function<std::uint64_t()> random);

  /// A program sent a well-formed request. A program that repeats its request, even with another spelling of its name,
  /// gets a reply to each request but counts once towards the batch.
  /// @param token  never used before
  void on_room_request(Token token, const RoomRequest& request, SteadyTime now);
  /// A program sent a command about its own grant, which the caller has checked.
  /// @param token  never used before
  /// @param command  names the key of the program as its actor. At most one command of an actor is in progress; a copy of
  ///   that command gets the same reply
  void on_command(Token token, const OfficeCommand& command, SteadyTime now);
  /// A server sent a reply to a command.
  void on_command_reply(std::size_t endpoint, const CommandReply& reply, SteadyTime now);
  /// A program sent a malformed message, which the caller has rejected. It counts towards the batch, so that the other
  /// programs do not wait for this one.
  /// @param asker  identifies the program; the same for each message of that program
  void on_malformed_request(const std::optional<std::string>& semester, const std::string& asker, SteadyTime now);
  /// A server sent a reply; a connection to a server was established; a connection could not be made, or broke. See
  /// ServerClient.
  void on_reply(std::size_t endpoint, const AllocationReply& reply, SteadyTime now);
  void on_connected(std::size_t endpoint, SteadyTime now);
  void on_connection_lost(std::size_t endpoint, const std::string& reason, SteadyTime now);
  /// Time has passed. Call it at wake_at() at the latest.
  void on_tick(SteadyTime now);
  /// Changes programs_min and batch_wait, also for the batches that gather now.
  void change_batches(std::size_t programs_min, std::chrono::milliseconds batch_wait, SteadyTime now);
  /// A stop was requested: the faculty sends every batch at once, replies to the programs that wait, then exits.
  void on_stop(SteadyTime now);

  /// The time at which on_tick() must be called; none: not before another event.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// The actions since the last call. They must be carried out in this order, and before a connection is reported as
  /// established or lost. See ServerClient.
  [[nodiscard]] std::vector<FacultyAction> take_actions();
  /// How many programs wait for a reply.
  [[nodiscard]] std::size_t waiting_count() const { return waiting_count_; }
  /// How many batches wait for more programs, and how many for a server.
  [[nodiscard]] std::size_t gathering_count() const { return gathering_.size(); }
  [[nodiscard]] std::size_t asked_count() const { return asked_.size(); }
  /// False: it stops, or has sent the only batch that it sends.
  [[nodiscard]] bool takes_requests() const { return !stop_at_ && !ended_ && !has_sent_its_batch(); }
  [[nodiscard]] const FacultyCounts& counts() const { return counts_; }
  [[nodiscard]] const ServerClient& client() const { return client_; }

 private:
  // What the programs of a batch have in common.
  struct Gathering {
    std::string semester;
    std::int64_t hold_seconds = 0;  // 0: firm grants

    friend auto operator<=>(const Gathering&, const Gathering&) = default;
  };
  // Programs of one semester in one request to the servers. tokens[i] belongs to request.programs[i].
  struct ProgramBatch {
    AllocationRequest request;
    std::vector<std::optional<Token>> tokens;  // none: the program has its reply
    std::set<std::string> askers;              // the programs that made a request, also a malformed one
    SteadyTime since{};                        // in gathering_: its first request; or a malformed one, without others
    SteadyTime sent_at{};                      // in asked_
  };

  // A command that was sent to a server.
  struct AskedCommand {
    OfficeCommand command;
    std::string correlation_id;  // for client_ only
    std::vector<Token> tokens;   // of the copies that wait for the reply
    std::size_t endpoint = 0;    // of the last try
  };

  [[nodiscard]] bool has_sent_its_batch() const { return options_.semester && has_sent_; }
  [[nodiscard]] bool is_full(const ProgramBatch& batch) const;
  /// The batch that collects such requests. Creates it if there is none.
  ProgramBatch& gather(const Gathering& what, SteadyTime now);
  void send_if_full(const Gathering& what, SteadyTime now);
  void send(ProgramBatch batch, SteadyTime now);
  void refuse(Token token, Status status, std::string detail);
  void follow_client();
  void answer_from(const AllocationReply& reply, const ReplyMatch& match);
  void answer_not_known(const NotKnown& outcome);
  void answer(std::optional<Token>& token, RoomAnswer answer);
  /// Why a message of a program cannot be passed on now; none: it can.
  [[nodiscard]] std::optional<RequestError> why_not_take(const std::string& semester) const;
  void refuse(Token token, const OfficeCommand& command, RequestError error);
  void answer_command(Token request, const OfficeOutcome& outcome, bool has_facts);
  void answer_command(Token request, RequestError error);
  void answer_by_old_server(Token request);
  void end_by_old_server(std::size_t endpoint, const AllocationReply& reply, SteadyTime now);
  void count(RequestEvent::Kind kind);
  [[nodiscard]] LogEvent log_of_command(const RequestEvent& event) const;
  void log(const RequestEvent& event);
  void end_if_done();

  FacultyOptions options_;  // fixed after construction, except programs_min and batch_wait

  ServerClient client_;  // its tokens are the keys of asked_ and commands_
  std::map<Gathering, ProgramBatch> gathering_;
  std::map<Token, ProgramBatch> asked_;  // sent batches in which at least one program waits
  std::map<Token, AskedCommand> commands_;
  Token last_request_ = 0;             // of client_: a batch or a command
  bool has_sent_ = false;              // a batch
  std::size_t waiting_count_ = 0;      // requests and commands of programs, in gathering_, asked_ and commands_
  std::optional<SteadyTime> stop_at_;  // a stop was requested: the faculty waits for the servers until this time
  bool ended_ = false;                 // the Exit action was given
  std::vector<FacultyAction> actions_;
  FacultyCounts counts_;
};

}  // namespace dti
