#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl grant amend`. @return the exit code
[[nodiscard]] int run_grant_amend(std::span<const std::string> args);

}  // namespace dti
