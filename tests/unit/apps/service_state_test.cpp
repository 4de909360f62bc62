#include "dti_server/service_state.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};

TEST(StatusSentence, SaysWhatTheServerDoes) {
  struct Case {
    std::string sentence;
    std::function<void(ServerFigures&)> make;
  };
  const auto lead = [](ServerFigures& figures) {
    figures.phase = Lead::Phase::kLeading;
    figures.epoch = 7;
  };
  const Case cases[] = {
      {"takes over the store; 0 requests waiting", [](auto&) {}},
      {"takes over the store; 2 requests waiting", [](auto& figures) { figures.requests_waiting = 2; }},
      {"waits for the store, which does not answer; 0 requests waiting",
       [](auto& figures) { figures.store_is_silent = true; }},
      {"takes over the store; 0 requests waiting; led last in epoch 3", [](auto& figures) { figures.epoch = 3; }},
      {"leads in epoch 7; 12 decisions/s, 1 request waiting",
       [&](auto& figures) {
         lead(figures);
         figures.requests_waiting = 1;
       }},
      {"leads in epoch 7; 12 decisions/s, 0 requests waiting; the store is silent",
       [&](auto& figures) {
         lead(figures);
         figures.store_is_silent = true;
       }},
      {"leads in epoch 7; 12 decisions/s, 0 requests waiting; fullest pool: labs of \"B\\n\", 1 of 60 left",
       [&](auto& figures) {
         lead(figures);
         figures.semesters = {{"A", {380, 60, 380}, {20, 30, 20}, 1}, {"B\n", {10, 60, 0}, {10, 1, 0}, 1}};
       }},
      {"leads in epoch 7; 12 decisions/s, 0 requests waiting; fullest pool: classrooms of \"A\", 0 of 3 left",
       [&](auto& figures) {
         lead(figures);
         figures.semesters = {{"A", {3, 0, 0}, {0, 0, 0}, 1}};
       }},
      {"leads in epoch 7; 12 decisions/s, 0 requests waiting; fullest pool: mobile labs of \"A\", 1 of 10 left",
       [&](auto& figures) {
         lead(figures);
         figures.semesters = {{"A", {380, 60, 10}, {300, 30, 1}, 1}};
       }},
      {"leads in epoch 7; 12 decisions/s, 0 requests waiting",
       [&](auto& figures) {
         lead(figures);
         figures.semesters = {{"A", {0, 0, 0}, {0, 0, 0}, 1}};
       }},
      {"stands by for 10.0.0.1:6000; reads the ledger",
       [](auto& figures) {
         figures.phase = Lead::Phase::kStandby;
         figures.leader = "10.0.0.1:6000";
       }},
      {"stands by for another server; 5 entries behind",
       [](auto& figures) {
         figures.phase = Lead::Phase::kStandby;
         figures.is_loaded = true;
         figures.entries_behind = 5;
       }},
      {"stands by for 10.0.0.1:6000; led last in epoch 3",
       [](auto& figures) {
         figures.phase = Lead::Phase::kStandby;
         figures.leader = "10.0.0.1:6000";
         figures.is_loaded = true;
         figures.epoch = 3;
       }},
      {"stands by for 10.0.0.1:6000; reads the ledger; led last in epoch 3",
       [](auto& figures) {
         figures.phase = Lead::Phase::kStandby;
         figures.leader = "10.0.0.1:6000";
         figures.epoch = 3;
       }},
      {"stops; 3 requests waiting",
       [&](auto& figures) {
         lead(figures);
         figures.is_stopping = true;
         figures.requests_waiting = 3;
       }},
  };
  for (const auto& each : cases) {
    ServerFigures figures;
    each.make(figures);
    EXPECT_EQ(status_sentence(figures, 12, false), each.sentence);
  }
}

TEST(StatusSentence, SaysThatTheDatabaseIsAwayUnlessTheStoreIsSilent) {
  ServerFigures figures;
  EXPECT_EQ(status_sentence(figures, 0, true), "waits for the database, which cannot be reached; 0 requests waiting");
  figures.store_is_silent = true;
  EXPECT_EQ(status_sentence(figures, 0, true), "waits for the store, which does not answer; 0 requests waiting");
}

TEST(ServerStatus, MeasuresDecisionsOverASecondOrMore) {
  ServerStatus status;
  const auto decisions_after = [&](std::chrono::milliseconds time, std::uint64_t decisions) {
    ServerFigures figures;
    figures.at = kStart + time;
    figures.phase = Lead::Phase::kLeading;
    figures.requests.decisions[0] = decisions;
    const auto state = status.state(figures);
    EXPECT_EQ(state.turned_at, figures.at);
    const auto text = state.status.substr(state.status.find("; ") + 2);
    return text.substr(0, text.find(' '));
  };
  EXPECT_EQ(decisions_after(0ms, 1'000), "0") << "counted before the first second";
  EXPECT_EQ(decisions_after(500ms, 1'500), "0");
  EXPECT_EQ(decisions_after(1'000ms, 3'000), "2000");
  EXPECT_EQ(decisions_after(1'900ms, 9'000), "2000");
  EXPECT_EQ(decisions_after(3'000ms, 3'100), "50");
}

TEST(ServerStatus, BlamesTheDatabaseOnlyForTheFailuresOfTheTakeOverInProgress) {
  ServerStatus status;
  ServerFigures figures;
  const auto waits = [&] { return status.state(figures).status.starts_with("waits for the database"); };
  const auto fail = [&](StorageError::Kind kind) { ++figures.store.failures[static_cast<std::size_t>(kind)]; };
  fail(StorageError::Kind::kInDoubt);
  EXPECT_FALSE(waits());
  fail(StorageError::Kind::kUnreachable);
  EXPECT_TRUE(waits());
  figures.phase = Lead::Phase::kLeading;
  EXPECT_FALSE(waits());
  figures.phase = Lead::Phase::kTakingOver;
  EXPECT_FALSE(waits()) << "the database was away before this take-over";
  fail(StorageError::Kind::kUnreachable);
  EXPECT_TRUE(waits());
}

TEST(ServerStatus, IsStuckWhileTheStoreIsSilent) {
  ServerStatus status;
  ServerFigures figures;
  EXPECT_FALSE(status.state(figures).is_stuck);
  figures.store_is_silent = true;
  EXPECT_TRUE(status.state(figures).is_stuck);
}

}  // namespace
}  // namespace dti
