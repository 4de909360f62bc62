#include "dti/metrics/metric_page.hpp"

#include <cstdint>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "dti/base/check.hpp"
#include "metrics/open_metrics.hpp"

namespace dti {

struct MetricPage::Families {
  /// The sample that is to be filled, in the family of that name.
  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const MetricLabels& labels) {
    if (all.empty() || all.back().name != name) all.push_back({name, help, type, {}});
    DTI_CHECK(all.back().type == type);
    auto& sample = all.back().metric.emplace_back();
    for (const auto& [label, value] : labels) sample.label.push_back({label, value});
    return sample;
  }

  std::vector<prometheus::MetricFamily> all;
};

MetricPage::MetricPage() : families_(std::make_unique<Families>()) {}

MetricPage::~MetricPage() = default;

void MetricPage::counter(const std::string& name, const std::string& help, double value, const MetricLabels& labels) {
  DTI_CHECK(name.ends_with("_total"));
  families_->add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void MetricPage::gauge(const std::string& name, const std::string& help, double value, const MetricLabels& labels) {
  families_->add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricPage::histogram(const std::string& name, const std::string& help, const Histogram& value) {
  auto& histogram = families_->add(name, help, prometheus::MetricType::Histogram, {}).histogram;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < value.bounds().size(); ++i) {
    count += value.counts()[i];
    histogram.bucket.push_back({count, value.bounds()[i]});
  }
  histogram.sample_count = count + value.counts().back();
  histogram.sample_sum = value.sum();
}

std::string MetricPage::prometheus_text() const {
  return prometheus::TextSerializer{}.prometheus::Serializer::Serialize(families_->all);
}

std::string MetricPage::open_metrics_text() const { return dti::open_metrics_text(families_->all); }

}  // namespace dti
