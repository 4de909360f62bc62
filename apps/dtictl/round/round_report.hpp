#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl round report`. @return the exit code
[[nodiscard]] int run_round_report(std::span<const std::string> args);

}  // namespace dti
