// Changes by the office: one call of the store, whole or not at all, sealed.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "contract/office_fixture.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;

/// For every store.
class ChangeContract : public OfficeTest {
 protected:
  /// The grant of program 1 by `request_id`, and its amendment.
  Change grant_and_amend() {
    start();
    EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}}, "first")), CommitResult::kCommitted);
    EXPECT_EQ(repository_->commit(grants({{2, {1, 0}}}, std::nullopt)), CommitResult::kCommitted);
    return change({released(1, {7, 2}, {7, 2, 0}, Cause::kAmended), amended(1, {9, 2}, {9, 2, 0})}, "first");
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, ChangeContract, testing::ValuesIn(all_backends()), name_of_backend());

TEST_P(ChangeContract, AnAmendedGrantIsStoredWithItsReleaseAndItsCommand) {
  const Change amend = grant_and_amend();
  const auto before = stored();
  ASSERT_EQ(repository_->change(amend), CommitResult::kCommitted);
  EXPECT_NE(stored(), before);
  EXPECT_EQ(stored(), semester_);
  auto expected = amend.entries;
  expected.back().note_hash = hash_of(amend.note);
  EXPECT_EQ(unsealed(entries(4)), expected);
  const auto read = entries(4);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_FALSE(read[0].seal);
  EXPECT_TRUE(read[1].seal) << "the last entry keeps the seal";
  EXPECT_EQ(unsealed(entries_of_grant(1, 1)), (std::vector{unsealed(entries(2, 2))[0], expected[0]}));
  EXPECT_EQ(unsealed(entries_of_grant(1, 2)), std::vector{expected[1]});
  EXPECT_TRUE(entries_of_grant(3, 1).empty());
}

TEST_P(ChangeContract, AReaderOfTheStateGetsTheRequestIdOfAReleaseAndTheCommands) {
  ASSERT_EQ(repository_->change(grant_and_amend()), CommitResult::kCommitted);
  for (const auto columns : {Columns::kOfState, Columns::kAll}) {
    std::vector<LedgerRow> rows;
    repository_->read_ledger(1, 2, 5, columns, [&](const std::vector<LedgerRow>& piece) {
      rows.insert(rows.end(), piece.begin(), piece.end());
      return true;
    });
    ASSERT_EQ(rows.size(), 4U);
    const StoredNumber amends = static_cast<std::int64_t>(Cause::kAmended);
    EXPECT_EQ(rows[0].cause, StoredNumber{});
    EXPECT_EQ(rows[0].request, StoredNumber{}) << "most rows are grants";
    EXPECT_EQ(rows[0].command, StoredNumber{});
    EXPECT_EQ(rows[2].cause, amends);
    EXPECT_EQ(rows[2].request, StoredNumber{id_hash("first")});
    EXPECT_EQ(rows[2].command, StoredNumber{id_hash("command")});
    EXPECT_EQ(rows[3].cause, amends);
    EXPECT_EQ(rows[3].command, StoredNumber{id_hash("command")});
    EXPECT_EQ(rows[3].program_id, StoredNumber{1});
    EXPECT_EQ(rows[3].generation, StoredNumber{2});
  }
}

TEST_P(ChangeContract, ASemesterIsResizedClosedChangedAndReopened) {
  start();
  ASSERT_EQ(repository_->change(change({resized({400, 50, 90})})), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
  EXPECT_EQ(stored()->left, (Pool{400, 50, 90}));
  EXPECT_EQ(stored()->opened_with, kCapacity);
  ASSERT_EQ(repository_->change(change({bare(EntryKind::kSemesterClosed)})), CommitResult::kCommitted);
  EXPECT_FALSE(stored()->is_open);
  ASSERT_EQ(repository_->change(change({resized(kCapacity)})), CommitResult::kCommitted) << "it stays closed";
  ASSERT_EQ(repository_->change(change({bare(EntryKind::kSemesterReopened)})), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  const Leadership leadership = reopen();
  semester_.epoch = epoch_;
  EXPECT_EQ(leadership.semesters, std::vector{semester_});
  EXPECT_EQ(read_all(*repository_, 1, 0, 6).size(), 6U);
}

TEST_P(ChangeContract, AChangeUnderAnOldEpochOnAMovedBaseOrOfAnUnknownProgramWritesNothing) {
  Change amend = grant_and_amend();
  const auto before = stored();
  const auto refused = [&](const Change& change, CommitResult expected) {
    EXPECT_EQ(repository_->change(change), expected);
    EXPECT_EQ(stored(), before);
    EXPECT_EQ(entries().size(), 3U);
  };
  Change other = amend;
  other.epoch += 1;
  refused(other, CommitResult::kBaseMoved);
  other = amend;
  other.entries.erase(other.entries.begin());
  other.base += 1;
  refused(other, CommitResult::kBaseMoved);
  other = amend;
  other.semester_id = 9;
  refused(other, CommitResult::kBaseMoved);
  other = amend;
  for (auto& entry : other.entries) entry.row.program_id = 6;
  refused(other, CommitResult::kBaseMoved);
  const Epoch old = std::exchange(epoch_, lead().epoch);
  EXPECT_EQ(amend.epoch, old);
  EXPECT_EQ(repository_->change(amend), CommitResult::kReplaced);
  EXPECT_EQ(entries().size(), 3U);
  amend.epoch = epoch_;
  EXPECT_EQ(repository_->change(amend), CommitResult::kCommitted);
  EXPECT_EQ(repository_->change(amend), CommitResult::kBaseMoved) << "it is there already";
}

TEST_P(ChangeContract, WhatTheRuleForbidsIsNotStoredAndTheConnectionStaysGood) {
  Change first = grant_and_amend();
  ASSERT_EQ(repository_->change(first), CommitResult::kCommitted);
  const StoredSemester before = semester_;
  std::vector<std::pair<const char*, Change>> cases;
  const auto forbid = [&](const char* name, const std::function<void(Change&)>& spoil) {
    semester_ = before;
    Change spoilt = change({released(2, {1, 0}, {1, 0, 0}, Cause::kReleased), resized({400, 60, 100})});
    spoil(spoilt);
    cases.emplace_back(name, std::move(spoilt));
  };
  forbid("a second release of a generation", [](Change& change) { change.entries[0].row.program_id = 1; });
  forbid("a second grant of a generation", [](Change& change) {
    auto& row = change.entries[0].row;
    row.kind = stored_code(EntryKind::kGranted);
    row.cause = static_cast<std::int64_t>(Cause::kAmended);
    row.status = 0;
  });
  forbid("a release without a command", [](Change& change) { change.entries[0].command_id.reset(); });
  forbid("a release without a cause", [](Change& change) { change.entries[0].row.cause = {}; });
  forbid("a release that was asked", [](Change& change) { change.entries[0].row.cause = 0; });
  forbid("a capacity without a command", [](Change& change) { change.entries[1].command_id.reset(); });
  forbid("less capacity than is left", [](Change& change) { change.capacity.labs = 57; });
  forbid("less than nothing left", [](Change& change) { change.left.classrooms = -1; });
  forbid("a note that is too long", [](Change& change) { change.note.note = std::string(501, 'x'); });
  forbid("an actor that is too long", [](Change& change) { change.note.actor = "ñ" + std::string(199, 'x'); });
  for (const auto& [name, spoilt] : cases) {
    EXPECT_EQ(failure_of([&, &change = spoilt] { static_cast<void>(repository_->change(change)); }), Kind::kInvariant)
        << name;
    EXPECT_EQ(stored(), before) << name;
    EXPECT_EQ(entries().size(), 5U) << name;
  }
  semester_ = before;
  EXPECT_EQ(repository_->change(change({released(2, {1, 0}, {1, 0, 0}, Cause::kReleased)})), CommitResult::kCommitted);
  EXPECT_EQ(repository_->commit(grants({{3, {3, 3}}})), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
}

TEST_P(ChangeContract, AChangeOf50000EntriesIsStoredWholeAndInOrder) {
  start();
  std::vector<LedgerEntry> many;
  for (std::int32_t i = 1; i <= 50'000; ++i) {
    many.push_back(amended(static_cast<ProgramId>(1 + i % 5), {0, 0}, {0, 0, 0}, i));
  }
  const Change large = change(std::move(many));
  ASSERT_EQ(repository_->change(large), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
  auto expected = large.entries;
  expected.back().note_hash = hash_of(large.note);
  EXPECT_TRUE(unsealed(entries(2)) == expected);
}

TEST_P(ChangeContract, TextsAreStoredAsTheyCame) {
  start();
  for (const std::string text : {"", "NULL", R"({"a\"b'})", "'; DROP TABLE ledger; --", "ñ€😀", "line\nline\ttab"}) {
    Change odd = change({resized(kCapacity)});
    odd.entries[0].command_id = "c" + text;
    odd.entries[0].row.command = id_hash("c" + text);
    odd.note.actor = text;
    odd.note.note = text;
    ASSERT_EQ(repository_->change(odd), CommitResult::kCommitted) << text;
    const auto read = entries(semester_.head);
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].command_id, "c" + text);
    EXPECT_EQ(read[0].note_hash, hash_of(odd.note));
  }
}

/// For the databases.
class ChangeSqlContract : public ChangeContract {
 protected:
  /// A grant, its amendment, the release of another one, another capacity, the semester closed and reopened.
  void fill() {
    ASSERT_EQ(repository_->change(grant_and_amend()), CommitResult::kCommitted);
    ASSERT_EQ(repository_->change(change({released(2, {1, 0}, {1, 0, 0}, Cause::kReleased)})),
              CommitResult::kCommitted);
    ASSERT_EQ(repository_->change(change({resized({400, 60, 100})})), CommitResult::kCommitted);
    ASSERT_EQ(repository_->change(change({bare(EntryKind::kSemesterClosed)})), CommitResult::kCommitted);
    ASSERT_EQ(repository_->change(change({bare(EntryKind::kSemesterReopened)})), CommitResult::kCommitted);
    ASSERT_EQ(repository_->commit(grants({{3, {1, 1}}})), CommitResult::kCommitted);
  }

  /// A store of the version before, with grants.
  void fill_as_before() {
    backend_->give_to_the_servers();
    start();
    ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}}, "first")), CommitResult::kCommitted);
    ASSERT_EQ(repository_->commit(grants({{2, {1, 0}}}, std::nullopt)), CommitResult::kCommitted);
    repository_.reset();
    take_back(*backend_->connect(), database(), 3);
    repository_ = backend_->open();
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, ChangeSqlContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(ChangeSqlContract, TheSealsTheRegistryAndTheNotesFit) {
  fill();
  const auto report = look();
  EXPECT_EQ(faults(report), "");
  EXPECT_EQ(report.semesters[0].unsealed, 0);
  EXPECT_EQ(report.semesters[0].notes, 5);
  EXPECT_EQ(report.semesters[0].notes_erased, 0);
  EXPECT_EQ(report.registered, 9) << "the catalogue, the semester, that it was closed, and that it was reopened";
  const Leadership leadership = reopen();
  semester_.epoch = epoch_;
  EXPECT_EQ(leadership.semesters, std::vector{semester_});
  ASSERT_EQ(repository_->change(change({bare(EntryKind::kSemesterClosed)})), CommitResult::kCommitted);
  EXPECT_EQ(faults(look()), "");
}

TEST_P(ChangeSqlContract, ANoteCanBeErasedAndNotBeChanged) {
  fill();
  const auto client = backend_->connect();
  EXPECT_THROW(client->run("UPDATE ledger_note SET actor = actor"), SqlRefused);
  EXPECT_THROW(client->run("INSERT INTO ledger_note SELECT * FROM ledger_note"), SqlRefused);
  const auto notes = snapshot()->read_notes(1, 1, 9);
  ASSERT_EQ(notes.size(), 5U);
  EXPECT_EQ(notes.at(5), (CommandNote{{1, 2, 3}, "local/1000", "because"}));
  EXPECT_EQ(snapshot()->read_notes(1, 6, 7).size(), 2U);
  client->run("DELETE FROM ledger_note WHERE seq = 5");
  const auto report = look();
  EXPECT_EQ(faults(report), "");
  EXPECT_EQ(report.semesters[0].notes, 5);
  EXPECT_EQ(report.semesters[0].notes_erased, 1);
}

TEST_P(ChangeSqlContract, ANoteThatWasChangedOrAddedIsFound) {
  fill();
  const auto client = backend_->connect();
  const auto put = [&](int seq, const std::string& note) {
    client->run("INSERT INTO ledger_note (semester_id, seq, salt, actor, note) SELECT 1, " + std::to_string(seq) +
                ", salt, actor, '" + note + "' FROM ledger_note WHERE seq = 6");
  };
  client->run("DELETE FROM ledger_note WHERE seq = 5");
  put(5, "another reason");
  EXPECT_EQ(faults(look()), "its note was changed\n");
  client->run("DELETE FROM ledger_note WHERE seq = 5");
  put(5, "because");
  EXPECT_EQ(faults(look()), "") << "as it was: the salt is the same here";
  put(2, "because");
  EXPECT_EQ(faults(look()), "a note is there, and the entry has none\n");
}

TEST_P(ChangeSqlContract, TheViewsKnowCommandsAndCauses) {
  fill();
  const auto client = backend_->connect();
  const auto history = client->run(
      "SELECT seq, kind, coalesce(cause, '-'), coalesce(command_id, '-'), coalesce(actor, '-'), coalesce(note, '-')"
      " FROM history ORDER BY seq");
  const auto row = [](std::initializer_list<std::string> cells) { return Row{cells.begin(), cells.end()}; };
  EXPECT_EQ(history,
            (Rows{row({"1", "semester-opened", "-", "-", "-", "-"}), row({"2", "granted", "asked", "-", "-", "-"}),
                  row({"3", "granted", "asked", "-", "-", "-"}), row({"4", "released", "amended", "command", "-", "-"}),
                  row({"5", "granted", "amended", "command", "local/1000", "because"}),
                  row({"6", "released", "released", "command", "local/1000", "because"}),
                  row({"7", "capacity-changed", "-", "command", "local/1000", "because"}),
                  row({"8", "semester-closed", "-", "command", "local/1000", "because"}),
                  row({"9", "semester-reopened", "-", "command", "local/1000", "because"}),
                  row({"10", "granted", "asked", "-", "-", "-"})}));
  EXPECT_EQ(client->run("SELECT program, classrooms_granted, cause, coalesce(command_id, '-') FROM allocation"
                        " ORDER BY program"),
            (Rows{row({"Program 1", "9", "amended", "command"}), row({"Program 3", "1", "asked", "-"})}));
  EXPECT_EQ(client->run("SELECT entries FROM entry_count WHERE kind = 'semester-reopened'"), (Rows{row({"1"})}));
  std::ifstream report{DTI_REPORTS_DIR "/changes_by_the_office.sql"};
  const auto changes = client->run({std::istreambuf_iterator<char>{report}, std::istreambuf_iterator<char>{}});
  ASSERT_EQ(changes.size(), 6U);
  EXPECT_EQ(changes[1][2], "5");
  EXPECT_EQ(changes[1].back(), "because");
  EXPECT_EQ(client->run("SELECT * FROM semester_left"),
            (Rows{row({"2025-10", "400", "60", "100", "10", "3", "0", "390", "57", "100"})}));
}

TEST_P(ChangeSqlContract, AFilledStoreOfTheVersionBeforeIsReadAndMigrated) {
  fill_as_before();
  EXPECT_EQ(faults(look()), "") << "before the migration";
  EXPECT_TRUE(snapshot()->read_notes(1, 1, 9).empty());
  const auto before = backend_->connect()->run("SELECT * FROM history ORDER BY seq");
  epoch_ = lead().epoch;
  EXPECT_EQ(faults(look()), "");
  const auto after = backend_->connect()->run("SELECT * FROM history ORDER BY seq");
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_TRUE(std::equal(before[i].begin(), before[i].end(), after[i].begin())) << "entry " << i + 1;
  }
  semester_.epoch = epoch_;
  EXPECT_EQ(stored(), semester_);
  ASSERT_EQ(repository_->commit(grants({{3, {1, 1}}})), CommitResult::kCommitted);
  ASSERT_EQ(repository_->change(change({released(1, {7, 2}, {7, 2, 0}, Cause::kReleased)}, "first")),
            CommitResult::kCommitted);
  EXPECT_EQ(faults(look()), "");
}

TEST_P(ChangeSqlContract, TheMigrationIsNotTakenBackOnceTheOfficeHasChangedSomething) {
  backend_->give_to_the_servers();
  start();
  ASSERT_EQ(repository_->change(change({resized(kCapacity)})), CommitResult::kCommitted);
  repository_.reset();
  EXPECT_THROW(take_back(*backend_->connect(), database(), 3), SqlRefused);
  EXPECT_EQ(faults(look()), "") << "all of it is there";
}

TEST_P(ChangeSqlContract, AStandbyReadsTheLedgerOfTheVersionBefore) {
  if (is_sqlite()) GTEST_SKIP() << "one process at a time can open the file";
  fill_as_before();
  backend_->connect()->run(
      "UPDATE leadership SET holder = 'elsewhere:1:0', lease_until = clock_timestamp() + interval '1 hour'");
  ASSERT_TRUE(repository_->watch().held);
  EXPECT_EQ(read_all(*repository_, 1, 0, 9).size(), 3U);
  EXPECT_EQ(entries().size(), 3U);
  EXPECT_EQ(entries_of_grant(1, 1).size(), 1U);
}

TEST_P(ChangeSqlContract, TheServersMayNotEraseNotes) {
  if (is_sqlite()) GTEST_SKIP() << "SQLite has no roles";
  fill();
  const auto server = backend_->connect_as_server();
  for (const std::string statement : {"DELETE FROM ledger_note", "UPDATE ledger_note SET note = ''",
                                      "TRUNCATE ledger_note", "UPDATE semester SET name = 'x'"}) {
    EXPECT_THROW(server->run(statement), SqlRefused) << statement;
  }
  EXPECT_EQ(server->run("SELECT count(*) FROM ledger_note"), (Rows{{"5"}}));
}

TEST_P(ChangeSqlContract, AChangeThatBreaksInItsCommitIsInDoubt) {
  if (is_sqlite()) GTEST_SKIP() << "no link that could break";
  start();
  const auto client = backend_->connect();
  client->run(
      "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
      " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$");
  client->run(
      "CREATE CONSTRAINT TRIGGER break AFTER INSERT ON ledger_note DEFERRABLE INITIALLY DEFERRED"
      " FOR EACH ROW EXECUTE FUNCTION break()");
  const StoredSemester before = semester_;
  const Change resize = change({resized({400, 60, 100})});
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->change(resize)); }), Kind::kInDoubt);
  client->run("DROP TRIGGER break ON ledger_note");
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->change(resize)); }), Kind::kUnavailable);
  epoch_ = lead().epoch;
  semester_ = before;
  semester_.epoch = epoch_;
  EXPECT_EQ(stored(), semester_) << "this one was not stored";
  EXPECT_EQ(repository_->change(change({resized({400, 60, 100})})), CommitResult::kCommitted);
}

TEST_P(ChangeSqlContract, AChangeWaitsForALockAndCanBeInterrupted) {
  start();
  const auto client = backend_->connect();
  client->run("BEGIN");
  client->run("UPDATE semester SET name = name");
  const Change resize = change({resized({400, 60, 100})});
  std::atomic<bool> is_done{false};
  std::thread interrupter{[&] {
    while (!is_done) {
      repository_->interrupt();
      std::this_thread::yield();
    }
  }};
  const auto failure = failure_of([&] { static_cast<void>(repository_->change(resize)); });
  is_done = true;
  interrupter.join();
  client->run("COMMIT");
  EXPECT_TRUE(failure == Kind::kUnavailable || failure == Kind::kUnreachable) << "nothing was sent";
  EXPECT_EQ(lead().semesters.at(0).head, 1);
}

}  // namespace
}  // namespace dti::contract
