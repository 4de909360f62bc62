#include "dti/cli/lists/list_settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {
namespace {

constexpr std::array<std::pair<std::string_view, ListFormat>, 4> kFormats = {{{"table", ListFormat::kTable},
                                                                              {"csv", ListFormat::kCsv},
                                                                              {"json", ListFormat::kJson},
                                                                              {"jsonl", ListFormat::kJsonLines}}};

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const auto& [name, format] : kFormats) names.emplace_back(name);
  return names;
}

ListFormat format_of(std::string_view name) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [name](const auto& it) { return it.first == name; });
  DTI_CHECK(found != kFormats.end());
  return found->second;
}

std::size_t index_of(const std::vector<ColumnHead>& columns, std::string_view name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [name](const ColumnHead& column) { return column.name == name; });
  DTI_CHECK(found != columns.end());
  return static_cast<std::size_t>(found - columns.begin());
}

}  // namespace

std::vector<Setting> with_list_settings(std::vector<Setting> settings, const std::vector<ColumnHead>& columns) {
  std::vector<std::string> names;
  std::string all;
  std::string of_table;
  for (const auto& column : columns) {
    names.push_back(column.name);
    all += (all.empty() ? "" : ", ") + column.name;
    if (!column.is_detail) of_table += (of_table.empty() ? "" : ", ") + column.name;
  }
  settings.push_back({.name = "format",
                      .group = "List",
                      .kind = ChoiceKind{format_names()},
                      .help = "A table to read, or CSV, one JSON array, or a JSON object in each line (jsonl).",
                      .default_value = "table"});
  settings.push_back({.name = "columns",
                      .group = "List",
                      .kind = ChoiceKind{.choices = std::move(names), .several = true},
                      .help = "The columns to print and their order. A script should name those that it reads." +
                              (of_table == all ? "" : " Without this flag, a table has only " + of_table + '.'),
                      .default_shown = all});
  return settings;
}

ListChoice read_list_choice(const Settings& settings, const std::vector<ColumnHead>& columns) {
  ListChoice choice{format_of(settings.text("format")), {}};
  if (!settings.has("columns")) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (choice.format != ListFormat::kTable || !columns[i].is_detail) choice.columns.push_back(i);
    }
    return choice;
  }
  std::string_view rest = settings.text("columns");
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    choice.columns.push_back(index_of(columns, rest.substr(0, comma)));
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return choice;
}

}  // namespace dti
