#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "dti/base/time.hpp"
#include "dti/http/http_message.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

// What the paths of servers say, and what /status says of a server. Pure.

[[nodiscard]] HttpResponse leader(const ServerFigures& figures, SteadyTime now);
/// @param lag_max  how many entries the standby may be behind; none: any number
[[nodiscard]] HttpResponse standby(const ServerFigures& figures, SteadyTime now,
                                   std::optional<std::string_view> lag_max);
/// The members of /status.
void add_status(nlohmann::ordered_json& json, const ServerFigures& figures, SteadyTime now);

}  // namespace dti
