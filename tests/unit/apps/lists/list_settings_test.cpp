#include "dti/cli/lists/list_settings.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <variant>

#include "dti/cli/lists/list_printer.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;

struct Program {
  std::string name;
  std::int64_t labs = 0;
};

const std::vector<Column<Program>> kColumns = {
    {{"name", ColumnKind::kText}, [](const Program& program) { return program.name; }},
    {{"labs", ColumnKind::kInteger}, [](const Program& program) { return program.labs; }},
};

std::variant<Settings, UsageExit> resolved(const Args& args) {
  const AppDescription app{.name = "list",
                           .purpose = "list prints a list.",
                           .settings = with_list_settings({}, heads_of(kColumns)),
                           .examples = {},
                           .exit_codes = {}};
  return resolve(app, args, fake_surroundings());
}

std::string printed(const Args& args) {
  const auto settings = resolved(args);
  if (const auto* usage = std::get_if<UsageExit>(&settings)) return usage->text;
  std::ostringstream out;
  ListPrinter<Program> printer{out, read_list_choice(std::get<Settings>(settings), heads_of(kColumns)), kColumns};
  printer.add({"Derecho", 7});
  printer.finish();
  return out.str();
}

TEST(ListSettings, TheDefaultIsATableWithAllColumns) { EXPECT_EQ(printed({}), "NAME     LABS\nDerecho     7\n"); }

TEST(ListSettings, EachFormatCanBeChosen) {
  EXPECT_EQ(printed({"--format=table"}), printed({}));
  EXPECT_EQ(printed({"--format=csv"}), "name,labs\nDerecho,7\n");
  EXPECT_EQ(printed({"--format=json"}), "[\n{\"name\":\"Derecho\",\"labs\":7}\n]\n");
  EXPECT_EQ(printed({"--format=jsonl"}), "{\"name\":\"Derecho\",\"labs\":7}\n");
}

TEST(ListSettings, ColumnsHaveTheOrderOfTheirNames) {
  EXPECT_EQ(printed({"--columns=labs,name"}), "LABS  NAME\n   7  Derecho\n");
  EXPECT_EQ(printed({"--columns=LABS", "--format=csv"}), "labs\n7\n");
}

TEST(ListSettings, AnUnknownNameIsAnErrorThatListsTheNames) {
  EXPECT_EQ(printed({"--columns=name,rooms"}),
            "list: --columns: \"name,rooms\" names \"rooms\", which is not one of name, labs\n");
  EXPECT_EQ(printed({"--columns=name,name"}), "list: --columns: \"name,name\" names name twice\n");
  EXPECT_EQ(printed({"--format=xml"}), "list: --format: \"xml\" is not one of table, csv, json, jsonl\n");
}

TEST(ListSettings, TheHelpListsTheColumns) {
  const auto help = printed({"--help"});
  EXPECT_NE(help.find("--columns=NAME,…\n"), help.npos) << help;
  EXPECT_NE(help.find("(default: name, labs; environment: DTI_COLUMNS)"), help.npos) << help;
}

TEST(ListSettings, ATableLeavesOutDetailsThatTheUserDoesNotName) {
  auto columns = kColumns;
  columns[1].head.is_detail = true;
  const auto listed = [&](const Args& args) {
    const AppDescription app{.name = "list",
                             .purpose = "list prints a list.",
                             .settings = with_list_settings({}, heads_of(columns)),
                             .examples = {},
                             .exit_codes = {}};
    const auto settings = resolve(app, args, fake_surroundings());
    return read_list_choice(std::get<Settings>(settings), heads_of(columns)).columns;
  };
  using Indices = std::vector<std::size_t>;
  EXPECT_EQ(listed({}), Indices{0});
  EXPECT_EQ(listed({"--columns=labs"}), Indices{1});
  for (const auto* format : {"csv", "json", "jsonl"}) {
    EXPECT_EQ(listed({std::string{"--format="} + format}), (Indices{0, 1})) << format;
  }
}

}  // namespace
}  // namespace dti
