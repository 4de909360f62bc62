#include "dtictl/key/key_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "dti/cli/escape.hpp"

namespace dti {
namespace {

using Row = std::array<std::string, 3>;

std::size_t width_of(std::string_view text) {  // bytes that continue a code point do not count
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string key_table(const KeyList& list) {
  std::vector<Row> rows{{"NAME", "ROLE", "PUBLIC KEY"}};
  for (const auto& key : list) rows.push_back({printable(key.name), printable(role_text(key.role)), key_text(key.key)});
  std::array<std::size_t, 2> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string table;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      table += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    table += row.back() + '\n';
  }
  return table;
}

std::string key_lines(const KeyList& list) {
  std::string lines;
  for (const auto& key : list) lines += key_text(key.key) + '\t' + role_text(key.role) + '\t' + key.name + '\n';
  return lines;
}

}  // namespace dti
