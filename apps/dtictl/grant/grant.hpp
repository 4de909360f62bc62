#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl grant`, which has commands of its own: list, show, release, amend.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_grant(std::span<const std::string> args);

}  // namespace dti
