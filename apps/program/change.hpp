#pragma once

#include "dti/base/stop_signals.hpp"
#include "dti/cli/logging.hpp"
#include "program/options.hpp"

namespace dti {

/// Changes the grant that the program holds: reads what is true, and sends the command with what it expects. It prints what
/// the program holds after that.
/// @param options  with a change
/// @return the exit code
[[nodiscard]] int run_program_change(const ProgramOptions& options, StopSignals& stop, const Log& log);

}  // namespace dti
