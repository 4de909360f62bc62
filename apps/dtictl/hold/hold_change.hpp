#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl hold confirm`.
[[nodiscard]] int run_hold_confirm(std::span<const std::string> args);
/// Runs `dtictl hold extend`.
[[nodiscard]] int run_hold_extend(std::span<const std::string> args);
/// Runs `dtictl hold cancel`.
[[nodiscard]] int run_hold_cancel(std::span<const std::string> args);

}  // namespace dti
