#include "dti_server/crash.hpp"

#include <csignal>
#include <thread>

namespace dti {

void crash_after(std::chrono::milliseconds delay) {
  std::thread{[delay] {
    std::this_thread::sleep_for(delay);
    std::raise(SIGKILL);
  }}.detach();  // nothing ends it but the end of the process
}

}  // namespace dti
