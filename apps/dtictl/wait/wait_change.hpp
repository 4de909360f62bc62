#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl wait leave`.
[[nodiscard]] int run_wait_leave(std::span<const std::string> args);
/// Runs `dtictl wait on`.
[[nodiscard]] int run_wait_on(std::span<const std::string> args);
/// Runs `dtictl wait off`.
[[nodiscard]] int run_wait_off(std::span<const std::string> args);

}  // namespace dti
