#include "dti/monitor/common/port_metrics.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace dti {

void add_port_metrics(MetricPage& page, std::uint64_t peers, const Drops& replies_dropped) {
  static constexpr std::array<std::string_view, kDropReasonCount> kReasons{"peer-gone", "not-read", "closed"};
  page.gauge("dti_peers", "Connections of clients over ZeroMQ.", static_cast<double>(peers));
  for (std::size_t reason = 0; reason < kReasons.size(); ++reason) {
    page.counter("dti_replies_dropped_total", "Replies that were dropped, by reason.",
                 static_cast<double>(replies_dropped[reason]), {{"reason", std::string{kReasons[reason]}}});
  }
}

}  // namespace dti
