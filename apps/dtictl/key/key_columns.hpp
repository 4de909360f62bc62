#pragma once

#include <vector>

#include "dti/cli/lists/column.hpp"
#include "dti/keys/key_list.hpp"

namespace dti {

/// The columns of `dtictl key list`. Source: docs/settings.md, Lists.
[[nodiscard]] std::vector<Column<ListedKey>> key_columns();

}  // namespace dti
