// The entries of wait lists: settings, top-ups, and programs that leave the list.
#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "contract/office_fixture.hpp"
#include "dti/domain/amend.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;

class WaitListContract : public OfficeTest {
 protected:
  static LedgerEntry set(SemesterSetting setting) {
    LedgerEntry entry = bare(EntryKind::kSetting);
    entry.setting = setting;
    return entry;
  }
  static LedgerEntry left(ProgramId id, std::int32_t generation) {
    LedgerEntry entry = bare(EntryKind::kWaitingLeft);
    entry.program_id = id;
    entry.generation = generation;
    return entry;
  }
  static LedgerEntry topped_up(ProgramId id, const Want& want, const Grant& grant, Seq waits_since) {
    LedgerEntry entry = amended(id, want, grant);
    entry.cause = Cause::kToppedUp;
    entry.waits_since = waits_since;
    return entry;
  }

  void store(const Change& change) { ASSERT_EQ(repository_->change(change), CommitResult::kCommitted); }

  /// Programs 2 and 3 get less than they want.
  void ask() {
    start();
    ASSERT_EQ(repository_->commit(grants({{1, {380, 0}}}, "first")), CommitResult::kCommitted);           // 2
    ASSERT_EQ(repository_->commit(grants({{2, {4, 0}}, {3, {2, 1}}}, "ask")), CommitResult::kCommitted);  // 3 and 4
  }
  Change top_ups() {
    return change({released(2, {4, 0}, {0, 0, 0}, Cause::kToppedUp), topped_up(2, {4, 0}, {4, 0, 0}, 3),
                   released(3, {2, 1}, {0, 1, 0}, Cause::kToppedUp), topped_up(3, {2, 1}, {1, 1, 0}, 4)});
  }
  /// Program 1 gives five classrooms back.
  Change amendment() {
    return change({released(1, {380, 0}, {380, 0, 0}, Cause::kAmended), amended(1, {375, 0}, {375, 0, 0})}, "first");
  }
  /// The list is turned on, both programs are topped up, and program 3 leaves the list.
  void use_wait_list() {
    store(change({set(SemesterSetting::kWaitListOn)}));  // 5
    store(amendment());                                  // 6 and 7
    store(top_ups());                                    // 8 to 11
    store(change({left(3, 2)}));                         // 12
  }
  void fill() {
    ask();
    use_wait_list();
    LedgerEntry release = released(3, {2, 1}, {1, 1, 0}, Cause::kReleased);
    release.generation = 2;
    store(change({release}, "ask"));                                                  // 13
    store(change({set(SemesterSetting::kWaitListOff)}));                              // 14
    ASSERT_EQ(repository_->commit(grants({{4, {1, 1}}})), CommitResult::kCommitted);  // 15
  }

  std::vector<LedgerRow> rows(Columns columns) {
    std::vector<LedgerRow> read;
    repository_->read_ledger(1, 2, 15, columns, [&](const std::vector<LedgerRow>& piece) {
      read.insert(read.end(), piece.begin(), piece.end());
      return true;
    });
    return read;
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, WaitListContract, testing::ValuesIn(all_backends()), name_of_backend());

TEST_P(WaitListContract, AnEntryIsReadBackAsItWasStored) {
  ask();
  const std::vector changes{change({set(SemesterSetting::kWaitListOn)}), amendment(), top_ups(),
                            change({left(3, 2), set(SemesterSetting::kWaitListOff)})};
  std::vector<StoredEntry> expected;
  for (const auto& change : changes) {
    store(change);
    expected.insert(expected.end(), change.entries.begin(), change.entries.end());
    expected.back().note_hash = hash_of(change.note);
  }
  EXPECT_EQ(unsealed(entries(5)), expected);
  EXPECT_EQ(stored(), semester_);
}

TEST_P(WaitListContract, AReaderOfTheStateGetsThePlacesAndTheSettings) {
  fill();
  const auto all = rows(Columns::kAll);
  const auto of_state = rows(Columns::kOfState);
  ASSERT_EQ(all.size(), 14U);
  ASSERT_EQ(of_state.size(), 14U);
  for (std::size_t i = 3; i < 13; ++i) EXPECT_EQ(of_state[i], all[i]) << "entry " << all[i].seq;
  EXPECT_EQ(all[3].setting, StoredNumber{1});
  EXPECT_EQ(all[7].waits_since, StoredNumber{3});
  EXPECT_EQ(all[9].waits_since, StoredNumber{4});
  EXPECT_EQ(all[10].generation, StoredNumber{2});
  EXPECT_EQ(all[12].setting, StoredNumber{0});
  EXPECT_EQ(of_state[13].waits_since, StoredNumber{});
  EXPECT_EQ(read_all(*repository_, 1, 0, 15).size(), 15U) << "each has the columns of its kind";
}

TEST_P(WaitListContract, AReaderOfAGrantGetsItsReleaseAndThatItsProgramLeftTheList) {
  fill();
  const auto seqs = [&](ProgramId program, std::int32_t generation) {
    std::vector<Seq> found;
    for (const auto& entry : entries_of_grant(program, generation)) found.push_back(entry.row.seq);
    return found;
  };
  EXPECT_EQ(seqs(2, 1), (std::vector<Seq>{3, 8}));
  EXPECT_EQ(seqs(2, 2), (std::vector<Seq>{3, 8, 9}));
  EXPECT_EQ(seqs(3, 1), (std::vector<Seq>{4, 10}));
  EXPECT_EQ(seqs(3, 2), (std::vector<Seq>{4, 10, 11, 12, 13}));
  EXPECT_EQ(seqs(3, 3), (std::vector<Seq>{}));
}

TEST_P(WaitListContract, AReaderOfAGrantThatWasToppedUpManyTimesGetsOnlyTheLastAndTheOneThatWasAmended) {
  ask();
  store(change({set(SemesterSetting::kWaitListOn)}));  // 5
  store(amendment());                                  // 6 and 7
  const auto with_generation = [](LedgerEntry entry, std::int32_t generation) {
    entry.generation = generation;
    return entry;
  };
  const Want want{4, 0};
  store(change({with_generation(released(2, want, {0, 0, 0}, Cause::kAmended), 1),
                with_generation(amended(2, want, {1, 0, 0}), 2)},
               "ask"));  // 8 and 9
  for (std::int32_t generation = 2; generation <= 4; ++generation) {
    store(change({with_generation(released(2, want, {generation - 1, 0, 0}, Cause::kToppedUp), generation),
                  with_generation(topped_up(2, want, {generation, 0, 0}, 3), generation + 1)}));  // 10 to 15
  }
  std::vector<Seq> seqs;
  for (const auto& entry : entries_of_grant(2, 5)) seqs.push_back(entry.row.seq);
  EXPECT_EQ(seqs, (std::vector<Seq>{9, 10, 15}));
}

TEST_P(WaitListContract, WhatTheRuleForbidsIsNotStored) {
  ask();
  use_wait_list();
  const StoredSemester before = semester_;
  const auto refused = [&](const char* name, std::vector<LedgerEntry> entries,
                           const std::function<void(LedgerRow&)>& spoil) {
    semester_ = before;
    Change spoilt = change(std::move(entries));
    spoil(spoilt.entries.back().row);
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->change(spoilt)); }), Kind::kInvariant) << name;
    EXPECT_EQ(stored(), before) << name;
  };
  const auto keep = [](LedgerRow& /*row*/) {};
  const LedgerEntry none = topped_up(5, {0, 0}, {0, 0, 0}, 3);
  refused("a place that is left twice", {left(3, 2)}, keep);
  refused("a place of no program", {left(2, 2)}, [](LedgerRow& row) { row.program_id = {}; });
  refused("a place of no grant", {left(2, 2)}, [](LedgerRow& row) { row.generation = {}; });
  refused("a setting without a value", {set(SemesterSetting::kWaitListOn)}, [](LedgerRow& row) { row.setting = {}; });
  refused("an unknown setting", {set(SemesterSetting::kWaitListOn)}, [](LedgerRow& row) { row.setting = 2; });
  refused("a setting of another kind", {bare(EntryKind::kSemesterClosed)}, [](LedgerRow& row) { row.setting = 1; });
  refused("a top-up without a place", {none}, [](LedgerRow& row) { row.waits_since = {}; });
  refused("a place before the first grant", {none}, [](LedgerRow& row) { row.waits_since = 1; });
  refused("a place that is not earlier", {none}, [](LedgerRow& row) { row.waits_since = row.seq; });
  refused("an amended grant with a place", {amended(5, {0, 0}, {0, 0, 0})},
          [](LedgerRow& row) { row.waits_since = 3; });
  refused("a release with a place", {released(2, {4, 0}, {4, 0, 0}, Cause::kToppedUp)}, [](LedgerRow& row) {
    row.generation = 2;
    row.waits_since = 3;
  });
  semester_ = before;
  store(change({left(2, 2)}));
}

/// For the databases.
class WaitListSqlContract : public WaitListContract {
 protected:
  /// A client that may change entries.
  std::unique_ptr<SqlClient> connect_to_tamper() const {
    auto client = backend_->connect();
    client->run(is_sqlite() ? "DROP TRIGGER ledger_is_not_updated" : "SET session_replication_role = replica");
    return client;
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, WaitListSqlContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(WaitListSqlContract, AStoreWithAWaitListFitsAndAServerContinuesWithIt) {
  fill();
  EXPECT_EQ(faults(look()), "");
  const Leadership leadership = reopen();
  semester_.epoch = epoch_;
  EXPECT_EQ(leadership.semesters, std::vector{semester_});
  store(change({set(SemesterSetting::kWaitListOn)}));
  EXPECT_EQ(faults(look()), "");
}

TEST_P(WaitListSqlContract, AnEntryThatWasTamperedWithIsFound) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE ledger SET waits_since = 3 WHERE seq = 11", "UPDATE ledger SET waits_since = 4 WHERE seq = 11"},
      {"UPDATE ledger SET setting = 0 WHERE seq = 5", "UPDATE ledger SET setting = 1 WHERE seq = 5"},
      {"UPDATE ledger SET setting = 1 WHERE seq = 14", "UPDATE ledger SET setting = 0 WHERE seq = 14"},
      {"UPDATE ledger SET program_id = 2 WHERE seq = 12", "UPDATE ledger SET program_id = 3 WHERE seq = 12"},
      {"UPDATE ledger SET cause = 1 WHERE seq = 8", "UPDATE ledger SET cause = 3 WHERE seq = 8"},
  };
  fill();
  const auto client = connect_to_tamper();
  for (const auto& [tamper, restore] : cases) {
    client->run(tamper);
    EXPECT_NE(faults(look()), "") << tamper;
    client->run(restore);
    EXPECT_EQ(faults(look()), "") << restore;
  }
}

TEST_P(WaitListSqlContract, AGrantByARequestHasNoPlaceAndNoSetting) {
  start();
  const auto client = backend_->connect();
  const auto granted = [&](const std::string& columns, const std::string& values) {
    client->run(
        "INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
        " classrooms_granted, labs_granted, mobile_labs_granted, status" +
        columns + ") SELECT 1, 3, at, 0, 1, 1, 0, 0, 0, 0, 0, 0" + values + " FROM ledger WHERE seq = 1");
  };
  EXPECT_THROW(granted(", waits_since", ", 2"), SqlRefused);
  EXPECT_THROW(granted(", setting", ", 0"), SqlRefused);
  EXPECT_THROW(granted(", cause, waits_since", ", 3, 2"), SqlRefused) << "no command tops it up";
  EXPECT_THROW(granted(", classrooms_capacity", ", 0"), SqlRefused);
  granted("", "");
}

TEST_P(WaitListSqlContract, TheViewsAndReportsKnowThem) {
  fill();
  const auto client = backend_->connect();
  const auto row = [](std::initializer_list<std::string> cells) { return Row{cells.begin(), cells.end()}; };
  EXPECT_EQ(client->run("SELECT seq, kind, coalesce(cause, '-'), coalesce(program, '-'), coalesce(waits_since, 0),"
                        " coalesce(setting, '-') FROM history WHERE seq >= 5 ORDER BY seq"),
            (Rows{row({"5", "setting", "-", "-", "0", "wait-list-on"}),
                  row({"6", "released", "amended", "Program 1", "0", "-"}),
                  row({"7", "granted", "amended", "Program 1", "0", "-"}),
                  row({"8", "released", "topped-up", "Program 2", "0", "-"}),
                  row({"9", "granted", "topped-up", "Program 2", "3", "-"}),
                  row({"10", "released", "topped-up", "Program 3", "0", "-"}),
                  row({"11", "granted", "topped-up", "Program 3", "4", "-"}),
                  row({"12", "waiting-left", "-", "Program 3", "0", "-"}),
                  row({"13", "released", "released", "Program 3", "0", "-"}),
                  row({"14", "setting", "-", "-", "0", "wait-list-off"}),
                  row({"15", "granted", "asked", "Program 4", "0", "-"})}));
  EXPECT_EQ(client->run("SELECT program, classrooms_granted, cause FROM allocation ORDER BY program"),
            (Rows{row({"Program 1", "375", "amended"}), row({"Program 2", "4", "topped-up"}),
                  row({"Program 4", "1", "asked"})}));
  EXPECT_EQ(
      client->run("SELECT kind, entries FROM entry_count WHERE kind IN ('setting', 'waiting-left') ORDER BY kind"),
      (Rows{row({"setting", "2"}), row({"waiting-left", "1"})}));
  const auto report = [&](const std::string& name) {
    std::ifstream file{DTI_REPORTS_DIR "/" + name + ".sql"};
    return client->run({std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}});
  };
  const auto changes = report("changes_by_the_office");
  ASSERT_EQ(changes.size(), 10U);
  EXPECT_EQ(std::count(changes[0].begin(), changes[0].end(), "wait-list-on"), 1);
  const auto grants = report("grants_in_order_of_time");
  ASSERT_EQ(grants.size(), 7U);
  EXPECT_EQ(grants[4].back(), "3") << "the place of program 2";
}

TEST_P(WaitListSqlContract, AFilledStoreOfTheVersionBeforeIsReadAndMigrated) {
  backend_->give_to_the_servers();
  ask();
  store(amendment());
  store(change({bare(EntryKind::kSemesterClosed), bare(EntryKind::kSemesterReopened)}));
  const auto before = backend_->connect()->run("SELECT * FROM history ORDER BY seq");
  const auto read_before = unsealed(entries());
  repository_.reset();
  take_back(*backend_->connect(), database(), 4);
  EXPECT_EQ(faults(look()), "") << "before the migration";
  repository_ = backend_->open();
  epoch_ = lead().epoch;
  semester_.epoch = epoch_;
  EXPECT_EQ(stored(), semester_);
  EXPECT_EQ(faults(look()), "");
  EXPECT_EQ(backend_->connect()->run("SELECT * FROM history ORDER BY seq"), before);
  EXPECT_EQ(unsealed(entries()), read_before);
  store(change({set(SemesterSetting::kWaitListOn)}));
  store(top_ups());
  EXPECT_EQ(faults(look()), "");
}

TEST_P(WaitListSqlContract, TheMigrationIsNotTakenBackOnceAWaitListWasUsed) {
  backend_->give_to_the_servers();
  start();
  store(change({set(SemesterSetting::kWaitListOn)}));
  repository_.reset();
  EXPECT_THROW(take_back(*backend_->connect(), database(), 4), SqlRefused);
  EXPECT_EQ(faults(look()), "") << "all of it is there";
}

TEST_P(WaitListSqlContract, AStandbyReadsTheLedgerOfTheVersionBefore) {
  if (is_sqlite()) GTEST_SKIP() << "one process at a time can open the file";
  backend_->give_to_the_servers();
  ask();
  store(amendment());
  repository_.reset();
  take_back(*backend_->connect(), database(), 4);
  repository_ = backend_->open();
  backend_->connect()->run(
      "UPDATE leadership SET holder = 'elsewhere:1:0', lease_until = clock_timestamp() + interval '1 hour'");
  ASSERT_TRUE(repository_->watch().held);
  EXPECT_EQ(read_all(*repository_, 1, 0, 9).size(), 6U);
  EXPECT_EQ(entries().size(), 6U);
  EXPECT_EQ(entries_of_grant(1, 1).size(), 2U);
}

}  // namespace
}  // namespace dti::contract
