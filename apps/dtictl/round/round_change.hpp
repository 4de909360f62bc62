#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl round open`. @return the exit code
[[nodiscard]] int run_round_open(std::span<const std::string> args);
/// Runs `dtictl round run`. @return the exit code
[[nodiscard]] int run_round_run(std::span<const std::string> args);

}  // namespace dti
