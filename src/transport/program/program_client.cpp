#include "dti/transport/program/program_client.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/service/client/pause.hpp"
#include "dti/transport/zeromq/context.hpp"
#include "dti/transport/zeromq/poll.hpp"
#include "dti/transport/zeromq/server_connection.hpp"

namespace dti {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kNever = Clock::time_point::max();
constexpr auto kConnectTime = std::chrono::milliseconds{2'000};  // for each address

std::optional<RoomAnswer> receive_answer(ServerConnection& connection) {
  while (const auto body = connection.receive()) {
    if (auto answer = decode_room_answer(*body)) return answer;
  }
  return std::nullopt;
}

}  // namespace

std::variant<FacultyAnswer, NoAnswer> ask_faculty(const ProgramClientOptions& options, const RoomRequest& request,
                                                  StopSignals& stop) {
  const auto deadline = Clock::now() + options.timeout;
  const auto body = encode_room_request(request);
  const std::string_view frames[] = {"", body};  // the frames that a REQ socket sends; old faculties accept no others

  Context context;
  ServerConnection connection{context.get(), options.faculty_server, kConnectTime, kReplyBytesMax, options.lock};
  auto connect_at = Clock::now();                 // kNever: a connection is being made, or is established
  std::optional<Clock::time_point> connected_at;  // the first time
  std::string state = "there is no connection yet";
  std::random_device random;
  int failures = 0;

  while (!stop.stop_asked()) {
    const auto now = Clock::now();
    if (now >= connect_at) {
      connect_at = kNever;
      connection.connect(now);
    }
    while (auto change = connection.update(now)) {
      if (auto* lost = std::get_if<ServerConnection::Lost>(&*change)) {
        state = std::move(lost->reason);
        connect_at = now + pause_after(++failures, random());
      } else {
        connection.send(frames);
        state = "the faculty is connected but has not replied";
        if (!connected_at) connected_at = now;
      }
    }
    if (auto answer = receive_answer(connection)) {
      const auto elapsed = Clock::now() - connected_at.value_or(now);
      return FacultyAnswer{*std::move(answer), std::chrono::duration_cast<std::chrono::milliseconds>(elapsed)};
    }
    if (now >= deadline) {
      return NoAnswer{"no reply from " + options.faculty_server + " in " + std::to_string(options.timeout.count()) +
                          " ms: " + state,
                      connected_at.has_value()};
    }
    std::vector<PollItem> items{{.descriptor = stop.descriptor()}};
    connection.add_poll_items(items);
    wait_for(items, std::min({deadline, connect_at, connection.wake_at().value_or(kNever)}));
  }
  return NoAnswer{"a signal requested a stop before the reply: " + state, connected_at.has_value()};
}

}  // namespace dti
