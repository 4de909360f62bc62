#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl wait`, which has commands of its own: list, leave, on, off.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_wait(std::span<const std::string> args);

}  // namespace dti
