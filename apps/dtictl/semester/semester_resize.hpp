#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl semester resize`. @return the exit code
[[nodiscard]] int run_semester_resize(std::span<const std::string> args);

}  // namespace dti
