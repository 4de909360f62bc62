#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/http/http_message.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

struct MonitorOptions {
  std::string version;  // of the program
  WallTime started_at{};
  std::optional<std::filesystem::path> store_file;  // the SQLite file; none: the store is elsewhere
  /// How many lines the log of this process has dropped. Thread: any.
  std::function<std::uint64_t()> log_lines_dropped;
};

/// What an HttpServer serves about a dti_server: /metrics, /livez, /readyz, /leader, /standby and /status. Everything is
/// made from the newest figures on the board, so that no request reaches the thread that serves clients.
/// @param board  outlives the routes
/// Source: docs/monitoring.md
[[nodiscard]] std::vector<HttpRoute> monitor_routes(const FiguresBoard& board, MonitorOptions options);

}  // namespace dti
