#include "dtictl/what_if/what_if_options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dtictl/office/office_run.hpp"
#include "dtictl/what_if/what_if_words.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;

std::variant<WhatIfOptions, UsageExit> parse(Args args) {
  args.insert(args.begin(), "--store=sqlite:dti.db");
  const auto surroundings = fake_surroundings({}, {{"r.csv", "rows"}, {"/dev/stdin", "piped"}});
  const auto options = parse_office_options(what_if_command(), args, surroundings);
  if (const auto* usage = std::get_if<UsageExit>(&options)) return *usage;
  try {
    return read_what_if_options(what_if_command(), std::get<OfficeOptions>(options), surroundings);
  } catch (const Unanswerable& unanswerable) {
    return unanswerable.exit;
  }
}

TEST(WhatIfOptions, ReadsTheFileOrStdin) {
  const auto file = std::get<WhatIfOptions>(parse({"r.csv"}));
  EXPECT_EQ(file.bytes, "rows");
  EXPECT_FALSE(file.policy || file.capacity || file.lot);
  EXPECT_EQ(std::get<WhatIfOptions>(parse({"-"})).bytes, "piped");
  EXPECT_EQ(std::get<UsageExit>(parse({"no.csv"})).code, 2);
  EXPECT_EQ(std::get<UsageExit>(parse({})).code, 2);
}

TEST(WhatIfOptions, ReadsACapacityWithOrWithoutConversions) {
  const std::pair<const char*, Capacity> good[] = {
      {"380,60", {380, 60, 380}}, {"380,60,20", {380, 60, 20}}, {"0,0,0", {0, 0, 0}}};
  for (const auto& [text, capacity] : good) {
    EXPECT_EQ(std::get<WhatIfOptions>(parse({"--capacity=" + std::string{text}, "r.csv"})).capacity, capacity) << text;
  }
  for (const auto* text : {"380", "380,60,20,1", "a,b", "1,2,", ",1", "1,2,3", "-1,2", "1000000001,0", "1;2", " 1,2"}) {
    const auto parsed = parse({"--capacity=" + std::string{text}, "r.csv"});
    ASSERT_TRUE(std::holds_alternative<UsageExit>(parsed)) << text;
    EXPECT_EQ(std::get<UsageExit>(parsed).code, 2) << text;
  }
}

TEST(WhatIfOptions, HasEachPolicyByItsName) {
  for (const auto policy : {Policy::kFirstCome, Policy::kPriority, Policy::kProportional, Policy::kMaxMin,
                            Policy::kWeighted, Policy::kFloors, Policy::kDrf}) {
    const auto options = std::get<WhatIfOptions>(parse({"--policy=" + std::string{policy_name(policy)}, "r.csv"}));
    EXPECT_EQ(options.policy, policy);
  }
  EXPECT_EQ(std::get<UsageExit>(parse({"--policy=fair", "r.csv"})).code, 2);
}

TEST(WhatIfOptions, ComparesInTheTableOnlyWithAPolicy) {
  const auto plain = std::get<WhatIfOptions>(parse({"r.csv"})).list.columns.size();
  const auto compared = std::get<WhatIfOptions>(parse({"--policy=max-min", "r.csv"})).list.columns.size();
  EXPECT_EQ(compared, plain + 3);
  EXPECT_EQ(std::get<WhatIfOptions>(parse({"--format=csv", "r.csv"})).list.columns.size(), 18U);
}

TEST(WhatIfWords, ListEachErrorOnALineOfItsOwn) {
  const auto lines = fault_lines("r.csv", {{3, "salones", "x\ty", "is not a number: write only digits"},
                                           {4, "labs", "", "is missing"},
                                           {5, "", "", "the row is wrong"},
                                           {6, "program", std::string(99, 'a') + "ñ", "is wrong"}});
  EXPECT_EQ(lines,
            "r.csv, line 3, column salones: \"x\\ty\" is not a number: write only digits\n"
            "r.csv, line 4, column labs: the value is missing\n"
            "r.csv, line 5: the row is wrong\n"
            "r.csv, line 6, column program: \"" +
                std::string(99, 'a') +
                "…\" is wrong\n"
                "4 errors; nothing was decided\n");
}

TEST(WhatIfWords, TellThatAPolicyFindsNoColumn) {
  WhatIfOptions options;
  const StoredSemester semester{.id = 1, .name = "s", .head = 4, .left = {1, 2, 3}, .is_open = false};
  const std::pair<Policy, const char*> notes[] = {
      {Policy::kPriority, "note: the file has no column class, so all programs have class 1\n"},
      {Policy::kWeighted, "note: the file has no column weight, so all programs have weight 1\n"},
      {Policy::kFloors, "note: the file has no column floor, so all programs have floor 0\n"}};
  for (const auto& [policy, note] : notes) {
    options.policy = policy;
    const auto text = summary(options, {}, semester, semester.left, {});
    EXPECT_TRUE(
        text.ends_with(std::string{"note: the semester is closed, so a server rejects requests for it\n"} + note))
        << text;
    EXPECT_TRUE(text.starts_with("semester \"s\" at entry 4: left 1 classrooms, 2 labs and 3 conversions\n")) << text;
  }
}

}  // namespace
}  // namespace dti
