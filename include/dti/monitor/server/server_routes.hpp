#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "dti/http/http_message.hpp"
#include "dti/monitor/common/daemon_routes.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

/// What an HttpServer serves about a dti_server: the routes of each daemon, /leader and /standby.
/// @param board  outlives the routes
/// @param store_file  the SQLite file; none: the store is elsewhere
/// Source: docs/monitoring.md
[[nodiscard]] std::vector<HttpRoute> server_routes(const FiguresBoard& board, ProcessFacts facts,
                                                   std::optional<std::filesystem::path> store_file);

}  // namespace dti
