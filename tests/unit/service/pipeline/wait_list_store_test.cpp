#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dti/repository/memory/memory_repository.hpp"
#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using fixtures::ask;
using fixtures::request;

constexpr Capacity kTenRooms{10, 4, 4};

/// A server with a store in memory, which answers at once.
class Server {
 public:
  explicit Server(std::shared_ptr<MemoryStore> store) : repository_(std::move(store)), pipeline_({}, start_options()) {
    pipeline_.on_start(now_);
    perform();
  }

  Outcome ask_for(const std::string& program, const Want& want, const std::string& request_id) {
    auto what = request("s", "f", {ask(program, want.classrooms, want.labs)});
    what.request_id = request_id;
    pipeline_.on_request(++token_, std::move(what), 100, now_);
    pipeline_.on_turn_end(now_);
    perform();
    return replies_.at(token_);
  }
  OfficeOutcome command(OfficeCommand::Change change, Seq expects) {
    OfficeCommand what;
    what.id = "c-" + std::to_string(++token_);
    what.expects = expects;
    what.semester = "s";
    what.change = std::move(change);
    pipeline_.on_command(token_, std::move(what), 100, now_);
    pipeline_.on_turn_end(now_);
    perform();
    return outcomes_.at(token_);
  }
  /// All that is stored, and the first difference of it from the rule.
  std::vector<StoredEntry> entries() {
    std::vector<StoredEntry> all;
    repository_.read_entries(1, 1, 1'000, [&](std::vector<StoredEntry> entries) { all = std::move(entries); });
    LedgerReplay replay{3};
    for (const auto& entry : all) {
      const auto found = replay.add(entry.row);
      EXPECT_FALSE(found) << to_string(*found);
    }
    return all;
  }

 private:
  static StartOptions start_options() {
    StartOptions start;
    start.semester = SemesterToOpen{"s", kTenRooms.classrooms, kTenRooms.labs, kTenRooms.conversions};
    start.catalog = {{"f", "a"}, {"f", "b"}, {"f", "c"}};
    return start;
  }
  void perform() {
    for (auto actions = pipeline_.take_actions(); !actions.empty(); actions = pipeline_.take_actions()) {
      for (auto& action : actions) {
        if (auto* reply = std::get_if<SendReply>(&action)) replies_[reply->token] = std::move(reply->outcome);
        if (auto* reply = std::get_if<SendOfficeReply>(&action)) outcomes_[reply->token] = reply->outcome;
        if (const auto* call = std::get_if<StoreCall>(&action)) {
          auto result = make_call(
              *call, repository_, [this] { return now_; },
              [this](const TakeOverPiece& piece) { pipeline_.on_piece(piece, now_); });
          pipeline_.on_store(std::move(result), now_);
        }
        const auto* exit = std::get_if<Exit>(&action);
        EXPECT_EQ(exit, nullptr) << exit->reason;
      }
    }
  }

  Now now_{SteadyTime{} + std::chrono::hours{1}, WallTime{}};
  MemoryRepository repository_;
  CommitPipeline pipeline_;
  std::map<Token, Outcome> replies_;
  std::map<Token, OfficeOutcome> outcomes_;
  Token token_ = 0;
};

TEST(WaitListStore, KeepsAWaitListAcrossServers) {
  const auto store = std::make_shared<MemoryStore>();
  {
    Server first{store};
    first.ask_for("a", {9, 4}, "r-a");                                            // 2
    first.ask_for("b", {4, 2}, "r-b");                                            // 3: a mobile lab
    EXPECT_TRUE(first.command(SetWaitList{true}, 0).has_wait_list);               // 4
    EXPECT_FALSE(first.command(AmendGrant{{"f", "a"}, {7, 3}, false}, 2).error);  // 5 and 6, and 7 and 8 for b
  }
  Server second{store};
  const auto b = second.ask_for("b", {4, 2}, "r-b");
  EXPECT_EQ(b.programs.at(0).grant, (Grant{2, 1, 1})) << "a repeat gets what the wait list gave";
  const auto c = second.ask_for("c", {2, 0}, "r-c");  // 9
  EXPECT_EQ(c.programs.at(0).grant, (Grant{0, 0, 0}));
  EXPECT_FALSE(second.command(ReleaseGrant{{"f", "a"}}, 6).error);  // 10, 11 to 14
  EXPECT_EQ(second.ask_for("b", {4, 2}, "r-b").programs.at(0).grant, (Grant{4, 2, 0}));
  EXPECT_EQ(second.ask_for("c", {2, 0}, "r-c").programs.at(0).grant, (Grant{2, 0, 0}));
  const auto entries = second.entries();
  ASSERT_EQ(entries.size(), 14U);
  EXPECT_EQ(entries[7].row.waits_since, 3);
  EXPECT_EQ(entries[11].row.waits_since, 3);
  EXPECT_EQ(entries[11].command_id, "settle-1-10");
}

TEST(WaitListStore, TheReleaseOfAGrantThatWasToppedUpTwiceRepeatsTheRequestOfItsAsk) {
  const auto store = std::make_shared<MemoryStore>();
  Server server{store};
  server.ask_for("a", {10, 0}, "r-a");                                // 2
  server.ask_for("b", {4, 0}, "r-b");                                 // 3
  server.command(SetWaitList{true}, 0);                               // 4
  server.command(AmendGrant{{"f", "a"}, {9, 0}, false}, 2);           // 5 and 6, 7 and 8
  server.command(AmendGrant{{"f", "a"}, {8, 0}, false}, 6);           // 9 and 10, 11 and 12
  EXPECT_FALSE(server.command(LeaveWaitList{{"f", "b"}}, 12).error);  // 13
  const auto released = server.command(ReleaseGrant{{"f", "b"}}, 13);
  EXPECT_FALSE(released.error);
  EXPECT_EQ(server.entries().back().request_id, "r-b");
  EXPECT_EQ(server.ask_for("b", {4, 0}, "r-b").programs.at(0).status, Status::kGrantReleased);
}

}  // namespace
}  // namespace dti
