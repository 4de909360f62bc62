#include "dti/base/wake_queue.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

namespace dti {
namespace {

bool is_readable(int descriptor, int timeout = 0) {
  pollfd item{descriptor, POLLIN, 0};
  return poll(&item, 1, timeout) == 1;
}

TEST(WakeQueue, GivesValuesInOrderAndItsDescriptorIsReadableUntilTheyAreTaken) {
  WakeQueue<int> queue{3};
  EXPECT_FALSE(is_readable(queue.descriptor()));
  EXPECT_TRUE(queue.take().empty()) << "never waits";
  for (const int value : {1, 2, 3}) queue.push(value);
  EXPECT_TRUE(is_readable(queue.descriptor()));
  EXPECT_EQ(queue.take(), (std::vector{1, 2, 3}));
  EXPECT_FALSE(is_readable(queue.descriptor())) << "a poll set must not spin on it";
  queue.push(4);
  EXPECT_TRUE(is_readable(queue.descriptor()));
  EXPECT_EQ(queue.take(), (std::vector{4}));
}

TEST(WakeQueue, APushIntoAFullQueueWaitsForTheReader) {
  WakeQueue<int> queue{2};
  const std::jthread writer{[&] {
    for (int value = 0; value < 1'000; ++value) queue.push(value);
  }};
  std::vector<int> taken;
  while (taken.size() < 1'000) {
    ASSERT_TRUE(is_readable(queue.descriptor(), -1));
    const auto values = queue.take();
    EXPECT_LE(values.size(), 2U);
    taken.insert(taken.end(), values.begin(), values.end());
  }
  for (int value = 0; value < 1'000; ++value) ASSERT_EQ(taken[static_cast<std::size_t>(value)], value);
}

TEST(WakeQueue, NoValueOfManyWritersIsLostOrOvertaken) {
  constexpr int kWriters = 4;
  constexpr int kValues = 500;
  WakeQueue<std::pair<int, int>> queue{3};
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&queue, writer] {
      for (int value = 0; value < kValues; ++value) queue.push({writer, value});
    });
  }
  std::vector<int> next(kWriters, 0);
  for (int count = 0; count < kWriters * kValues;) {
    ASSERT_TRUE(is_readable(queue.descriptor(), -1));
    for (const auto& [writer, value] : queue.take()) {
      EXPECT_EQ(value, next[static_cast<std::size_t>(writer)]++);
      ++count;
    }
  }
}

TEST(WakeQueue, AfterItsCloseNoPushWaitsAndNoValueIsAdded) {
  WakeQueue<int> queue{1};
  queue.push(1);
  {
    const std::jthread writer{[&] { queue.push(2); }};  // waits, or comes after close()
    queue.close();
  }
  queue.push(3);
  EXPECT_EQ(queue.take(), (std::vector{1}));
}

}  // namespace
}  // namespace dti
