#include "core/load_catalog.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <variant>
#include <vector>

namespace dti::bench {
namespace {

std::vector<CatalogRow> rows_of(const LoadCatalog& catalog) {
  std::vector<CatalogRow> rows;
  for (const auto& faculty : catalog.faculties()) {
    for (auto program = faculty.first; program < faculty.first + faculty.count; ++program) {
      rows.push_back({faculty.name, std::string{catalog.program_name(program)}});
    }
  }
  return rows;
}

TEST(LoadCatalog, MadeNamesHaveFourDigitsOrAsManyAsTheLastNeeds) {
  EXPECT_EQ(rows_of(LoadCatalog::made(2, 2)), (std::vector<CatalogRow>{{"Faculty 0001", "Program 0001"},
                                                                       {"Faculty 0001", "Program 0002"},
                                                                       {"Faculty 0002", "Program 0001"},
                                                                       {"Faculty 0002", "Program 0002"}}));
  const auto large = LoadCatalog::made(1, 10'000);
  EXPECT_EQ(large.program_name(0), "Program 00001");
  EXPECT_EQ(large.program_name(9'999), "Program 10000");
}

TEST(LoadCatalog, TheFileThatIsWrittenHoldsTheMadeCatalogue) {
  std::ostringstream file;
  write_made_catalog(file, 3, 7);
  const auto parsed = parse_catalog(file.str());
  ASSERT_TRUE(std::holds_alternative<CatalogFile>(parsed));
  EXPECT_EQ(std::get<CatalogFile>(parsed).rows, rows_of(LoadCatalog::made(3, 7)));
}

TEST(LoadCatalog, GathersTheRowsOfAFacultyThatDoNotStandTogether) {
  const auto catalog = LoadCatalog::of({{"A", "one"}, {"B", "two"}, {"A", "three"}});
  EXPECT_EQ(catalog.program_count(), 3u);
  EXPECT_EQ(rows_of(catalog), (std::vector<CatalogRow>{{"A", "one"}, {"A", "three"}, {"B", "two"}}));
}

}  // namespace
}  // namespace dti::bench
