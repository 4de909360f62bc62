#include "dtictl/complete/names_to_complete.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dti {
namespace {

using Names = std::vector<std::string>;

StoreSurvey survey() {
  StoreSurvey survey;
  survey.semesters = {{.id = 1, .name = "2025-10"}, {.id = 2, .name = "2026-10"}, {.id = 3, .name = "verano"}};
  survey.catalog = {
      {1, 1, "Ingeniería", "", "Civil", ""}, {2, 2, "Derecho", "", "Civil", ""}, {3, 1, "Ingeniería", "", "Minas", ""}};
  return survey;
}

TEST(NamesToComplete, AreThoseThatBeginWithThePrefixEachOnce) {
  const struct {
    CompletedNames names;
    std::string faculty;
    std::string prefix;
    Names found;
  } kCases[] = {
      {CompletedNames::kSemesters, "", "", {"2025-10", "2026-10", "verano"}},
      {CompletedNames::kSemesters, "", "2026", {"2026-10"}},
      {CompletedNames::kSemesters, "", "x", {}},
      {CompletedNames::kFaculties, "", "", {"Ingeniería", "Derecho"}},
      {CompletedNames::kFaculties, "Derecho", "Ing", {"Ingeniería"}},
      {CompletedNames::kPrograms, "", "", {"Civil", "Minas"}},
      {CompletedNames::kPrograms, "", "M", {"Minas"}},
      {CompletedNames::kPrograms, "INGENIERÍA", "", {"Civil", "Minas"}},
      {CompletedNames::kPrograms, "Derecho", "", {"Civil"}},
      {CompletedNames::kPrograms, "Artes", "", {}},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(names_to_complete(survey(), c.names, c.faculty, c.prefix), c.found) << c.faculty << ' ' << c.prefix;
  }
}

TEST(NamesToComplete, AreAtMostAThousand) {
  auto many = survey();
  for (SemesterId id = 4; id <= 2'000; ++id) many.semesters.push_back({.id = id, .name = std::to_string(id)});
  EXPECT_EQ(names_to_complete(many, CompletedNames::kSemesters, "", "").size(), kCompletedMax);
  EXPECT_EQ(names_to_complete(many, CompletedNames::kSemesters, "", "2000"), Names{"2000"});
}

TEST(NamesToComplete, HaveOneWordForEachKind) {
  EXPECT_EQ(completed_names("semesters"), CompletedNames::kSemesters);
  EXPECT_EQ(completed_names("faculties"), CompletedNames::kFaculties);
  EXPECT_EQ(completed_names("programs"), CompletedNames::kPrograms);
  EXPECT_FALSE(completed_names("grants"));
}

}  // namespace
}  // namespace dti
