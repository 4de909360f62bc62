#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl semester roll-over`: opens a semester after an older one. @return the exit code, a ChangeExit
[[nodiscard]] int run_semester_roll_over(std::span<const std::string> args);

}  // namespace dti
