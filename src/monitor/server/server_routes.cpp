#include "dti/monitor/server/server_routes.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include "monitor/server/health.hpp"
#include "monitor/server/paths.hpp"
#include "monitor/server/server_metrics.hpp"
#include "monitor/server/store_file.hpp"
#include "monitor/server/store_file_watch.hpp"

namespace dti {
namespace {

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

std::vector<HttpRoute> server_routes(const FiguresBoard& board, ProcessFacts facts,
                                     std::optional<std::filesystem::path> store_file) {
  std::shared_ptr<const StoreFileWatch> watch;
  if (store_file) {
    watch = std::make_shared<StoreFileWatch>([file = *std::move(store_file)] { return read_store_file_figures(file); });
  }
  const auto look = [&board, watch](SteadyTime now) {
    const auto figures = board.newest();
    const auto add_metrics = [figures, now, watch](MetricPage& page) {
      add_server_metrics(page, *figures, now);
      if (!watch) return;
      if (const auto file = watch->newest()) add_store_file(page, file->figures, seconds_between(file->read_at, now));
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
