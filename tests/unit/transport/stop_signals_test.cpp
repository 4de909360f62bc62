#include "dti/transport/stop_signals.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

namespace dti {
namespace {

bool is_readable(int descriptor) {
  pollfd item{descriptor, POLLIN, 0};
  return poll(&item, 1, 0) == 1;
}

TEST(StopSignalsTest, EitherSignalAsksForAStopAndIsRemembered) {
  for (const int signal : {SIGTERM, SIGINT}) {
    StopSignals stop;
    EXPECT_FALSE(stop.stop_asked());
    EXPECT_FALSE(is_readable(stop.descriptor()));
    kill(getpid(), signal);
    EXPECT_TRUE(is_readable(stop.descriptor()));
    EXPECT_TRUE(stop.stop_asked());
    EXPECT_FALSE(is_readable(stop.descriptor())) << "a poll set must not spin on it";
    EXPECT_TRUE(stop.stop_asked());
  }
}

}  // namespace
}  // namespace dti
