#pragma once

#include <span>
#include <string>

namespace dti {

/// Runs `dtictl ledger export`.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/settings.md, Exit codes
[[nodiscard]] int run_ledger_export(std::span<const std::string> args);

}  // namespace dti
