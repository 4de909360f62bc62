#include "cli/lists/cell_text.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "dti/base/formula_mark.hpp"
#include "dti/base/overloaded.hpp"
#include "dti/base/time_text.hpp"
#include "dti/cli/escape.hpp"

namespace dti {
namespace {

/// The text as printable() returns it, but with its tabs and line ends.
std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\t\r\n"), text.size());
    out += printable(text.substr(0, end));
    text.remove_prefix(end);
    if (text.empty()) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

/// An empty text is quoted too: a cell that is empty without quotes has no value.
std::string csv_text(const std::string& text) {
  const auto value = printable_lines(with_formula_mark(text));
  const bool has_outer_blank = value.starts_with(' ') || value.ends_with(' ');
  if (!value.empty() && !has_outer_blank && value.find_first_of(",\"\t\r\n") == value.npos) return value;
  std::string quoted = "\"";
  for (const char c : value) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string csv_cell(const Cell& cell) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string{}; },
                        [](const std::string& text) { return csv_text(text); },
                        [](std::int64_t number) { return std::to_string(number); },
                        [](WallTime time) { return time_text(time); },
                        [](bool is_true) { return std::string{is_true ? "true" : "false"}; },
                    },
                    cell);
}

std::string json_value(const Cell& cell) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string{"null"}; },
                        [](const std::string& text) { return json_string(text); },
                        [](std::int64_t number) { return std::to_string(number); },
                        [](WallTime time) { return '"' + time_text(time) + '"'; },
                        [](bool is_true) { return std::string{is_true ? "true" : "false"}; },
                    },
                    cell);
}

}  // namespace

std::string table_text(const Cell& cell) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string{"-"}; },
                        [](const std::string& text) { return printable(text); },
                        [](std::int64_t number) { return std::to_string(number); },
                        [](WallTime time) { return time_text(time); },
                        [](bool is_true) { return std::string{is_true ? "yes" : "no"}; },
                    },
                    cell);
}

std::string csv_line(std::span<const Cell> cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : ",") + csv_cell(cells[i]);
  return line += '\n';
}

std::string json_object(const std::vector<ColumnHead>& columns, std::span<const Cell> cells) {
  std::string object = "{";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    object += (i == 0 ? "" : ",") + json_string(columns[i].name) + ':' + json_value(cells[i]);
  }
  return object += '}';
}

}  // namespace dti
