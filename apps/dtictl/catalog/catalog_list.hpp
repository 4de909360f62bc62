#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl catalog list`. @return the exit code
[[nodiscard]] int run_catalog_list(std::span<const std::string> args);

}  // namespace dti
