#include "dti/transport/program/program_client.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include "dti/base/pause.hpp"
#include "dti/protocol/envelope.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/transport/zeromq/frames.hpp"
#include "dti/transport/zeromq/server_connection.hpp"
#include "dti/transport/zeromq/sockets.hpp"

namespace dti {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kNever = Clock::time_point::max();
constexpr auto kConnectTime = std::chrono::milliseconds{2'000};  // for each address

std::optional<RoomAnswer> receive_answer(ServerConnection& connection) {
  while (const auto frames = connection.receive(kFramesMax)) {
    const auto views = frame_views(*frames);
    if (auto answer = decode_room_answer(unpack(views).body)) return answer;
  }
  return std::nullopt;
}

}  // namespace

std::variant<FacultyAnswer, NoAnswer> ask_faculty(const ProgramClientOptions& options, const RoomRequest& request,
                                                  StopSignals& stop) {
  const auto deadline = Clock::now() + options.timeout;
  const auto body = encode_room_request(request);
  const std::string_view frames[] = {"", body};  // as a REQ sends it: old faculties know nothing else

  zmq::context_t context;
  ServerConnection connection{context, options.faculty_server, kConnectTime};
  auto ask_at = Clock::now();                    // kNever: it was asked
  std::optional<Clock::time_point> connected_at;  // the first time
  std::string state = "there is no connection yet";
  std::random_device random;
  int failures = 0;

  while (!stop.stop_asked()) {
    const auto now = Clock::now();
    if (now >= ask_at) {
      ask_at = kNever;
      connection.send(frames, now);
    }
    while (auto change = connection.update(now)) {
      if (auto* lost = std::get_if<ServerConnection::Lost>(&*change)) {
        state = std::move(lost->reason);
        ask_at = now + pause_after(++failures, random());
      } else {
        state = "it is connected but silent";
        if (!connected_at) connected_at = now;
      }
    }
    if (auto answer = receive_answer(connection)) {
      const auto elapsed = Clock::now() - connected_at.value_or(now);
      return FacultyAnswer{*std::move(answer), std::chrono::duration_cast<std::chrono::milliseconds>(elapsed)};
    }
    if (now >= deadline) {
      return NoAnswer{"no answer from " + options.faculty_server + " in " + std::to_string(options.timeout.count()) +
                          " ms: " + state,
                      connected_at.has_value()};
    }
    std::vector<zmq::pollitem_t> items{{nullptr, stop.descriptor(), ZMQ_POLLIN, 0}};
    connection.add_poll_items(items);
    wait_for(items, std::min({deadline, ask_at, connection.wake_at().value_or(kNever)}));
  }
  return NoAnswer{"asked to stop before there was an answer: " + state, connected_at.has_value()};
}

}  // namespace dti
