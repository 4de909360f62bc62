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

void add_memory_metrics(MetricPage& page, std::uint64_t times_closed, std::size_t memory_max) {
  page.counter("dti_connections_closed_total", "Times that the process closed all connections at once.",
               static_cast<double>(times_closed));
  page.gauge("dti_memory_max_bytes", "Memory above which the process closes all connections; 0 if there is no limit.",
             static_cast<double>(memory_max));
}

}  // namespace dti
