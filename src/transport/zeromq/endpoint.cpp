#include "transport/zeromq/endpoint.hpp"

#include <exception>

#include "dti/transport/zeromq/host_port.hpp"
#include "transport/zeromq/sockets.hpp"

namespace dti {

Endpoint::Endpoint(const std::string& host, std::uint16_t port, std::size_t frame_bytes_max)
    : host_(host),
      frame_bytes_max_(frame_bytes_max),
      router_(bind_router(context_, host, port, frame_bytes_max)),
      address_(router_.get(zmq::sockopt::last_endpoint)) {}

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
  router_.close();
  context_.close();
  context_ = zmq::context_t{};
}

void Endpoint::bind_again(SteadyTime now) {
  try {
    router_ = bind_router(context_, host_, port_of(address_), frame_bytes_max_);
    wake_at_.reset();
  } catch (const std::exception&) {
    if (now >= give_up_at_) throw;
    wake_at_ = now + kBindRetryInterval;
  }
}

void Endpoint::finish() {
  router_.close();
  context_.close();
}

}  // namespace dti
