#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/client/server_client.hpp"
#include "unit/service/client/server_client_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using namespace client_test;

TEST(ServerClientTest, AConnectionThatIsLostSendsItsRequestsToAnotherServerSoon) {
  Client client(options_of_servers(3));
  client.send(1);
  client.lose(0);
  client.pass(100ms);
  ASSERT_EQ(client.sent.size(), 2u);
  EXPECT_EQ(client.sent[1].endpoint, 1u);
  client.lose(2);  // nothing is under way there
  client.answer(1, 1);
  EXPECT_EQ(client.answered, std::vector<Token>{1});
}

TEST(ServerClientTest, WhenNoServerCanBeReachedNothingCountsAsATryUntilOneIsThereOrTheBudgetEnds) {
  for (const std::size_t servers : {1u, 2u}) {
    for (const int retries : {0, 1}) {
      for (const bool one_comes : {true, false}) {
        SCOPED_TRACE(std::to_string(servers) + " servers, " + std::to_string(retries) + " retries");
        Client client(options_of_servers(servers, retries));
        client.servers_are_there = false;
        client.send(1);
        for (std::size_t i = 0; client.waits() && i < client.wanted.size(); ++i) {
          const auto endpoint = client.wanted[i].endpoint;
          if (one_comes && client.elapsed() > 20s) {
            client.connect(endpoint);
            client.answer(endpoint, 1);
          } else {
            client.lose(endpoint);
            client.pass(1'000ms);
          }
        }
        EXPECT_EQ(client.answered.size(), one_comes ? 1u : 0u);
        EXPECT_EQ(client.sent.size(), one_comes ? 1u : 0u);
        if (one_comes) continue;
        ASSERT_EQ(client.not_known.size(), 1u);
        EXPECT_FALSE(client.not_known[0].was_sent);
        EXPECT_GE(client.elapsed(), 23s);
        EXPECT_LE(client.elapsed(), 25s);
        EXPECT_LE(client.wanted.size(), 60u);
      }
    }
  }
}

TEST(ServerClientTest, WithoutRetriesARequestWhoseConnectionBreaksIsNotSentAgain) {
  Client client(options_of_servers(3, 0));
  client.send(1);
  client.lose(0);
  ASSERT_EQ(client.not_known.size(), 1u) << "its answer cannot come any more";
  EXPECT_TRUE(client.not_known[0].was_sent);
  client.pass(60'000ms);
  EXPECT_EQ(client.sent.size(), 1u);
}

TEST(ServerClientTest, TheTimeOfATryBeginsWhenItsConnectionIsEstablished) {
  Client client(options_of_servers(3));
  client.servers_are_there = false;
  client.send(1);
  client.pass(10'000ms);
  client.connect(0);
  client.pass(1'999ms);
  EXPECT_EQ(client.wanted.size(), 1u);
  client.pass(1ms);
  EXPECT_EQ(client.wanted.size(), 2u);
}

TEST(ServerClientTest, ARequestThatWasGivenUpUnsentIsNotSentWhenItsConnectionIsEstablishedLater) {
  for (const int retries : {0, 10}) {
    SCOPED_TRACE(std::to_string(retries) + " retries");
    Client client(options_of_servers(1, retries));
    client.servers_are_there = false;
    client.send(1);
    client.pass(24'000ms);
    client.send(2);
    client.pass(1'000ms);
    ASSERT_EQ(client.not_known.size(), 1u) << "the time of the first request is over";
    EXPECT_FALSE(client.not_known[0].was_sent);
    EXPECT_TRUE(client.resets.empty()) << "the second request still waits for the connection";
    client.connect(0);
    ASSERT_EQ(client.sent.size(), 1u);
    EXPECT_EQ(client.sent[0].request, 2u);
  }
}

TEST(ServerClientTest, ARequestWhoseAttemptToConnectFailsIsSentOnceOverTheNextConnection) {
  for (const int retries : {0, 10}) {
    SCOPED_TRACE(std::to_string(retries) + " retries");
    Client client(options_of_servers(1, retries));
    client.servers_are_there = false;
    client.send(1);
    client.send(2);
    client.lose(0);
    client.servers_are_there = true;
    client.pass(1'000ms);
    ASSERT_EQ(client.sent.size(), 2u);
    EXPECT_NE(client.sent[0].request, client.sent[1].request);
  }
}

TEST(ServerClientTest, StandbysBehindABalancerAreLeftForNewConnectionsUntilTheLeaderIsFound) {
  for (const auto status : {Status::kNotLeader, Status::kUnavailable}) {
    SCOPED_TRACE(wire_text(status));
    Client client(options_of_servers(1, status == Status::kNotLeader ? 1 : 10));
    client.send(1);
    for (std::size_t refusals = 1; refusals <= 8; ++refusals) {
      client.refuse(0, 1, {status, "", {}, "d:4"});
      EXPECT_EQ(client.resets.size(), refusals);
      client.pass(1'000ms);
      ASSERT_EQ(client.sent.size(), refusals + 1);
    }
    client.answer(0, 1);
    EXPECT_EQ(client.answered, std::vector<Token>{1});
  }
}

TEST(ServerClientTest, RequestsThatShareAConnectionToAStandbyAreAskedAgainAtOnceAndForFree) {
  for (const auto status : {Status::kNotLeader, Status::kUnavailable}) {
    SCOPED_TRACE(wire_text(status));
    Client client(options_of_servers(1, 1));
    client.send(1);
    client.send(2);
    client.refuse(0, 1, {status, "", {}, ""});
    client.pass(100ms);
    if (status == Status::kNotLeader) {
      EXPECT_EQ(client.resets, std::vector<std::size_t>{0});
      ASSERT_EQ(client.sent.size(), 4u);
    } else {
      EXPECT_TRUE(client.resets.empty()) << "that server may still answer the other request";
      ASSERT_EQ(client.sent.size(), 3u);
    }
    client.answer(0, 1);
    client.answer(0, 2);
    EXPECT_EQ(client.answered, (std::vector<Token>{1, 2}));
  }
}

TEST(ServerClientTest, WithoutRetriesAConnectionIsNotReplacedWhileAnotherRequestIsOnIt) {
  Client client(options_of_servers(1, 0));
  client.send(1);
  client.pass(1'000ms);
  client.send(2);
  client.pass(1'500ms);
  EXPECT_EQ(client.not_known.size(), 1u);
  client.send(3);
  EXPECT_TRUE(client.resets.empty());
  client.answer(0, 2);
  EXPECT_EQ(client.answered, std::vector<Token>{2});
}

TEST(ServerClientTest, AConnectionOnWhichAnotherRequestWasAnsweredIsKept) {
  Client client(options_of_servers(3));
  client.send(1);
  client.pass(1'000ms);
  client.send(2);
  client.pass(1'000ms);
  ASSERT_EQ(client.sent.size(), 3u);
  EXPECT_EQ(client.sent[2].endpoint, 1u) << "the first request was lost";
  client.answer(1, 1);
  client.answer(0, 2);
  client.send(3);
  EXPECT_EQ(client.sent.back().endpoint, 0u);
  EXPECT_TRUE(client.resets.empty());
  client.pass(2'000ms);
  EXPECT_EQ(client.resets, (std::vector<std::size_t>{0})) << "nothing else was under way on it";
}

TEST(ServerClientTest, RequestsThatShareAConnectionDoNotEndEachOthersTriesForEver) {
  Client client(options_of_servers(1));
  // A server that takes 1.5 s for each answer; the first two are lost, a second apart.
  client.send(1);
  client.pass(1'000ms);
  client.send(2);
  std::size_t seen = 2;
  std::size_t resets_seen = 0;
  std::vector<std::pair<SteadyTime, Token>> on_the_way;
  for (int step = 0; step < 100; ++step) {
    client.pass(100ms);
    if (client.resets.size() > resets_seen) on_the_way.clear();  // a new connection loses what was on the old one
    resets_seen = client.resets.size();
    for (; seen < client.sent.size(); ++seen) on_the_way.emplace_back(client.now + 1'500ms, client.sent[seen].request);
    for (const auto& [at, token] : on_the_way) {
      if (at == client.now) client.answer(0, token);
    }
  }
  EXPECT_EQ(std::set<Token>(client.answered.begin(), client.answered.end()), (std::set<Token>{1, 2}));
  EXPECT_TRUE(client.not_known.empty());
  EXPECT_GE(client.resets.size(), 1u);
}

}  // namespace
}  // namespace dti
