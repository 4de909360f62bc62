#include "dti_server/crash.hpp"

#include <csignal>
#include <thread>

namespace dti {

void crash_after(std::chrono::milliseconds delay) {
  std::thread{[delay] {
    std::this_thread::sleep_for(delay);
    std::raise(SIGKILL);
  }}.detach();  // the thread lives until the process ends
}

}  // namespace dti
