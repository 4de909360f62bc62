#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl wait list`.
[[nodiscard]] int run_wait_list(std::span<const std::string> args);

}  // namespace dti
