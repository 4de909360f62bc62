#include "dti/base/board.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dti {
namespace {

TEST(BoardTest, AReaderKeepsItsValueWhileNewerOnesArePublished) {
  Board<int> board{1};
  const auto first = board.newest();
  ASSERT_TRUE(board.publish(2));
  EXPECT_EQ(*first, 1);
  EXPECT_EQ(*board.newest(), 2);
}

TEST(BoardTest, ReadersSeeWholeValuesInTheOrderOfTheirPublication) {
  constexpr int kValues = 2'000;
  Board<std::vector<int>> board{std::vector<int>(16, 0)};
  std::vector<std::thread> readers;
  std::atomic<int> faults{0};
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (int last = 0; last < kValues;) {
        const auto value = board.newest();
        if (value->front() < last || value->front() != value->back()) ++faults;
        last = value->front();
      }
    });
  }
  for (int value = 1; value <= kValues; ++value) {
    while (!board.publish(std::vector<int>(16, value))) std::this_thread::yield();
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(faults, 0);
}

}  // namespace
}  // namespace dti
