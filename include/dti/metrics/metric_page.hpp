#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dti/base/histogram.hpp"

namespace dti {

/// The labels of a sample, by name.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// The metrics of a process at one moment, and their texts for Prometheus. Samples of the same name are added one behind
/// the other, with the same help.
/// Thread: one.
class MetricPage {
 public:
  MetricPage();
  ~MetricPage();
  MetricPage(const MetricPage&) = delete;
  MetricPage& operator=(const MetricPage&) = delete;

  /// @param name  ends with `_total`
  /// @param help  a sentence
  void counter(const std::string& name, const std::string& help, double value, const MetricLabels& labels = {});
  void gauge(const std::string& name, const std::string& help, double value, const MetricLabels& labels = {});
  void histogram(const std::string& name, const std::string& help, const Histogram& value);

  /// Prometheus' text format 0.0.4.
  [[nodiscard]] std::string prometheus_text() const;
  /// OpenMetrics 1.0.
  [[nodiscard]] std::string open_metrics_text() const;

  static constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
  static constexpr const char* kOpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace dti
