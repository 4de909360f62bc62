#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl verify`. @param args  the command line behind the command's name  @return the exit code
[[nodiscard]] int run_verify(std::span<const std::string> args);

}  // namespace dti
