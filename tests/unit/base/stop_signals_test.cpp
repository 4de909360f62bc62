#include "dti/base/stop_signals.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

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

TEST(StopSignalsTest, ADaemonAlsoStopsOnSigquitAndTakesOtherSignalsWithoutStopping) {
  StopSignals::block(StopSignals::For::kDaemon);
  StopSignals stop{StopSignals::For::kDaemon};
  std::vector<std::string> ignored;
  stop.on_ignored([&](const char* name) { ignored.emplace_back(name); });
  for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2}) {
    kill(getpid(), signal);
    EXPECT_TRUE(is_readable(stop.descriptor()));
    EXPECT_FALSE(stop.stop_asked());
  }
  EXPECT_EQ(ignored, (std::vector<std::string>{"SIGHUP", "SIGUSR1", "SIGUSR2"}));
  kill(getpid(), SIGQUIT);
  EXPECT_TRUE(stop.stop_asked());
}

TEST(StopSignalsTest, SighupReloadsInsteadIfThatIsWanted) {
  StopSignals::block(StopSignals::For::kDaemon);
  StopSignals stop{StopSignals::For::kDaemon};
  int reloads = 0;
  int ignored = 0;
  stop.on_reload([&] { ++reloads; });
  stop.on_ignored([&](const char*) { ++ignored; });
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGUSR1);
  EXPECT_FALSE(stop.stop_asked());
  EXPECT_EQ(reloads, 1);
  EXPECT_EQ(ignored, 1);
}

}  // namespace
}  // namespace dti
