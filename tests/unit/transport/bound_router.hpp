#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <zmq.hpp>

#include "transport/zeromq/sockets.hpp"

namespace dti {

inline zmq::socket_t bound_router(zmq::context_t& context, const std::string& address, std::uint16_t port,
                                  std::size_t frame_bytes_max) {
  auto router = make_router(context, frame_bytes_max);
  bind_router(router, address, port);
  return router;
}

}  // namespace dti
