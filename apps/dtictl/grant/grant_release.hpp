#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl grant release`. @return the exit code
[[nodiscard]] int run_grant_release(std::span<const std::string> args);

}  // namespace dti
