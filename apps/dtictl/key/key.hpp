#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl key`, which has commands of its own: new, add, remove, list.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_key(std::span<const std::string> args);

}  // namespace dti
