#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/http/http_message.hpp"
#include "dti/http/http_server.hpp"

namespace dti {

/// Starts to serve what the operator's tools ask for over HTTP. Logs where, and warns of an address that is not loopback.
/// The parameters and exceptions are those of HttpServer.
[[nodiscard]] std::unique_ptr<HttpServer> serve_http(const std::string& address, std::uint16_t port,
                                                     std::vector<HttpRoute> routes, const LogSink& log);

}  // namespace dti
