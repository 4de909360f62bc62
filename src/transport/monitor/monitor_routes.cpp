#include "dti/transport/monitor/monitor_routes.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include "dti/metrics/metric_page.hpp"
#include "transport/monitor/health.hpp"
#include "transport/monitor/paths.hpp"
#include "transport/monitor/process_figures.hpp"
#include "transport/monitor/server_metrics.hpp"

namespace dti {
namespace {

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

/// The texts of /metrics. Thread: the HTTP server's.
class MetricTexts {
 public:
  MetricTexts(const FiguresBoard& board, MonitorOptions options) : board_(board), options_(std::move(options)) {}

  HttpResponse answer(const HttpRequest& request) {
    const bool open_metrics = prefers_open_metrics(request.field("accept"));
    refresh();
    HttpResponse response;
    response.content_type = open_metrics ? MetricPage::kOpenMetricsType : MetricPage::kPrometheusType;
    response.body = open_metrics ? open_metrics_ : prometheus_;
    return response;
  }

 private:
  // Clients that ask without a pause get the same text for so long, so that they do not keep a processor busy.
  static constexpr std::chrono::milliseconds kKeptFor{50};

  void refresh() {
    const auto now = steady_now();
    if (prometheus_ && now - made_at_ < kKeptFor) return;
    MetricPage page;
    page.gauge("dti_build_info", "1, with the version of the program.", 1, {{"version", options_.version}});
    page.gauge("dti_start_time_seconds", "Time at which the process started, in seconds since 1970.",
               std::chrono::duration<double>{options_.started_at.time_since_epoch()}.count());
    add_server_metrics(page, *board_.newest(), now);
    add_process(page);
    if (options_.store_file) add_store_file(page, *options_.store_file);
    prometheus_ = std::make_shared<const std::string>(page.prometheus_text());
    open_metrics_ = std::make_shared<const std::string>(page.open_metrics_text());
    made_at_ = now;
  }

  void add_process(MetricPage& page) const {
    const auto process = read_process_figures();
    page.counter("dti_cpu_seconds_total", "Processor time of this process.", process.cpu_seconds);
    page.gauge("dti_descriptors_open", "Open file descriptors of this process.",
               static_cast<double>(process.descriptors_open));
    page.gauge("dti_descriptors_max", "File descriptors that this process may have.",
               static_cast<double>(process.descriptors_max));
    page.counter("dti_log_lines_dropped_total", "Lines of the log that were dropped because stderr was not read.",
                 static_cast<double>(options_.log_lines_dropped()));
  }

  static void add_store_file(MetricPage& page, const std::filesystem::path& file) {
    const auto store = read_store_file_figures(file);
    if (!store) return;
    page.gauge("dti_store_file_bytes", "Size of the SQLite file.", static_cast<double>(store->file_bytes));
    page.gauge("dti_store_log_bytes", "Size of the write-ahead log of the SQLite file.",
               static_cast<double>(store->log_bytes));
    page.gauge("dti_store_disk_free_bytes", "Space that is left on the disk of the SQLite file.",
               static_cast<double>(store->disk_free_bytes));
    page.gauge("dti_store_disk_bytes", "Size of the disk of the SQLite file.", static_cast<double>(store->disk_bytes));
  }

  const FiguresBoard& board_;
  const MonitorOptions options_;
  SteadyTime made_at_{};
  std::shared_ptr<const std::string> prometheus_;  // none: not made yet
  std::shared_ptr<const std::string> open_metrics_;
};

}  // namespace

std::vector<HttpRoute> monitor_routes(const FiguresBoard& board, MonitorOptions options) {
  // Answers at once from the newest figures.
  const auto route = [&board](std::string path, auto make) {
    return HttpRoute{std::move(path), [&board, make](const HttpRequest& request, const HttpReply& reply) {
                       reply(make(request, *board.newest(), steady_now()));
                     }};
  };
  using Figures = ServerFigures;
  std::vector<HttpRoute> routes{
      route("/livez", [](const HttpRequest&, const Figures& figures, SteadyTime now) { return livez(figures, now); }),
      route("/readyz", [](const HttpRequest& request, const Figures& figures,
                          SteadyTime now) { return readyz(figures, now, request.parameter("verbose").has_value()); }),
      route("/leader", [](const HttpRequest&, const Figures& figures, SteadyTime now) { return leader(figures, now); }),
      route("/standby", [](const HttpRequest& request, const Figures& figures,
                           SteadyTime now) { return standby(figures, now, request.parameter("lag")); }),
      route("/status", [version = options.version, started_at = steady_now()](
                           const HttpRequest&, const Figures& figures,
                           SteadyTime now) { return status(figures, now, version, seconds_between(started_at, now)); }),
  };
  const auto texts = std::make_shared<MetricTexts>(board, std::move(options));
  routes.push_back(
      {"/metrics", [texts](const HttpRequest& request, const HttpReply& reply) { reply(texts->answer(request)); }});
  return routes;
}

}  // namespace dti
