#pragma once

#include <cstddef>
#include <cstdint>

#include "dti/metrics/metric_page.hpp"
#include "dti/transport/zeromq/drops.hpp"
#include "dti/transport/zeromq/refusals.hpp"

namespace dti {

/// The metrics of a daemon's port for its clients.
void add_port_metrics(MetricPage& page, std::uint64_t peers, const Drops& replies_dropped, const Refusals& refusals);

/// How often the port was closed, and the memory limit of the process in bytes, above which it is; 0: no limit.
void add_memory_metrics(MetricPage& page, std::uint64_t times_closed, std::size_t memory_max);

}  // namespace dti
