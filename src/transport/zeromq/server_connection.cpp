#include "dti/transport/zeromq/server_connection.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <stdexcept>
#include <utility>

#include <zmq.hpp>

#include "dti/transport/zeromq/host_port.hpp"
#include "transport/zeromq/connection_watch.hpp"
#include "transport/zeromq/envelope.hpp"
#include "transport/zeromq/frames.hpp"
#include "transport/zeromq/sockets.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr auto kLookupLifetime = std::chrono::seconds{5};  // of the result of a lookup that outlived its attempt
constexpr std::size_t kSkippedBytesMax = 1'000;            // of the sentence that lists the failed addresses

constexpr const char* kNoZeromq =
    "closed the connection during the ZeroMQ handshake: it is not a ZeroMQ peer, or forwards to none, or is a secured "
    "endpoint, for which this client needs keys";
constexpr const char* kNotProved =
    "did not prove the server key that this client has: its key is another one, or it is not a secured endpoint";
constexpr const char* kKeyRefused = "refused the key of this client: its key list does not have the public half";
constexpr const char* kIsPlain = "did not prove the server key that this client has: it is a plain endpoint";
constexpr const char* kIsSecured = "is a secured endpoint, for which this client needs keys";

std::string seconds_text(milliseconds time) {
  return time % std::chrono::seconds{1} == milliseconds{0} ? std::to_string(time.count() / 1'000) + " s"
                                                           : std::to_string(time.count()) + " ms";
}

}  // namespace

struct ServerConnection::Dealer {
  Dealer(zmq::context_t& context, std::size_t frame_bytes_max, const std::optional<ClientLock>& lock)
      : socket(make_dealer(context, frame_bytes_max, lock ? &*lock : nullptr)), watch(context, socket) {}
  zmq::socket_t socket;
  ConnectionWatch watch;
};

ServerConnection::ServerConnection(zmq::context_t& context, const std::string& host_port, milliseconds try_time,
                                   std::size_t reply_bytes_max, std::optional<ClientLock> lock)
    : context_(context), try_time_(try_time), reply_bytes_max_(reply_bytes_max), lock_(std::move(lock)) {
  if (host_port.starts_with(kIpc)) {
    socket_file_ = host_port;
    return;
  }
  const auto colon = host_port.rfind(':');
  const auto digits = colon == std::string::npos ? std::string_view{} : std::string_view{host_port}.substr(colon + 1);
  const auto* const end = digits.data() + digits.size();
  const auto [after, error] = std::from_chars(digits.data(), end, port_);
  if (colon == 0 || digits.empty() || error != std::errc{} || after != end || port_ == 0) {
    throw std::runtime_error("cannot connect to " + host_port + ": it is not HOST:PORT");
  }
  host_ = without_brackets(host_port.substr(0, colon));
}

ServerConnection::~ServerConnection() = default;

void ServerConnection::connect(SteadyTime now) {
  if (state_ != State::kIdle || fault_) return;
  skipped_.clear();
  look_up(now);
}

bool ServerConnection::send(std::span<const std::string_view> frames) {
  return state_ == State::kConnected && send_frames(dealer_->socket, frames) == SendResult::kSent;
}

std::optional<std::string> ServerConnection::receive() {
  if (!dealer_) return std::nullopt;
  const auto frames = receive_frames(dealer_->socket, kFramesMax);
  if (!frames) return std::nullopt;
  return std::string{unpack(frame_views(*frames)).body};
}

void ServerConnection::reset() {
  dealer_.reset();
  fault_.reset();
  state_ = State::kIdle;
}

std::optional<ServerConnection::Change> ServerConnection::update(SteadyTime now) {
  if (state_ == State::kLookingUp) take_lookup(now);
  if (state_ == State::kConnecting && follow_attempt(now)) {
    state_ = State::kConnected;
    return Connected{std::exchange(skipped_, {})};
  }
  while (state_ == State::kConnected) {
    const auto event = dealer_->watch.next();
    if (!event) break;
    if (*event == ConnectionEvent::kClosed) fail("the connection to " + address_ + " was closed");
  }
  if (!fault_) return std::nullopt;
  return Lost{*std::exchange(fault_, std::nullopt)};
}

void ServerConnection::add_poll_items(std::vector<PollItem>& items) {
  if (state_ == State::kLookingUp) items.push_back({.descriptor = lookup_->descriptor()});
  if (state_ == State::kConnecting || state_ == State::kConnected) {
    items.push_back({.socket = dealer_->socket.handle()});
    items.push_back({.socket = dealer_->watch.handle()});
  }
}

std::optional<SteadyTime> ServerConnection::wake_at() const {
  if (fault_) return SteadyTime{};
  if (state_ == State::kLookingUp || state_ == State::kConnecting) return deadline_;
  return std::nullopt;
}

void ServerConnection::try_next_address(SteadyTime now) try {
  if (next_address_ < addresses_.size()) {
    connect_to_next_address(now);
  } else {
    fail(skipped_);
  }
} catch (const std::exception& error) {  // no descriptor is left
  fail(error.what());
}

/// Looks up the name for each attempt, because its addresses may have changed.
void ServerConnection::look_up(SteadyTime now) try {
  if (!socket_file_.empty()) {
    addresses_ = {Address{}};
    addresses_.front().text = socket_file_;
    next_address_ = 0;
    return try_next_address(now);
  }
  state_ = State::kLookingUp;
  deadline_ = now + try_time_;
  if (!lookup_ || (lookup_->is_done() && now - lookup_started_ > kLookupLifetime)) {
    lookup_ = Lookup::start(host_, port_);
    lookup_started_ = now;
  }
  take_lookup(now);
} catch (const std::exception& error) {  // no descriptor, or no thread, is left
  fail(error.what());
}

void ServerConnection::take_lookup(SteadyTime now) {
  if (!lookup_->is_done()) {
    if (now >= deadline_) fail("the name " + host_ + " was not resolved within " + seconds_text(try_time_));
    return;
  }
  const auto lookup = std::exchange(lookup_, nullptr);
  if (lookup->fault()) return fail("the name " + host_ + " cannot be resolved: " + *lookup->fault());
  addresses_ = lookup->addresses();
  next_address_ = 0;
  // The address that was tried last comes last, because the next one may be better (a load balancer, a silent server).
  const auto last = std::find_if(addresses_.begin(), addresses_.end(),
                                 [&](const Address& address) { return address.text == address_; });
  if (last != addresses_.end()) std::rotate(addresses_.begin(), last + 1, addresses_.end());
  try_next_address(now);
}

void ServerConnection::connect_to_next_address(SteadyTime now) {
  address_ = addresses_[next_address_++].text;
  is_accepted_ = false;
  state_ = State::kConnecting;
  deadline_ = now + try_time_;
  dealer_.reset();
  dealer_ = std::make_unique<Dealer>(context_, reply_bytes_max_, lock_);
  connect_dealer(dealer_->socket, address_);
}

bool ServerConnection::follow_attempt(SteadyTime now) {
  while (const auto event = dealer_->watch.next()) {
    switch (*event) {
      case ConnectionEvent::kAccepted: is_accepted_ = true; break;
      case ConnectionEvent::kReady: return true;
      case ConnectionEvent::kNotConnected:
        skip_address("refused the connection, or cannot be reached", now);
        return false;
      case ConnectionEvent::kWrongMechanism: skip_address(lock_ ? kIsPlain : kIsSecured, now); return false;
      case ConnectionEvent::kKeyRefused: skip_address(kKeyRefused, now); return false;
      case ConnectionEvent::kHandshakeFailed:
      case ConnectionEvent::kClosed: skip_address(lock_ ? kNotProved : kNoZeromq, now); return false;
    }
  }
  if (now < deadline_) return false;
  skip_address((is_accepted_ && lock_ ? "did not prove the server key that this client has within "
                : is_accepted_        ? "accepted the connection but did not complete the ZeroMQ handshake within "
                                      : "did not answer the attempt to connect within ") +
                   seconds_text(try_time_),
               now);
  return false;
}

void ServerConnection::skip_address(const std::string& reason, SteadyTime now) {
  if (skipped_.size() < kSkippedBytesMax) skipped_ += (skipped_.empty() ? "" : "; ") + address_ + " " + reason;
  try_next_address(now);
}

void ServerConnection::fail(std::string reason) {
  if (state_ != State::kConnected) dealer_.reset();
  state_ = State::kIdle;
  fault_ = std::move(reason);
}

}  // namespace dti
