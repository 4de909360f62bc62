#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/base/process_limits.hpp"
#include "dti/http/http_message.hpp"
#include "dti/http/http_server.hpp"

namespace dti {

/// What serving over HTTP needs: the thread of HttpServer and one that reads the size of a SQLite file; a listener, the
/// descriptors with which HttpServer waits, a connection, and the folder of all descriptors.
inline constexpr ProcessNeeds kHttpNeeds{.threads = 2, .files = 8};

/// Starts to serve what the operator's tools ask for over HTTP. Logs where, and warns of an address that is not loopback.
/// The parameters and exceptions are those of HttpServer.
[[nodiscard]] std::unique_ptr<HttpServer> serve_http(const std::string& address, std::uint16_t port,
                                                     std::vector<HttpRoute> routes, const LogSink& log,
                                                     std::shared_ptr<HttpCounts> counts);

}  // namespace dti
