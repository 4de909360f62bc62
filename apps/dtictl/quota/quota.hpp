#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl quota`, which has commands of its own: list, set, clear.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_quota(std::span<const std::string> args);

}  // namespace dti
