// Changes of the catalogue by the office: one call of the store, whole or not at all, sealed, and each command once.
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
constexpr std::chrono::milliseconds kTimeout{5'000};

/// For every store. start() makes 5 programs of a faculty, and a semester: 7 entries of the registry.
class CatalogContract : public StoreTest {
 protected:
  CatalogChange addition(std::vector<CatalogProgram> programs, std::string command_id = "plan-1") {
    CatalogChange change;
    change.epoch = epoch_;
    change.base = repository_->read_catalog_state({}, {}).head;
    change.programs = std::move(programs);
    change.command_id = std::move(command_id);
    change.note = {{1, 2, 3}, "local/1000", "new year"};
    change.at = kAt;
    return change;
  }
  CatalogState state(const std::string& command_id = "plan-1", const std::vector<std::string>& earlier = {}) {
    return repository_->read_catalog_state(command_id, earlier);
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, CatalogContract, testing::ValuesIn(all_backends()), name_of_backend());

TEST_P(CatalogContract, ProgramsAreAddedWithTheirCommand) {
  start();
  const auto before = state();
  EXPECT_NE(before.store, StoreId{});
  EXPECT_EQ(before.head, 7) << "the faculty, its programs and the semester";
  EXPECT_EQ(before.places, (CatalogPlaces{1, {{1, 6}}})) << "the newest program; the semester does not count";
  EXPECT_EQ(before.programs, 5);
  EXPECT_EQ(before.written, 0);
  ASSERT_EQ(repository_->change_catalog(addition({program(6), program(7, 2), program(8, 2)})),
            CommitResult::kCommitted);
  EXPECT_EQ(state(), (CatalogState{before.store, 11, {9, {{1, 8}, {2, 11}}}, 8, 11}));
  EXPECT_EQ(state("plan-2").written, 0);
  const auto catalog = repository_->survey().catalog;
  ASSERT_EQ(catalog.size(), 8U);
  EXPECT_EQ(catalog[6], program(7, 2));
  EXPECT_EQ(repository_->read_catalog(5).size(), 3U) << "as a standby reads it";
  ASSERT_EQ(repository_->commit(grants({{8, {1, 1}}})), CommitResult::kCommitted);
}

TEST_P(CatalogContract, TheStateOfAnEmptyCatalogueHasNoEntryAboutIt) {
  epoch_ = lead().epoch;
  EXPECT_EQ(state(), (CatalogState{state().store, 0, {}, 0, 0}));
  ASSERT_EQ(repository_->change_catalog(addition({program(1)})), CommitResult::kCommitted);
  EXPECT_EQ(state(), (CatalogState{state().store, 2, {1, {{1, 2}}}, 1, 2}));
}

TEST_P(CatalogContract, EachEarlierCommandHasTheEntriesThatItWrote) {
  start();
  ASSERT_EQ(repository_->change_catalog(addition({program(6), program(7, 2)}, "plan-1")), CommitResult::kCommitted);
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(8)}, kAt)) << "by a server that starts";
  ASSERT_EQ(repository_->change_catalog(addition({program(9)}, "plan-2")), CommitResult::kCommitted);
  const auto earlier = state("plan-3", {"plan-1", "plan-2", "plan-9"}).earlier;
  EXPECT_EQ(earlier, (std::vector<RegistryRange>{{8, 10}, {12, 12}}));
  EXPECT_EQ(state("plan-2").earlier, std::vector<RegistryRange>{});
}

TEST_P(CatalogContract, AChangeUnderAnotherEpochOrOnAMovedBaseWritesNothing) {
  start();
  const auto refused = [&](const CatalogChange& change, CommitResult expected) {
    EXPECT_EQ(repository_->change_catalog(change), expected);
    EXPECT_EQ(repository_->survey().catalog.size(), 5U);
    EXPECT_EQ(state().written, 0);
  };
  auto change = addition({program(6)});
  change.epoch += 1;
  refused(change, CommitResult::kBaseMoved);
  change = addition({program(6)});
  change.base -= 1;
  refused(change, CommitResult::kBaseMoved);
  change = addition({program(6)});
  epoch_ = lead().epoch;
  refused(change, CommitResult::kReplaced);
  EXPECT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
}

TEST_P(CatalogContract, ACommandIsStoredOnceEvenIfTheServerForgetsToLook) {
  start();
  ASSERT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
  const auto again = addition({program(7)});
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->change_catalog(again)); }), Kind::kInvariant);
  EXPECT_EQ(repository_->survey().catalog.size(), 6U);
  EXPECT_EQ(repository_->change_catalog(addition({program(7)}, "plan-2")), CommitResult::kCommitted);
}

TEST_P(CatalogContract, WhatTheRuleForbidsIsNotStoredAndTheConnectionStaysGood) {
  start();
  const auto forbidden = [&](const char* name, const CatalogChange& change) {
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->change_catalog(change)); }), Kind::kInvariant) << name;
    EXPECT_EQ(repository_->survey().catalog.size(), 5U) << name;
    EXPECT_EQ(state().head, 7) << name;
  };
  forbidden("a gap in the ids", addition({program(7)}));
  forbidden("a program that is there", addition({program(5)}));
  auto same_key = addition({program(6)});
  same_key.programs[0].key = "program1";
  forbidden("a key that is there", same_key);
  auto long_note = addition({program(6)});
  long_note.note.note = std::string(501, 'x');
  forbidden("a note that is too long", long_note);
  EXPECT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
}

TEST_P(CatalogContract, TextsAreStoredAsTheyCame) {
  start();
  ProgramId id = 5;
  for (const std::string text : {"NULL", R"({"a\"b'})", "'; DROP TABLE registry; --", "ñ€😀"}) {
    auto odd = addition({program(++id)}, "c" + text);
    odd.programs[0].name = text;
    odd.programs[0].key = text;
    odd.note.actor = text;
    odd.note.note = text;
    ASSERT_EQ(repository_->change_catalog(odd), CommitResult::kCommitted) << text;
    EXPECT_EQ(repository_->survey().catalog.back().name, text);
    EXPECT_EQ(state("c" + text).written, state().head);
  }
}

TEST_P(CatalogContract, AChangeIsThereForTheNextServer) {
  start();
  ASSERT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
  EXPECT_EQ(reopen().program_count, 6U);
  EXPECT_EQ(state().written, 8);
  ASSERT_EQ(repository_->add_programs(epoch_, {program(7)}, kAt), true);
  EXPECT_EQ(state().places.of_faculties.at(1), 9);
}

TEST_P(CatalogContract, ProgramsAreRenamedAndRetiredByEntriesOfTheRegistry) {
  start();
  auto renaming = addition({}, "c-1");
  renaming.changes = {{8, 2, 1, "Otro", "otro"}};
  ASSERT_EQ(repository_->change_catalog(renaming), CommitResult::kCommitted);
  auto retirement = addition({}, "c-2");
  retirement.changes = {{9, 3, 1, program(3).name, ""}};
  ASSERT_EQ(repository_->change_catalog(retirement), CommitResult::kCommitted);
  const std::vector<ProgramChange> both{renaming.changes[0], retirement.changes[0]};
  EXPECT_EQ(repository_->read_program_changes(0), (ProgramChanges{9, both}));
  EXPECT_EQ(repository_->read_program_changes(8), (ProgramChanges{9, {both[1]}}));
  EXPECT_EQ(repository_->read_program_changes(9), (ProgramChanges{9, {}}));
  EXPECT_EQ(repository_->survey().changes, both);
  EXPECT_EQ(repository_->survey().catalog.size(), 5U);
  EXPECT_EQ(repository_->survey().catalog[1], program(2)) << "the catalogue keeps the first name";
  EXPECT_EQ(state("c-1").written, 8);
  EXPECT_EQ(state("c-2"), (CatalogState{state().store, 9, {1, {{1, 9}}}, 5, 9})) << "the faculty has moved";
  ASSERT_EQ(repository_->change_catalog(addition({program(6)}, "plan-1")), CommitResult::kCommitted);
  EXPECT_EQ(reopen().program_count, 6U);
  EXPECT_EQ(repository_->read_program_changes(0), (ProgramChanges{10, both}));
}

TEST_P(CatalogContract, AChangeOf30000ProgramsIsStoredWholeAndInOrder) {
  start();
  std::vector<CatalogProgram> many;
  for (ProgramId id = 6; id <= 30'005; ++id) many.push_back(program(id, id < 15'000 ? 1 : 2));
  ASSERT_EQ(repository_->change_catalog(addition(many)), CommitResult::kCommitted);
  const auto catalog = repository_->read_catalog(5);
  EXPECT_TRUE(catalog == many);
  EXPECT_EQ(state().head, 7 + 30'001);
}

/// For the databases.
class CatalogSqlContract : public CatalogContract {
 protected:
  bool is_sqlite() const { return !backend_->takes_two_servers(); }
  std::string database() const { return is_sqlite() ? "sqlite" : "postgresql"; }
  std::unique_ptr<LedgerSnapshot> snapshot() const {
    if (is_sqlite()) return open_snapshot(SqliteStoreAddress{backend_->where()}, kTimeout);
    return open_snapshot(PostgresqlStoreAddress{backend_->where()}, kTimeout);
  }
  std::string faults() const {
    const auto report = verify(*snapshot(), [](const VerifyProgress&) {});
    std::string text = report.unreadable.value_or("");
    for (const auto& difference : report.differences) text += to_string(difference) + '\n';
    return text;
  }
  std::vector<RegistryEntry> registry() const {
    std::vector<RegistryEntry> all;
    snapshot()->read_registry(
        [&](const std::vector<RegistryEntry>& piece) { all.insert(all.end(), piece.begin(), piece.end()); });
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, CatalogSqlContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(CatalogSqlContract, TheLastEntryOfAChangeHasItsCommandAndTheHashOfItsNote) {
  start();
  const auto change = addition({program(6, 2), program(7, 2)});
  ASSERT_EQ(repository_->change_catalog(change), CommitResult::kCommitted);
  const auto entries = registry();
  ASSERT_EQ(entries.size(), 10U);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_FALSE(entries[i].command_id || entries[i].note_hash) << i;
  EXPECT_EQ(entries[9].command_id, "plan-1");
  EXPECT_EQ(entries[9].note_hash, hash_of(change.note));
  EXPECT_TRUE(entries[9].seal);
  EXPECT_FALSE(entries[8].seal);
  EXPECT_EQ(snapshot()->read_notes(kRegistryId, 1, 99), (std::map<Seq, CommandNote>{{10, change.note}}));
  EXPECT_EQ(faults(), "");
}

TEST_P(CatalogSqlContract, ANoteCanBeErasedAndAChangedOneIsFound) {
  start();
  ASSERT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
  const auto client = backend_->connect();
  client->run("CREATE TABLE kept AS SELECT * FROM ledger_note");
  client->run("DELETE FROM ledger_note WHERE semester_id = 0");
  EXPECT_EQ(faults(), "") << "it is erased";
  client->run(
      "INSERT INTO ledger_note (semester_id, seq, salt, actor, note)"
      " SELECT semester_id, seq, salt, actor, 'another reason' FROM kept");
  EXPECT_NE(faults().find("its note was changed"), std::string::npos) << faults();
}

TEST_P(CatalogSqlContract, ACommandIsPartOfTheSeal) {
  start();
  ASSERT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
  const auto client = backend_->connect();
  if (is_sqlite()) {
    client->run("DROP TRIGGER registry_is_not_updated");
  } else {
    client->run("SET session_replication_role = replica");
  }
  client->run("UPDATE registry SET command_id = 'another' WHERE command_id IS NOT NULL");
  EXPECT_NE(faults().find("the seal does not fit"), std::string::npos) << faults();
}

TEST_P(CatalogSqlContract, TheDatabaseAllowsEachCommandOnceAndOnlyWithItsNoteAtAProgram) {
  start();
  ASSERT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
  const auto client = backend_->connect();
  const std::string hash = is_sqlite() ? "zeroblob(32)" : "decode(repeat('00', 32), 'hex')";
  const auto insert = [&](const std::string& kind, const std::string& ids, const std::string& command,
                          const std::string& note) {
    client->run(
        "INSERT INTO registry (seq, at, kind, faculty_id, program_id, name, key, command_id, note_hash) SELECT 99, "
        "at, " +
        kind + ", " + ids + ", 'n', 'k', " + command + ", " + note + " FROM registry WHERE seq = 1");
  };
  EXPECT_THROW(insert("2", "1, 99", "'plan-1'", hash), SqlRefused) << "the command is there";
  EXPECT_THROW(insert("1", "99, NULL", "'plan-2'", hash), SqlRefused) << "a faculty";
  EXPECT_THROW(insert("2", "1, 99", "'plan-2'", "NULL"), SqlRefused) << "no note";
  EXPECT_THROW(insert("2", "1, 99", "NULL", hash), SqlRefused) << "no command";
  EXPECT_NO_THROW(insert("2", "1, 99", "'plan-2'", hash));
}

TEST_P(CatalogSqlContract, AStoreOfTheVersionBeforeIsReadAndMigrated) {
  backend_->give_to_the_servers();
  start();
  repository_.reset();
  take_back(*backend_->connect(), database(), 5);
  EXPECT_EQ(registry().size(), 7U) << "before the migration";
  EXPECT_EQ(faults(), "");
  repository_ = backend_->open();
  epoch_ = lead().epoch;
  EXPECT_EQ(faults(), "");
  ASSERT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
  EXPECT_EQ(faults(), "");
  repository_.reset();
  EXPECT_THROW(take_back(*backend_->connect(), database(), 5), SqlRefused) << "there is a change";
  EXPECT_EQ(registry().size(), 8U) << "all of it is there";
}

TEST_P(CatalogSqlContract, AChangeThatBreaksInItsCommitIsInDoubt) {
  if (is_sqlite()) GTEST_SKIP() << "no link that could break";
  start();
  const auto client = backend_->connect();
  client->run(
      "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
      " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$");
  client->run(
      "CREATE CONSTRAINT TRIGGER break AFTER INSERT ON ledger_note DEFERRABLE INITIALLY DEFERRED"
      " FOR EACH ROW EXECUTE FUNCTION break()");
  const auto change = addition({program(6)});
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->change_catalog(change)); }), Kind::kInDoubt);
  client->run("DROP TRIGGER break ON ledger_note");
  epoch_ = lead().epoch;
  EXPECT_EQ(state().written, 0) << "this one was not stored";
  EXPECT_EQ(repository_->change_catalog(addition({program(6)})), CommitResult::kCommitted);
}

}  // namespace
}  // namespace dti::contract
