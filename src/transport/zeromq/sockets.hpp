#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <zmq.hpp>

#include "dti/transport/zeromq/locks.hpp"

namespace dti {

/// How the address of a socket file begins.
inline constexpr std::string_view kIpc = "ipc://";

/// Makes a ROUTER for old and new peers with its options, for bind_router(). It uses no ZMTP heartbeats, because old
/// peers take a PING for a message. Source: docs/protocol.md, What old peers forbid.
/// @param frame_bytes_max  libzmq closes a connection that sends a larger frame
/// @param lock  null: no endpoint is secured. Otherwise the context needs a ZapHandler
[[nodiscard]] zmq::socket_t make_router(zmq::context_t& context, std::size_t frame_bytes_max,
                                        const PortLock* lock = nullptr);

/// Binds a ROUTER to an address of this machine; it listens then.
/// @param address  an IPv4 or IPv6 address (with or without brackets) or an interface's name
/// @param port  0: the system chooses a free port
/// @param is_secured  only peers that prove a key may connect there. The other endpoints of the socket stay as they are
/// @throws std::runtime_error  with a sentence that names the address
void bind_router(zmq::socket_t& router, const std::string& address, std::uint16_t port, bool is_secured = false);

/// Makes a DEALER with its options, for connect_dealer().
/// @param frame_bytes_max  libzmq closes the connection if the peer sends a larger frame
/// @param lock  for a secured endpoint; null: for a plain one
[[nodiscard]] zmq::socket_t make_dealer(zmq::context_t& context, std::size_t frame_bytes_max,
                                        const ClientLock* lock = nullptr);

/// Connects a DEALER once, in the background. If the connection fails or breaks, libzmq does not connect again: close
/// the socket. Messages that are sent earlier wait for the connection; closing the socket drops them.
/// @param address  numeric, so that libzmq looks up no name: `10.0.0.1:6000`, `[fd77::3]:6000`; or `ipc://PATH`
/// @throws std::runtime_error  with a sentence that names the address
void connect_dealer(zmq::socket_t& dealer, const std::string& address);

}  // namespace dti
