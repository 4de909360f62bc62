#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl catalog apply`. @return the exit code
[[nodiscard]] int run_catalog_apply(std::span<const std::string> args);

}  // namespace dti
