#include "transport/zeromq/endpoint.hpp"

#include <exception>
#include <utility>

#include "dti/transport/zeromq/host_port.hpp"
#include "transport/zeromq/sockets.hpp"

namespace dti {

Endpoint::Endpoint(const std::string& host, std::uint16_t port, std::size_t frame_bytes_max, bool counts_peers)
    : host_(host),
      frame_bytes_max_(frame_bytes_max),
      counts_peers_(counts_peers),
      router_(make_router(context_, frame_bytes_max)),
      address_(bind(port)) {}

std::string Endpoint::bind(std::uint16_t port) {
  if (counts_peers_) peers_.emplace(context_, router_);
  bind_router(router_, host_, port);
  return router_.get(zmq::sockopt::last_endpoint);
}

void Endpoint::close(SteadyTime now) {
  router_.set(zmq::sockopt::linger, 0);
  close_connections();
  wake_at_ = now;
  give_up_at_ = now + kBindTime;
}

void Endpoint::park() {
  if (is_bound()) close_connections();
  if (!hold_) hold_.emplace(address_);
  hold_->keep();
  is_parked_ = true;
  wake_at_.reset();
}

void Endpoint::listen(SteadyTime now) {
  hold_->share();
  is_parked_ = false;
  give_up_at_ = now + kBindTime;
  bind_again(now);
}

void Endpoint::close_connections() {
  ++times_closed_;
  outbox_.drop_all();
  peers_.reset();
  router_.close();
  context_.close();
  context_ = zmq::context_t{};
}

void Endpoint::bind_again(SteadyTime now) {
  try {
    router_ = make_router(context_, frame_bytes_max_);  // fails if no descriptor is left
    (void)bind(port_of(address_));
    wake_at_.reset();
  } catch (const std::exception&) {
    peers_.reset();
    router_.close();
    if (now >= give_up_at_) throw;
    wake_at_ = now + kBindRetryInterval;
  }
}

void Endpoint::finish() {
  peers_.reset();
  router_.close();
  context_.close();
}

}  // namespace dti
