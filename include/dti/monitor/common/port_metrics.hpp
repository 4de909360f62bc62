#pragma once

#include <cstdint>

#include "dti/metrics/metric_page.hpp"
#include "dti/transport/zeromq/drops.hpp"
#include "dti/transport/zeromq/refusals.hpp"

namespace dti {

/// The metrics of a daemon's port for its clients.
void add_port_metrics(MetricPage& page, std::uint64_t peers, const Drops& replies_dropped, const Refusals& refusals);

}  // namespace dti
