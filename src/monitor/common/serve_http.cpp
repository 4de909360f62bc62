#include "dti/monitor/common/serve_http.hpp"

#include <utility>

namespace dti {
namespace {

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "[::1]"; }

}  // namespace

std::unique_ptr<HttpServer> serve_http(const std::string& address, std::uint16_t port, std::vector<HttpRoute> routes,
                                       const LogSink& log, std::shared_ptr<HttpCounts> counts) {
  auto http = std::make_unique<HttpServer>(address, port, std::move(routes), log, HttpLimits{}, std::move(counts));
  log({LogLevel::kInfo, "http-listening", "metrics, health and status are served over HTTP", {{"url", http->url()}}});
  if (!is_loopback(address)) {
    log({LogLevel::kWarning,
         "http-not-loopback",
         "HTTP has no authentication: every host that reaches the address of --http can read metrics and status",
         {{"url", http->url()}}});
  }
  return http;
}

}  // namespace dti
