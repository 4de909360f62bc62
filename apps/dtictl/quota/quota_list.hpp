#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl quota list`. Source: docs/settings.md, Lists.
[[nodiscard]] int run_quota_list(std::span<const std::string> args);

}  // namespace dti
