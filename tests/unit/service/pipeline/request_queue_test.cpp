#include "dti/service/pipeline/request_queue.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using fixtures::granted;

WaitingRequest waiting(std::uint64_t arrival, bool answered = false) {
  WaitingRequest request;
  request.arrival = arrival;
  request.bytes = 10;
  request.answered = answered;
  return request;
}

WaitingBarrier barrier(std::uint64_t arrival, bool answered = false) {
  WaitingBarrier barrier;
  barrier.arrival = arrival;
  barrier.bytes = 10;
  barrier.answered = answered;
  barrier.in_progress = true;
  return barrier;
}

RequestGroup group(SemesterId semester, std::vector<std::uint64_t> arrivals, std::vector<LedgerEntry> entries) {
  RequestGroup group;
  group.semester_id = semester;
  for (const auto arrival : arrivals) group.requests.push_back(waiting(arrival));
  group.entries = std::move(entries);
  return group;
}

LedgerEntry entry(Seq seq) { return granted(seq, 1, {1, 0}, {1, 0, 0}); }

/// Fills the bounds with requests of 10 bytes.
void admit(RequestQueue& queue, std::size_t count) {
  std::uint64_t arrival = 0;
  for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(queue.admit(arrival, 10));
}

std::vector<std::uint64_t> arrivals_of(RequestQueue& queue) {
  std::vector<std::uint64_t> arrivals;
  queue.for_each([&](const WaitingRequest& request) { arrivals.push_back(request.arrival); });
  return arrivals;
}

TEST(RequestQueue, HoldsExactlyAsManyRequestsAndBytesAsItsLimits) {
  struct Case {
    const char* description;
    RequestQueue::Limits limits;
    std::vector<std::pair<std::size_t, bool>> messages;  // bytes, is there room?
  };
  const Case cases[] = {
      {"requests", {2, 1'000}, {{1, true}, {1, true}, {1, false}, {0, false}}},
      {"bytes", {10, 100}, {{60, true}, {41, false}, {40, true}, {1, false}, {0, true}}},
      {"one message of all bytes", {10, 100}, {{101, false}, {100, true}, {1, false}}},
      {"no room at all", {0, 100}, {{0, false}}},
  };
  for (const auto& [description, limits, messages] : cases) {
    RequestQueue queue{limits};
    std::uint64_t arrival = 0;
    std::uint64_t expected = 0;
    for (const auto& [bytes, has_room] : messages) {
      EXPECT_EQ(queue.admit(arrival, bytes), has_room) << description << ": " << bytes;
      EXPECT_EQ(arrival, ++expected) << "also one without room has a number";
    }
  }
}

TEST(RequestQueue, ARequestThatLeavesMakesRoomForOneOfItsSize) {
  RequestQueue queue{{2, 100}};
  std::uint64_t arrival = 0;
  ASSERT_TRUE(queue.admit(arrival, 70));
  ASSERT_TRUE(queue.admit(arrival, 30));
  queue.leave(30);
  EXPECT_FALSE(queue.admit(arrival, 31));
  EXPECT_TRUE(queue.admit(arrival, 30));
}

TEST(RequestQueue, AnEmptyQueueHasNothingToDecideAndNothingToUndo) {
  RequestQueue queue{{1, 1}};
  EXPECT_TRUE(queue.is_empty());
  EXPECT_FALSE(queue.has_undecided());
  EXPECT_FALSE(queue.is_request_next());
  queue.take_back([](SemesterId, const LedgerEntry&) { ADD_FAILURE(); });
  EXPECT_EQ(queue.remove_undecided([](const WaitingRequest&) { return true; }), 0U);
  queue.remove_barriers([](const WaitingBarrier&) { return true; });
  EXPECT_TRUE(arrivals_of(queue).empty());
}

TEST(RequestQueue, WhatIsDecidedOrInFlightKeepsItFromBeingEmpty) {
  RequestQueue gathering{{1, 1}};
  gathering.gathering.push_back(group(1, {1}, {}));
  EXPECT_FALSE(gathering.is_empty());
  EXPECT_FALSE(gathering.has_undecided());
  RequestQueue in_flight{{1, 1}};
  in_flight.in_flight.push_back(group(1, {1}, {}));
  EXPECT_FALSE(in_flight.is_empty());
  RequestQueue barriers{{1, 1}};
  barriers.barriers.push_back(barrier(1));
  EXPECT_FALSE(barriers.is_empty());
  EXPECT_TRUE(barriers.has_undecided());
  EXPECT_FALSE(barriers.is_request_next());
}

TEST(RequestQueue, TheNextOneIsTheRequestOrTheBarrierThatArrivedFirst) {
  RequestQueue queue{{9, 900}};
  for (const auto arrival : {1, 2, 4}) queue.undecided.push_back(waiting(arrival));
  admit(queue, 5);
  queue.barriers.push_back(barrier(3));
  queue.barriers.push_back(barrier(5));
  std::string order;
  while (queue.has_undecided()) {
    if (queue.is_request_next()) {
      order += std::to_string(queue.undecided.front().arrival);
      queue.undecided.pop_front();
    } else {
      order += std::to_string(queue.barriers.front().arrival);
      queue.leave_first_barrier();
    }
  }
  EXPECT_EQ(order, "12345");
}

TEST(RequestQueue, TakesDecisionsBackNewestFirstAndRequestsInOrderOfArrival) {
  RequestQueue queue{{9, 900}};
  admit(queue, 7);
  queue.in_flight.push_back(group(1, {1, 4}, {}));
  auto batch = std::make_shared<Batch>();
  batch->entries = {entry(2), entry(3)};
  queue.in_flight.front().batch = batch;
  queue.gathering.push_back(group(2, {2}, {entry(2)}));
  queue.gathering.push_back(group(1, {3, 5}, {entry(4), entry(5)}));
  queue.undecided.push_back(waiting(6));
  queue.barriers.push_back(barrier(7));
  queue.gathering.back().requests[0].entry_count = 1;
  queue.gathering.back().requests[0].outcome.programs = {{}};

  std::vector<std::pair<SemesterId, Seq>> undone;
  queue.take_back([&](SemesterId semester, const LedgerEntry& entry) { undone.emplace_back(semester, entry.seq); });
  EXPECT_EQ(undone, (std::vector<std::pair<SemesterId, Seq>>{{1, 5}, {1, 4}, {2, 2}, {1, 3}, {1, 2}}));
  EXPECT_TRUE(queue.gathering.empty());
  EXPECT_TRUE(queue.in_flight.empty());
  ASSERT_EQ(arrivals_of(queue), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(queue.undecided[2].entry_count, 0U);
  EXPECT_EQ(queue.undecided[2].outcome, Outcome{});
  ASSERT_EQ(queue.barriers.size(), 1U);
  EXPECT_FALSE(queue.barriers[0].in_progress);
}

TEST(RequestQueue, WhatWasAnsweredAtItsDeadlineLeavesWhenItIsTakenBack) {
  RequestQueue queue{{3, 30}};
  admit(queue, 3);
  queue.in_flight.push_back(group(1, {1, 2}, {}));
  queue.in_flight[0].requests[0].answered = true;
  queue.barriers.push_back(barrier(3, true));
  std::uint64_t arrival = 0;
  ASSERT_FALSE(queue.admit(arrival, 10)) << "it is full";
  queue.take_back([](SemesterId, const LedgerEntry&) {});
  EXPECT_EQ(arrivals_of(queue), (std::vector<std::uint64_t>{2}));
  EXPECT_TRUE(queue.barriers.empty());
  EXPECT_TRUE(queue.admit(arrival, 20)) << "the room of both";
  EXPECT_FALSE(queue.admit(arrival, 1));
}

TEST(RequestQueue, OnlyTheRemovedRequestsAndBarriersLeave) {
  RequestQueue queue{{4, 40}};
  admit(queue, 4);
  queue.undecided.push_back(waiting(1));
  queue.undecided.push_back(waiting(3));
  queue.barriers.push_back(barrier(2));
  queue.barriers.push_back(barrier(4));
  EXPECT_EQ(queue.remove_undecided([](const WaitingRequest& request) { return request.arrival == 3; }), 1U);
  queue.remove_barriers([](const WaitingBarrier& barrier) { return barrier.arrival == 2; });
  EXPECT_EQ(arrivals_of(queue), (std::vector<std::uint64_t>{1}));
  ASSERT_EQ(queue.barriers.size(), 1U);
  EXPECT_EQ(queue.barriers[0].arrival, 4U);
  admit(queue, 2);
  std::uint64_t arrival = 0;
  EXPECT_FALSE(queue.admit(arrival, 0));
}

TEST(RequestQueueDeathTest, ThatMoreLeavesThanWasAdmittedIsABug) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  RequestQueue queue{{1, 100}};
  EXPECT_DEATH(queue.leave(0), "check failed");
  admit(queue, 1);
  EXPECT_DEATH(queue.leave(11), "check failed");
}

}  // namespace
}  // namespace dti
