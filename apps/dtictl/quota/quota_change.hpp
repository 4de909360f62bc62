#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl quota set`.
[[nodiscard]] int run_quota_set(std::span<const std::string> args);
/// Runs `dtictl quota clear`.
[[nodiscard]] int run_quota_clear(std::span<const std::string> args);

}  // namespace dti
