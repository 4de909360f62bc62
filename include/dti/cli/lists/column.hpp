#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "dti/base/time.hpp"

namespace dti {

enum class ColumnKind { kText, kInteger, kTime, kBoolean };

/// The value of a row in a column. The alternatives are "no value" and the kinds, in the order of ColumnKind.
using Cell = std::variant<std::monostate, std::string, std::int64_t, WallTime, bool>;

/// The part of a column that users see.
struct ColumnHead {
  std::string name;  // such as `public-key`. Scripts depend on it, so it never changes
  ColumnKind kind = ColumnKind::kText;
};

/// A column of a list whose rows have the type Row.
template <class Row>
struct Column {
  ColumnHead head;
  std::function<Cell(const Row&)> value;  // of the column's kind, or no value
};

/// The names of the columns, in their order.
template <class Row>
[[nodiscard]] std::vector<std::string> names_of(const std::vector<Column<Row>>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.head.name);
  return names;
}

}  // namespace dti
