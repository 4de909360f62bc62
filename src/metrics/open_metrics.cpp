#include "metrics/open_metrics.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "dti/base/check.hpp"

namespace dti {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

std::string escaped_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? std::string_view{"\\n"} : std::string_view{&c, 1};
  }
  return escaped;
}

/// The shortest text that reads back as the same number; whole numbers without exponent as far as a double is exact.
std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double kExactMax = 9'007'199'254'740'992;
  if (value == std::floor(value) && std::abs(value) <= kExactMax)
    return std::to_string(static_cast<std::int64_t>(value));
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// A bound is written as a float, so that `1` and `1.0` are not two buckets.
std::string bound_text(double bound) {
  const auto text = text_of(bound);
  return text.find_first_not_of("0123456789") == std::string::npos ? text + ".0" : text;
}

class Writer {
 public:
  void write(const prometheus::MetricFamily& family) {
    const bool is_counter = family.type == MetricType::Counter;
    const auto name = is_counter ? family.name.substr(0, family.name.size() - kTotal.size()) : family.name;
    text_ += "# HELP " + name + " " + escaped_text(family.help) + "\n";
    text_ += "# TYPE " + name + " " + type_text(family.type) + "\n";
    for (const auto& sample : family.metric) {
      switch (family.type) {
        case MetricType::Counter: line(family.name, sample, text_of(sample.counter.value)); break;
        case MetricType::Gauge: line(family.name, sample, text_of(sample.gauge.value)); break;
        case MetricType::Histogram: write_histogram(family.name, sample); break;
        case MetricType::Summary:
        case MetricType::Untyped: DTI_CHECK(false); break;
      }
    }
  }

  std::string finish() { return std::move(text_ += "# EOF\n"); }

 private:
  static constexpr std::string_view kTotal = "_total";

  static std::string type_text(MetricType type) {
    if (type == MetricType::Counter) return "counter";
    return type == MetricType::Gauge ? "gauge" : "histogram";
  }

  void write_histogram(const std::string& name, const ClientMetric& sample) {
    const auto& histogram = sample.histogram;
    for (const auto& bucket : histogram.bucket) {
      line(name + "_bucket", sample, std::to_string(bucket.cumulative_count), bound_text(bucket.upper_bound));
    }
    line(name + "_bucket", sample, std::to_string(histogram.sample_count), "+Inf");
    line(name + "_count", sample, std::to_string(histogram.sample_count));
    line(name + "_sum", sample, text_of(histogram.sample_sum));
  }

  void line(const std::string& name, const ClientMetric& sample, const std::string& value,
            const std::string& bound = {}) {
    std::string labels;
    const auto add = [&](const std::string& label, const std::string& text) {
      labels += (labels.empty() ? "" : ",") + label + "=\"" + escaped_text(text) + "\"";
    };
    for (const auto& label : sample.label) add(label.name, label.value);
    if (!bound.empty()) add("le", bound);
    text_ += name + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
  }

  std::string text_;
};

}  // namespace

std::string open_metrics_text(const std::vector<prometheus::MetricFamily>& families) {
  Writer writer;
  for (const auto& family : families) writer.write(family);
  return writer.finish();
}

}  // namespace dti
