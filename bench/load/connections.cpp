#include "load/connections.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "core/clock.hpp"

namespace dti::bench {
namespace {

constexpr std::int64_t kReplyBytesMax = 4 * 1024 * 1024;

void set(void* socket, int option, int value) {
  if (zmq_setsockopt(socket, option, &value, sizeof value) != 0) throw std::runtime_error{zmq_strerror(zmq_errno())};
}

void set_keys(void* socket, const CurveKeys& keys) {
  const auto set_key = [&](int option, const auto& bytes) {
    if (zmq_setsockopt(socket, option, bytes.data(), bytes.size()) != 0) {
      throw std::runtime_error{zmq_strerror(zmq_errno())};
    }
  };
  set_key(ZMQ_CURVE_SERVERKEY, keys.server.bytes);
  set_key(ZMQ_CURVE_PUBLICKEY, keys.own.public_key.bytes);
  set_key(ZMQ_CURVE_SECRETKEY, keys.own.secret_key.bytes());
}

std::string monitor_address(std::size_t index) { return "inproc://monitor-" + std::to_string(index); }

}  // namespace

Connections::Connections(const std::string& server, const std::optional<CurveKeys>& keys, std::size_t count,
                         std::size_t in_flight)
    : server_(server), context_(zmq_ctx_new()) {
  zmq_msg_init(&message_);
  zmq_ctx_set(context_.get(), ZMQ_MAX_SOCKETS, static_cast<int>(3 * count + 16));
  const auto queue_max = static_cast<int>(2 * in_flight + 64);  // never full: see send()
  for (std::size_t i = 0; i < count; ++i) {
    Socket socket{zmq_socket(context_.get(), ZMQ_DEALER)};
    Socket monitor{zmq_socket(context_.get(), ZMQ_PAIR)};
    if (!socket || !monitor)
      throw std::runtime_error{std::string{"cannot make a socket: "} + zmq_strerror(zmq_errno())};
    set(socket.get(), ZMQ_SNDHWM, queue_max);
    set(socket.get(), ZMQ_RCVHWM, queue_max);
    set(socket.get(), ZMQ_LINGER, 0);
    set(socket.get(), ZMQ_IPV6, server.starts_with('['));
    if (keys) set_keys(socket.get(), *keys);
    zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &kReplyBytesMax, sizeof kReplyBytesMax);
    const bool is_watched =
        zmq_socket_monitor(socket.get(), monitor_address(i).c_str(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED) == 0 &&
        zmq_connect(monitor.get(), monitor_address(i).c_str()) == 0;
    if (!is_watched || zmq_connect(socket.get(), ("tcp://" + server).c_str()) != 0) {
      throw std::runtime_error{"cannot connect to " + server + ": " + zmq_strerror(zmq_errno())};
    }
    int descriptor = 0;
    std::size_t size = sizeof descriptor;
    zmq_getsockopt(socket.get(), ZMQ_FD, &descriptor, &size);
    poll_items_.push_back({descriptor, POLLIN, 0});
    sockets_.push_back(std::move(socket));
    monitors_.push_back(std::move(monitor));
  }
}

Connections::~Connections() { zmq_msg_close(&message_); }

void Connections::wait_until_connected(double seconds) {
  const auto deadline = now_ns() + to_ns(seconds);
  for (std::size_t i = 0; i < monitors_.size(); ++i) {
    zmq_pollitem_t item{monitors_[i].get(), 0, ZMQ_POLLIN, 0};
    while (item.revents == 0) {
      const auto left = std::max<std::int64_t>((deadline - now_ns()) / 1'000'000, 0);
      if (zmq_poll(&item, 1, static_cast<long>(left)) == 0) {
        throw std::runtime_error{"cannot connect to " + server_ + " within " + shown_seconds(seconds) +
                                 " s (does a server listen there, with the same kind of endpoint?)"};
      }
    }
    zmq_socket_monitor(sockets_[i].get(), nullptr, 0);
  }
  monitors_.clear();
}

bool Connections::send(std::string_view body, Bytes bytes) {
  auto* socket = sockets_[turn_].get();
  if (zmq_send(socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) return false;
  turn_ = turn_ + 1 == sockets_.size() ? 0 : turn_ + 1;
  zmq_msg_t message;
  if (bytes == Bytes::kStay) {
    // Without a function to free them: the bytes are taken as they are, and nothing is allocated.
    zmq_msg_init_data(&message, const_cast<char*>(body.data()), body.size(), nullptr, nullptr);
  } else {
    zmq_msg_init_size(&message, body.size());
    std::memcpy(zmq_msg_data(&message), body.data(), body.size());
  }
  // A message whose first frame was taken is taken whole.
  if (zmq_msg_send(&message, socket, ZMQ_DONTWAIT) < 0) {
    throw std::runtime_error{std::string{"a request could not be sent: "} + zmq_strerror(zmq_errno())};
  }
  return true;
}

void Connections::wait(std::int64_t until) {
  // libzmq's descriptor tells of news only once, and a send may have taken them: so its state is asked for first.
  for (const auto& socket : sockets_) {
    int events = 0;
    std::size_t size = sizeof events;
    zmq_getsockopt(socket.get(), ZMQ_EVENTS, &events, &size);
    if ((events & ZMQ_POLLIN) != 0) return;
  }
  const auto left = std::max<std::int64_t>(until - now_ns(), 0);
  const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
  if (ppoll(poll_items_.data(), poll_items_.size(), &timeout, nullptr) < 0 && errno != EINTR) {
    throw std::runtime_error{std::string{"cannot wait for answers: "} + std::strerror(errno)};
  }
}

}  // namespace dti::bench
