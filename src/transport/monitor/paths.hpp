#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dti/base/time.hpp"
#include "dti/http/http_message.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

// What each path says about a server. Pure.

[[nodiscard]] HttpResponse livez(const ServerFigures& figures, SteadyTime now);
/// @param verbose  one line for each check
[[nodiscard]] HttpResponse readyz(const ServerFigures& figures, SteadyTime now, bool verbose);
[[nodiscard]] HttpResponse leader(const ServerFigures& figures, SteadyTime now);
/// @param lag_max  how many entries the standby may be behind; none: any number
[[nodiscard]] HttpResponse standby(const ServerFigures& figures, SteadyTime now,
                                   std::optional<std::string_view> lag_max);
[[nodiscard]] HttpResponse status(const ServerFigures& figures, SteadyTime now, const std::string& version,
                                  double uptime_seconds);

}  // namespace dti
