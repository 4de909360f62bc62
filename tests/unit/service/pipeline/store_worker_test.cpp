#include "dti/service/pipeline/store_worker.hpp"

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
  // These functions are never called.
  StoreSurvey survey() override { throw std::logic_error{"survey"}; }
  std::variant<Leadership, HeldBy> take_over(WallTime, const Lease&) override { throw std::logic_error{"take_over"}; }
  StoreWatch watch() override { throw std::logic_error{"watch"}; }
  std::vector<CatalogProgram> read_catalog(ProgramId) override { throw std::logic_error{"read_catalog"}; }
  ProgramChanges read_program_changes(Seq) override { throw std::logic_error{"read_program_changes"}; }
  CatalogState read_catalog_state(const std::string&, const std::vector<std::string>&) override {
    throw std::logic_error{"read_catalog_state"};
  }
  void read_ledger(SemesterId, Seq, Seq, Columns, const RowSink&) override { throw std::logic_error{"read_ledger"}; }
  void read_entries(SemesterId, Seq, Seq, const EntrySink&) override { throw std::logic_error{"read_entries"}; }
  void read_grant(SemesterId, ProgramId, std::int32_t, const EntrySink&) override {
    throw std::logic_error{"read_grant"};
  }
  CommitResult change_catalog(const CatalogChange&) override { throw std::logic_error{"change_catalog"}; }
  CommitResult change(const Change&) override { throw std::logic_error{"change"}; }
  std::optional<UnsealedPart> seal_older(Epoch, WallTime) override { return std::nullopt; }
  bool add_programs(Epoch, const std::vector<CatalogProgram>&, WallTime) override {
    throw std::logic_error{"add_programs"};
  }
  Opening open_semester(Epoch, const std::string&, const Capacity&, WallTime) override {
    throw std::logic_error{"open_semester"};
  }
  CommitResult commit(const Batch&) override { throw std::logic_error{"commit"}; }
  CommitResult guard(Epoch, std::span<const SemesterGuard>) override { throw std::logic_error{"guard"}; }
  // These take their time: not the caller's.
  CommitResult renew(Epoch, std::chrono::milliseconds) override { return resign(0); }
  CommitResult resign(Epoch) override {
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

TEST(EndedCall, IsAFailureInDoubtUntilTheStoreAnswers) {
  const Ended<CommitCall> commit;
  ASSERT_NE(commit.failure(), nullptr);
  EXPECT_EQ(commit.failure()->kind, StorageError::Kind::kInDoubt);
  EXPECT_NE(std::get<Ended<OpenSemesterCall>>(StoreResult{std::in_place_type<Ended<OpenSemesterCall>>}).failure(),
            nullptr);
}

class StoreWorkerOfAPolledStore : public testing::Test {
 protected:
  void start_commit() { worker_.start(CommitCall{std::make_shared<const Batch>()}); }
  void start_guard() { worker_.start(GuardCall{}); }

  /// The posted end of a call of that kind.
  template <class Call>
  Ended<Call> posted(std::size_t index) {
    return std::get<Ended<Call>>(std::get<StoreResult>(posted_.at(index)));
  }
  /// The end of the call in progress, on this thread.
  template <class Call>
  Ended<Call> resumed() {
    return std::get<Ended<Call>>(worker_.resume().value());
  }

  PolledRepository repository_;
  std::vector<StoreEvent> posted_;
  std::binary_semaphore has_posted_{0};
  StoreWorker worker_{repository_, [] { return Now{}; },
                      [this](StoreEvent event) {
                        posted_.push_back(std::move(event));
                        has_posted_.release();
                      }};
};

TEST_F(StoreWorkerOfAPolledStore, MakesACommitOnTheCallersThread) {
  EXPECT_FALSE(worker_.waits_for());
  start_commit();
  ASSERT_TRUE(worker_.waits_for());
  EXPECT_EQ(worker_.waits_for()->descriptor, 42);
  EXPECT_TRUE(worker_.waits_for()->writable);
  EXPECT_FALSE(worker_.resume()) << "it waits";
  repository_.result = CommitResult::kCommitted;
  EXPECT_EQ(resumed<CommitCall>().answer(), CommitResult::kCommitted);
  EXPECT_FALSE(worker_.waits_for());
  EXPECT_FALSE(worker_.resume()) << "its event comes once";
  EXPECT_TRUE(posted_.empty());
  EXPECT_EQ(repository_.threads, std::vector(2, std::this_thread::get_id()));
}

TEST_F(StoreWorkerOfAPolledStore, MakesACallThatIsNotPolledOnItsOwnThread) {
  worker_.start(RenewCall{1, std::chrono::seconds{5}});
  EXPECT_FALSE(worker_.waits_for());
  has_posted_.acquire();
  worker_.start(ResignCall{1});
  has_posted_.acquire();
  ASSERT_EQ(posted_.size(), 2U);
  EXPECT_EQ(posted<RenewCall>(0).answer(), CommitResult::kReplaced);
  EXPECT_EQ(posted<ResignCall>(1).answer(), CommitResult::kReplaced);
  for (const auto thread : repository_.threads) EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(StoreWorkerOfAPolledStore, TellsAGuardFromACommit) {
  start_guard();
  repository_.result = CommitResult::kBaseMoved;
  EXPECT_EQ(resumed<GuardCall>().answer(), CommitResult::kBaseMoved);
}

TEST_F(StoreWorkerOfAPolledStore, PostsTheEndOfACallThatFailsAsItStarts) {
  repository_.fails_at_start = true;
  start_commit();
  ASSERT_EQ(posted_.size(), 1U);
  EXPECT_EQ(posted<CommitCall>(0).failure()->kind, Kind::kUnavailable);
  EXPECT_FALSE(worker_.waits_for());
}

TEST_F(StoreWorkerOfAPolledStore, DoubtsACommitThatFailsForAReasonThatIsNotTheStores) {
  repository_.throws = true;
  start_commit();
  EXPECT_EQ(resumed<CommitCall>().failure()->kind, Kind::kInDoubt);
  start_guard();
  EXPECT_EQ(resumed<GuardCall>().failure()->kind, Kind::kUnavailable);
}

TEST_F(StoreWorkerOfAPolledStore, PassesOnHowTheStoreFailed) {
  for (const Kind kind : {Kind::kUnavailable, Kind::kInDoubt, Kind::kRejected, Kind::kInvariant, Kind::kCorrupt}) {
    repository_.fails_with = kind;
    start_commit();
    EXPECT_EQ(resumed<CommitCall>().failure()->kind, kind);
  }
}

}  // namespace
}  // namespace dti
