#include "transport/zeromq/peer_count.hpp"

#include <atomic>
#include <cstring>
#include <string>

#include "transport/zeromq/frames.hpp"

namespace dti {

PeerCount::PeerCount(zmq::context_t& context, zmq::socket_t& socket)
    : socket_(socket), events_(context, zmq::socket_type::pair) {
  static std::atomic<std::uint64_t> number{0};
  const auto address = "inproc://peers-" + std::to_string(++number);
  events_.set(zmq::sockopt::linger, 0);
  events_.set(zmq::sockopt::rcvhwm, 0);  // with a limit, libzmq's I/O thread would wait for this reader
  if (zmq_socket_monitor(socket.handle(), address.c_str(), ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) != 0) {
    throw zmq::error_t();
  }
  try {
    events_.connect(address);
  } catch (...) {
    zmq_socket_monitor(socket_.handle(), nullptr, 0);
    throw;
  }
}

PeerCount::~PeerCount() { zmq_socket_monitor(socket_.handle(), nullptr, 0); }

std::uint64_t PeerCount::update() {
  // The first frame has the event's number and a value; the second one has an address.
  while (const auto frames = receive_frames(events_, 2)) {
    std::uint16_t event = 0;
    if (frames->front().size() < sizeof event) continue;
    std::memcpy(&event, frames->front().data(), sizeof event);
    if (event == ZMQ_EVENT_ACCEPTED) ++count_;
    if (event == ZMQ_EVENT_DISCONNECTED && count_ > 0) --count_;
  }
  return count_;
}

}  // namespace dti
