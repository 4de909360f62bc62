#pragma once

#include <cstddef>
#include <vector>

#include "dti/cli/lists/list_writer.hpp"
#include "dti/cli/settings.hpp"

namespace dti {

/// The values of --format and --columns.
struct ListChoice {
  ListFormat format = ListFormat::kTable;
  std::vector<std::size_t> columns;  // their indices, in the order of the output
};

/// The settings of a command that prints a list: its own, and then `format` and `columns`.
/// @param columns  all columns of the list
[[nodiscard]] std::vector<Setting> with_list_settings(std::vector<Setting> settings,
                                                      const std::vector<ColumnHead>& columns);

/// @param columns  as for with_list_settings()
[[nodiscard]] ListChoice read_list_choice(const Settings& settings, const std::vector<ColumnHead>& columns);

}  // namespace dti
