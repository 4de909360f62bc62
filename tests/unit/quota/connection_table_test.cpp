#include "dti/quota/connection_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace dti {
namespace {

using Verdict = ConnectionTable::Verdict;

constexpr Network kOne{1};
constexpr Network kTwo{2};
constexpr Network kThree{3};

TEST(ConnectionTable, AdmitsEachAddressUpToItsLimitAndAllOfThemUpToTheirs) {
  ConnectionTable table{{.connections_max = 3, .connections_per_address = 2}};
  EXPECT_EQ(table.add(10, kOne), Verdict::kAdmitted);
  EXPECT_EQ(table.add(11, kOne), Verdict::kAdmitted);
  EXPECT_EQ(table.add(12, kOne), Verdict::kAddressFull);
  EXPECT_EQ(table.add(13, kTwo), Verdict::kAdmitted);
  EXPECT_EQ(table.add(14, kTwo), Verdict::kFull);
  EXPECT_EQ(table.add(15, kThree), Verdict::kFull);
  EXPECT_EQ(table.count(), 6U);
  table.remove(12);  // it was not admitted, so its end makes no place
  EXPECT_EQ(table.add(16, kThree), Verdict::kFull);
  table.remove(10);
  EXPECT_EQ(table.add(17, kThree), Verdict::kAdmitted);
  EXPECT_EQ(table.add(18, kOne), Verdict::kFull);
}

TEST(ConnectionTable, ConnectionsOfThisMachineDoNotCount) {
  ConnectionTable table{{.connections_max = 1, .connections_per_address = 1}};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(table.add(i, Network::kLocal), Verdict::kAdmitted);
  EXPECT_EQ(table.add(100, kOne), Verdict::kAdmitted);
  EXPECT_EQ(table.add(101, Network::kLocal), Verdict::kAdmitted);
  EXPECT_EQ(table.count(), 102U);
}

TEST(ConnectionTable, ZeroIsNoLimitAndASmallerLimitKeepsWhatIsThere) {
  ConnectionTable table{{}};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(table.add(i, kOne), Verdict::kAdmitted);
  table.change({.connections_per_address = 100});
  EXPECT_EQ(table.add(100, kOne), Verdict::kAddressFull);
  EXPECT_EQ(table.add(101, kTwo), Verdict::kAdmitted);
  EXPECT_EQ(table.count(), 102U);
}

TEST(ConnectionTable, ADescriptorThatComesAgainReplacesTheConnectionWhoseEndWasNotReported) {
  ConnectionTable table{{.connections_per_address = 1}};
  EXPECT_EQ(table.add(10, kOne), Verdict::kAdmitted);
  EXPECT_EQ(table.add(10, kOne), Verdict::kAdmitted);
  EXPECT_EQ(table.count(), 1U);
  table.remove(10);
  table.remove(10);
  EXPECT_EQ(table.count(), 0U);
}

TEST(ConnectionTable, CountsExactlyTheAdmittedConnectionsThatAreOpen) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto below = [&](unsigned count) { return static_cast<int>(random() % count); };
  constexpr PeerLimits kLimits{.connections_max = 30, .connections_per_address = 8};
  ConnectionTable table{kLimits};
  std::map<int, Network> open;  // the admitted ones
  const auto of = [&](Network network) {
    std::int64_t count = 0;
    for (const auto& [descriptor, other] : open) count += other == network ? 1 : 0;
    return count;
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto descriptor = below(100);
    if (below(3) == 0) {
      table.remove(descriptor);
      open.erase(descriptor);
      continue;
    }
    open.erase(descriptor);
    const Network network{1 + static_cast<std::uint64_t>(below(6))};
    auto expected = Verdict::kAdmitted;
    if (std::ssize(open) >= kLimits.connections_max) {
      expected = Verdict::kFull;
    } else if (of(network) >= kLimits.connections_per_address) {
      expected = Verdict::kAddressFull;
    }
    ASSERT_EQ(table.add(descriptor, network), expected) << "step " << step;
    if (expected == Verdict::kAdmitted) open[descriptor] = network;
  }
}

}  // namespace
}  // namespace dti
