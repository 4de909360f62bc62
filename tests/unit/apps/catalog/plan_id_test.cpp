#include "dtictl/catalog/plan_id.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dti/protocol/catalog_plan_codec.hpp"
#include "dtictl/catalog/plan_words.hpp"
#include "dtictl/change/change_options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

CatalogPlan plan() {
  CatalogPlan plan{
      {}, std::string(32, 'a'), "p.csv", std::string(64, 'b'), {{7, {{"Artes", "Danza"}, {"Artes", "Cine"}}}}};
  plan.id = plan_id(plan);
  return plan;
}

TEST(PlanId, IsACommandIdThatDependsOnEverythingButTheNameOfTheFile) {
  const auto first = plan();
  EXPECT_EQ(first.id.size(), 45U);
  auto same = first;
  same.file = "other.csv";
  EXPECT_EQ(plan_id(same), first.id);
  std::set<std::string> ids{first.id};
  auto other = first;
  other.store = std::string(32, 'c');
  EXPECT_TRUE(ids.insert(plan_id(other)).second);
  other = first;
  other.steps[0].expects = 8;
  EXPECT_TRUE(ids.insert(plan_id(other)).second);
  other = first;
  other.file_hash = std::string(64, 'c');
  EXPECT_TRUE(ids.insert(plan_id(other)).second);
  other = first;
  other.steps[0].added.pop_back();
  EXPECT_TRUE(ids.insert(plan_id(other)).second);
  other = first;
  other.steps[0].added = {{"Artes", "Danz"}, {"aArtes", "Cine"}};
  EXPECT_TRUE(ids.insert(plan_id(other)).second);
  other.steps = {{7, {{"Artes", "Danza"}}}, {7, {{"Artes", "Cine"}}}};
  EXPECT_TRUE(ids.insert(plan_id(other)).second);
}

std::variant<ChangeOptions, UsageExit> parse(const std::string& file, std::vector<std::string> args) {
  return parse_change_options({.verb = OfficeVerb::kChangeCatalog,
                               .name = "dtictl catalog apply",
                               .purpose = "",
                               .examples = {},
                               .operand = "PLAN"},
                              args, testing_support::fake_surroundings({}, {{"plan.json", file}}));
}

std::string fault(const std::variant<ChangeOptions, UsageExit>& parsed) {
  const auto* const usage = std::get_if<UsageExit>(&parsed);
  return usage == nullptr ? "" : usage->text;
}

TEST(CatalogApply, ThePlanHasTheCommands) {
  const auto parsed = parse(encode_catalog_plan(plan()), {"--admin=/run/dti", "--note=new year", "--yes", "plan.json"});
  ASSERT_EQ(fault(parsed), "");
  const auto& options = std::get<ChangeOptions>(parsed);
  const auto& command = options.message.command;
  EXPECT_EQ(options.plan, plan());
  EXPECT_EQ(command.note, "new year");
  EXPECT_EQ(command.catalog, (ChangeCatalog{plan().store, {}}));
  EXPECT_TRUE(options.is_confirmed);
  EXPECT_FALSE(command.is_dry_run);
}

TEST(CatalogApply, APlanThatWasEditedIsRefused) {
  auto edited = plan();
  edited.steps[0].added.push_back({"Artes", "Teatro"});
  EXPECT_NE(fault(parse(encode_catalog_plan(edited), {"--admin=/run/dti", "plan.json"})).find("was changed"),
            std::string::npos);
}

TEST(CatalogApply, IncorrectUsageIsNamed) {
  EXPECT_NE(fault(parse("", {"--admin=/run/dti"})).find("PLAN"), std::string::npos);
  EXPECT_NE(fault(parse("faculty,program\n", {"--admin=/run/dti", "plan.json"})).find("is not a plan"),
            std::string::npos);
  EXPECT_NE(fault(parse("", {"--admin=/run/dti", "other.json"})).find("cannot be read"), std::string::npos);
  EXPECT_NE(fault(parse("", {"--admin=/run/dti", "--expects=7", "plan.json"})).find("--expects"), std::string::npos);
}

TEST(PlanWords, AnErrorHasItsLineColumnValueAndReason) {
  EXPECT_EQ(fault_lines("p.csv", {{3, 2, "the program is bad", "Programa", "#REF!"}, {4, 0, "no row", "", ""}}),
            "p.csv, line 3, column Programa, \"#REF!\": the program is bad\n"
            "p.csv, line 4: no row\n"
            "2 errors; nothing was planned\n");
}

TEST(PlanWords, TheSummaryCountsAndTellsTheNextCommand) {
  CatalogComparison comparison;
  comparison.added = {{{"Artes", "Danza"}, true, "", ""}};
  comparison.faculties_added = 1;
  comparison.unchanged = 50;
  comparison.not_named = 2;
  comparison.alike = 1;
  const auto text = plan_summary(plan(), comparison, true, "plan.json");
  for (const auto* part :
       {"+ 1 program to add, with 1 new faculty\n", "= 50 programs are there already\n",
        "2 programs of the catalogue that the file does not have would stay", "1 new name looks like another one",
        "Windows-1252", "next: dtictl catalog apply plan.json"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

}  // namespace
}  // namespace dti
