#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl round COMMAND`. @return the exit code
[[nodiscard]] int run_round(std::span<const std::string> args);

}  // namespace dti
