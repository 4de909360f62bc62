#include "transport/zeromq/endpoint.hpp"

#include <exception>
#include <string_view>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/base/shut_connections.hpp"
#include "dti/transport/zeromq/host_port.hpp"
#include "transport/zeromq/sockets.hpp"

namespace dti {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kCurve = "curve://";

}  // namespace

Endpoint::Endpoint(std::vector<ListenAt> listen_at, std::size_t frame_bytes_max, bool counts_peers,
                   std::optional<PortLock> lock, ZapHandler::OnRefused on_refused, const PeerLimits& limits)
    : listen_at_(std::move(listen_at)),
      frame_bytes_max_(frame_bytes_max),
      counts_peers_(counts_peers),
      lock_(std::move(lock)),
      on_refused_(std::move(on_refused)),
      limits_(limits) {
  DTI_CHECK(!listen_at_.empty());
  try {
    bind();
  } catch (...) {
    close_sockets();
    throw;
  }
}

/// Makes the socket, and binds it to each address.
void Endpoint::bind() {
  if (lock_ && !zap_) zap_.emplace(context_, lock_->keys, on_refused_);  // before the first connection
  router_ = make_router(context_, frame_bytes_max_, lock_ ? &*lock_ : nullptr);
  if (counts_peers_) peers_.emplace(context_, router_, limits_);
  const bool is_first = addresses_.empty();
  std::vector<std::string> addresses;
  for (auto& at : listen_at_) {
    DTI_CHECK(lock_ || !at.is_secured);
    bind_router(router_, at.host, at.port, at.is_secured);
    auto address = router_.get(zmq::sockopt::last_endpoint);
    at.port = port_of(address);
    if (peers_) peers_->add_port(at.port);
    if (at.is_secured) address.replace(0, kTcp.size(), kCurve);
    addresses.push_back(std::move(address));
  }
  if (is_first) addresses_ = std::move(addresses);
}

/// One of addresses(), as libzmq writes it.
std::string Endpoint::tcp_address(std::size_t i) const {
  auto address = addresses_[i];
  if (listen_at_[i].is_secured) address.replace(0, kCurve.size(), kTcp);
  return address;
}

void Endpoint::close(SteadyTime now) {
  router_.set(zmq::sockopt::linger, 0);
  close_connections();
  wake_at_ = now;
  give_up_at_ = now + kBindTime;
}

void Endpoint::shut_secured() {
  std::vector<std::string> secured;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    if (listen_at_[i].is_secured) secured.push_back(tcp_address(i));
  }
  lock_->keys->on_closed();  // first: a connection that is made meanwhile counts as one that exists
  shut_connections(secured);
}

void Endpoint::park() {
  if (is_bound()) close_connections();
  for (std::size_t i = holds_.size(); i < addresses_.size(); ++i) {
    holds_.emplace_back(tcp_address(i));
  }
  for (auto& hold : holds_) hold.keep();
  is_parked_ = true;
  wake_at_.reset();
}

void Endpoint::listen(SteadyTime now) {
  for (auto& hold : holds_) hold.share();
  is_parked_ = false;
  give_up_at_ = now + kBindTime;
  bind_again(now);
}

void Endpoint::close_connections() {
  ++times_closed_;
  outbox_.drop_all();
  close_sockets();
  if (lock_) lock_->keys->on_closed();
  context_ = zmq::context_t{};
}

void Endpoint::close_sockets() {
  peers_.reset();
  router_.close();
  zap_.reset();
  context_.close();
}

void Endpoint::bind_again(SteadyTime now) {
  try {
    bind();  // fails if no descriptor is left
    wake_at_.reset();
  } catch (const std::exception&) {
    peers_.reset();
    router_.close();
    if (now >= give_up_at_) throw;
    wake_at_ = now + kBindRetryInterval;
  }
}

void Endpoint::change(const PeerLimits& limits) {
  limits_ = limits;
  if (peers_) peers_->change(limits);
}

void Endpoint::finish() { close_sockets(); }

}  // namespace dti
