#include "transport/zeromq/peer_count.hpp"

#include <atomic>
#include <cstring>
#include <string>

#include "transport/zeromq/frames.hpp"

namespace dti {

namespace {

constexpr int kEvents = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

struct Event {
  std::uint16_t kind = 0;
  std::uint32_t value = 0;
};

}  // namespace

PeerCount::PeerCount(zmq::context_t& context, zmq::socket_t& socket, const PeerLimits& limits)
    : socket_(socket), events_(context, zmq::socket_type::pair), table_(limits) {
  static std::atomic<std::uint64_t> number{0};
  const auto address = "inproc://peers-" + std::to_string(++number);
  events_.set(zmq::sockopt::linger, 0);
  events_.set(zmq::sockopt::rcvhwm, 0);  // with a limit, libzmq's I/O thread would wait for this reader
  if (zmq_socket_monitor(socket.handle(), address.c_str(), kEvents) != 0) throw zmq::error_t();
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
    Event event;
    const auto& frame = frames->front();
    if (frame.size() < sizeof event.kind + sizeof event.value) continue;
    std::memcpy(&event.kind, frame.data(), sizeof event.kind);
    std::memcpy(&event.value, frame.data<char>() + sizeof event.kind, sizeof event.value);
    const auto descriptor = static_cast<int>(event.value);  // of the first two events
    if (event.kind == ZMQ_EVENT_ACCEPTED) add(descriptor);
    if (event.kind == ZMQ_EVENT_DISCONNECTED) table_.remove(descriptor);
    if (event.kind == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) ++failures_.other;
    if (event.kind == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
      const bool is_mechanism = event.value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
      ++(is_mechanism ? failures_.mechanism : failures_.other);
    }
  }
  return table_.count();
}

void PeerCount::end(int descriptor, Network network) {
  if (connection_.hold(descriptor, ports_) == network) connection_.end();
  connection_.release();
}

/// A connection that has ended by now is added too, because the report of its end comes later.
void PeerCount::add(int descriptor) {
  const auto network = connection_.hold(descriptor, ports_);
  const auto verdict = table_.add(descriptor, network.value_or(Network::kLocal));
  if (network && verdict != ConnectionTable::Verdict::kAdmitted) {
    connection_.end();
    ++(verdict == ConnectionTable::Verdict::kFull ? excess_.in_all : excess_.of_address);
    excess_.last = *network;
  }
  connection_.release();
}

}  // namespace dti
