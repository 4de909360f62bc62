#include "dti/cli/http_setting.hpp"

#include <algorithm>
#include <utility>

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

std::optional<std::variant<HostPort, UsageExit>> health_to_check(AppDescription app, std::span<const std::string> args,
                                                                 const Surroundings& surroundings) {
  const auto is_asked = [](const std::string& arg) { return arg.starts_with("--check-health"); };
  if (std::none_of(args.begin(), args.end(), is_asked)) return std::nullopt;
  for (auto& setting : app.settings) setting.needed = false;
  auto resolved = resolve(app, args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);
  if (settings.task() != Task::kCheckHealth) return std::nullopt;
  const auto address = http_address(settings);
  if (!address) return settings.bad("http", "--check-health needs the address at which the process serves HTTP");
  if (address->port == 0) return settings.bad("http", "--check-health needs the port that the process uses, not 0");
  return *address;
}

}  // namespace dti
