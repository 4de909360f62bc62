#include "dti/transport/zeromq/admin_port.hpp"

#include <sys/un.h>

#include <filesystem>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include "dti/base/check.hpp"
#include "dti/base/private_folder.hpp"
#include "transport/zeromq/envelope.hpp"
#include "transport/zeromq/frames.hpp"
#include "transport/zeromq/outbox.hpp"
#include "transport/zeromq/sockets.hpp"

namespace dti {
namespace {

constexpr std::size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

/// The destination of a reply.
struct Route {
  zmq::message_t routing_id;
  Envelope envelope;
  std::size_t bytes = 0;
};

}  // namespace

std::string admin_address(const std::string& folder) {
  // libzmq would take a relative path that begins with "@" for a name without a file.
  const auto path = (std::filesystem::absolute(folder) / "admin").lexically_normal().string();
  if (path.size() > kPathBytesMax) {
    throw std::runtime_error{"the path of the socket file is too long: " + path + " has " +
                             std::to_string(path.size()) + " bytes, and may have " + std::to_string(kPathBytesMax)};
  }
  return std::string{kIpc} + path;
}

struct AdminPort::Parts {
  Parts(const std::string& folder, std::size_t frame_bytes_max)
      : address(admin_address(folder)), held(folder), router(make_router(context, frame_bytes_max)) {
    try {
      router.bind(address);  // replaces a file: its process is dead, because this process holds the folder
    } catch (const zmq::error_t& error) {
      throw std::runtime_error{"cannot listen on " + address + ": " + error.what()};
    }
  }

  Route take(Token token) {
    auto route = routes.extract(token);
    DTI_CHECK(!route.empty());  // one reply for each message
    waiting_bytes -= route.mapped().bytes;
    return std::move(route.mapped());
  }

  const std::string address;
  const PrivateFolder held;
  zmq::context_t context;
  zmq::socket_t router;
  Outbox outbox{router};
  std::unordered_map<Token, Route> routes;  // of the messages that wait for their reply
  std::size_t waiting_bytes = 0;            // of routes
  Token next_token = kFirstToken;
  std::vector<zmq::message_t> frames;  // of the last received message
};

AdminPort::AdminPort(const std::string& folder, std::size_t frame_bytes_max)
    : parts_(std::make_unique<Parts>(folder, frame_bytes_max)) {}

AdminPort::~AdminPort() = default;

std::optional<PeerMessage> AdminPort::receive() {
  auto& parts = *parts_;
  auto received = receive_frames(parts.router, 1 + kFramesMax + 1);  // one more shows that there are too many
  if (!received) return std::nullopt;
  parts.frames = *std::move(received);
  auto& frames = parts.frames;
  PeerMessage message;
  message.token = parts.next_token++;
  for (const auto& frame : frames) message.bytes += frame.size();
  const auto views = frame_views(frames);
  auto unpacked = unpack(std::span{views}.subspan(1));
  message.body = unpacked.body;
  message.is_too_long = unpacked.too_many_frames;
  Route arrived{std::move(frames[0]), std::move(unpacked.envelope), message.bytes - unpacked.body.size()};
  parts.waiting_bytes += arrived.bytes;
  message.peer = parts.routes.emplace(message.token, std::move(arrived)).first->second.routing_id.to_string_view();
  return message;
}

void AdminPort::reply(Token token, std::string_view body, SteadyTime now) {
  auto route = parts_->take(token);
  std::vector<zmq::message_t> frames;
  frames.push_back(std::move(route.routing_id));
  for (const auto& frame : route.envelope.before) frames.emplace_back(frame.data(), frame.size());
  frames.emplace_back(body.data(), body.size());
  if (route.envelope.after) frames.emplace_back(route.envelope.after->data(), route.envelope.after->size());
  parts_->outbox.send(std::move(frames), now);
}

void AdminPort::forget(Token token) { (void)parts_->take(token); }

std::size_t AdminPort::waiting_bytes() const { return parts_->waiting_bytes; }

void AdminPort::retry(SteadyTime now) { parts_->outbox.retry(now); }

std::optional<SteadyTime> AdminPort::wake_at() const { return parts_->outbox.wake_at(); }

PollItem AdminPort::poll_item() { return {.socket = parts_->router.handle()}; }

const std::string& AdminPort::address() const { return parts_->address; }

}  // namespace dti
