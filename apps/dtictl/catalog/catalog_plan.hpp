#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl catalog plan`. @return the exit code
[[nodiscard]] int run_catalog_plan(std::span<const std::string> args);

}  // namespace dti
