#pragma once

#include <span>
#include <string>

namespace dti {

/// The command `dtictl head`: prints a signed line about the ends of a store's chains of seals.
/// @param args  the command line after the command
/// @return the exit code: 0 printed; 1 the store could not be read; 2 incorrect usage
[[nodiscard]] int run_head(std::span<const std::string> args);

}  // namespace dti
