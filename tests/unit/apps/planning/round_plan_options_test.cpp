#include <gtest/gtest.h>

#include "dtictl/office/office_run.hpp"
#include "dtictl/round/round_plan.hpp"
#include "dtictl/what_if/what_if_words.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;

std::variant<WhatIfOptions, UsageExit> parse(Args args) {
  args.insert(args.begin(), "--store=sqlite:dti.db");
  const auto surroundings = fake_surroundings({}, {{"r.csv", "rows"}});
  const auto options = parse_office_options(round_plan_command(), args, surroundings);
  if (const auto* usage = std::get_if<UsageExit>(&options)) return *usage;
  return read_round_plan_options(std::get<OfficeOptions>(options), surroundings);
}

TEST(RoundPlanOptions, HaveMaxMinAndProvisionalLotsIfNothingElseIsSaid) {
  const auto options = std::get<WhatIfOptions>(parse({"r.csv"}));
  EXPECT_EQ(options.bytes, "rows");
  EXPECT_EQ(options.policy, kDefaultPolicy);
  EXPECT_TRUE(options.has_provisional_lots);
  EXPECT_FALSE(options.capacity);
}

TEST(RoundPlanOptions, TakeAnotherPolicyAndCapacity) {
  const auto options = std::get<WhatIfOptions>(parse({"--policy=drf", "--capacity=20,6", "r.csv"}));
  EXPECT_EQ(options.policy, Policy::kDrf);
  EXPECT_EQ(options.capacity, (Capacity{20, 6, 20}));
}

TEST(RoundPlanOptions, HaveNoLotThatSomebodyCouldChoose) {
  EXPECT_EQ(std::get<UsageExit>(parse({"--lot=3", "r.csv"})).code, 2);
}

TEST(RoundPlanWords, NameTheSealFromWhichLotsAreDrawn) {
  EXPECT_EQ(lots_line(7),
            "ties are decided by provisional lots, drawn from the seal of entry 7; a round has lots of its own\n");
  EXPECT_EQ(lots_line(0), "ties are decided by provisional lots, drawn without a seal; a round has lots of its own\n");
}

}  // namespace
}  // namespace dti
