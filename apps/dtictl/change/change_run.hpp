#pragma once

#include <span>
#include <string>

#include "dtictl/change/change_options.hpp"

namespace dti {

/// Runs a command that changes something: it reads what is true, lets the server decide a dry run, asks the person, and
/// sends the command with what it expects.
/// @return the exit code, a ChangeExit
[[nodiscard]] int run_change(const ChangeVerb& verb, std::span<const std::string> args);

}  // namespace dti
