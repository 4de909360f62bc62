#pragma once

#include <span>
#include <string>

#include "dtictl/office/office_options.hpp"
#include "dtictl/what_if/what_if_options.hpp"

namespace dti {

/// Decides the requests of a file on a copy of a semester, and prints the list and the words beside it.
/// @return the exit code  @throws Unanswerable, StorageError or std::runtime_error
[[nodiscard]] int print_plan(const ReadCommand& command, const OfficeOptions& office, const WhatIfOptions& options);

/// Runs `dtictl what-if`.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/what-if.md
[[nodiscard]] int run_what_if(std::span<const std::string> args);

}  // namespace dti
