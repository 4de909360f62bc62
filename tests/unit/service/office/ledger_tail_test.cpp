#include "dti/service/office/ledger_tail.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/service/office/fake_store.hpp"

namespace dti {
namespace {

using testing_support::about;
using testing_support::FakeSnapshot;
using testing_support::FakeStore;
using testing_support::opened;
using Kind = StorageError::Kind;
using Seqs = std::vector<Seq>;

class Tail : public testing::Test {
 protected:
  Tail() {
    store_.ledger.push_back(opened({100, 10, 10}));
    grow_to(7);
  }

  void grow_to(Seq head) {
    while (store_.ledger.back().row.seq < head) {
      const auto seq = store_.ledger.back().row.seq + 1;
      store_.ledger.push_back(about(seq, seq, {1, 0}, {1, 0, 0}));
    }
  }

  LedgerTail tail(Seq after, Seq piece) {
    return {[this] { return std::make_unique<FakeSnapshot>(store_); }, 1, after, piece};
  }

  Seqs read(LedgerTail& tail, Seq last = LedgerTail::kNoEnd) {
    Seqs seqs;
    for (const auto& entry : tail.read(last)) seqs.push_back(entry.row.seq);
    EXPECT_EQ(store_.open, 0) << "no transaction stays open";
    return seqs;
  }

  /// Why the next reading fails.
  std::pair<Kind, std::string> failure_of(LedgerTail& tail) {
    try {
      static_cast<void>(tail.read());
    } catch (const StorageError& error) {
      return {error.kind(), error.what()};
    }
    ADD_FAILURE() << "it was read";
    return {};
  }

  FakeStore store_;
};

TEST_F(Tail, ReadsTheLedgerInPiecesAndThenOnlyWhatIsNew) {
  auto it = tail(0, 3);
  EXPECT_EQ(read(it), (Seqs{1, 2, 3}));
  EXPECT_TRUE(it.may_have_more());
  EXPECT_EQ(read(it), (Seqs{4, 5, 6}));
  EXPECT_EQ(read(it), (Seqs{7}));
  EXPECT_FALSE(it.may_have_more());
  EXPECT_EQ(read(it), Seqs{});
  grow_to(9);
  EXPECT_EQ(read(it), (Seqs{8, 9}));
  EXPECT_EQ(it.position(), 9);
  for (const auto count : store_.read) EXPECT_LE(count, 4U) << "a piece, and the entry before it";
}

TEST_F(Tail, BeginsAfterTheEntryThatTheCallerHas) {
  auto it = tail(5, 100);
  EXPECT_EQ(read(it), (Seqs{6, 7}));
}

TEST_F(Tail, ReadsNoFurtherThanItIsAsked) {
  auto it = tail(0, 100);
  EXPECT_EQ(read(it, 4), (Seqs{1, 2, 3, 4}));
  EXPECT_EQ(read(it, 4), Seqs{});
  EXPECT_EQ(read(it, 5), (Seqs{5}));
}

TEST_F(Tail, ContinuesWithoutAGapAfterAFailure) {
  auto it = tail(0, 100);
  EXPECT_EQ(read(it).size(), 7U);
  store_.failure = StorageError{Kind::kUnreachable, "the server is gone"};
  EXPECT_EQ(failure_of(it).first, Kind::kUnreachable);
  store_.failure.reset();
  grow_to(8);
  EXPECT_EQ(read(it), (Seqs{8}));
}

TEST_F(Tail, WaitsForAStoreThatLacksTheLastKnownEntry) {
  auto it = tail(0, 100);
  EXPECT_EQ(read(it).size(), 7U);
  const auto all = store_.ledger;
  store_.ledger.resize(5);
  const auto [kind, text] = failure_of(it);
  EXPECT_EQ(kind, Kind::kUnreachable);
  EXPECT_NE(text.find("the store does not have entry 7"), std::string::npos) << text;
  store_.ledger = all;
  grow_to(8);
  EXPECT_EQ(read(it), (Seqs{8}));
}

TEST_F(Tail, RefusesAHistoryThatWasRewritten) {
  auto it = tail(0, 100);
  EXPECT_EQ(read(it).size(), 7U);
  grow_to(8);
  store_.ledger[6].seal = Seal{};
  const auto [kind, text] = failure_of(it);
  EXPECT_EQ(kind, Kind::kRewritten);
  EXPECT_NE(text.find("entry 7 is not the one that was read before"), std::string::npos) << text;
}

TEST_F(Tail, RefusesALedgerInWhichAnEntryIsMissing) {
  store_.ledger.erase(store_.ledger.begin() + 3);
  auto it = tail(0, 100);
  const auto [kind, text] = failure_of(it);
  EXPECT_EQ(kind, Kind::kCorrupt);
  EXPECT_NE(text.find("entry 4: the entry is missing"), std::string::npos) << text;
}

}  // namespace
}  // namespace dti
