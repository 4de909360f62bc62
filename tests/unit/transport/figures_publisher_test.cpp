#include "transport/server/figures_publisher.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace dti {
namespace {

using namespace std::chrono_literals;

class FiguresPublisherTest : public testing::Test {
 protected:
  /// @return whether figures were made
  bool publish(const FiguresPublisher::State& state, std::chrono::milliseconds after_start) {
    bool made = false;
    publisher_.publish_if_due(state, kStart + after_start, [&] {
      made = true;
      ServerFigures figures;
      figures.at = kStart + after_start;
      return figures;
    });
    if (made) {
      EXPECT_EQ(publisher_.board().newest()->at, kStart + after_start);
    }
    return made;
  }

  static constexpr SteadyTime kStart{1h};
  FiguresPublisher publisher_;
};

TEST_F(FiguresPublisherTest, PublishesTenTimesASecondWhileTheStateStaysTheSame) {
  EXPECT_TRUE(publish({}, 0ms));
  EXPECT_FALSE(publish({}, 99ms));
  EXPECT_TRUE(publish({}, 100ms));
  EXPECT_FALSE(publish({}, 199ms));
}

TEST_F(FiguresPublisherTest, PublishesEachChangeOfWhatAHealthPathDependsOnAtOnce) {
  FiguresPublisher::State state;
  ASSERT_TRUE(publish(state, 0ms));
  state.phase = Lead::Phase::kLeading;
  EXPECT_TRUE(publish(state, 1ms));
  state.is_loaded = true;
  EXPECT_TRUE(publish(state, 2ms));
  state.store_answers = false;
  EXPECT_TRUE(publish(state, 3ms));
  state.is_stopping = true;
  EXPECT_TRUE(publish(state, 4ms));
  EXPECT_FALSE(publish(state, 5ms));
}

}  // namespace
}  // namespace dti
