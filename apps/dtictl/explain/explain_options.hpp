#pragma once

#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dtictl/office/office_options.hpp"

namespace dti {

/// The command `dtictl explain`. It prints a report and not a list, so it has --format without --columns.
[[nodiscard]] AppDescription describe_explain();

/// @param args  the command line after `dtictl explain`
/// @return the options, without list; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<OfficeOptions, UsageExit> parse_explain_options(std::span<const std::string> args,
                                                                           const Surroundings& surroundings);

}  // namespace dti
