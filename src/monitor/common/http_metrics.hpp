#pragma once

#include "dti/http/http_counts.hpp"
#include "dti/metrics/metric_page.hpp"

namespace dti {

/// The metrics of the HttpServer that serves them. Thread: that server's.
void add_http_metrics(MetricPage& page, const HttpCounts& counts);

}  // namespace dti
