#include "monitor/common/http_metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace dti {
namespace {

TEST(HttpMetrics, ShowTheCountOfEachReasonUnderItsName) {
  const std::pair<HttpCloseReason, std::string> names[] = {
      {HttpCloseReason::kClient, "client"},    {HttpCloseReason::kBadRequest, "bad-request"},
      {HttpCloseReason::kTooSlow, "too-slow"}, {HttpCloseReason::kIdle, "idle"},
      {HttpCloseReason::kLimit, "limit"},      {HttpCloseReason::kFault, "fault"},
  };
  ASSERT_EQ(std::size(names), kHttpCloseReasonCount);
  HttpCounts counts{.open = 42};
  std::uint64_t count = 0;
  for (const auto& [reason, name] : names) counts.closed[static_cast<std::size_t>(reason)] = ++count;
  MetricPage page;
  add_http_metrics(page, counts);
  const auto text = page.prometheus_text();
  EXPECT_NE(text.find("\ndti_http_connections 42\n"), std::string::npos) << text;
  count = 0;
  for (const auto& [reason, name] : names) {
    const auto line = "\ndti_http_closed_total{reason=\"" + name + "\"} " + std::to_string(++count) + "\n";
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
  }
}

}  // namespace
}  // namespace dti
