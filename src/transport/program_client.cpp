#include "dti/transport/program_client.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include "dti/protocol/envelope.hpp"
#include "dti/protocol/room_codec.hpp"
#include "transport/frames.hpp"
#include "transport/lookups.hpp"
#include "transport/sockets.hpp"

namespace dti {
namespace {

constexpr auto kEndTime = std::chrono::milliseconds{100};  // of a context: far more than it needs without a lookup

std::variant<RoomAnswer, NoAnswer> ask_over(zmq::context_t& context, const ProgramClientOptions& options,
                                            const RoomRequest& request, StopSignals& stop) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + options.timeout;
  auto dealer = connect_dealer(context, options.faculty_server);
  const auto body = encode_room_request(request);
  const std::string_view frames[] = {"", body};  // as a REQ sends it: old faculties know nothing else
  if (send_frames(dealer, frames) != SendResult::kSent) return NoAnswer{"the request could not be sent"};

  while (!stop.stop_asked()) {
    while (const auto answer_frames = receive_frames(dealer, kFramesMax)) {
      const auto views = frame_views(*answer_frames);
      if (auto answer = decode_room_answer(unpack(views).body)) return *std::move(answer);
    }
    if (Clock::now() >= deadline) {
      return NoAnswer{"no answer from " + options.faculty_server + " in " + std::to_string(options.timeout.count()) +
                      " ms"};
    }
    zmq::pollitem_t items[] = {{dealer.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, stop.descriptor(), ZMQ_POLLIN, 0}};
    wait_for(items, deadline);
  }
  return NoAnswer{"asked to stop before there was an answer"};
}

}  // namespace

std::variant<RoomAnswer, NoAnswer> ask_faculty(const ProgramClientOptions& options, const RoomRequest& request,
                                               StopSignals& stop) {
  std::vector<zmq::context_t> contexts(1);
  auto result = ask_over(contexts.front(), options, request, stop);
  end_contexts(std::move(contexts), kEndTime);
  return result;
}

int program_exit_code(Status status) {
  switch (status) {
    case Status::kOk: return 0;
    case Status::kNotEnoughResources: return 3;
    case Status::kInvalidRequest:
    case Status::kUnauthorized:
    case Status::kInvalidSemester:
    case Status::kInvalidFaculty:
    case Status::kInvalidProgram:
    case Status::kAlreadyHasResources: return 4;
    case Status::kNotLeader:
    case Status::kOverloaded:
    case Status::kUnavailable: break;
  }
  return kExitNotKnown;
}

bool has_result_file(Status status) {
  return status != Status::kAlreadyHasResources && program_exit_code(status) != kExitNotKnown;
}

}  // namespace dti
