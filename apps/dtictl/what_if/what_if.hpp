#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl what-if`.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/what-if.md
[[nodiscard]] int run_what_if(std::span<const std::string> args);

}  // namespace dti
