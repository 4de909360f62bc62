#include "dti/base/board.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
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

/// A value that notes the thread on which it is freed.
class Noted {
 public:
  explicit Noted(std::vector<std::thread::id>* freed_on) : freed_on_(freed_on) {}
  Noted(Noted&& other) noexcept : freed_on_(std::exchange(other.freed_on_, nullptr)) {}
  Noted& operator=(Noted&&) = delete;
  ~Noted() {
    if (freed_on_ != nullptr) freed_on_->push_back(std::this_thread::get_id());
  }

 private:
  std::vector<std::thread::id>* freed_on_;
};

TEST(BoardTest, AValueIsFreedByTheThreadThatPublishesAlsoIfAReaderHadItLast) {
  std::vector<std::thread::id> freed_on;
  Board<Noted> board{Noted{&freed_on}};
  auto value = board.newest();
  EXPECT_TRUE(board.publish(Noted{&freed_on}));
  EXPECT_TRUE(freed_on.empty()) << "a reader has the first value";
  std::thread{[read = std::move(value)]() mutable { read.reset(); }}.join();
  EXPECT_TRUE(freed_on.empty()) << "the reader does not free it";
  EXPECT_TRUE(board.publish(Noted{&freed_on}));
  EXPECT_EQ(freed_on, std::vector(2, std::this_thread::get_id())) << "both values before the newest";
}

/// A lock that a reader holds as long as the test wants, and for which nobody may wait.
struct HeldByAReader {
  static inline bool is_held = false;
  static void lock() { FAIL() << "the thread that publishes waits"; }
  static bool try_lock() { return !is_held; }
  static void unlock() {}
};

TEST(BoardTest, PublishingDoesNotWaitForAReaderThatHoldsTheLock) {
  Board<int, HeldByAReader> board{1};
  HeldByAReader::is_held = true;
  EXPECT_FALSE(board.publish(2));
  HeldByAReader::is_held = false;
  EXPECT_TRUE(board.publish(3));
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
