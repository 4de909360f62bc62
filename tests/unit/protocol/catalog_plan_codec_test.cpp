#include "dti/protocol/catalog_plan_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace dti {
namespace {

const CatalogPlan kPlan{"plan-1",
                        std::string(32, 'a'),
                        "programs \"2026\".csv",
                        std::string(64, 'b'),
                        {{7, {{"Artes", "Danza"}, {"Artes", "Dise\u00F1o"}}}, {4, {{"Derecho", "Civil"}}}}};

std::string fault(const std::string& text) {
  const auto decoded = decode_catalog_plan(text);
  const auto* const reason = std::get_if<std::string>(&decoded);
  return reason == nullptr ? "none" : *reason;
}

TEST(CatalogPlanCodec, APlanIsReadBackAsItWasWritten) {
  const auto text = encode_catalog_plan(kPlan);
  EXPECT_EQ(text.back(), '\n');
  const auto decoded = decode_catalog_plan(text);
  ASSERT_TRUE(std::holds_alternative<CatalogPlan>(decoded)) << fault(text);
  EXPECT_EQ(std::get<CatalogPlan>(decoded), kPlan);
}

TEST(CatalogPlanCodec, AnotherFileIsRefusedWithItsFault) {
  EXPECT_EQ(fault("{}"), "dti-catalog-plan: must be 1");
  EXPECT_EQ(fault(R"({"dti-catalog-plan":2})"), "dti-catalog-plan: must be 1");
  EXPECT_EQ(fault(R"({"dti-catalog-plan":1})"), "id: is missing");
  EXPECT_NE(fault("faculty,program\n"), "none");
  EXPECT_NE(fault(""), "none");
  auto text = encode_catalog_plan(kPlan);
  text.replace(text.find("\"add\""), 5, "\"sub\"");
  EXPECT_EQ(fault(text), "add: must be a list of faculties");
  text.replace(text.find("\"steps\""), 7, "\"paces\"");
  EXPECT_EQ(fault(text), "steps: must be a list");
}

}  // namespace
}  // namespace dti
