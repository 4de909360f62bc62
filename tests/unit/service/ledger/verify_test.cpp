#include "dti/service/ledger/verify.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "dti/service/ledger/catalog_check.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

LedgerRow opened(const Capacity& capacity) {
  LedgerRow row{.seq = 1, .kind = 3};
  row.classrooms_capacity = capacity.classrooms;
  row.labs_capacity = capacity.labs;
  row.conversions_capacity = capacity.conversions;
  return row;
}

/// A store of two faculties with two programs each, and two semesters without grants.
class FakeSnapshot final : public LedgerSnapshot {
 public:
  FakeSnapshot() {
    for (const SemesterId id : {1, 2}) {
      const Capacity capacity{10 * id, id, 0};
      semesters.push_back({id, "semester " + std::to_string(id), 1, 1, capacity, full_pool(capacity), true});
      ledgers[id] = {opened(capacity)};
    }
  }

  std::optional<std::vector<std::string>> check_file() override { return file_faults; }
  Epoch read_epoch() override {
    if (failure) throw StorageError{*failure, "the disk is gone"};
    return 1;
  }
  int read_schema_version() override { return 1; }
  StoredLead read_lead() override { return {}; }
  StoreSurvey survey() override { return {semesters, catalog}; }
  CatalogCounts count_catalog() override { return counts; }
  void read_ledger(SemesterId, Seq, Seq, Columns, const RowSink&) override {
    FAIL() << "a verification reads whole entries";
  }
  std::optional<SemesterId> find_stray_ledger() override { return stray; }
  void read_entries(SemesterId semester, Seq, Seq, const EntrySink& sink) override {
    for (const auto& row : ledgers[semester]) sink({{row, 0, std::nullopt}});
  }
  void read_grant(SemesterId, ProgramId, std::int32_t, const EntrySink&) override { FAIL(); }
  std::map<Seq, CommandNote> read_notes(SemesterId, Seq, Seq) override { return {}; }
  std::optional<ChainHeads> read_chain_heads() override { return std::nullopt; }
  RowSeal read_seal(SemesterId, Seq) override { return {}; }
  void read_registry(const RegistrySink&) override {}

  std::optional<std::vector<std::string>> file_faults;
  std::vector<CatalogProgram> catalog = fixtures::catalog(2, 2);
  CatalogCounts counts{2, 4};
  std::vector<StoredSemester> semesters;
  std::map<SemesterId, std::vector<LedgerRow>> ledgers;
  std::optional<SemesterId> stray;
  std::optional<Kind> failure;
};

VerifyReport look_at(FakeSnapshot& snapshot) {
  return verify(snapshot, [](const VerifyProgress&) {});
}

TEST(Verify, FindsThatAStoreFits) {
  FakeSnapshot snapshot;
  const auto report = look_at(snapshot);
  EXPECT_TRUE(report.fits());
  EXPECT_EQ(report.programs, 4U);
  EXPECT_EQ(report.faculties, 2U);
  ASSERT_EQ(report.semesters.size(), 2U);
  EXPECT_EQ(report.semesters[1].entries, 1);
  EXPECT_EQ(report.semesters[1].left, (Pool{20, 2, 0}));
}

TEST(Verify, GoesOnWithTheNextSemesterAfterADifference) {
  FakeSnapshot snapshot;
  auto second = snapshot.ledgers[1][0];
  second.seq = 2;
  snapshot.ledgers[1].push_back(second);
  const auto report = look_at(snapshot);
  EXPECT_FALSE(report.fits());
  ASSERT_EQ(report.semesters.size(), 2U);
  ASSERT_TRUE(report.semesters[0].difference);
  EXPECT_EQ(report.semesters[0].difference->seq, 2);
  EXPECT_EQ(report.semesters[0].entries, 1) << "as far as the difference";
  EXPECT_FALSE(report.semesters[1].difference);
}

TEST(Verify, NamesTheProgramOfADifference) {
  FakeSnapshot snapshot;
  LedgerRow row{.seq = 2, .kind = 1};
  row.program_id = 3;
  snapshot.ledgers[1].push_back(row);
  const auto report = look_at(snapshot);
  EXPECT_EQ(report.semesters[0].faculty, "f2");
  EXPECT_EQ(report.semesters[0].program, "p1");
}

TEST(Verify, SaysHowFarItHasCome) {
  FakeSnapshot snapshot;
  std::vector<std::string> seen;
  (void)verify(snapshot, [&](const VerifyProgress& progress) {
    seen.push_back(progress.semester + " " + std::to_string(progress.read) + "/" + std::to_string(progress.head));
  });
  EXPECT_EQ(seen, (std::vector<std::string>{" 0/0", "semester 1 0/1", "semester 1 1/1", "semester 2 0/1",
                                            "semester 2 1/1", " 0/0"}));
}

TEST(Verify, ReportsWhatIsWrongWithTheStoreAsAWhole) {
  struct Case {
    std::function<void(FakeSnapshot&)> tamper;
    const char* sentence;
  };
  const Case cases[] = {
      {[](FakeSnapshot& s) { s.stray = 9; }, "the ledger has entries of semester number 9, which is not there"},
      {[](FakeSnapshot& s) { s.semesters[1].name = s.semesters[0].name; },
       "two semesters have the name \"semester 1\""},
      {[](FakeSnapshot& s) { s.counts.faculties = 3; },
       "a faculty has no program; stored: 3 faculties; expected: 2 faculties"},
      {[](FakeSnapshot& s) { s.counts.programs = 5; },
       "a program has no faculty, or a number below 1; stored: 5 programs; expected: 4 programs"},
      {[](FakeSnapshot& s) { s.catalog.erase(s.catalog.begin() + 1); },
       "program 3: the catalogue is not dense, or a program's faculty is missing; stored: program 3; expected: program"
       " 2"}};
  for (const auto& c : cases) {
    FakeSnapshot snapshot;
    c.tamper(snapshot);
    const auto report = look_at(snapshot);
    EXPECT_FALSE(report.fits());
    ASSERT_EQ(report.differences.size(), 1U) << c.sentence;
    EXPECT_EQ(to_string(report.differences[0]), c.sentence);
    EXPECT_EQ(report.semesters.size(), 2U) << "the semesters are looked at all the same";
  }
}

TEST(Verify, FitsNotIfTheDatabaseFindsFaultsInItsFile) {
  FakeSnapshot snapshot;
  snapshot.file_faults.emplace();
  EXPECT_TRUE(look_at(snapshot).fits());
  snapshot.file_faults = {"row 1 missing from index"};
  EXPECT_FALSE(look_at(snapshot).fits());
}

TEST(Verify, ReportsDamageAndThrowsWhatMayPass) {
  FakeSnapshot snapshot;
  snapshot.failure = Kind::kCorrupt;
  const auto report = look_at(snapshot);
  EXPECT_FALSE(report.fits());
  EXPECT_EQ(report.unreadable, "the disk is gone");
  snapshot.failure = Kind::kUnavailable;
  EXPECT_THROW((void)look_at(snapshot), StorageError);
}

CatalogProgram named(std::string name, std::string key) { return {1, 1, "f", "f", std::move(name), std::move(key)}; }

TEST(CatalogCheck, HoldsEachKeyToItsName) {
  struct Case {
    CatalogProgram program;
    const char* what;  // part of the difference; null: none
    std::size_t older_keys = 0;
  };
  const Case cases[] = {
      {named("Derecho Civil", "derechocivil"), nullptr},
      {named("Dise\u00f1o", "dise\u00f1o"), nullptr},
      // Today's Unicode has a lower case for what the key has kept as it was.
      {named("Dise\u00d1o", "dise\u00d1o"), nullptr, 1},
      // As earlier versions made it.
      {named("Bellas\u00a0Artes", "bellas\u00a0artes"), nullptr, 1},
      {named("Bellas\u00a0Artes", "bellasartes"), nullptr},
      // Of the later of two names with the same letters.
      {named("MATH 11-1", "math-11-1"), nullptr},
      {named("111", "111-"), nullptr},
      {named("MATH 11-1", "math-1-11"), "the key of program \"MATH 11-1\" is not that of its name"},
      {named("Dise\u00f1o", "diseno"), "the key of program \"Dise\u00f1o\" is not that of its name"},
      {named("Derecho", "Derecho"), "the key of program \"Derecho\" is not that of its name"},
      {named("Derecho", ""), "is not that of its name"},
      {named("-", ""), "is not that of its name"},
      {{1, 1, "F", "g", "p", "p"}, "the key of faculty \"F\" is not that of its name"},
      {{1, 2, "f", "f", "p", "p"}, "the faculties are not numbered in the order of their programs"},
      {{2, 1, "f", "f", "p", "p"}, "the catalogue is not dense"},
  };
  for (const auto& c : cases) {
    const auto check = check_catalog({c.program});
    EXPECT_EQ(check.older_keys, c.older_keys) << c.program.name;
    EXPECT_EQ(check.difference.has_value(), c.what != nullptr) << c.program.name;
    if (check.difference && c.what != nullptr) {
      EXPECT_NE(to_string(*check.difference).find(c.what), std::string::npos) << to_string(*check.difference);
    }
  }
}

TEST(CatalogCheck, FindsAProgramThatItsFacultyHasTwice) {
  auto catalog = fixtures::catalog(2, 2);
  EXPECT_FALSE(check_catalog(catalog).difference);
  catalog[3].name = catalog[3].key = catalog[2].key;
  const auto check = check_catalog(catalog);
  ASSERT_TRUE(check.difference);
  EXPECT_EQ(to_string(*check.difference),
            "program 4: the faculty has the program twice; stored: \"p1\"; expected: the key for program 3 alone");
}

}  // namespace
}  // namespace dti
