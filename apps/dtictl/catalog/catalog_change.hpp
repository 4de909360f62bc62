#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl catalog rename` and `dtictl catalog retire`. @return the exit code
[[nodiscard]] int run_catalog_rename(std::span<const std::string> args);
[[nodiscard]] int run_catalog_retire(std::span<const std::string> args);

}  // namespace dti
