#pragma once

#include "dti/base/time.hpp"
#include "dti/metrics/metric_page.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

/// The metrics of a server's figures. Their number is bounded by the statuses, the open semesters and the events of the
/// code; nothing that a client sends becomes a label. Pure. Source: docs/monitoring.md
void add_server_metrics(MetricPage& page, const ServerFigures& figures, SteadyTime now);

}  // namespace dti
