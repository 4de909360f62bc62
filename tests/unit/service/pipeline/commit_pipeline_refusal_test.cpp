// A store that works, and rejects batches.
#include "dti/service/pipeline/commit_pipeline.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/service/pipeline/pipeline_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using fixtures::ask;
using fixtures::Pipeline;
using fixtures::request;

/// Refuses each batch with a grant to one of these programs, as a store does that lives.
class RefusingStore : public Pipeline {
 protected:
  /// @return how many batches it refused until nothing was left to commit
  int serve_but_refuse(const std::set<ProgramId>& bad) {
    int refused = 0;
    while (commit_) {
      const bool is_bad = std::any_of(commit_->entries.begin(), commit_->entries.end(),
                                      [&](const LedgerEntry& entry) { return bad.contains(entry.program_id); });
      if (is_bad) {
        ++refused;
        answer_commit(failure(StorageError::Kind::kRejected));
      } else {
        commit();
      }
    }
    return refused;
  }
  std::vector<Token> send_to_all_programs() {
    std::vector<Token> tokens;
    for (int faculty = 1; faculty <= 4; ++faculty) {
      for (int program = 1; program <= 5; ++program) {
        tokens.push_back(
            send(request("2025-10", "f" + std::to_string(faculty), {ask("p" + std::to_string(program), 7, 2)})));
      }
    }
    turn();
    return tokens;
  }
};

TEST_F(RefusingStore, FindsTheOneRequestAndServesTheOthers) {
  start();
  const auto tokens = send_to_all_programs();
  EXPECT_LE(serve_but_refuse({13}), 6) << "halves, not one by one";
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i == 12) {
      EXPECT_EQ(error_of(tokens[i]), Status::kUnavailable);
    } else {
      EXPECT_EQ(grant_of(tokens[i]), (Grant{7, 2, 0})) << i;
    }
  }
  EXPECT_EQ(stored_[1].head, 20);
  EXPECT_EQ(pipeline_->allocator().left(1), stored_[1].left);
}

TEST_F(RefusingStore, CommitsWithoutLimitOnceTheRefusedBatchIsBehind) {
  start();
  send_to_all_programs();
  serve_but_refuse({1});
  send(request("2025-10", "f1", {ask("p1", 7, 2)}));
  send(request("2025-10", "f1", {ask("p1", 7, 2)}));
  turn();
  ASSERT_TRUE(commit_);
  commit();
  EXPECT_EQ(stored_[1].head, 21);
}

TEST_F(RefusingStore, TellsAllThatWaitAfterAFewRefusalsInARow) {
  start();
  std::set<ProgramId> all;
  for (ProgramId id = 1; id <= 20; ++id) all.insert(id);
  const auto tokens = send_to_all_programs();
  EXPECT_LE(serve_but_refuse(all), 8);
  for (const auto token : tokens) EXPECT_EQ(error_of(token), Status::kUnavailable);
  const auto later = send_one("p1");  // there is room again
  turn();
  commit();
  EXPECT_EQ(grant_of(later), (Grant{7, 2, 0}));
}

TEST_F(RefusingStore, ThatRefusesEverythingIsLoggedOnceASecondAndAtItsEnd) {
  start();
  const auto refuse = [&](int times) {
    for (int i = 0; i < times; ++i) {
      send_one("p1");
      turn();
      answer_commit(failure(StorageError::Kind::kRejected));
    }
  };
  refuse(5);
  EXPECT_EQ(logged("requests-refused-by-store"), 1U);
  advance(1s);
  refuse(3);
  ASSERT_EQ(logged("requests-refused-by-store"), 2U);
  EXPECT_NE(last_logged("requests-refused-by-store").find("5 requests"), std::string::npos) << "4 were held back";
  send_one("p2");
  turn();
  commit();
  ASSERT_EQ(logged("store-accepts-again"), 1U);
  EXPECT_NE(last_logged("store-accepts-again").find("2 more requests"), std::string::npos);
}

TEST_F(RefusingStore, ThatRefusesEverythingMakesTheServerUnreadyForASecondOrUntilItAcceptsSomething) {
  start();
  const auto refuse_three = [&] {
    for (int i = 0; i < 3; ++i) {
      send_one("p1");
      turn();
      EXPECT_TRUE(pipeline_->is_ready(now_)) << "one request may be at fault";
      answer_commit(failure(StorageError::Kind::kRejected));
    }
    EXPECT_FALSE(pipeline_->is_ready(now_));
  };
  refuse_three();
  advance(1s);
  EXPECT_TRUE(pipeline_->is_ready(now_)) << "otherwise no client would send the request that finds room again";
  send_one("p2");
  turn();
  commit();
  refuse_three();
  send_one("p3");
  turn();
  commit();
  EXPECT_TRUE(pipeline_->is_ready(now_));
}

TEST_F(RefusingStore, RefusesTheOnlyRequestThatWaits) {
  start();
  const auto token = send_one("p1");
  turn();
  const auto repeat_later = send_one("p2");
  answer_commit(failure(StorageError::Kind::kRejected));
  EXPECT_EQ(error_of(token), Status::kUnavailable);
  EXPECT_EQ(serve_but_refuse({}), 0);
  EXPECT_TRUE(grant_of(repeat_later));
}

TEST_F(RefusingStore, ExpiresRequestsWhoseTurnHasNotCome) {
  start({.store_timeout = 1s});
  const auto tokens = send_to_all_programs();
  answer_commit(failure(StorageError::Kind::kRejected));
  advance(1s);
  for (const auto token : tokens) EXPECT_EQ(error_of(token), Status::kUnavailable);
  EXPECT_EQ(last_logged("requests-expired").find("20 requests"), 0U) << last_logged("requests-expired");
  serve_but_refuse({});
  EXPECT_EQ(replies_.size(), tokens.size());
}

TEST_F(RefusingStore, ThatRefusesASingleRequestAnswers) {
  start();
  send_one("p1");
  turn();
  answer_commit(failure(StorageError::Kind::kRejected));
  EXPECT_TRUE(pipeline_->store_answers(now_));
  EXPECT_TRUE(pipeline_->is_ready(now_));
}

}  // namespace
}  // namespace dti
