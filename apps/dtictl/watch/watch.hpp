#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl watch`: shows a semester as it changes, until a signal. @return the exit code
[[nodiscard]] int run_watch(std::span<const std::string> args);

}  // namespace dti
