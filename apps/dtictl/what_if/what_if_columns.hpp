#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dti/cli/lists/column.hpp"
#include "dti/domain/ask.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/service/planning/what_if.hpp"

namespace dti {

/// A row of the list that dtictl what-if prints.
struct WhatIfRow {
  std::string faculty;
  std::string program;
  Want want;
  PlannedRequest planned;
  std::size_t line = 0;  // of the file
  std::string semester;
  Seq head = 0;
};

/// @param compares  a table has the columns that compare with first come
[[nodiscard]] std::vector<Column<WhatIfRow>> what_if_columns(bool compares);

/// The word for the reason: `lot`; empty if nothing limited the grant.
[[nodiscard]] std::string_view limit_text(LimitedBy limited_by);

}  // namespace dti
