#include "core/in_flight.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/random.hpp"

namespace dti::bench {
namespace {

TEST(InFlight, HoldsWhatAMapHoldsThroughRandomAddsAndRemoves) {
  for (const std::size_t most : {1u, 2u, 3u, 64u, 1'000u}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(testing::Message() << "most " << most << ", seed " << seed);
      InFlight in_flight{most};
      std::map<std::uint64_t, std::int64_t> model;
      Random random{seed};
      for (int step = 0; step < 5'000; ++step) {
        const auto number = random.below(3 * most);  // small numbers meet in the table
        auto* found = in_flight.find(number);
        ASSERT_EQ(found != nullptr, model.contains(number));
        if (found != nullptr) {
          ASSERT_EQ(found->due, model[number]);
          in_flight.remove(found);
          model.erase(number);
        } else if (!in_flight.is_full()) {
          in_flight.add({.number = number, .due = step});
          model[number] = step;
        }
        ASSERT_EQ(in_flight.size(), model.size());
        ASSERT_EQ(in_flight.is_full(), model.size() == most);
      }
      std::map<std::uint64_t, std::int64_t> all;
      in_flight.for_each([&](const UnderWay& request) { all[request.number] = request.due; });
      EXPECT_EQ(all, model);
    }
  }
}

}  // namespace
}  // namespace dti::bench
