#include "dti/http/accept.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace dti {
namespace {

TEST(AcceptTest, ATypeIsPreferredIfItIsNamedWithNoLessWeightThanTheOther) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"", false},
      {"*/*", false},
      {"text/html, */*;q=0.1", false},
      {"application/openmetrics-text", true},
      {"application/openmetrics-text; version=1.0.0; q=0.75, text/plain;version=0.0.4;q=0.5, */*;q=0.1", true},
      {"text/plain;q=0.9,application/openmetrics-text;q=0.3", false},
      {"application/openmetrics-text;q=0", false},
      {"application/openmetrics-text;q=nonsense", false},
      {"application/openmetrics-text2", false},
      {",;,;=,", false},
      {"Application/OpenMetrics-Text;Q=0.5, text/plain;q=0.4", true},
      {"application/openmetrics-text;q=0.5, text/plain;q=0.5", true},
      {"application/openmetrics-text;q=0.4, application/openmetrics-text;q=0.6, text/plain;q=0.5", true},
      {"application/openmetrics-text;q=1.000", true},
      {"application/openmetrics-text;q=0.001", true},
      {"application/openmetrics-text;q=0.0001", false},
      {"application/openmetrics-text;q=1.001", false},
      {"application/openmetrics-text;q=nan", false},
      {"application/openmetrics-text;q=inf", false},
      {"application/openmetrics-text;q=1e0", false},
      {"application/openmetrics-text;q=-1", false},
      {"application/openmetrics-text;q=", false},
  };
  for (const auto& [accept, wanted] : cases)
    EXPECT_EQ(prefers(accept, "application/openmetrics-text", "text/plain"), wanted) << accept;
}

}  // namespace
}  // namespace dti
