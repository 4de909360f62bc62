#include "dti/monitor/common/port_metrics.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace dti {

void add_port_metrics(MetricPage& page, std::uint64_t peers, const Drops& replies_dropped, const Refusals& refusals) {
  static constexpr std::array<std::string_view, kDropReasonCount> kReasons{"peer-gone", "not-read", "closed"};
  static constexpr std::array<std::string_view, kRefusalCount> kRefusals{
      "key", "mechanism", "handshake", "unidentified", "address-full", "full", "too-many", "flood"};
  page.gauge("dti_peers", "Connections of clients over ZeroMQ.", static_cast<double>(peers));
  for (std::size_t reason = 0; reason < kReasons.size(); ++reason) {
    page.counter("dti_replies_dropped_total", "Replies that were dropped, by reason.",
                 static_cast<double>(replies_dropped[reason]), {{"reason", std::string{kReasons[reason]}}});
  }
  for (std::size_t reason = 0; reason < kRefusals.size(); ++reason) {
    page.counter("dti_connections_refused_total",
                 "Connections, and messages of connections, that were refused, by reason.",
                 static_cast<double>(refusals[reason]), {{"reason", std::string{kRefusals[reason]}}});
  }
}

}  // namespace dti
