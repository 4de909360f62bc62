#include "dti/cli/http_setting.hpp"

namespace dti {

Setting http_setting() {
  return {
      .name = "http",
      .group = "Network",
      .kind = ListenKind{},
      .help =
          "IP address and port at which to serve metrics, health and status over HTTP. Port 0 lets the system choose "
          "one; the log names it. HTTP has no authentication: use 127.0.0.1 or a private network.",
      .default_shown = "none: no HTTP"};
}

std::optional<HostPort> http_address(const Settings& settings) {
  if (!settings.has("http")) return std::nullopt;
  return settings.addresses("http").front();
}

}  // namespace dti
