#include "protocol/round_columns.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "dti/domain/round_plan.hpp"

namespace dti {
namespace {

constexpr std::size_t kHashDigits = 64;

/// A list with a number of each ask.
struct Column {
  std::string_view key;
  std::int64_t min;
  std::int64_t max;
  bool is_needed;  // otherwise, a missing list means the default for each ask
  std::int64_t (*get)(const Ask& ask);
  void (*set)(Ask& ask, std::int64_t number);
};

constexpr std::array<Column, 6> kColumns{{
    {"programs", 1, std::numeric_limits<ProgramId>::max(), true,
     [](const Ask& ask) { return std::int64_t{ask.program}; },
     [](Ask& ask, std::int64_t number) { ask.program = static_cast<ProgramId>(number); }},
    {"classrooms", 0, kQuantityMax, true, [](const Ask& ask) { return ask.want.classrooms; },
     [](Ask& ask, std::int64_t number) { ask.want.classrooms = number; }},
    {"labs", 0, kQuantityMax, true, [](const Ask& ask) { return ask.want.labs; },
     [](Ask& ask, std::int64_t number) { ask.want.labs = number; }},
    {"classes", 0, kPriorityClassMax, false, [](const Ask& ask) { return std::int64_t{ask.priority_class}; },
     [](Ask& ask, std::int64_t number) { ask.priority_class = static_cast<int>(number); }},
    {"weights", 1, kWeightMax, false, [](const Ask& ask) { return ask.weight; },
     [](Ask& ask, std::int64_t number) { ask.weight = number; }},
    {"floors", 0, kRoomsMax, false, [](const Ask& ask) { return ask.floor; },
     [](Ask& ask, std::int64_t number) { ask.floor = number; }},
}};

/// Reads one list. The first one determines how many asks there are.
void read_column(JsonValue root, FieldReader& reader, const Column& column, bool is_first, std::vector<Ask>& asks) {
  const JsonValue list = root[column.key];
  if (list.kind() == JsonKind::kMissing && !column.is_needed) return;
  if (list.kind() != JsonKind::kArray) return reader.fault(column.key, "must be a list of numbers");
  std::size_t count = 0;
  for (auto value = list.first(); value.kind() != JsonKind::kMissing; value = value.next(), ++count) {
    const auto number = value.whole();
    if (value.kind() != JsonKind::kWhole || number < static_cast<std::uint64_t>(column.min) ||
        number > static_cast<std::uint64_t>(column.max)) {
      return reader.fault(
          column.key, "must be whole numbers from " + std::to_string(column.min) + " to " + std::to_string(column.max));
    }
    if (is_first && count == kRoundAsksMax) {
      return reader.fault(column.key, "must have at most " + std::to_string(kRoundAsksMax) + " numbers");
    }
    if (is_first) asks.emplace_back();
    if (count < asks.size()) column.set(asks[count], static_cast<std::int64_t>(number));
  }
  if (is_first && count == 0) reader.fault(column.key, "must have at least one number");
  if (count != asks.size()) reader.fault(column.key, "must have as many numbers as programs");
}

}  // namespace

void write_asks(JsonWriter& writer, const std::vector<Ask>& asks) {
  for (const auto& column : kColumns) {
    const auto is_default = [&](const Ask& ask) { return column.get(ask) == column.get(Ask{}); };
    if (!column.is_needed && std::all_of(asks.begin(), asks.end(), is_default)) continue;
    writer.open_array(column.key);
    for (const auto& ask : asks) writer.element(column.get(ask));
    writer.close_array();
  }
}

std::vector<Ask> read_asks(JsonValue root, FieldReader& reader) {
  std::vector<Ask> asks;
  for (const auto& column : kColumns) {
    if (reader.first_fault()) return {};
    read_column(root, reader, column, &column == kColumns.data(), asks);
  }
  std::vector<ProgramId> programs;
  for (const auto& ask : asks) programs.push_back(ask.program);
  std::sort(programs.begin(), programs.end());
  const auto twice = std::adjacent_find(programs.begin(), programs.end());
  if (twice != programs.end()) reader.fault("programs", "must name each program once: " + std::to_string(*twice));
  return asks;
}

std::string read_hash(JsonValue root, FieldReader& reader, std::string_view key) {
  auto digits = reader.text(root, "", key, {kHashDigits, kHashDigits});
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::all_of(digits.begin(), digits.end(), is_digit))
    reader.fault(key, "must be hexadecimal digits in lower case");
  return digits;
}

}  // namespace dti
