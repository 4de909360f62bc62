#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "dti/base/actions.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"
#include "dti/domain/status.hpp"

namespace dti {

struct ServerClientOptions {
  std::vector<std::string> endpoints;                // host:port of the servers, at least one; tried in turn
  std::chrono::milliseconds request_timeout{2'000};  // for one try
  int retries = 10;  // 0 or less: the client never repeats a request that a server may have read
  std::chrono::milliseconds budget{25'000};  // for all tries of a request
};

/// A request to the leader. The owner of the client keeps the body and sends it for each SendTry action.
struct ClientRequest {
  std::string request_id;
  std::vector<std::string> correlation_ids;  // of the parts of the request, at least one
  std::string semester;
};

/// How a server's reply answers one part of a request.
struct ReplyPart {
  std::string_view correlation_id;  // valid during the call only
  Status status = Status::kUnavailable;
};

/// The facts of a server's reply that the client reads. The rest of the reply is for the owner.
struct ServerReply {
  std::optional<RequestError> error;  // an unknown code is read as kUnavailable
  std::optional<std::string> request_id;
  std::optional<std::string> semester;
  std::vector<ReplyPart> parts;  // empty: the reply lists none. If one is listed twice, its first entry counts
};

/// The request that a reply answers.
struct ReplyMatch {
  Token request = 0;
  /// True: the reply answers each part that has no answer yet, and its error answers the parts that it does not list.
  /// False: the server refused the request for now. The reply answers the listed parts with a final status only, and
  /// the request continues.
  bool is_over = false;

  /// Tells whether the reply answers a part that it lists with this status.
  [[nodiscard]] bool answers(Status status) const { return is_over || !may_retry(status); }
};

/// Action: make a connection to the server with that index, unless one is established or being made.
struct ConnectEndpoint {
  std::size_t endpoint = 0;
};
/// Action: send the request's body over the established connection to the server with that index. The owner must not
/// keep the body for a later connection: by then, the request may have been sent elsewhere, or been given up.
struct SendTry {
  std::size_t endpoint = 0;
  Token request = 0;
};
/// Action: close the connection to a server, or end the attempt to make one. The next connection goes to the next
/// address if the server has several.
struct ResetEndpoint {
  std::size_t endpoint = 0;
};
/// Action: the client has given up a request, because no server answered it (or its remaining parts).
struct NotKnown {
  Token request = 0;
  std::string reason;     // a clause
  bool was_sent = false;  // a server may have read it
};
/// Action: log an event of a request. The owner names it, and adds its own facts.
struct RequestEvent {
  enum class Kind { kSent, kTryLost, kTryRefused, kAnswered, kGivenUp };
  Kind kind = Kind::kSent;
  Token request = 0;
  std::size_t endpoint = 0;
  int tries_left = 0;
  std::string message;  // a clause
};
using ServerClientAction = std::variant<ConnectEndpoint, SendTry, ResetEndpoint, NotKnown, RequestEvent>;

/// Finds the leader among several servers and gives each request exactly one outcome: a ReplyMatch with is_over, or
/// NotKnown. It repeats a request with the same ids until a server answers, no retry is left or the budget ends.
/// It is a state machine without thread, clock or socket. Thread: one. Source: docs/protocol.md.
class ServerClient {
 public:
  /// @param random  returns 64 random bits, for ids and for the length of pauses
  ServerClient(ServerClientOptions options, std::function<std::uint64_t()> random);

  /// A new UUID for a request or one of its parts.
  [[nodiscard]] std::string fresh_id();

  /// Begins a request.
  /// @param token  identifies the request in actions; greater than all earlier tokens
  void send(Token token, ClientRequest request, SteadyTime now);
  /// A server sent a reply.
  /// @param endpoint  the index of that server
  /// @return the request that it answers; none: it answers no request that waits, and changes nothing
  [[nodiscard]] std::optional<ReplyMatch> on_reply(std::size_t endpoint, const ServerReply& reply, SteadyTime now);
  /// The connection to a server was established. The requests that are waiting for it are sent, and the time of their
  /// tries begins.
  void on_connected(std::size_t endpoint, SteadyTime now);
  /// The connection to a server could not be made, or broke. The client repeats its requests after a pause, to another
  /// server if one may be reachable. Without retries, it does not repeat a request that was sent.
  /// @param reason  a clause for the log
  void on_connection_lost(std::size_t endpoint, const std::string& reason, SteadyTime now);
  /// Time has passed. Call it at wake_at() at the latest.
  void on_tick(SteadyTime now);
  /// Gives up every request.
  /// @param reason  a clause for NotKnown
  void give_up_all(const std::string& reason);

  /// The server to which the next request goes first.
  [[nodiscard]] std::size_t preferred() const { return preferred_; }
  [[nodiscard]] bool is_connected(std::size_t endpoint) const { return connections_[endpoint].connected; }

  /// The time at which on_tick() must be called; none: not before another event.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// The actions since the last call. The owner must carry them out in this order, and before it reports that a
  /// connection was established or lost: an action is about the connections that this client knows.
  [[nodiscard]] std::vector<ServerClientAction> take_actions();

 private:
  struct Request {
    Token token = 0;
    ClientRequest facts;
    std::size_t open_parts = 0;  // without an answer; 0: the request is over
    std::size_t endpoint = 0;    // of the current try, or of the next one
    bool is_trying = false;      // there is a current try; otherwise the request pauses before the next one
    bool is_sent = false;        // in the current try: the connection was established
    bool was_sent = false;       // in any try
    int tries_left = 0;
    int refusals = 0;         // how often a server refused it for now, or could not be reached
    bool redirected = false;  // it went to the leader that a server named, without a pause
    SteadyTime next_at{};     // is_trying: the try is lost at this time; otherwise: the next try begins
    SteadyTime give_up_at{};
  };
  struct Connection {
    std::size_t open_tries = 0;
    bool connected = false;
    bool silent = false;       // a try on it was lost, and no reply has arrived since then
    SteadyTime since{};        // when it was established
    SteadyTime avoid_until{};  // the server did not answer, or could not be reached: the client tries the others first
  };

  void try_once(Request& request, SteadyTime now);
  void send_now(Request& request, SteadyTime now);
  void end_try(Request& request);
  void on_lost_try(Request& request, SteadyTime now);
  void on_refusal(Request& request, const RequestError& error, SteadyTime now);
  void look_behind_balancer(std::size_t endpoint, const RequestError& error, SteadyTime now);
  void try_again_later(Request& request, const RequestError& error, bool is_free, const std::string& reason,
                       SteadyTime now);
  void give_up(Request& request, std::size_t next, const std::string& reason);
  void forget_parts(Request& request);
  void erase_ended();
  void reset(std::size_t endpoint, SteadyTime now);
  [[nodiscard]] std::optional<Token> find_request(std::size_t endpoint, const ServerReply& reply) const;
  [[nodiscard]] std::optional<std::size_t> find_leader(const RequestError& error) const;
  [[nodiscard]] std::size_t next_endpoint(const Request& request, const RequestError& error, SteadyTime now) const;
  void log(RequestEvent::Kind kind, std::string message, const Request& request);

  const ServerClientOptions options_;
  const std::function<std::uint64_t()> random_;

  std::map<Token, Request> requests_;                  // oldest first
  std::unordered_map<std::string, Token> request_of_;  // by the correlation id of each open part
  std::vector<Connection> connections_;                // by endpoint
  std::size_t preferred_ = 0;  // of a request's first try: the server that answered last, or the one after a failure
  std::vector<ServerClientAction> actions_;
};

}  // namespace dti
