#pragma once

#include <string>

#include "dti/domain/request_file.hpp"
#include "dti/service/ledger/stored_rows.hpp"
#include "dti/service/planning/what_if.hpp"
#include "dtictl/what_if/what_if_options.hpp"

namespace dti {

/// The errors of a file, a line each, and their number.
[[nodiscard]] std::string fault_lines(const std::string& file, const RequestFaults& faults);

/// What the reader of the list should know beside it, a line each: the entry on which the plan rests, the totals, and
/// notes about the file.
/// @param left  from which the plan was made
[[nodiscard]] std::string summary(const WhatIfOptions& options, const RequestFile& file, const StoredSemester& semester,
                                  const Pool& left, const Plan& plan);

/// The line about provisional lots.
/// @param sealed  the entry with the seal from which they are drawn; 0: there is none
[[nodiscard]] std::string lots_line(Seq sealed);

}  // namespace dti
