#pragma once

#include <chrono>

namespace dti {

/// Kills this process (SIGKILL) after that time, as a crash would: for simulations (--fail-seconds).
void crash_after(std::chrono::milliseconds delay);

}  // namespace dti
