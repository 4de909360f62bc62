#include "dti/domain/catalog.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

std::vector<CatalogRow> rows_of(std::string_view text) {
  auto parsed = parse_catalog(text);
  if (const auto* fault = std::get_if<CatalogFault>(&parsed)) {
    ADD_FAILURE() << "line " << fault->line << ": " << fault->reason;
    return {};
  }
  return std::get<std::vector<CatalogRow>>(std::move(parsed));
}

struct Good {
  const char* name;
  std::string text;
  std::vector<CatalogRow> rows;
};

const Good kGood[] = {
    {"a header alone", "faculty,program\n", {}},
    {"no newline at the end", "faculty,program\nA,b", {{"A", "b"}}},
    {"lines that end in CRLF", "faculty,program\r\nA,b\r\nA,c\r\n", {{"A", "b"}, {"A", "c"}}},
    {"quoted fields", "faculty,program\n\"Arts, fine\",\"the \"\"new\"\" one\"\n", {{"Arts, fine", "the \"new\" one"}}},
    {"a pair that repeats", "faculty,program\nA,b\nA,b\n", {{"A", "b"}}},
    {"one program name in two faculties", "faculty,program\nA,b\nC,b\n", {{"A", "b"}, {"C", "b"}}},
};

TEST(ParseCatalog, ReadsWhatIsRight) {
  for (const auto& c : kGood) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(rows_of(c.text), c.rows);
  }
}

struct Bad {
  const char* name;
  std::string text;
  std::size_t line;
  const char* reason;
};

const Bad kBad[] = {
    {"an empty file", "", 1, "the file is empty"},
    {"no header", "A,b\n", 1, "the first line must be"},
    {"one field", "faculty,program\nA\n", 2, "two fields"},
    {"three fields", "faculty,program\nA,b\nA,b,c\n", 3, "has 3"},
    {"a blank line", "faculty,program\n\nA,b\n", 2, "two fields"},
    {"an empty program", "faculty,program\nA,\n", 2, "program is empty"},
    {"a faculty of separators", "faculty,program\n - ,b\n", 2, "faculty is empty"},
    {"not UTF-8", "faculty,program\nA,b\xff\n", 2, "not UTF-8"},
    {"a control character", "faculty,program\nA,b\x01\n", 2, "control character"},
    {"a line break in a name", "faculty,program\nA,\"b\nc\"\n", 2, "control character"},
    {"a quote that is never closed", "faculty,program\nA,b\nA,\"c\n\n", 3, "never closed"},
    {"a quote inside a plain field", "faculty,program\nA,b\"c\n", 2, "not quoted"},
    {"text after a closing quote", "faculty,program\nA,\"b\"c\n", 2, "after a closing quote"},
    {"a program spelled twice", "faculty,program\nA,b c\nA,B-C\n", 3, "one spelling"},
    {"a faculty spelled twice", "faculty,program\nA b,c\na-b,d\n", 3, "one spelling"},
    {"a name that is too long", "faculty,program\nA," + std::string(201, 'x') + "\n", 2, "200 bytes"},
};

TEST(ParseCatalog, NamesTheLineAndTheReasonOfAFault) {
  for (const auto& c : kBad) {
    SCOPED_TRACE(c.name);
    const auto parsed = parse_catalog(c.text);
    const auto* fault = std::get_if<CatalogFault>(&parsed);
    ASSERT_NE(fault, nullptr);
    EXPECT_EQ(fault->line, c.line);
    EXPECT_NE(fault->reason.find(c.reason), std::string::npos) << fault->reason;
  }
}

TEST(DefaultCatalog, HasTenFacultiesOfFivePrograms) {
  Catalog catalog;
  const auto added = catalog.additions(rows_of(default_catalog()));
  ASSERT_TRUE(catalog.add(std::get<std::vector<CatalogProgram>>(added)));
  EXPECT_EQ(catalog.size(), 50U);
  EXPECT_EQ(catalog.find_faculty("tecnologia"), 10U);
  EXPECT_NE(catalog.find_program(catalog.find_faculty("ARTES"), "dise\u00F1o-grafico"), 0U);
}

class LoadedCatalog : public testing::Test {
 protected:
  void SetUp() override { add({{"Derecho", "Derecho Civil"}, {"Derecho", "Derecho Penal"}, {"Artes", "Danza"}}); }
  void add(const std::vector<CatalogRow>& rows) {
    ASSERT_TRUE(catalog_.add(std::get<std::vector<CatalogProgram>>(catalog_.additions(rows))));
  }
  Catalog catalog_;
};

TEST_F(LoadedCatalog, FindsAProgramInAnySpellingWithinItsFacultyOnly) {
  const auto law = catalog_.find_faculty("DERECHO");
  const auto arts = catalog_.find_faculty("artes");
  EXPECT_EQ(catalog_.find_program(law, "derecho-civil"), 1U);
  EXPECT_EQ(catalog_.find_program(law, "DERECHO_PENAL"), 2U);
  EXPECT_EQ(catalog_.find_program(arts, "danza"), 3U);
  EXPECT_EQ(catalog_.find_program(arts, "derecho-civil"), 0U);
  EXPECT_EQ(catalog_.find_faculty("medicina"), 0U);
  EXPECT_EQ(catalog_.find_faculty(""), 0U);
  EXPECT_EQ(catalog_.find_program(law, "--"), 0U);
}

TEST_F(LoadedCatalog, FindsARequestsProgramsInItsOrderInWhateverSpelling) {
  const auto law = catalog_.find_faculty("derecho");
  std::vector<ProgramRequest> programs;
  for (const char* name : {"DERECHO_PENAL", "nobody's", "Derecho Civil", "Danza", "--"}) {
    programs.push_back({"id", name, {1, 1}});
  }
  std::vector<ProgramId> alone;
  for (const auto& program : programs) alone.push_back(catalog_.find_program(law, program.name));
  EXPECT_EQ(alone, (std::vector<ProgramId>{2, 0, 1, 0, 0}));
  EXPECT_EQ(catalog_.find_programs(law, programs), alone);
  EXPECT_EQ(catalog_.find_programs(0, programs), (std::vector<ProgramId>(5)));
}

TEST(Catalog, AProgramWhoseStoredKeyIsOfAnOlderUnicodeIsFoundByKeysAlone) {
  Catalog catalog;
  ASSERT_TRUE(
      catalog.add({{1, 1, "Artes", "artes", "Danza", "danza-as-it-was"}, {2, 1, "Artes", "artes", "Danza", "danza"}}));
  EXPECT_EQ(catalog.find_program(1, "Danza"), 2U);
  EXPECT_EQ(catalog.find_programs(1, {{"id", "Danza", {}}}), (std::vector<ProgramId>{2}));
}

TEST_F(LoadedCatalog, AddsOnlyWhatItDoesNotHaveAndNumbersOn) {
  const auto added = std::get<std::vector<CatalogProgram>>(
      catalog_.additions({{"Derecho", "Derecho Civil"}, {"Artes", "Teatro"}, {"Medicina", "Enfermeria"}}));
  ASSERT_EQ(added.size(), 2U);
  EXPECT_EQ(added[0].id, 4U);
  EXPECT_EQ(added[0].faculty_id, 2U);
  EXPECT_EQ(added[1].id, 5U);
  EXPECT_EQ(added[1].faculty_id, 3U);
}

TEST_F(LoadedCatalog, RefusesAnotherSpellingOfAStoredName) {
  EXPECT_TRUE(std::holds_alternative<CatalogFault>(catalog_.additions({{"derecho", "Otro"}})));
  EXPECT_TRUE(std::holds_alternative<CatalogFault>(catalog_.additions({{"Derecho", "derecho civil"}})));
}

TEST_F(LoadedCatalog, AddsNothingOfAListThatDoesNotContinueIt) {
  const CatalogProgram good{4, 3, "M", "m", "n", "n"};
  const CatalogProgram bad[] = {
      {6, 3, "M", "m", "o", "o"},                                     // a gap
      {5, 5, "O", "o", "o", "o"},                                     // a faculty out of order
      {5, 2, "M", "m", "o", "o"},                                     // a key with another id
      {5, 3, "M", "m", "n", "n"},                                     // a program twice
      {5, 1, "Derecho", "derecho", "Derecho Civil", "derechocivil"},  // one that is there
  };
  for (const auto& program : bad) {
    EXPECT_FALSE(catalog_.add({good, program}));
    EXPECT_EQ(catalog_.size(), 3U);
    EXPECT_EQ(catalog_.find_faculty("m"), 0U);
  }
  EXPECT_TRUE(catalog_.add({good}));
}

}  // namespace
}  // namespace dti
