#include "dti/base/event_counts.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace dti {
namespace {

constexpr std::array<std::string_view, 2> kNames{"disk-full", "replaced"};
using Counts = std::map<std::string, std::uint64_t>;

TEST(EventCountsTest, EachKnownEventBeginsWithZero) {
  EXPECT_EQ(EventCounts{kNames}.all(), (Counts{{"disk-full", 0}, {"replaced", 0}}));
}

TEST(EventCountsTest, WarningsAndErrorsWithAKnownNameAreCountedAndAllEventsAreLogged) {
  const auto counts = std::make_shared<EventCounts>(kNames);
  int logged = 0;
  const auto log = counted([&](const LogEvent&) { ++logged; }, counts);
  log({LogLevel::kWarning, "replaced", "", {}});
  log({LogLevel::kError, "replaced", "", {}});
  log({LogLevel::kInfo, "disk-full", "", {}});
  log({LogLevel::kError, "fatal", "", {}});
  EXPECT_EQ(counts->all(), (Counts{{"disk-full", 0}, {"replaced", 2}}));
  EXPECT_EQ(logged, 4);
}

}  // namespace
}  // namespace dti
