#include "monitor/common/http_metrics.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace dti {

void add_http_metrics(MetricPage& page, const HttpCounts& counts) {
  static constexpr std::array<std::string_view, kHttpCloseReasonCount> kReasons{"client", "bad-request", "too-slow",
                                                                                "idle",   "limit",       "fault"};
  page.gauge("dti_http_connections", "Open connections over HTTP.", static_cast<double>(counts.open));
  for (std::size_t reason = 0; reason < kReasons.size(); ++reason) {
    page.counter("dti_http_closed_total", "Connections over HTTP that have ended, by reason.",
                 static_cast<double>(counts.closed[reason]), {{"reason", std::string{kReasons[reason]}}});
  }
}

}  // namespace dti
