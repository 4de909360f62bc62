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
  bool is_detail = false;  // a table has it only if the user names it; the other formats have every column
};

/// A column of a list whose rows have the type Row.
template <class Row>
struct Column {
  ColumnHead head;
  std::function<Cell(const Row&)> value;  // of the column's kind, or no value
};

/// The parts that users see, in the order of the columns.
template <class Row>
[[nodiscard]] std::vector<ColumnHead> heads_of(const std::vector<Column<Row>>& columns) {
  std::vector<ColumnHead> heads;
  for (const auto& column : columns) heads.push_back(column.head);
  return heads;
}

}  // namespace dti
