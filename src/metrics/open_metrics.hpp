#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace dti {

/// Counters, gauges and histograms in the text format of OpenMetrics 1.0, which the library cannot write.
[[nodiscard]] std::string open_metrics_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace dti
