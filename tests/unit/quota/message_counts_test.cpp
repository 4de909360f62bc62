#include "dti/quota/message_counts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr Network kStranger{7};
constexpr SteadyTime kStart{1h};
constexpr std::int64_t kBurst = MessageLimit::kBurstSeconds;  // of one message a second

class MessageCountsTest : public testing::Test {
 protected:
  /// How many of 100 messages pass at one moment.
  int passing(std::optional<MessageCounts::Key> key, Network network, SteadyTime now = kStart) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += counts_.count(key, network, 100, now).wait.count() == 0 ? 1 : 0;
    return count;
  }

  std::vector<LogEvent> log_;
  MessageCounts counts_{{.messages_per_second = 1}, [this](const LogEvent& event) { log_.push_back(event); }};
};

TEST_F(MessageCountsTest, EachKeyAndEachAddressWithoutAKeyHasItsOwnLimit) {
  EXPECT_EQ(passing({}, kStranger), kBurst);
  EXPECT_EQ(passing({}, Network{8}), kBurst);
  EXPECT_EQ(passing(MessageCounts::Key{7, "derecho"}, kStranger), kBurst);
  EXPECT_EQ(passing(MessageCounts::Key{7, "derecho"}, Network{8}), 0) << "a key is one peer from every address";
  EXPECT_EQ(passing(MessageCounts::Key{8, "office"}, kStranger), kBurst);
}

TEST_F(MessageCountsTest, OnThisMachineOnlyKeysHaveALimit) {
  EXPECT_EQ(passing({}, Network::kLocal), 100);
  EXPECT_EQ(passing(MessageCounts::Key{7, "derecho"}, Network::kLocal), kBurst);
}

TEST_F(MessageCountsTest, LogsTheFirstOfEachKindAtOnceAndTheirNumberOnceASecond) {
  EXPECT_EQ(passing(MessageCounts::Key{7, "derecho"}, kStranger), kBurst);
  ASSERT_EQ(log_.size(), 2U);
  EXPECT_EQ(log_[0].event, "messages-refused");
  EXPECT_EQ(log_[1].event, "flood-closed");
  const std::vector<std::pair<std::string, std::string>> fields{
      {"key", "derecho"}, {"address", "0.0.0.7"}, {"count", "1"}, {"in-all", "1"}};
  EXPECT_EQ(log_[0].fields, fields);
  EXPECT_EQ(counts_.refused(), static_cast<std::uint64_t>(kBurst));
  EXPECT_EQ(counts_.dropped(), 100U - 2 * kBurst);
  EXPECT_EQ(passing(MessageCounts::Key{7, "derecho"}, kStranger, kStart + 1s), 1);
  ASSERT_EQ(log_.size(), 4U);
  EXPECT_EQ(log_[2].fields[2].second, std::to_string(kBurst));
}

}  // namespace
}  // namespace dti
