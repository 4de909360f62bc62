#pragma once

#include <optional>
#include <string>

#include "dti/base/stop_signals.hpp"

namespace dti {

/// Tells whether a person can be asked: stdin is a terminal.
[[nodiscard]] bool can_ask();

/// Asks on stderr and reads a line from stdin.
/// @return the line without its end; none at the end of stdin, or if a signal requests a stop
[[nodiscard]] std::optional<std::string> ask_person(const std::string& question, StopSignals& stop);

}  // namespace dti
