#include "dti/repository/common/chains.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/ledger/storage_error.hpp"

namespace dti {
namespace {

const StoreId kStore{{1}};
const Seal kSeal{{2}};
const Seal kOther{{3}};
const History kHistory{"history 1"};
const History kPromoted{"history 2"};

ChainHeads heads(const Seal& seal, const StoreId& store = kStore) { return {store, {{1, {5, seal}}}}; }

RowSeal nothing(SemesterId, Seq) { return {}; }

class ChainsTest : public testing::Test {
 protected:
  ChainsTest() { chains_.note(heads(kSeal), kHistory); }

  /// What compare() throws; none if it returns.
  std::optional<StorageError::Kind> refusal_of(const ChainHeads& stored, const History& history) {
    try {
      chains_.compare(stored, history, nothing);
    } catch (const StorageError& error) {
      return error.kind();
    }
    return std::nullopt;
  }

  std::vector<std::string> events_;
  Chains chains_{[this](const LogEvent& event) { events_.push_back(event.event + ": " + event.message); }};
};

TEST_F(ChainsTest, TheSameSealsAreNoDifferenceInAnyHistory) {
  EXPECT_EQ(refusal_of(heads(kSeal), kHistory), std::nullopt);
  EXPECT_EQ(refusal_of(heads(kSeal), kPromoted), std::nullopt);
  EXPECT_TRUE(events_.empty());
}

TEST_F(ChainsTest, AnotherSealInTheSameHistoryIsARewrittenHistory) {
  EXPECT_EQ(refusal_of(heads(kOther), kHistory), StorageError::Kind::kRewritten);
}

TEST_F(ChainsTest, AnotherSealInAPromotedReplicaIsLoggedAndThenForgotten) {
  EXPECT_EQ(refusal_of(heads(kOther), kPromoted), std::nullopt);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_TRUE(events_[0].starts_with("state-differs-from-store: entry 5 of semester number 1 had the seal 02"))
      << events_[0];
  chains_.note(heads(kOther), kPromoted);
  EXPECT_EQ(refusal_of(heads(kOther), kPromoted), std::nullopt);
  EXPECT_EQ(events_.size(), 1U);
}

TEST_F(ChainsTest, AnotherStoreIdIsARewrittenHistoryInAnyHistory) {
  EXPECT_EQ(refusal_of(heads(kSeal, StoreId{{9}}), kHistory), StorageError::Kind::kRewritten);
  EXPECT_EQ(refusal_of(heads(kSeal, StoreId{{9}}), kPromoted), StorageError::Kind::kRewritten);
}

}  // namespace
}  // namespace dti
