#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl semester open`. @return the exit code
[[nodiscard]] int run_semester_open(std::span<const std::string> args);

}  // namespace dti
