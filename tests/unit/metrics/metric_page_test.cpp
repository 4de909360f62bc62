#include "dti/metrics/metric_page.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace dti {
namespace {

constexpr std::array kBounds{0.5, 1.0, 2.5};

class MetricPageTest : public testing::Test {
 protected:
  MetricPageTest() {
    page_.counter("x_total", "Things that happened.", 3, {{"kind", "a"}});
    page_.counter("x_total", "Things that happened.", 4, {{"kind", "with \"quotes\", \\ and\nline end"}});
    page_.gauge("y_bytes", "What is in use.", 1'099'511'627'776.0);
    page_.gauge("z_seconds", "A part of a second.", 0.25);
    Histogram histogram{kBounds};
    for (const double value : {0.25, 1.0, 99.0}) histogram.observe(value);
    page_.histogram("h_seconds", "How long it took.", histogram);
  }
  MetricPage page_;
};

TEST_F(MetricPageTest, IsWrittenForOpenMetrics) {
  EXPECT_EQ(page_.open_metrics_text(),
            "# HELP x Things that happened.\n"
            "# TYPE x counter\n"
            "x_total{kind=\"a\"} 3\n"
            "x_total{kind=\"with \\\"quotes\\\", \\\\ and\\nline end\"} 4\n"
            "# HELP y_bytes What is in use.\n"
            "# TYPE y_bytes gauge\n"
            "y_bytes 1099511627776\n"
            "# HELP z_seconds A part of a second.\n"
            "# TYPE z_seconds gauge\n"
            "z_seconds 0.25\n"
            "# HELP h_seconds How long it took.\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_bucket{le=\"0.5\"} 1\n"
            "h_seconds_bucket{le=\"1.0\"} 2\n"
            "h_seconds_bucket{le=\"2.5\"} 2\n"
            "h_seconds_bucket{le=\"+Inf\"} 3\n"
            "h_seconds_count 3\n"
            "h_seconds_sum 100.25\n"
            "# EOF\n");
}

TEST_F(MetricPageTest, IsWrittenForPrometheus) {
  const auto text = page_.prometheus_text();
  for (const auto* line :
       {"# TYPE x_total counter\n", "x_total{kind=\"a\"} 3\n",
        "x_total{kind=\"with \\\"quotes\\\", \\\\ and\\nline end\"} 4\n", "y_bytes 1099511627776\n",
        "h_seconds_bucket{le=\"1\"} 2\n", "h_seconds_bucket{le=\"+Inf\"} 3\n", "h_seconds_sum 100.25\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
  }
  EXPECT_EQ(text.find("# EOF"), std::string::npos);
}

}  // namespace
}  // namespace dti
