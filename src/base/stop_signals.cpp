#include "dti/base/stop_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <utility>

namespace dti {
namespace {

struct TakenSignal {
  int number;
  const char* name;
  bool stops;
  bool only_daemons;
};
constexpr std::array<TakenSignal, 6> kTaken = {{
    {SIGTERM, "SIGTERM", true, false},
    {SIGINT, "SIGINT", true, false},
    {SIGQUIT, "SIGQUIT", true, true},
    {SIGHUP, "SIGHUP", false, true},
    {SIGUSR1, "SIGUSR1", false, true},
    {SIGUSR2, "SIGUSR2", false, true},
}};

sigset_t taken_by(StopSignals::For process) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const auto& signal : kTaken) {
    if (process == StopSignals::For::kDaemon || !signal.only_daemons) sigaddset(&signals, signal.number);
  }
  return signals;
}

int open_signal_descriptor(StopSignals::For process) {
  StopSignals::block(process);
  const auto signals = taken_by(process);
  const int descriptor = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "cannot watch SIGTERM and SIGINT");
  return descriptor;
}

}  // namespace

StopSignals::StopSignals(For process) : descriptor_(open_signal_descriptor(process)) {}

StopSignals::~StopSignals() { close(descriptor_); }

bool StopSignals::stop_asked() {
  signalfd_siginfo info;
  while (read(descriptor_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const auto is_it = [&](const TakenSignal& signal) {
      return static_cast<std::uint32_t>(signal.number) == info.ssi_signo;
    };
    const auto* const taken = std::find_if(kTaken.begin(), kTaken.end(), is_it);
    if (taken->stops) {
      if (!std::exchange(stop_asked_, true) && on_stop_) on_stop_();
    } else if (taken->number == SIGHUP && on_reload_) {
      on_reload_();
    } else if (on_ignored_) {
      on_ignored_(taken->name);
    }
  }
  return stop_asked_;
}

bool StopSignals::is_pending() {
  sigset_t pending;
  sigpending(&pending);
  return std::any_of(kTaken.begin(), kTaken.end(), [&](const TakenSignal& signal) {
    return signal.stops && sigismember(&pending, signal.number) == 1;
  });
}

void StopSignals::block(For process) {
  const auto signals = taken_by(process);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // fails only for a wrong first argument
  // A daemon may write to the terminal of another job.
  if (process == For::kDaemon) std::signal(SIGTTOU, SIG_IGN);
}

}  // namespace dti
