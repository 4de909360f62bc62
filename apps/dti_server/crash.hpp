#pragma once

#include <chrono>

namespace dti {

/// Kills this process with SIGKILL after `delay`, to simulate a crash (--fail-seconds). Returns immediately.
void crash_after(std::chrono::milliseconds delay);

}  // namespace dti
