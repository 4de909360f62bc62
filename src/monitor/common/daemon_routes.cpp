#include "dti/monitor/common/daemon_routes.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "dti/base/memory_gauge.hpp"
#include "dti/http/accept.hpp"
#include "monitor/common/daemon_paths.hpp"
#include "monitor/common/http_metrics.hpp"
#include "monitor/common/process_figures.hpp"

namespace dti {
namespace {

using Json = nlohmann::ordered_json;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

double number(std::uint64_t count) { return static_cast<double>(count); }

/// What a daemon serves. Thread: the HTTP server's.
class Daemon {
 public:
  Daemon(std::function<DaemonState(SteadyTime)> look, ProcessFacts facts)
      : look_(std::move(look)), facts_(std::move(facts)) {}

  [[nodiscard]] HttpResponse livez() const {
    const auto now = steady_now();
    return dti::livez(look_(now).published_at, now);
  }

  [[nodiscard]] HttpResponse readyz(bool verbose) const { return dti::readyz(look_(steady_now()).checks, verbose); }

  [[nodiscard]] HttpResponse status() {
    const auto now = steady_now();
    const auto state = look_(now);
    // New figures are shown at once, so that no other path knows more than this one.
    if (status_ && state.published_at == status_published_at_ && now - status_made_at_ < kKeptFor) return *status_;
    Json json{{"version", facts_.version},
              {"uptime-seconds", static_cast<std::int64_t>(seconds_between(began_at_, now))}};
    state.add_status(json);
    status_ = dti::status(std::move(json), state.checks);
    status_published_at_ = state.published_at;
    status_made_at_ = now;
    return *status_;
  }

  [[nodiscard]] HttpResponse metrics(const HttpRequest& request) {
    const bool open_metrics = prefers(request.field("accept"), "application/openmetrics-text", "text/plain");
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
    if (prometheus_ && now - metrics_made_at_ < kKeptFor) return;
    MetricPage page;
    page.gauge("dti_build_info", "1, with the version of the program.", 1, {{"version", facts_.version}});
    page.gauge("dti_start_time_seconds", "Time at which the process started, in seconds since 1970.",
               std::chrono::duration<double>{facts_.started_at.time_since_epoch()}.count());
    const auto state = look_(now);
    page.gauge("dti_ready", "1 if this process is ready, as /readyz says.", all_pass(state.checks) ? 1 : 0);
    page.gauge("dti_loop_silent_seconds", "Time since the loop of this process published its figures.",
               seconds_between(state.published_at, now));
    state.add_metrics(page);
    add_http_metrics(page, *facts_.http_counts);
    add_process(page, now);
    prometheus_ = std::make_shared<const std::string>(page.prometheus_text());
    open_metrics_ = std::make_shared<const std::string>(page.open_metrics_text());
    metrics_made_at_ = now;
  }

  void add_process(MetricPage& page, SteadyTime now) {
    const auto& process = process_.newest(now);
    page.counter("dti_cpu_seconds_total", "Processor time of this process.", process.cpu_seconds);
    page.gauge("dti_memory_bytes", "Memory of this process, without mapped files.",
               static_cast<double>(memory_.bytes()));
    page.gauge("dti_descriptors_open", "Open file descriptors of this process.", number(process.descriptors_open));
    page.gauge("dti_descriptors_max", "File descriptors that this process may have.", number(process.descriptors_max));
    static constexpr std::array<std::string_view, kLogDropReasonCount> kDropReasons{"not-read", "not-written"};
    const auto lines_dropped = facts_.log_lines_dropped();
    for (std::size_t reason = 0; reason < kDropReasons.size(); ++reason) {
      page.counter("dti_log_lines_dropped_total", "Lines of the log that were dropped, by reason.",
                   number(lines_dropped[reason]), {{"reason", std::string{kDropReasons[reason]}}});
    }
    for (const auto& [event, count] : facts_.events()) {
      page.counter("dti_events_total", "Warnings and errors that were logged, by event.", number(count),
                   {{"event", event}});
    }
  }

  const std::function<DaemonState(SteadyTime)> look_;
  const ProcessFacts facts_;
  const SteadyTime began_at_ = steady_now();
  const MemoryGauge memory_;
  ProcessWatch process_;
  std::optional<HttpResponse> status_;  // none: not made yet, as below
  SteadyTime status_published_at_{};
  SteadyTime status_made_at_{};
  std::shared_ptr<const std::string> prometheus_;
  std::shared_ptr<const std::string> open_metrics_;
  SteadyTime metrics_made_at_{};
};

}  // namespace

std::vector<HttpRoute> daemon_routes(std::function<DaemonState(SteadyTime)> look, ProcessFacts facts) {
  const auto daemon = std::make_shared<Daemon>(std::move(look), std::move(facts));
  return {
      {"/livez", [daemon](const HttpRequest&, const HttpReply& reply) { reply(daemon->livez()); }},
      {"/readyz",
       [daemon](const HttpRequest& request, const HttpReply& reply) {
         reply(daemon->readyz(request.parameter("verbose").has_value()));
       }},
      {"/status", [daemon](const HttpRequest&, const HttpReply& reply) { reply(daemon->status()); }},
      {"/metrics", [daemon](const HttpRequest& request, const HttpReply& reply) { reply(daemon->metrics(request)); }},
  };
}

}  // namespace dti
