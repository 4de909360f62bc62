#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl explain`.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/what-if.md
[[nodiscard]] int run_explain(std::span<const std::string> args);

}  // namespace dti
