#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl semester list`, as run_semester().
[[nodiscard]] int run_semester_list(std::span<const std::string> args);

}  // namespace dti
