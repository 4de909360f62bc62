#include "dti/transport/stop_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace dti {
namespace {

int open_signal_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    throw std::system_error(error, std::generic_category(), "cannot block SIGTERM and SIGINT");
  }
  const int descriptor = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "cannot watch SIGTERM and SIGINT");
  return descriptor;
}

}  // namespace

StopSignals::StopSignals() : descriptor_(open_signal_descriptor()) {}

StopSignals::~StopSignals() { close(descriptor_); }

bool StopSignals::stop_asked() {
  signalfd_siginfo info;
  while (read(descriptor_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) stop_asked_ = true;
  return stop_asked_;
}

}  // namespace dti
