#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "dti/base/stop_signals.hpp"
#include "dti/protocol/office_codec.hpp"
#include "dti/transport/zeromq/locks.hpp"

namespace dti {

struct OfficeClientOptions {
  std::vector<std::string> servers;    // HOST:PORT, or the address of a socket file; at least one
  std::vector<ClientLock> locks = {};  // one for each server; empty: they are plain, or socket files
  std::chrono::milliseconds timeout{30'000};
  /// The servers are faculties, which pass the messages of programs on. A message then has the frames of a REQ socket.
  bool asks_faculty = false;
};

/// The reply of a server.
struct OfficeAnswer {
  OfficeReply reply;
  std::string server;  // that sent it
  bool has_other_copy =
      false;  // an earlier copy of the message was sent, and no server has said that it decided nothing
};

/// No server has decided the command, as far as is known.
struct NoOfficeReply {
  std::string reason;        // a sentence for people
  bool may_be_done = false;  // a server may have made the change: repeat the message to find out
  bool was_stopped = false;  // a signal requested the end
};

/// Sends messages of the office to the leader among several servers, one after the other. It keeps the connections.
/// It does not wait for the end of a name lookup, which may outlive it: see lookup_hangs().
/// Thread: one.
class OfficeClient {
 public:
  /// @throws std::runtime_error  with a sentence for people, if a server is not HOST:PORT
  explicit OfficeClient(const OfficeClientOptions& options);
  ~OfficeClient();
  OfficeClient(const OfficeClient&) = delete;
  OfficeClient& operator=(const OfficeClient&) = delete;

  /// Waits for the reply, until the timeout or until a stop is requested. It repeats the same message, with the same
  /// command-id, if a reply does not come, the server does not lead or is busy, or the outcome is not known there.
  [[nodiscard]] std::variant<OfficeAnswer, NoOfficeReply> ask(const OfficeMessage& message, StopSignals& stop);

 private:
  class Shell;
  const std::unique_ptr<Shell> shell_;
};

/// A new command-id: a UUID.
[[nodiscard]] std::string new_command_id();

}  // namespace dti
