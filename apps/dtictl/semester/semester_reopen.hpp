#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl semester reopen`. @return the exit code
[[nodiscard]] int run_semester_reopen(std::span<const std::string> args);

}  // namespace dti
