#include "dti/monitor/server/server_routes.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include "monitor/server/health.hpp"
#include "monitor/server/paths.hpp"
#include "monitor/server/server_metrics.hpp"
#include "monitor/server/store_file.hpp"

namespace dti {
namespace {

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

std::vector<HttpRoute> server_routes(const FiguresBoard& board, ProcessFacts facts,
                                     std::optional<std::filesystem::path> store_file) {
  const auto look = [&board, store_file = std::move(store_file)](SteadyTime now) {
    const auto figures = board.newest();
    const auto add_metrics = [figures, now, store_file](MetricPage& page) {
      add_server_metrics(page, *figures, now);
      if (!store_file) return;
      if (const auto file = read_store_file_figures(*store_file)) add_store_file(page, *file);
    };
    const auto add_members = [figures, now](nlohmann::ordered_json& json) { add_status(json, *figures, now); };
    return DaemonState{figures->at, readiness(*figures, now), add_metrics, add_members};
  };
  auto routes = daemon_routes(look, std::move(facts));
  routes.push_back({"/leader", [&board](const HttpRequest&, const HttpReply& reply) {
                      reply(leader(*board.newest(), steady_now()));
                    }});
  routes.push_back({"/standby", [&board](const HttpRequest& request, const HttpReply& reply) {
                      reply(standby(*board.newest(), steady_now(), request.parameter("lag")));
                    }});
  return routes;
}

}  // namespace dti
