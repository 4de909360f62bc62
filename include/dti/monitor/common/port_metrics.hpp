#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "dti/metrics/metric_page.hpp"
#include "dti/transport/zeromq/drops.hpp"

namespace dti {

/// The metrics of a daemon's port for its clients.
void add_port_metrics(MetricPage& page, std::uint64_t peers, const Drops& replies_dropped);

/// The metric of the warnings and errors that a daemon's loop has logged.
/// @param events  their number, by event
void add_events(MetricPage& page, const std::map<std::string, std::uint64_t>& events);

}  // namespace dti
