#include "dti/service/client/server_client.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/service/client/server_client_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using namespace client_test;

// Replies and the requests that they answer.

TEST(ServerClientTest, AReplyThatListsNothingIsNotGuessedToBeAnyOneOfSeveralRequests) {
  Client client(options_of_servers(3));
  client.send(1, "2025-10");
  client.send(2, "2025-30");
  ServerReply reply;
  reply.error = RequestError{Status::kInvalidSemester, "", {}, ""};
  EXPECT_FALSE(client.reply(0, reply));
  reply.request_id = client.requests[2].request_id;
  client.reply(0, reply);
  EXPECT_EQ(client.answered, std::vector<Token>{2});
  client.send(3, "2026-10");
  reply.request_id.reset();
  reply.semester = "2025-10";  // as an old server says it
  client.reply(0, reply);
  EXPECT_EQ(client.answered, (std::vector<Token>{2, 1}));
}

TEST(ServerClientTest, RepliesThatAreForeignLateOrRepeatedChangeNothing) {
  Client client(options_of_servers(3));
  client.send(1);
  ServerReply foreign;
  foreign.request_id = client.requests[1].request_id;  // alone it proves nothing when the parts are others
  foreign.parts = {{"part-of-another-client", Status::kOk}};
  EXPECT_FALSE(client.reply(0, foreign));
  client.answer(0, 1);
  client.answer(0, 1);
  client.refuse(1, 1, {Status::kInvalidFaculty, "", {}, ""});
  EXPECT_EQ(client.answered, std::vector<Token>{1});
  EXPECT_EQ(client.client.wake_at(), std::nullopt);
}

TEST(ServerClientTest, AReplyEndsItsRequestUnlessItIsARefusalForNow) {
  struct Case {
    const char* claim;
    std::optional<Status> error;
    std::vector<std::optional<Status>> parts;  // none: not listed
    bool is_over;
  };
  const Case cases[] = {
      {"an answer to each part", {}, {Status::kOk, Status::kOk}, true},
      {"a part is missing", {}, {Status::kOk, {}}, true},
      {"a final error that lists nothing", Status::kInvalidSemester, {{}, {}}, true},
      {"an error that lists nothing, of an unknown code", Status::kUnavailable, {{}, {}}, true},
      {"a refusal", Status::kOverloaded, {Status::kOverloaded, Status::kOverloaded}, false},
      {"a refusal that lists nothing", Status::kOverloaded, {{}, {}}, false},
      {"a refusal with an answer to one part", Status::kUnavailable, {Status::kOk, Status::kUnavailable}, false},
      {"a refusal with an answer to each part", Status::kUnavailable, {Status::kOk, Status::kInvalidProgram}, true},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.claim);
    Client client(options_of_servers(3));
    client.send(1);
    ServerReply reply;
    if (test.error) reply.error = RequestError{*test.error, "", {}, ""};
    for (std::size_t i = 0; i < test.parts.size(); ++i) {
      if (test.parts[i]) reply.parts.push_back({client.requests[1].correlation_ids[i], *test.parts[i]});
    }
    const auto match = client.reply(0, reply);
    ASSERT_TRUE(match);
    EXPECT_EQ(match->request, 1u);
    EXPECT_EQ(match->is_over, test.is_over);
    EXPECT_EQ(client.client.wake_at().has_value(), !test.is_over);
  }
}

TEST(ServerClientTest, OfARefusedRequestThePartsThatAreAnsweredStand) {
  Client client(options_of_servers(3));
  client.send(1);
  auto reply = client.reply_to(1, Status::kUnavailable);
  reply.error = RequestError{Status::kUnavailable, "", {}, ""};
  reply.parts[0].status = Status::kOk;
  const auto match = client.reply(0, reply);
  ASSERT_TRUE(match);
  EXPECT_TRUE(match->answers(Status::kOk));
  EXPECT_FALSE(match->answers(Status::kUnavailable));
  client.pass(100ms);
  ASSERT_EQ(client.sent.size(), 2u);
  ServerReply first_again;
  first_again.parts = {{client.requests[1].correlation_ids[0], Status::kOk}};
  EXPECT_FALSE(client.reply(1, first_again)) << "that part was answered";
  client.answer(1, 1);
  EXPECT_EQ(client.answered, std::vector<Token>{1});
}

TEST(ServerClientTest, ALateRefusalLeavesTheTryUnderWayAloneButALateAnswerIsTaken) {
  Client client(options_of_servers(3));
  client.send(1);
  client.pass(2'000ms);
  ASSERT_EQ(client.sent.size(), 2u);
  client.refuse(0, 1, {Status::kNotLeader, "", {}, "c:3"});
  client.pass(1'999ms);
  EXPECT_EQ(client.sent.size(), 2u);
  client.answer(0, 1);
  EXPECT_EQ(client.answered, std::vector<Token>{1});
  client.pass(60'000ms);
  EXPECT_EQ(client.sent.size(), 2u);
}

// The next try: where, and after which pause.

TEST(ServerClientTest, ALostTryIsMadeAgainAtTheNextServer) {
  Client client(options_of_servers(3));
  client.send(1);
  client.pass(1'999ms);
  EXPECT_EQ(client.sent.size(), 1u);
  client.pass(1ms);
  ASSERT_EQ(client.sent.size(), 2u);
  EXPECT_EQ(client.resets, (std::vector<std::size_t>{0}));
  EXPECT_EQ(client.sent[0].endpoint, 0u);
  EXPECT_EQ(client.sent[1].endpoint, 1u);
  client.answer(1, 1);
  EXPECT_EQ(client.answered, std::vector<Token>{1});
  client.send(2);
  EXPECT_EQ(client.sent.back().endpoint, 1u) << "the next request starts at the server that answered";
}

TEST(ServerClientTest, ARefusalForNowIsFollowedByAPauseAndAnotherTry) {
  struct Case {
    const char* claim;
    RequestError error;
    std::size_t endpoint_next;
    milliseconds pause_min;
    milliseconds pause_max;
    bool resets = false;  // a new connection, which a balancer may give to another server
  };
  const Case cases[] = {
      {"not the leader, leader not known", {Status::kNotLeader, "", {}, ""}, 1, 50ms, 100ms, true},
      {"not the leader, leader in the list", {Status::kNotLeader, "", {}, "c:3"}, 2, 0ms, 0ms},
      {"not the leader, and names itself", {Status::kNotLeader, "", {}, "a:1"}, 0, 50ms, 100ms, true},
      {"not the leader, leader elsewhere", {Status::kNotLeader, "", {}, "d:4"}, 1, 50ms, 100ms, true},
      {"overloaded", {Status::kOverloaded, "", 300ms, ""}, 0, 300ms, 300ms},
      {"unavailable", {Status::kUnavailable, "", 10ms, ""}, 1, 50ms, 100ms},
      {"a retry-after beyond reason", {Status::kOverloaded, "", 3'600'000ms, ""}, 0, 5'000ms, 5'000ms},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.claim);
    Client client(options_of_servers(3));
    client.send(1);
    client.refuse(0, 1, test.error);
    EXPECT_TRUE(client.waits());
    EXPECT_EQ(client.sent.size(), 1u);
    client.pass(test.pause_max);
    ASSERT_EQ(client.sent.size(), 2u);
    EXPECT_GE(client.sent[1].at - client.sent[0].at, test.pause_min);
    EXPECT_EQ(client.sent[1].endpoint, test.endpoint_next);
    EXPECT_EQ(client.resets, std::vector<std::size_t>(test.resets ? 1 : 0, 0));
  }
}

TEST(ServerClientTest, PausesGrowToASecondWithJitter) {
  std::set<milliseconds> first_pauses;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Client client(options_of_servers(3), seed);
    client.send(1);
    for (std::size_t i = 0; i < 10; ++i) {
      const auto refused_at = client.now;
      client.refuse(client.sent[i].endpoint, 1, {Status::kUnavailable, "", {}, ""});
      client.pass(1'000ms);
      ASSERT_EQ(client.sent.size(), i + 2);
      const auto pause = std::chrono::duration_cast<milliseconds>(client.sent[i + 1].at - refused_at);
      const auto longest = std::min<milliseconds>(1'000ms, 100ms * (1 << i));
      EXPECT_GE(pause, longest / 2) << "seed " << seed << ", pause " << i;
      EXPECT_LE(pause, longest) << "seed " << seed << ", pause " << i;
      if (i == 0) first_pauses.insert(pause);
    }
  }
  EXPECT_GT(first_pauses.size(), 5u) << "clients must not return at the same moment";
}

TEST(ServerClientTest, TwoServersThatNameEachOtherAreAskedWithAPause) {
  Client client(options_of_servers(3));
  client.send(1);
  client.refuse(0, 1, {Status::kNotLeader, "", {}, "b:2"});
  client.pass(0ms);
  ASSERT_EQ(client.sent.size(), 2u);
  EXPECT_EQ(client.sent[1].endpoint, 1u);
  client.refuse(1, 1, {Status::kNotLeader, "", {}, "a:1"});
  client.pass(49ms);
  EXPECT_EQ(client.sent.size(), 2u);
  client.pass(51ms);
  ASSERT_EQ(client.sent.size(), 3u);
  EXPECT_EQ(client.sent[2].endpoint, 0u);
}

TEST(ServerClientTest, ServersThatDoNotLeadAreAskedAgainUntilOneDoesOrTheBudgetEnds) {
  for (const bool one_leads : {true, false}) {
    Client client(options_of_servers(3, 1));
    client.send(1);
    for (std::size_t i = 0; client.elapsed() < (one_leads ? 20s : 30s) && i < client.sent.size(); ++i) {
      client.refuse(client.sent[i].endpoint, 1, {Status::kNotLeader, "", {}, ""});
      if (client.waits()) client.pass(1'000ms);
    }
    if (one_leads) client.answer(client.sent.back().endpoint, 1);
    EXPECT_EQ(client.answered.size(), one_leads ? 1u : 0u);
    EXPECT_EQ(client.not_known.size(), one_leads ? 0u : 1u);
    EXPECT_LE(client.elapsed(), 25s);
    EXPECT_LE(client.sent.size(), 60u);
  }
}

TEST(ServerClientTest, AStandbyIsAskedAgainWhileTheLeaderThatItNamesIsNotThere) {
  Client client(options_of_servers(2));
  client.send(1);
  client.lose(0);
  client.pass(100ms);
  std::size_t sent = 2;
  for (; client.elapsed() < 1s; ++sent) {
    ASSERT_EQ(client.sent.size(), sent);
    EXPECT_EQ(client.sent.back().endpoint, 1u);
    client.refuse(1, 1, {Status::kNotLeader, "", {}, "a:1"});
    client.pass(1'000ms);
  }
  EXPECT_GE(sent, 3u);
  client.refuse(1, 1, {Status::kNotLeader, "", {}, "a:1"});
  client.pass(0ms);
  ASSERT_EQ(client.sent.size(), sent + 1);
  EXPECT_EQ(client.sent.back().endpoint, 0u) << "by now it may be there again";
}

// The end of the tries.

TEST(ServerClientTest, WhenTheTriesAreUsedUpTheOutcomeIsNotKnown) {
  struct Case {
    const char* claim;
    int retries;
    milliseconds budget;
    std::size_t tries;
    milliseconds took;
  };
  const Case cases[] = {
      {"no retries, as an old server needs it", 0, 25'000ms, 1, 2'000ms},
      {"a negative number is none", -1, 25'000ms, 1, 2'000ms},
      {"three retries", 3, 25'000ms, 4, 8'000ms},
      {"ten retries", 10, 25'000ms, 11, 22'000ms},
      {"the budget ends it", 100, 25'000ms, 13, 25'000ms},
      {"the budget cuts the first try", 10, 500ms, 1, 500ms},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.claim);
    auto options = options_of_servers(3, test.retries);
    options.budget = test.budget;
    Client client(options);
    client.send(1);
    client.pass(test.took - 1ms);
    EXPECT_TRUE(client.waits());
    client.pass(1ms);
    EXPECT_EQ(client.sent.size(), test.tries);
    ASSERT_EQ(client.not_known.size(), 1u);
    EXPECT_EQ(client.not_known[0].request, 1u);
    EXPECT_TRUE(client.not_known[0].was_sent);
    EXPECT_NE(client.not_known[0].reason, "");
    EXPECT_EQ(client.client.wake_at(), std::nullopt);
  }
}

TEST(ServerClientTest, WithoutRetriesARefusalEndsTheRequestAtOnceAndNothingIsSentAgain) {
  Client client(options_of_servers(3, 0));
  client.send(1);
  client.refuse(0, 1, {Status::kOverloaded, "", {}, ""});
  EXPECT_EQ(client.not_known.size(), 1u);
  client.pass(60'000ms);
  EXPECT_EQ(client.sent.size(), 1u);
}

TEST(ServerClientTest, ARequestThatIsGivenUpLetsTheNextOneBeginAtTheNextServer) {
  for (const bool refuses : {false, true}) {
    SCOPED_TRACE(refuses ? "the servers refuse" : "the servers are silent");
    Client client(options_of_servers(3, 0));
    Token token = 0;
    for (const std::size_t server : {0u, 1u, 2u, 0u}) {
      client.send(++token);
      ASSERT_EQ(client.sent.back().endpoint, server);
      if (refuses) client.refuse(server, token, {Status::kNotLeader, "", {}, ""});
      client.pass(2'000ms);
    }
  }
}

TEST(ServerClientTest, AnOwnerThatStopsGetsAnOutcomeForEachRequestAtOnce) {
  Client client(options_of_servers(3));
  client.send(1);
  client.send(2);
  client.refuse(0, 2, {Status::kOverloaded, "", 300ms, ""});
  client.give_up_all();
  ASSERT_EQ(client.not_known.size(), 2u);
  EXPECT_EQ(client.not_known[1].request, 2u);
  EXPECT_EQ(client.not_known[1].reason, "the owner is stopping");
  client.answer(0, 1);
  EXPECT_TRUE(client.answered.empty());
  EXPECT_EQ(client.client.wake_at(), std::nullopt);
}

TEST(ServerClientTest, OfAPartThatAReplyListsTwiceOnlyTheFirstEntryCounts) {
  struct Case {
    const char* description;
    std::vector<ReplyPart> parts;  // of a refusal
    bool is_over;
    bool waits_for_first;  // after the refusal
  };
  const Case cases[] = {
      {"refused, then answered", {{"first-of-1", Status::kUnavailable}, {"first-of-1", Status::kOk}}, false, true},
      {"answered, then refused", {{"first-of-1", Status::kOk}, {"first-of-1", Status::kUnavailable}}, false, false},
      {"answered twice", {{"first-of-1", Status::kOk}, {"first-of-1", Status::kOk}}, false, false},
      {"both answered, one twice",
       {{"first-of-1", Status::kOk}, {"first-of-1", Status::kUnavailable}, {"second-of-1", Status::kOk}},
       true,
       false},
  };
  for (const auto& [description, parts, is_over, waits_for_first] : cases) {
    SCOPED_TRACE(description);
    Client client(options_of_servers(1));
    client.send(1);
    const auto match = client.reply(0, {RequestError{Status::kUnavailable, "", {}, ""}, {}, {}, parts});
    ASSERT_TRUE(match);
    EXPECT_EQ(match->is_over, is_over);
    const auto answers_first = client.reply(0, {{}, {}, {}, {{"first-of-1", Status::kOk}}});
    EXPECT_EQ(answers_first.has_value(), waits_for_first);
  }
}

// The log.

TEST(ServerClientTest, TheLogIsToldOfEachTryAndOfTheOutcome) {
  using Kind = RequestEvent::Kind;
  Client client(options_of_servers(2, 2));
  client.send(1);
  client.refuse(0, 1, {Status::kUnavailable, "", {}, ""});
  client.pass(100ms);
  client.pass(2'000ms);
  client.answer(0, 1);
  client.send(2);
  client.give_up_all();
  struct Event {
    Kind kind;
    Token request;
    std::size_t endpoint;
    int tries_left;
  };
  const Event expected[] = {
      {Kind::kSent, 1, 0, 2}, {Kind::kTryRefused, 1, 0, 2}, {Kind::kSent, 1, 1, 1}, {Kind::kTryLost, 1, 1, 1},
      {Kind::kSent, 1, 0, 0}, {Kind::kAnswered, 1, 0, 0},   {Kind::kSent, 2, 0, 2}, {Kind::kGivenUp, 2, 0, 2},
  };
  ASSERT_EQ(client.logged.size(), std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(client.logged[i].kind, expected[i].kind);
    EXPECT_EQ(client.logged[i].request, expected[i].request);
    EXPECT_EQ(client.logged[i].endpoint, expected[i].endpoint);
    EXPECT_EQ(client.logged[i].tries_left, expected[i].tries_left);
    EXPECT_NE(client.logged[i].message, "");
  }
}

}  // namespace
}  // namespace dti
