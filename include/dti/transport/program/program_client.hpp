#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "dti/base/stop_signals.hpp"
#include "dti/domain/messages.hpp"
#include "dti/transport/zeromq/locks.hpp"

namespace dti {

struct ProgramClientOptions {
  std::string faculty_server;  // host:port
  std::chrono::milliseconds timeout{60'000};
  std::optional<ClientLock> lock = {};  // for a secured endpoint of the faculty; none: a plain one
};

struct FacultyAnswer {
  RoomAnswer answer;
  std::chrono::milliseconds elapsed{0};  // since the first connection to the faculty was established
};

/// The faculty sent no reply, so the outcome of the request is not known.
struct NoAnswer {
  std::string reason;     // a sentence for people
  bool was_sent = false;  // rooms may have been granted
};

/// Sends the request of a program to its faculty and waits for the reply, until the timeout or until a stop is
/// requested. If the connection cannot be made, or is lost, it repeats the request after a pause, at the next address
/// if there are several. A restarted faculty does not know the request, and a repeated request gets the first grant.
/// It does not wait for the end of a name lookup, which may outlive the call: see lookup_hangs().
/// @throws std::runtime_error  with a sentence for people, if faculty_server is not HOST:PORT
[[nodiscard]] std::variant<FacultyAnswer, NoAnswer> ask_faculty(const ProgramClientOptions& options,
                                                                const RoomRequest& request, StopSignals& stop);

}  // namespace dti
