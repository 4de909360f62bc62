#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl semester`, which has commands of its own: list, open, resize, close, reopen.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_semester(std::span<const std::string> args);

}  // namespace dti
