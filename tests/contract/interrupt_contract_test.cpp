// interrupt() may come at any time, from another thread.
#include <atomic>
#include <chrono>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "contract/store_fixture.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;

class InterruptContract : public StoreTest {
 protected:
  template <class Call>
  auto counted(Call call) {
    ++calls_;
    return call();
  }

  /// Makes calls as a store worker does: after a failure, a take-over tells what is stored.
  void work(int calls_max, std::chrono::steady_clock::time_point deadline) {
    bool connected = true;
    // A fast disk may do all calls before the first one is interrupted.
    while ((calls_ < calls_max || take_overs_ == 0) && std::chrono::steady_clock::now() < deadline) {
      while (wants_lock_) {
        std::this_thread::yield();
      }
      const std::optional<Kind> failure = failure_of([&] {
        if (!connected) {
          const Leadership leadership = counted([&] { return lead(); });
          ASSERT_GT(leadership.epoch, epoch_);
          const StoredSemester& found = leadership.semesters.at(0);
          // The batch in doubt is there, or it is not; nothing else is.
          ASSERT_TRUE(found.head == known_.head || found.head == semester_.head);
          ASSERT_EQ(found.left, found.head == known_.head ? known_.left : semester_.left);
          epoch_ = leadership.epoch;
          known_ = semester_ = found;
          connected = true;
          ++take_overs_;
        }
        Batch batch = grants({{1, {1, 0}}, {2, {0, 0}}});
        for (LedgerEntry& entry : batch.entries) {
          entry.generation = static_cast<std::int32_t>(entry.seq);
        }
        ASSERT_EQ(counted([&] { return repository_->commit(batch); }), CommitResult::kCommitted);
        known_ = semester_;
        ++commits_;
        const SemesterGuard guards[] = {{1, known_.head}};
        ASSERT_EQ(counted([&] { return repository_->guard(epoch_, guards); }), CommitResult::kCommitted);
        const Change same = change({resized(kCapacity)});
        ASSERT_EQ(counted([&] { return repository_->change(same); }), CommitResult::kCommitted);
        known_ = semester_;
      });
      if (HasFatalFailure()) {
        return;
      }
      if (failure) {
        ASSERT_TRUE(failure == Kind::kUnavailable || failure == Kind::kUnreachable || failure == Kind::kInDoubt ||
                    failure == Kind::kRejected);
        connected = false;
      }
    }
  }

  std::atomic<int> calls_{0};
  std::atomic<bool> wants_lock_{false};  // the interrupter does
  StoredSemester known_;                 // as it was last known to be stored
  int take_overs_ = 0;
  int commits_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Databases, InterruptContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(InterruptContract, InterruptsAtAnyTimeNeitherBreakTheServerNorTheLedger) {
  constexpr unsigned kSeed = 20251009;
  constexpr int kCallsMax = 2'000;
  constexpr std::chrono::milliseconds kDurationMax{1'200};
  start();
  known_ = semester_;
  std::atomic<bool> done{false};
  std::thread interrupter{[&] {
    std::mt19937 random{kSeed};
    const auto pause = [&] { std::this_thread::sleep_for(std::chrono::microseconds{random() % 4'000}); };
    const auto wait_for_calls = [&](int until) {
      while (!done && calls_ < until) {
        std::this_thread::yield();
      }
    };
    const auto client = backend_->connect();
    while (!done) {
      const bool holds_lock = random() % 2 == 0;
      if (holds_lock) {
        wants_lock_ = true;  // SQLite's turns are not fair
        client->run("BEGIN");
        client->run("UPDATE semester SET name = name");
        wants_lock_ = false;
      }
      pause();
      repository_->interrupt();
      if (holds_lock) {
        client->run("COMMIT");
      }
      wait_for_calls(calls_ + static_cast<int>(random() % 6));  // now and then some calls succeed, however slow
    }
  }};
  work(kCallsMax, std::chrono::steady_clock::now() + kDurationMax);
  done = true;
  interrupter.join();
  EXPECT_GT(commits_, 0) << "seed " << kSeed;
  EXPECT_GT(take_overs_, 0) << "seed " << kSeed;

  const StoredSemester found = reopen().semesters.at(0);
  Pool left = full_pool(kCapacity);
  for (const LedgerEntry& entry : read_all(*repository_, 1, 0, found.head)) {
    left = charge(left, entry.grant);
  }
  EXPECT_EQ(left, found.left) << "seed " << kSeed;
  EXPECT_TRUE(found.head == known_.head || found.head == semester_.head) << "seed " << kSeed;
}

}  // namespace
}  // namespace dti::contract
