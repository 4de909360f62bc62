#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl ledger import`.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_ledger_import(std::span<const std::string> args);

}  // namespace dti
