#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl hold list`.
[[nodiscard]] int run_hold_list(std::span<const std::string> args);

}  // namespace dti
