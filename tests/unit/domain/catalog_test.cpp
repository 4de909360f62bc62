#include "dti/domain/catalog.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

std::vector<CatalogRow> rows_of(std::string_view text) {
  const auto parsed = parse_catalog(text);
  if (const auto* faults = std::get_if<CatalogFaults>(&parsed)) {
    ADD_FAILURE() << "line " << faults->listed.front().line << ": " << faults->listed.front().reason;
    return {};
  }
  return std::get<CatalogFile>(parsed).rows;
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

TEST(Catalog, AProgramWhoseStoredKeyIsOfAnOlderUnicodeLeavesItsSpellingToTheRightKey) {
  Catalog catalog;
  ASSERT_TRUE(
      catalog.add({{1, 1, "Artes", "artes", "Danza", "danza-as-it-was"}, {2, 1, "Artes", "artes", "Danza", "danza"}}));
  EXPECT_EQ(catalog.find_program(1, "Danza"), 2U);
  EXPECT_EQ(catalog.find_programs(1, {{"id", "Danza", {}}}), (std::vector<ProgramId>{2}));
}

// Each line is one catalogue file for an empty store; requests then find these programs, 0 for none.
struct Shared {
  const char* why;
  std::vector<std::vector<CatalogRow>> files;
  std::vector<std::pair<std::string, ProgramId>> requests;
};

const Shared kShared[] = {
    {"separators tell two codes apart",
     {{{"Math", "MATH 1-11"}, {"Math", "MATH 11-1"}}},
     {{"MATH 1-11", 1}, {"math_1 11", 1}, {"Math 11\u20131", 2}, {"MATH111", 0}, {"MATH 111", 0}, {"MATH 1-1-1", 0}}},
    {"the later of two comes with a later file",
     {{{"Health", "RN-BSN"}}, {{"Health", "RN-BSN"}, {"Health", "RNB-SN"}}, {{"Health", "R-NBSN"}}},
     {{"rn bsn", 1}, {"RNB SN", 2}, {"r_nbsn", 3}, {"RNBSN", 0}}},
    {"a separator between digits is no matter of style",
     {{{"Math", "1-11"}, {"Math", "111"}}},
     {{"1 11", 1}, {"111", 2}, {"11-1", 0}}},
    {"a name alone is found without its separators", {{{"Math", "MATH 1-11"}}}, {{"math111", 1}, {"MATH 11-1", 1}}},
    {"white space and canonical form of a file are no spelling",
     {{{"Artes", "Dise\u00F1o Web"}}, {{"Artes", "Disen\u0303o\u00A0Web"}}},
     {{"dise\u00F1o-web", 1}}},
};

TEST(Catalog, TellsNamesWithTheSameLettersApartByTheirSeparators) {
  for (const auto& c : kShared) {
    SCOPED_TRACE(c.why);
    Catalog catalog;
    for (const auto& file : c.files) {
      const auto added = catalog.additions(file);
      ASSERT_TRUE(catalog.add(std::get<std::vector<CatalogProgram>>(added)));
    }
    for (const auto& [name, id] : c.requests) {
      EXPECT_EQ(catalog.find_program(1, name), id) << name;
      EXPECT_EQ(catalog.find_programs(1, {{"id", name, {}}}), std::vector<ProgramId>{id}) << name;
    }
  }
}

TEST(Catalog, TellsFacultiesApartByTheirSeparatorsToo) {
  Catalog catalog;
  const auto added = catalog.additions({{"RN-BSN", "a"}, {"RNB-SN", "a"}, {"RN-BSN", "b"}});
  ASSERT_TRUE(catalog.add(std::get<std::vector<CatalogProgram>>(added)));
  EXPECT_EQ(catalog.find_faculty("rn bsn"), 1U);
  EXPECT_EQ(catalog.find_faculty("rnb sn"), 2U);
  EXPECT_EQ(catalog.find_faculty("rnbsn"), 0U);
  EXPECT_NE(catalog.why_no_faculty("rnbsn").find("\"RN-BSN\", \"RNB-SN\""), std::string::npos);
}

// As earlier versions stored them, which folded nothing.
TEST(Catalog, AStoreOfAnEarlierVersionServesWhatItServed) {
  Catalog catalog;
  ASSERT_TRUE(catalog.add({{1, 1, "Artes", "artes", "Escultura Moderna", "esculturamoderna"},
                           {2, 1, "Artes", "artes", "Escultura\u00A0Moderna", "escultura\u00A0moderna"},
                           {3, 1, "Artes", "artes", "Ocho\u2013Nueve", "ocho\u2013nueve"},
                           {4, 2, "Bellas\u00A0Artes", "bellas\u00A0artes", "Danza", "danza"}}));
  EXPECT_EQ(catalog.find_program(1, "Escultura Moderna"), 1U);
  EXPECT_EQ(catalog.find_program(1, "ESCULTURA-MODERNA"), 1U);
  EXPECT_EQ(catalog.find_program(1, "EsculturaModerna"), 1U);
  EXPECT_EQ(catalog.find_program(1, "Escultura\u00A0Moderna"), 2U);
  EXPECT_EQ(catalog.find_program(1, "escultura\u00A0moderna"), 2U);
  EXPECT_EQ(catalog.find_program(1, "Ocho-Nueve"), 3U);
  EXPECT_EQ(catalog.find_program(1, "Ocho\u2013Nueve"), 3U);
  EXPECT_EQ(catalog.find_faculty("bellas artes"), 2U);
  EXPECT_EQ(catalog.find_faculty("Bellas\u00A0Artes"), 2U);
  const auto added = catalog.additions({{"Artes", "Escultura Moderna"}, {"Bellas Artes", "Danza"}, {"Artes", "Nuevo"}});
  EXPECT_EQ(std::get<std::vector<CatalogProgram>>(added).size(), 1U);  // the same file as before adds nothing
}

TEST(Catalog, RefusesNamesThatPeopleTakeForOneThatIsThere) {
  Catalog catalog;
  ASSERT_TRUE(catalog.add({{1, 1, "Grupo A", "grupoa", "Arte \u0421\u041E\u0421", "arte\u0441\u043E\u0441"}}));
  for (const CatalogRow& row :
       {CatalogRow{"Grupo \u0410", "Otro"}, {"Grupo A", "Arte COC"}, {"Grupo\u2013A", "Otro"}}) {
    const auto added = catalog.additions({row});
    const auto* faults = std::get_if<CatalogFaults>(&added);
    ASSERT_NE(faults, nullptr) << row.faculty << row.program;
    EXPECT_NE(faults->listed.front().reason.find("\\u"), std::string::npos) << faults->listed.front().reason;
  }
}

TEST_F(LoadedCatalog, SaysWhyANameIsNotFoundIfPeopleCouldNotSeeIt) {
  EXPECT_EQ(catalog_.why_no_faculty("Marte"), "");
  EXPECT_NE(catalog_.why_no_faculty("Derecho\r").find("carriage return"), std::string::npos);
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
  const auto added = catalog_.additions({{"derecho", "Otro", 7}, {"Derecho", "DerechoCivil", 9}, {"Artes", "Teatro"}});
  const auto& faults = std::get<CatalogFaults>(added).listed;
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].line, 7U);
  EXPECT_EQ(faults[0].reason, "faculty \"derecho\" is in the store as \"Derecho\"");
  EXPECT_EQ(faults[1].line, 9U);
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

/// Programs 1 and 2 of faculty 1, Derecho, and 3 of faculty 2.
class ChangedCatalog : public LoadedCatalog {
 protected:
  /// Renames a program as the office does.
  bool rename(ProgramId program, const std::string& name) {
    const auto placed = catalog_.place_name(program, name);
    if (placed.kind != Catalog::Naming::Kind::kNew) return false;
    return catalog_.apply({++seq_, program, catalog_.faculty_of(program), name, placed.key});
  }
  bool retire(ProgramId program) {
    return catalog_.apply({++seq_, program, catalog_.faculty_of(program), catalog_.program_name(program), ""});
  }
  std::vector<ProgramId> find_all(const std::vector<std::string>& names) const {
    std::vector<ProgramRequest> wanted;
    for (const auto& name : names) wanted.emplace_back().name = name;
    return catalog_.find_programs(1, wanted);
  }
  std::int64_t seq_ = 0;
};

TEST_F(ChangedCatalog, ARenamedProgramIsFoundByItsNewNameAndTheOldOneSaysIt) {
  ASSERT_TRUE(rename(1, "Derecho Privado"));
  EXPECT_EQ(catalog_.find_program(1, "derecho-privado"), 1U);
  EXPECT_EQ(catalog_.find_program(1, "Derecho Civil"), 0U);
  EXPECT_EQ(catalog_.find_program(1, "DERECHO_CIVIL"), 0U);
  EXPECT_EQ(catalog_.find_by_any_name(1, "Derecho Civil"), 1U);
  EXPECT_EQ(catalog_.program_meanings(1, "derecho civil"), "the program is called \"Derecho Privado\" now");
  EXPECT_EQ(catalog_.program_meanings(1, "Derecho Privado"), "");
  EXPECT_EQ(catalog_.program_name(1), "Derecho Privado");
  EXPECT_EQ(catalog_.program_name(2), "Derecho Penal");
  EXPECT_EQ(catalog_.size(), 3U);
  EXPECT_EQ(catalog_.last_change(), 1);
  EXPECT_EQ(find_all({"Derecho Civil", "Derecho Penal", "Derecho Privado"}), (std::vector<ProgramId>{0, 2, 1}));
}

TEST_F(ChangedCatalog, ProgramsThatAreAddedAfterARenameKeepTheirNumbers) {
  ASSERT_TRUE(rename(2, "Criminología"));
  add({{"Derecho", "Derecho Laboral"}, {"Artes", "Teatro"}});
  EXPECT_EQ(catalog_.size(), 5U);
  EXPECT_EQ(catalog_.find_program(1, "Derecho Laboral"), 4U);
  EXPECT_EQ(catalog_.program_name(4), "Derecho Laboral");
  EXPECT_EQ(catalog_.find_program(2, "teatro"), 5U);
  EXPECT_EQ(catalog_.faculty_of(5), 2U);
  EXPECT_EQ(find_all({"Criminología", "Derecho Laboral"}), (std::vector<ProgramId>{2, 4}));
}

TEST_F(ChangedCatalog, ANameIsNeverAnotherProgramsAlsoIfItWasGivenUp) {
  using Kind = Catalog::Naming::Kind;
  ASSERT_TRUE(rename(1, "Derecho Privado"));
  const struct {
    ProgramId program;
    std::string name;
    Kind kind;
    ProgramId other;
  } kCases[] = {
      {2, "Derecho Privado", Kind::kOfAnother, 1}, {2, "derecho_privado", Kind::kOfAnother, 1},
      {2, "Derecho Civil", Kind::kOfAnother, 1},   {2, "Derecho Penal", Kind::kSame, 0},
      {1, "Derecho Penal", Kind::kOfAnother, 2},   {1, "Derecho Civil", Kind::kNew, 0},
      {2, "derecho penal", Kind::kNew, 0},         {1, "Danza", Kind::kNew, 0},
      {3, "Derecho Privado", Kind::kNew, 0},
  };
  for (const auto& c : kCases) {
    const auto placed = catalog_.place_name(c.program, c.name);
    EXPECT_EQ(placed.kind, c.kind) << c.program << ' ' << c.name;
    EXPECT_EQ(placed.other, c.other) << c.program << ' ' << c.name;
  }
  EXPECT_FALSE(catalog_.apply({9, 2, 1, "Derecho Civil", "derechocivil"}));
  EXPECT_FALSE(catalog_.apply({9, 2, 2, "X", "x"})) << "a program never changes its faculty";
  EXPECT_FALSE(catalog_.apply({9, 4, 1, "X", "x"}));
  EXPECT_FALSE(catalog_.apply({9, 0, 1, "X", "x"}));
  EXPECT_EQ(catalog_.last_change(), 1);
}

TEST_F(ChangedCatalog, AProgramCanGetAFormerNameOfItsOwnBackAndAnotherSpelling) {
  ASSERT_TRUE(rename(1, "Derecho Privado"));
  ASSERT_TRUE(rename(1, "DERECHO CIVIL"));
  EXPECT_EQ(catalog_.program_name(1), "DERECHO CIVIL");
  EXPECT_EQ(catalog_.find_program(1, "Derecho Civil"), 1U);
  EXPECT_EQ(catalog_.find_program(1, "Derecho Privado"), 0U);
  ASSERT_TRUE(rename(1, "Derecho Civil"));
  EXPECT_EQ(catalog_.program_name(1), "Derecho Civil");
  EXPECT_EQ(catalog_.program_key(1), "derechocivil");
  EXPECT_EQ(find_all({"derecho civil", "Derecho Civil"}), (std::vector<ProgramId>{1, 1}));
}

TEST_F(ChangedCatalog, AFileThatIsOlderThanAChangeAddsNothing) {
  ASSERT_TRUE(rename(1, "Derecho Privado"));
  ASSERT_TRUE(rename(2, "DERECHO PENAL"));
  ASSERT_TRUE(retire(3));
  const auto added = catalog_.additions(
      {{"Derecho", "Derecho Civil"}, {"Derecho", "Derecho Privado"}, {"Derecho", "Derecho Penal"}, {"Artes", "Danza"}});
  ASSERT_TRUE(std::holds_alternative<std::vector<CatalogProgram>>(added))
      << std::get<CatalogFaults>(added).listed[0].reason;
  EXPECT_TRUE(std::get<std::vector<CatalogProgram>>(added).empty());
  EXPECT_EQ(catalog_.place({"Derecho", "Derecho Civil"}).other, 1U);
  EXPECT_EQ(catalog_.place({"Derecho", "derecho-civil"}).kind, Catalog::Placing::Kind::kProgramClash);
}

TEST_F(ChangedCatalog, ARetiredProgramIsFoundAndMarked) {
  EXPECT_FALSE(catalog_.is_retired(2));
  ASSERT_TRUE(retire(2));
  EXPECT_TRUE(catalog_.is_retired(2));
  EXPECT_FALSE(catalog_.is_retired(1));
  EXPECT_EQ(catalog_.find_program(1, "Derecho Penal"), 2U);
  EXPECT_EQ(catalog_.last_change(), 1);
}

TEST_F(ChangedCatalog, TheSameChangesASecondTimeChangeNothing) {
  const std::vector<ProgramChange> changes = {{5, 1, 1, "Derecho Privado", "derechoprivado"},
                                              {6, 1, 1, "Derecho Romano", "derechoromano"},
                                              {7, 2, 1, "Derecho Penal", ""}};
  ASSERT_TRUE(catalog_.apply(changes));
  ASSERT_TRUE(catalog_.apply(changes));
  EXPECT_EQ(catalog_.program_name(1), "Derecho Romano");
  EXPECT_EQ(catalog_.find_program(1, "Derecho Privado"), 0U);
  EXPECT_TRUE(catalog_.is_retired(2));
  EXPECT_EQ(catalog_.last_change(), 7);
}

}  // namespace
}  // namespace dti
