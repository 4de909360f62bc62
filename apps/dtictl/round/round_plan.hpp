#pragma once

#include <span>
#include <string>

#include "dtictl/office/office_options.hpp"
#include "dtictl/what_if/what_if_options.hpp"

namespace dti {

[[nodiscard]] ReadCommand round_plan_command();

/// @param options  of round_plan_command()
/// @throws Unanswerable  a value that cannot be used, or a file that cannot be read
[[nodiscard]] WhatIfOptions read_round_plan_options(const OfficeOptions& options, const Surroundings& surroundings);

/// Runs `dtictl round plan`. @return the exit code
[[nodiscard]] int run_round_plan(std::span<const std::string> args);

}  // namespace dti
