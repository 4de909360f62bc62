#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"
#include "dti/domain/status.hpp"
#include "dti/keys/key_ring.hpp"
#include "dti/protocol/office_codec.hpp"
#include "dti/service/faculty/faculty_service.hpp"
#include "dti/transport/zeromq/message_port.hpp"

namespace dti {

/// The connections of a faculty to its servers, by the number of the server. Thread: one.
class ServerLinks {
 public:
  virtual ~ServerLinks() = default;

  /// Begins to make a connection, unless one is established or being made.
  virtual void connect(std::size_t server, SteadyTime now) = 0;
  /// Sends a request over the established connection. Never waits.
  /// @return false if there is no connection, or too many requests wait for it; then this request is dropped
  virtual bool send(std::size_t server, std::string_view body) = 0;
  /// Closes the connection, or ends the attempt to make one.
  virtual void reset(std::size_t server) = 0;
};

/// The keys of programs, and the name in which they may act.
struct ProgramKeys {
  std::string faculty;
  std::shared_ptr<const KeyRing> keys = {};  // null: no message has a key
};

/// The part of a faculty between its port, its service and its connections: it reads messages of programs and replies
/// of servers, passes them to the service, and performs the service's actions. It has no socket and no clock, so that
/// the simulation runs it as well.
/// Thread: one.
class ProgramHandler {
 public:
  /// @param port, links, service  must outlive the handler
  /// @param servers  their addresses, for the log
  ProgramHandler(MessagePort& port, ServerLinks& links, FacultyService& service, std::vector<std::string> servers,
                 LogSink log, ProgramKeys keys = {});

  /// Handles the next message of a program. @return false if there is none
  bool handle_next(SteadyTime now);
  /// Handles a message of a server.
  void handle_reply(std::size_t server, std::string_view body, SteadyTime now);
  /// A connection to a server was established.
  /// @param skipped  why other addresses of the server were not used; empty if there were none
  void handle_connection(std::size_t server, const std::string& skipped, SteadyTime now);
  /// Performs the service's actions. Call it before the next event of a connection: an action is about the connection
  /// that the service knew.
  void perform_actions(SteadyTime now);

  /// The replies to programs, by status.
  [[nodiscard]] const std::array<std::uint64_t, kStatusCount>& answers() const { return answers_; }
  /// The exit code after the service has ended; none before.
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }

 private:
  void perform(const SendRoomAnswer& action, SteadyTime now);
  void perform(const ConnectEndpoint& action, SteadyTime now);
  void perform(const SendRequest& action, SteadyTime now);
  void perform(const SendCommandReply& action, SteadyTime now);
  void perform(const SendCommand& action, SteadyTime now);
  void perform(const ResetEndpoint& action, SteadyTime now);
  void perform(const LogEvent& event, SteadyTime now);
  void perform(const Exit& exit, SteadyTime now);
  /// Handles a message that is a command. @return false if it is none
  bool handle_command(const PeerMessage& message, SteadyTime now);
  /// Why the peer of a message may not send a command; none: it may, and `command` has its names.
  [[nodiscard]] std::optional<std::string> why_not_command(KeyNumber key, const OfficeMessage& message) const;
  /// Why the peer of a message may not make a request.
  /// @param program  null: any
  [[nodiscard]] std::optional<std::string> why_unauthorized(KeyNumber key, const std::string* program) const;
  /// Whom a malformed message counts for: the program that its key proves, or else the one that it claims, or its peer.
  /// @param claimed  empty: it names no program
  [[nodiscard]] std::string asker_of(const PeerMessage& message, const std::string& claimed) const;
  [[nodiscard]] const ListedKey* key_of(KeyNumber number) const;
  void refuse_command(Token token, const std::string& id, bool is_dry_run, RequestError error, SteadyTime now);
  void reply_to_command(Token token, const OfficeReply& reply, SteadyTime now);
  void refuse(Token token, Status status, std::string detail, SteadyTime now);
  void reply(Token token, const RoomAnswer& answer, SteadyTime now);
  void log_some(const std::string& event, const std::string& message);

  // Fixed after construction.
  MessagePort& port_;
  ServerLinks& links_;
  FacultyService& service_;
  const std::vector<std::string> servers_;
  const LogSink log_;
  const ProgramKeys keys_;

  std::map<std::string, std::uint64_t> counts_;  // by event of log_some()
  std::array<std::uint64_t, kStatusCount> answers_{};
  std::optional<int> exit_code_;
};

}  // namespace dti
