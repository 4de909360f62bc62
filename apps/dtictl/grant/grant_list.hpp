#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl grant list`, as run_grant().
[[nodiscard]] int run_grant_list(std::span<const std::string> args);

}  // namespace dti
