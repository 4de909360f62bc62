#include "dti/transport/zeromq/context.hpp"

#include <zmq.hpp>

namespace dti {

Context::Context() : context_(std::make_unique<zmq::context_t>()) {
  // libzmq starts its threads with the first socket. Later there may be too few descriptors for them, and it would
  // abort.
  const zmq::socket_t first{*context_, zmq::socket_type::dealer};
}

Context::~Context() = default;

}  // namespace dti
