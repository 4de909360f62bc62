#include "dtictl/office/office_options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;

ReadCommand command() {
  return {.name = "dtictl grant list",
          .purpose = "dtictl grant list prints grants.",
          .settings = {semester_setting(), faculty_setting()},
          .columns = {{"seq", ColumnKind::kInteger}, {"labs", ColumnKind::kInteger, true}},
          .examples = {{"list them", "dtictl grant list"}}};
}

/// The options, as text; or the line about incorrect usage.
std::string parsed(const Args& args, Texts files = {}) {
  const auto result = parse_office_options(command(), args, fake_surroundings({{"HOME", "/h"}}, std::move(files)));
  if (const auto* usage = std::get_if<UsageExit>(&result)) return usage->text;
  const auto& options = std::get<OfficeOptions>(result);
  return options.text("semester").value_or("-") + ' ' + options.text("faculty").value_or("-") + ' ' +
         std::get<SqliteStoreAddress>(options.store).path.string() + ' ' + std::to_string(options.list.columns.size());
}

TEST(OfficeOptions, AreThoseOfAStoreAListAndTheCommand) {
  const struct {
    const char* name;
    Args args;
    Texts files;
    const char* expected;
  } cases[] = {
      {"defaults", {}, {}, "- - /h/.local/state/dti/dti.db 1"},
      {"flags",
       {"--semester=2025-10", "--faculty=Artes", "--store=sqlite:/x", "--format=csv"},
       {},
       "2025-10 Artes /x 2"},
      {"config file of a server",
       {"--config=f"},
       {{"f", "semester = '2025-10'\nport = 7000\nstore = 'sqlite:/x'"}},
       "2025-10 - /x 1"},
      {"no such key", {"--config=f"}, {{"f", "x = 1"}}, "dtictl grant list: f:1: unknown key \"x\"\n"},
      {"a setting of the server alone", {"--port=1"}, {}, "dtictl grant list: --port: unknown flag (see --help)\n"},
  };
  for (const auto& it : cases) EXPECT_EQ(parsed(it.args, it.files), it.expected) << it.name;
}

TEST(OfficeOptions, HelpHasTheColumnsOfATableAndTheExitCodes) {
  const auto usage = std::get<UsageExit>(parse_office_options(command(), Args{"--help"}, fake_surroundings()));
  EXPECT_NE(usage.text.find("a table has only seq."), std::string::npos) << usage.text;
  EXPECT_NE(usage.text.find("2  incorrect usage, or a semester, faculty or program"), std::string::npos);
}

}  // namespace
}  // namespace dti
