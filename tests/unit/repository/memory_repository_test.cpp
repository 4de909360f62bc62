#include "dti/repository/memory/memory_repository.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace dti {
namespace {

using Kind = StorageError::Kind;

Leadership take(Repository& repository) { return std::get<Leadership>(repository.take_over(WallTime{}, {})); }

TEST(MemoryStore, FailsTheNextCallsBeforeOrAfterTheirEffectAsTold) {
  const auto store = std::make_shared<MemoryStore>();
  MemoryRepository repository{store};
  const Epoch epoch = take(repository).epoch;
  const auto open = [&](const char* name) {
    try {
      static_cast<void>(repository.open_semester(epoch, name, {}, WallTime{}));
    } catch (const StorageError& error) {
      return error.kind();
    }
    ADD_FAILURE() << "did not fail";
    return Kind::kCorrupt;
  };
  store->fail_next(Kind::kRejected);
  store->fail_next(Kind::kInDoubt, true);
  EXPECT_EQ(open("before"), Kind::kRejected);
  EXPECT_EQ(open("after"), Kind::kInDoubt);
  EXPECT_FALSE(store->find_semester("before"));
  EXPECT_TRUE(store->find_semester("after"));
  EXPECT_EQ(open("later"), Kind::kUnavailable) << "after an in-doubt call only a take-over is good";
  EXPECT_EQ(take(repository).semesters.size(), 1U);
}

TEST(MemoryStore, ATakeOverThatFailsAfterItsEffectFencesAllTheSame) {
  const auto store = std::make_shared<MemoryStore>();
  MemoryRepository first{store};
  MemoryRepository second{store};
  const Epoch epoch = take(first).epoch;
  store->fail_next(Kind::kUnavailable, true);
  EXPECT_THROW(static_cast<void>(take(second)), StorageError);
  EXPECT_EQ(first.guard(epoch, {}), CommitResult::kReplaced);
}

TEST(MemoryStore, ATakeOverOfOnesOwnWhoseAnswerWasLostIsRepeated) {
  const auto store = std::make_shared<MemoryStore>();
  MemoryRepository repository{store};
  const Epoch epoch = take(repository).epoch;
  store->fail_next(Kind::kInDoubt, true);
  EXPECT_THROW(static_cast<void>(take(repository)), StorageError);
  EXPECT_EQ(take(repository).epoch, epoch + 2);
}

}  // namespace
}  // namespace dti
