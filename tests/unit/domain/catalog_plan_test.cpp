#include "dti/domain/catalog_plan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "dti/domain/office_command.hpp"

namespace dti {
namespace {

std::vector<CatalogProgram> programs_of(const std::vector<CatalogRow>& rows) {
  return std::get<std::vector<CatalogProgram>>(Catalog{}.additions(rows));
}

const std::vector<CatalogRow> kStored = {
    {"Derecho", "Derecho Civil"}, {"Derecho", "Derecho Penal"}, {"Artes", "Dise\u00F1o"}};

CatalogComparison compared(const std::string& text, const std::vector<CatalogRow>& stored = kStored) {
  auto result = compare_catalog(programs_of(stored), {}, read_catalog_file(text));
  if (const auto* faults = std::get_if<std::vector<CatalogFault>>(&result)) {
    ADD_FAILURE() << faults->front().reason;
    return {};
  }
  return std::get<CatalogComparison>(std::move(result));
}

std::vector<CatalogFault> faults_of(const std::string& text) {
  const auto result = compare_catalog(programs_of(kStored), {}, read_catalog_file(text));
  const auto* faults = std::get_if<std::vector<CatalogFault>>(&result);
  return faults == nullptr ? std::vector<CatalogFault>{} : *faults;
}

TEST(CatalogPlan, AFileAddsWhatTheCatalogueDoesNotHave) {
  const auto result = compared("programa;facultad\nDerecho Civil;Derecho\nMusica;Artes\nF\u00EDsica;Ciencias\n");
  ASSERT_EQ(result.added.size(), 2U);
  EXPECT_EQ(result.added[0], (PlannedProgram{{"Artes", "Musica"}}));
  EXPECT_EQ(result.added[0].row.line, 3U);
  EXPECT_EQ(result.added[1], (PlannedProgram{{"Ciencias", "F\u00EDsica"}, true}));
  EXPECT_EQ(result.faculties_added, 1U);
  EXPECT_EQ(result.unchanged, 1U);
  EXPECT_EQ(result.not_named, 2U);
  EXPECT_EQ(result.alike, 0U);
}

TEST(CatalogPlan, AFileOfTheWholeCatalogueAddsNothing) {
  const auto result = compared(
      "faculty,program\nDerecho,Derecho  Penal\nArtes,Disen\u0303o\nDerecho,Derecho Civil\nArtes,Dise\u00F1o\n");
  EXPECT_TRUE(result.added.empty());
  EXPECT_EQ(result.unchanged, 3U);
  EXPECT_EQ(result.not_named, 0U);
}

TEST(CatalogPlan, ANewNameThatDiffersInAccentsOrPunctuationOnlyIsPointedOut) {
  const auto result =
      compared("faculty,program\nArtes,Diseno\nDerecho,Derecho (Civil)\nD\u00E9recho,Derecho Civil\nArtes,Danza\n");
  ASSERT_EQ(result.added.size(), 4U);
  EXPECT_EQ(result.added[0].program_alike, "Dise\u00F1o");
  EXPECT_EQ(result.added[1].program_alike, "Derecho Civil");
  EXPECT_EQ(result.added[2].faculty_alike, "Derecho");
  EXPECT_EQ(result.added[2].program_alike, "") << "it is in another faculty";
  EXPECT_EQ(result.added[3].program_alike, "");
  EXPECT_EQ(result.alike, 3U);
}

TEST(CatalogPlan, TwoNewNamesOfTheFileAreComparedWithEachOtherToo) {
  const auto result = compared("faculty,program\nArtes,M\u00FAsica\nArtes,Musica\n");
  ASSERT_EQ(result.added.size(), 2U);
  EXPECT_EQ(result.added[1].program_alike, "M\u00FAsica");
}

TEST(CatalogPlan, AllErrorsAreToldAtOnceInTheOrderOfTheLines) {
  const auto faults = faults_of(
      "Facultad,Programa\n"
      "Derecho,derecho civil\n"
      "Artes,\n"
      "Artes,Danza\n"
      "ARTES,Teatro\n"
      "Artes,#REF!\n"
      "\u0410rtes,Cine\n");
  ASSERT_EQ(faults.size(), 5U);
  const struct {
    std::size_t line;
    std::string heading;
    std::string value;
    std::string part;
  } kExpected[] = {{2, "Programa", "derecho civil", "is in the store as"},
                   {3, "Programa", "", "is missing"},
                   {5, "Facultad", "ARTES", "is the same name as"},
                   {6, "Programa", "#REF!", "the program"},
                   {7, "Facultad", "\u0410rtes", "the faculty"}};
  for (std::size_t i = 0; i < faults.size(); ++i) {
    EXPECT_EQ(faults[i].line, kExpected[i].line);
    EXPECT_EQ(faults[i].heading, kExpected[i].heading);
    EXPECT_EQ(faults[i].value, kExpected[i].value);
    EXPECT_NE(faults[i].reason.find(kExpected[i].part), std::string::npos) << faults[i].reason;
  }
}

TEST(CatalogPlan, AFileWithManyErrorsHasThemAll) {
  std::string text = "faculty,program\n";
  for (int i = 0; i < 200; ++i) text += "Artes,\n";
  EXPECT_EQ(faults_of(text).size(), 200U);
}

TEST(CatalogPlan, AFileThatIsNoTableIsOneError) {
  const auto faults = faults_of("PK\x03\x04");
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_NE(faults[0].reason.find("workbook"), std::string::npos);
}

TEST(CatalogPlan, ProgramsAreSharedOutToCommandsWithinTheirLimitsInTheirOrder) {
  std::vector<CatalogRow> rows;
  for (std::size_t i = 0; i < kCatalogRowsMax + 1; ++i) rows.push_back({"f", "p" + std::to_string(i)});
  auto steps = split_into_steps(rows);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].size(), kCatalogRowsMax);
  EXPECT_EQ(steps[1].at(0), rows.back());
  for (auto& row : rows) row.program += std::string(150, '"');
  steps = split_into_steps(rows);
  EXPECT_EQ(steps.size(), 4U) << "500,000 bytes each";
  std::vector<CatalogRow> all;
  for (const auto& step : steps) all.insert(all.end(), step.begin(), step.end());
  EXPECT_TRUE(all == rows);
  EXPECT_TRUE(split_into_steps({}).empty());
  CatalogPlan plan;
  plan.id = "plan-a";
  EXPECT_EQ(step_id(plan, 2), "plan-a-2");
}

}  // namespace
}  // namespace dti
