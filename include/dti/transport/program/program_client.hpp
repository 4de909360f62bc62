#pragma once

#include <chrono>
#include <string>
#include <variant>

#include "dti/base/stop_signals.hpp"
#include "dti/domain/messages.hpp"

namespace dti {

struct ProgramClientOptions {
  std::string faculty_server;  // host:port
  std::chrono::milliseconds timeout{60'000};
};

struct FacultyAnswer {
  RoomAnswer answer;
  std::chrono::milliseconds elapsed{0};  // since the first connection to the faculty stood
};

/// The faculty did not say what became of the request.
struct NoAnswer {
  std::string reason;     // a sentence for people
  bool was_sent = false;  // rooms may have been granted
};

/// Sends one program's request to its faculty and waits for the answer, until the timeout or until a stop is asked for.
/// If the connection cannot be made, or is lost, it asks again after a pause, at the next address if there are several:
/// a faculty that came back knows nothing of the request, and a repeat gets the first grant.
/// A lookup of the faculty's name does not hold it up, and may outlive it: see lookup_hangs().
/// @throws std::runtime_error  with a sentence for people, if the address cannot be one
[[nodiscard]] std::variant<FacultyAnswer, NoAnswer> ask_faculty(const ProgramClientOptions& options,
                                                                const RoomRequest& request, StopSignals& stop);

}  // namespace dti
