#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dtictl/office/office_options.hpp"
#include "dtictl/office/office_store.hpp"
#include "dtictl/what_if/what_if_options.hpp"

namespace dti {

/// Takes what was decided: the store, the semester, and the requests in the order of the file.
using PlanSink =
    std::function<void(const OfficeStore& store, const StoredSemester& semester, const std::vector<Ask>& asks)>;

/// Decides the requests of a file on a copy of a semester, and prints the list and the words beside it.
/// @param sink  gets the requests before they are printed
/// @return the exit code  @throws Unanswerable, StorageError or std::runtime_error
[[nodiscard]] int print_plan(const ReadCommand& command, const OfficeOptions& office, const WhatIfOptions& options,
                             const PlanSink& sink = {});

/// Runs `dtictl what-if`.
/// @param args  the command line after the command's name
/// @return the exit code; see docs/what-if.md
[[nodiscard]] int run_what_if(std::span<const std::string> args);

}  // namespace dti
