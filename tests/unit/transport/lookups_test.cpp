#include "dti/transport/zeromq/lookups.hpp"

#include <poll.h>

#include <future>
#include <optional>

#include <gtest/gtest.h>

#include "dti/transport/zeromq/lookup_hangs.hpp"

namespace dti {
namespace {

TEST(LookupsTest, WhatRunsDetachedHangsUntilItHasReturned) {
  EXPECT_FALSE(lookup_hangs());
  std::promise<void> answer;
  const auto done = run_detached([answered = answer.get_future().share()] { answered.wait(); });
  EXPECT_TRUE(lookup_hangs());
  answer.set_value();
  done.wait();
  EXPECT_FALSE(lookup_hangs());
}

TEST(LookupsTest, ANumericHostIsItsOwnAddressAtOnce) {
  struct Case {
    const char* host;
    const char* address;
  };
  for (const auto& [host, address] : {Case{"127.0.0.1", "127.0.0.1:6000"}, Case{"::1", "[::1]:6000"}}) {
    const auto lookup = Lookup::start(host, 6000);
    ASSERT_TRUE(lookup->is_done());
    ASSERT_EQ(lookup->addresses().size(), 1u);
    EXPECT_EQ(lookup->addresses()[0].text, address);
    EXPECT_EQ(lookup->fault(), std::nullopt);
  }
  EXPECT_FALSE(lookup_hangs());
}

TEST(LookupsTest, ANameThatDoesNotExistIsAFaultWithTheResolversReason) {
  const auto lookup = Lookup::start("no such name", 6000);  // no resolver asks the network for a name with spaces
  pollfd item{lookup->descriptor(), POLLIN, 0};
  ASSERT_EQ(poll(&item, 1, 60'000), 1);
  ASSERT_TRUE(lookup->is_done());
  EXPECT_TRUE(lookup->addresses().empty());
  ASSERT_TRUE(lookup->fault());
  EXPECT_NE(*lookup->fault(), "");
}

}  // namespace
}  // namespace dti
