#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl catalog list`, `plan` and `apply`.
/// @param args  the command line after `catalog`
/// @return the exit code; see docs/settings.md
[[nodiscard]] int run_catalog(std::span<const std::string> args);

}  // namespace dti
