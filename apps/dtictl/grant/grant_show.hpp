#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl grant show`, as run_grant().
[[nodiscard]] int run_grant_show(std::span<const std::string> args);

}  // namespace dti
