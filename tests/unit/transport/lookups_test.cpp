#include "transport/lookups.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <zmq.hpp>

#include "dti/transport/lookups.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

TEST(LookupsTest, WhatRunsDetachedHangsUntilItHasReturned) {
  EXPECT_FALSE(lookup_hangs());
  std::promise<void> answer;
  const auto done = run_detached([answered = answer.get_future().share()] { answered.wait(); });
  EXPECT_TRUE(lookup_hangs());
  answer.set_value();
  done.wait();
  EXPECT_FALSE(lookup_hangs());
}

TEST(LookupsTest, AContextThatCannotEndIsLeftToItself) {
  // An open socket holds up the end of its context as a lookup does.
  std::vector<zmq::context_t> contexts(2);
  zmq::socket_t holding{contexts[0], zmq::socket_type::dealer};
  end_contexts(std::move(contexts), 20ms);
  EXPECT_TRUE(lookup_hangs());
  holding.close();
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (lookup_hangs() && std::chrono::steady_clock::now() < deadline) run_detached([] {}).wait();
  EXPECT_FALSE(lookup_hangs());
}

TEST(LookupsTest, ContextsThatCanEndAreAwaited) {
  std::vector<zmq::context_t> contexts(3);
  for (auto& context : contexts) zmq::socket_t{context, zmq::socket_type::dealer}.close();
  end_contexts(std::move(contexts), 10s);
  EXPECT_FALSE(lookup_hangs());
}

}  // namespace
}  // namespace dti
