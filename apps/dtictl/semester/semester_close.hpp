#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl semester close`. @return the exit code
[[nodiscard]] int run_semester_close(std::span<const std::string> args);

}  // namespace dti
