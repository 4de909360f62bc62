#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dti/cli/lists/column.hpp"
#include "dti/domain/allocate.hpp"

namespace dti {

[[nodiscard]] inline Cell time_cell(std::int64_t stored) { return WallTime{std::chrono::microseconds{stored}}; }

/// A column of whole numbers.
template <class Row, class Value>
[[nodiscard]] Column<Row> number_column(std::string name, Value value) {
  return {{std::move(name), ColumnKind::kInteger},
          [value](const Row& row) -> Cell { return static_cast<std::int64_t>(value(row)); }};
}

/// A column of texts.
template <class Row, class Value>
[[nodiscard]] Column<Row> text_column(std::string name, Value value) {
  return {{std::move(name), ColumnKind::kText}, [value](const Row& row) -> Cell { return std::string{value(row)}; }};
}

/// A column of times. @param value  gives microseconds since 1970, UTC
template <class Row, class Value>
[[nodiscard]] Column<Row> time_column(std::string name, Value value) {
  return {{std::move(name), ColumnKind::kTime}, [value](const Row& row) { return time_cell(value(row)); }};
}

template <class Row>
void append(std::vector<Column<Row>>& columns, std::vector<Column<Row>> more) {
  for (auto& column : more) columns.push_back(std::move(column));
}

/// classrooms-granted, labs-granted, mobile-labs-granted. @param grant  a function of a row
template <class Row, class Value>
[[nodiscard]] std::vector<Column<Row>> grant_columns_of(Value grant) {
  return {number_column<Row>("classrooms-granted", [grant](const Row& row) { return grant(row).classrooms; }),
          number_column<Row>("labs-granted", [grant](const Row& row) { return grant(row).labs; }),
          number_column<Row>("mobile-labs-granted", [grant](const Row& row) { return grant(row).mobile_labs; })};
}

/// classrooms-wanted and labs-wanted, or -lacking. @param want  a function of a row
template <class Row, class Value>
[[nodiscard]] std::vector<Column<Row>> want_columns_of(const std::string& suffix, Value want) {
  return {number_column<Row>("classrooms" + suffix, [want](const Row& row) { return want(row).classrooms; }),
          number_column<Row>("labs" + suffix, [want](const Row& row) { return want(row).labs; })};
}

/// classrooms-capacity, labs-capacity, conversions-capacity. @param capacity  a function of a row
template <class Row, class Value>
[[nodiscard]] std::vector<Column<Row>> capacity_columns_of(Value capacity) {
  return {number_column<Row>("classrooms-capacity", [capacity](const Row& row) { return capacity(row).classrooms; }),
          number_column<Row>("labs-capacity", [capacity](const Row& row) { return capacity(row).labs; }),
          number_column<Row>("conversions-capacity", [capacity](const Row& row) { return capacity(row).conversions; })};
}

/// classrooms-left, labs-left, mobile-labs-left. @param pool  a function of a row
template <class Row, class Value>
[[nodiscard]] std::vector<Column<Row>> left_columns_of(Value pool) {
  return {number_column<Row>("classrooms-left", [pool](const Row& row) { return pool(row).classrooms; }),
          number_column<Row>("labs-left", [pool](const Row& row) { return pool(row).labs; }),
          number_column<Row>("mobile-labs-left", [pool](const Row& row) { return pool(row).mobile_labs(); })};
}

}  // namespace dti
