#include "dti/service/allocation/committer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace dti {
namespace {

using Kind = StorageError::Kind;

/// A store whose commits and guards are polled: what they give is what the test says next.
class PolledRepository : public Repository, public PollableCommits {
 public:
  // Nobody asks for these.
  StoreSurvey survey() override { throw std::logic_error{"survey"}; }
  std::variant<Leadership, HeldBy> take_over(WallTime, const Lease&) override { throw std::logic_error{"take_over"}; }
  StoreWatch watch() override { throw std::logic_error{"watch"}; }
  std::vector<CatalogProgram> read_catalog(ProgramId) override { throw std::logic_error{"read_catalog"}; }
  void read_ledger(SemesterId, Seq, Seq, const std::function<void(std::vector<LedgerEntry>)>&) override {
    throw std::logic_error{"read_ledger"};
  }
  bool add_programs(Epoch, const std::vector<CatalogProgram>&) override { throw std::logic_error{"add_programs"}; }
  OpenResult open_semester(Epoch, const std::string&, const Capacity&, WallTime) override {
    throw std::logic_error{"open_semester"};
  }
  CommitResult commit(const Batch&) override { throw std::logic_error{"commit"}; }
  CommitResult guard(Epoch, std::span<const SemesterGuard>) override { throw std::logic_error{"guard"}; }
  // These take their time: not the caller's.
  CommitResult renew(Epoch, std::chrono::milliseconds) override { return release(0); }
  CommitResult release(Epoch) override {
    threads.push_back(std::this_thread::get_id());
    return CommitResult::kReplaced;
  }
  void interrupt() noexcept override {}

  PollableCommits* pollable() override { return this; }
  void start_commit(std::shared_ptr<const Batch>) override { start(); }
  void start_guard(Epoch, std::vector<SemesterGuard>) override { start(); }
  std::optional<CommitResult> resume() override {
    threads.push_back(std::this_thread::get_id());
    if (fails_with) throw StorageError{*fails_with, "no"};
    if (throws) throw std::bad_alloc{};
    return result;
  }
  PollFor waits_for() const override { return {42, true}; }

  std::optional<CommitResult> result;
  std::optional<Kind> fails_with;
  bool fails_at_start = false;
  bool throws = false;
  std::vector<std::thread::id> threads;

 private:
  void start() const {
    if (fails_at_start) throw StorageError{Kind::kUnavailable, "not connected"};
  }
};

class CommitterOfAPolledStore : public testing::Test {
 protected:
  void start_commit() { committer_.start(StartCommit{std::make_shared<const Batch>()}); }
  void start_guard() { committer_.start(StartGuard{}); }

  static CommitEvent event_of_commit(std::optional<Committer::Event> event) {
    return std::get<Committer::CommitDone>(event.value()).event;
  }
  static Kind failure_of(const CommitEvent& event) { return std::get<StoreFailure>(event).kind; }

  PolledRepository repository_;
  std::vector<Committer::Event> posted_;
  std::binary_semaphore has_posted_{0};
  Committer committer_{repository_, [] { return WallTime{}; },
                       [this](Committer::Event event) {
                         posted_.push_back(std::move(event));
                         has_posted_.release();
                       }};
};

TEST_F(CommitterOfAPolledStore, CarriesOutACommitOnTheCallersThread) {
  EXPECT_FALSE(committer_.waits_for());
  start_commit();
  ASSERT_TRUE(committer_.waits_for());
  EXPECT_EQ(committer_.waits_for()->descriptor, 42);
  EXPECT_TRUE(committer_.waits_for()->writable);
  EXPECT_FALSE(committer_.resume()) << "it waits";
  repository_.result = CommitResult::kCommitted;
  EXPECT_EQ(std::get<CommitResult>(event_of_commit(committer_.resume())), CommitResult::kCommitted);
  EXPECT_FALSE(committer_.waits_for());
  EXPECT_FALSE(committer_.resume()) << "its event comes once";
  EXPECT_TRUE(posted_.empty());
  EXPECT_EQ(repository_.threads, std::vector(2, std::this_thread::get_id()));
}

TEST_F(CommitterOfAPolledStore, LeavesALeaseToItsOwnThread) {
  committer_.start(StartRenew{1, std::chrono::seconds{5}});
  EXPECT_FALSE(committer_.waits_for());
  has_posted_.acquire();
  committer_.start(StartRelease{1});
  has_posted_.acquire();
  ASSERT_EQ(posted_.size(), 2U);
  EXPECT_EQ(std::get<CommitResult>(std::get<Committer::RenewDone>(posted_[0]).event), CommitResult::kReplaced);
  EXPECT_EQ(std::get<CommitResult>(std::get<Committer::ReleaseDone>(posted_[1]).event), CommitResult::kReplaced);
  for (const auto thread : repository_.threads) EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(CommitterOfAPolledStore, TellsAGuardFromACommit) {
  start_guard();
  repository_.result = CommitResult::kBaseMoved;
  const auto event = committer_.resume();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<CommitResult>(std::get<Committer::GuardDone>(*event).event), CommitResult::kBaseMoved);
}

TEST_F(CommitterOfAPolledStore, PostsAJobThatFailsAsItStarts) {
  repository_.fails_at_start = true;
  start_commit();
  ASSERT_EQ(posted_.size(), 1U);
  EXPECT_EQ(failure_of(std::get<Committer::CommitDone>(posted_[0]).event), Kind::kUnavailable);
  EXPECT_FALSE(committer_.waits_for());
}

TEST_F(CommitterOfAPolledStore, DoubtsACommitThatFailsForAReasonThatIsNotTheStores) {
  repository_.throws = true;
  start_commit();
  EXPECT_EQ(failure_of(event_of_commit(committer_.resume())), Kind::kInDoubt);
  start_guard();
  EXPECT_EQ(failure_of(std::get<Committer::GuardDone>(committer_.resume().value()).event), Kind::kUnavailable);
}

TEST_F(CommitterOfAPolledStore, PassesOnHowTheStoreFailed) {
  for (const Kind kind : {Kind::kUnavailable, Kind::kInDoubt, Kind::kRejected, Kind::kInvariant, Kind::kCorrupt}) {
    repository_.fails_with = kind;
    start_commit();
    EXPECT_EQ(failure_of(event_of_commit(committer_.resume())), kind);
  }
}

}  // namespace
}  // namespace dti
