#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dti/base/log_drops.hpp"
#include "dti/base/time.hpp"
#include "dti/http/http_counts.hpp"
#include "dti/http/http_message.hpp"
#include "dti/metrics/metric_page.hpp"
#include "dti/monitor/common/health_check.hpp"

namespace dti {

/// What a daemon says about itself at one moment.
struct DaemonState {
  SteadyTime published_at{};        // when its loop published the figures behind this
  std::vector<HealthCheck> checks;  // the daemon is ready if all pass
  std::function<void(MetricPage&)> add_metrics;
  std::function<void(nlohmann::ordered_json&)> add_status;  // its members of /status
};

/// What a process knows besides the figures of its loop.
struct ProcessFacts {
  std::string version;  // of the program
  WallTime started_at{};
  /// How many lines the log of this process has dropped. Thread: any.
  std::function<LogDrops()> log_lines_dropped;
  /// How many warnings and errors were logged, by event. Thread: any.
  std::function<std::map<std::string, std::uint64_t>()> events;
  /// Where the HttpServer of these routes counts.
  std::shared_ptr<const HttpCounts> http_counts;
};

/// What an HttpServer serves about each daemon: /metrics, /livez, /readyz and /status. Everything is made from figures that
/// the daemon's loop has published, and from counts of the HttpServer itself, so that no request reaches the loop.
/// @param look  the state at that time. Called on the thread of the HttpServer
/// Source: docs/monitoring.md
[[nodiscard]] std::vector<HttpRoute> daemon_routes(std::function<DaemonState(SteadyTime)> look, ProcessFacts facts);

}  // namespace dti
