#include "dti/transport/zeromq/context.hpp"

#include <zmq.hpp>

namespace dti {

Context::Context() : context_(std::make_unique<zmq::context_t>()) {}

Context::~Context() = default;

}  // namespace dti
