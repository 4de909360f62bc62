#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl hold`, which has commands of its own: list, confirm, extend, cancel.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_hold(std::span<const std::string> args);

}  // namespace dti
