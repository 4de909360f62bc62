// dtictl copy, from each kind of database to each: what it needs of the stores.
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/domain/amend.hpp"
#include "dti/domain/name.hpp"
#include "dti/repository/file/ledger_file.hpp"
#include "dti/repository/file/ledger_file_writer.hpp"
#include "dti/repository/open/open_copy.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/store_copy.hpp"
#include "dti/service/ledger/verify.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;
constexpr std::chrono::milliseconds kTimeout{5'000};

void say_nothing(const VerifyProgress& /*progress*/) {}
void expect_no_warning(const std::string& warning) { ADD_FAILURE() << warning; }

std::unique_ptr<StoreHold> hold(const StoreAddress& address) {
  return hold_store(address, kTimeout, expect_no_warning);
}
std::unique_ptr<StoreFiller> filler_of(const StoreAddress& address) {
  return open_filler(address, kTimeout, kAt, expect_no_warning);
}

StoreAddress address_of(const Backend& backend) {
  if (backend.has_leases()) return PostgresqlStoreAddress{backend.where()};
  return SqliteStoreAddress{backend.where()};
}

class CopyContract : public StoreTest {
 protected:
  StoreAddress source() const { return address_of(*backend_); }
  std::unique_ptr<LedgerSnapshot> look() const { return open_snapshot(source(), kTimeout); }

  /// Two semesters: entries with and without a request id, names and ids with every letter that a database quotes.
  void write_source() {
    start();
    CatalogProgram odd = program(6, 2);
    odd.faculty_name = R"(O'Higgins \ "Ñandú")";
    odd.name = R"({NULL}, "x\y" $1 ?)";
    odd.faculty_key = name_key(odd.faculty_name);
    odd.key = name_key(odd.name);
    CatalogChange planned;
    planned.epoch = epoch_;
    planned.base = repository_->read_catalog_state({}, {}).head;
    planned.programs = {odd};
    planned.command_id = R"(plan "\ ñ)";
    planned.note = {{0xff}, "local/1", R"(it's "\ ñ)"};
    planned.at = kAt;
    ASSERT_EQ(repository_->change_catalog(planned), CommitResult::kCommitted);
    ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}, {6, {1000, 60}}}, R"(it's "\ ñ)")), CommitResult::kCommitted);
    const Batch anonymous = grants({{2, {0, 1}}}, std::nullopt);
    ASSERT_EQ(repository_->commit(anonymous), CommitResult::kCommitted);
    ASSERT_EQ(repository_->commit(grants({{3, {0, 0}}}, "")), CommitResult::kCommitted);
    const auto& grant = anonymous.entries[0].grant;
    ASSERT_EQ(repository_->change(change({released(2, {0, 1}, grant, Cause::kAmended), amended(2, {0, 0}, {})})),
              CommitResult::kCommitted);
    Change odd_note = change({bare(EntryKind::kSemesterClosed), bare(EntryKind::kSemesterReopened)});
    odd_note.note = {{0xff}, R"(it's "\ ñ)", ""};
    ASSERT_EQ(repository_->change(odd_note), CommitResult::kCommitted);
    use_wait_list();
    ASSERT_EQ(repository_->open_semester(epoch_, "2026-10", {20, 10, 10}, kAt).result, OpenResult::kOpened);
    repository_.reset();
  }

  /// Program 6 waits, gets the rooms of program 1, and leaves the list.
  void use_wait_list() {
    LedgerEntry turned_on = bare(EntryKind::kSetting);
    turned_on.setting = SemesterSetting::kWaitListOn;
    ASSERT_EQ(repository_->change(change({turned_on})), CommitResult::kCommitted);
    const Want want{1000, 60};
    const auto release = released(1, {7, 2}, {7, 2, 0}, Cause::kReleased);
    ASSERT_EQ(repository_->change(change({release}, R"(it's "\ ñ)")), CommitResult::kCommitted);
    const Grant held{371, 58, 2};
    LedgerEntry more = amended(6, want, top_up(semester_.left, held, want));
    more.cause = Cause::kToppedUp;
    more.waits_since = 3;
    LedgerEntry leaves = bare(EntryKind::kWaitingLeft);
    leaves.program_id = 6;
    leaves.generation = 2;
    ASSERT_EQ(repository_->change(change({released(6, want, held, Cause::kToppedUp), more})), CommitResult::kCommitted);
    ASSERT_EQ(repository_->change(change({leaves})), CommitResult::kCommitted);
  }

  /// @return the epoch of the copy
  Epoch copy_to(const Backend& target) const {
    const auto snapshot = look();
    const auto filler = filler_of(address_of(target));
    fill(*filler, *snapshot, say_nothing);
    return filler->commit(snapshot->read_epoch(), kAt);
  }

  /// Runs the test with a fresh store of each kind as the target.
  static void with_each_target(const std::function<void(Backend&)>& test) {
    for (const auto& kind : sql_backends()) {
      SCOPED_TRACE("to " + kind.name);
      const auto target = kind.make();
      test(*target);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, CopyContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(CopyContract, ACopyIsTheSameAsItsSourceAndAServerContinuesWithIt) {
  write_source();
  with_each_target([&](Backend& target) {
    copy_to(target);
    const auto copy = open_snapshot(address_of(target), kTimeout);
    EXPECT_EQ(compare(*look(), *copy), std::nullopt);
    const auto report = verify(*copy, say_nothing);
    EXPECT_TRUE(report.fits());
    EXPECT_EQ(report.semesters.at(0).notes, 6);
    EXPECT_EQ(report.semesters.at(0).notes_erased, 0);
    EXPECT_EQ(copy->read_epoch(), look()->read_epoch());
    EXPECT_EQ(target.request_ids(1), backend_->request_ids(1));
    const auto times = "SELECT at, seq FROM history ORDER BY semester, seq";
    EXPECT_EQ(target.connect()->run(times), backend_->connect()->run(times));
    const auto server = target.open();
    const auto leadership = take(*server);
    ASSERT_TRUE(leadership);
    EXPECT_EQ(leadership->epoch, epoch_ + 1);
    EXPECT_EQ(leadership->program_count, 6U);
    EXPECT_EQ(leadership->semesters.at(0).left, semester_.left);
    const auto before = semester_;
    Batch next = grants({{4, {1, 0}}});
    next.epoch = leadership->epoch;
    EXPECT_EQ(server->commit(next), CommitResult::kCommitted);
    semester_ = before;
  });
}

/// The whole store as a file, as `dtictl ledger export` writes it.
std::string file_of(LedgerSnapshot& snapshot) {
  std::string text;
  LedgerFileWriter writer{[&](std::string_view lines) { text += lines; }};
  const auto heads = snapshot.read_chain_heads().value_or(ChainHeads{});
  const auto [semesters, catalog, changes] = snapshot.survey();
  writer.begin({heads.store, snapshot.read_schema_version(), "now"});
  writer.add_catalog(catalog);
  snapshot.read_registry([&](const std::vector<RegistryEntry>& entries) { writer.add_registry(entries); });
  writer.add_notes(snapshot.read_notes(kRegistryId, 1, std::numeric_limits<Seq>::max()));
  for (const auto& semester : semesters) {
    writer.add_semester(semester);
    snapshot.read_entries(semester.id, 1, semester.head,
                          [&](const std::vector<StoredEntry>& entries) { writer.add_entries(entries); });
    writer.add_notes(snapshot.read_notes(semester.id, 1, semester.head));
  }
  writer.finish(heads);
  return text;
}

TEST_P(CopyContract, AFileHasTheWholeStoreAndFillsAnotherOneThatGivesTheSameFile) {
  write_source();
  const auto snapshot = look();
  const auto text = file_of(*snapshot);
  LedgerFile file{[&](std::uint64_t offset, char* to, std::size_t size) { return text.copy(to, size, offset); },
                  say_nothing};
  ASSERT_EQ(file.faults(), std::nullopt);
  EXPECT_EQ(file.hash_fault(), std::nullopt);
  EXPECT_TRUE(verify(file, say_nothing).fits());
  EXPECT_EQ(compare(*snapshot, file), std::nullopt);
  with_each_target([&](Backend& target) {
    const auto filler = filler_of(address_of(target));
    fill(*filler, file, say_nothing);
    EXPECT_EQ(filler->commit(file.read_epoch(), kAt), file.read_epoch());
    const auto filled = open_snapshot(address_of(target), kTimeout);
    EXPECT_EQ(compare(file, *filled), std::nullopt);
    EXPECT_TRUE(verify(*filled, say_nothing).fits());
    EXPECT_EQ(file_of(*filled), text);
  });
}

TEST_P(CopyContract, WithoutTheCommitTheTargetStaysEmptyAndCanBeFilledAgain) {
  write_source();
  with_each_target([&](Backend& target) {
    target.give_to_the_servers();
    fill(*filler_of(address_of(target)), *look(), say_nothing);
    EXPECT_EQ(failure_of([&] { static_cast<void>(open_snapshot(address_of(target), kTimeout)); }), Kind::kRefused);
    copy_to(target);
    EXPECT_EQ(compare(*look(), *open_snapshot(address_of(target), kTimeout)), std::nullopt);
  });
}

TEST_P(CopyContract, AStoreThatIsNotEmptyIsNotFilled) {
  write_source();
  with_each_target([&](Backend& target) {
    copy_to(target);
    const auto text = failure_text([&] { copy_to(target); });
    EXPECT_NE(text.find("is not empty: it has 6 programs, 2 semesters and 15 entries"), std::string::npos) << text;
    EXPECT_EQ(compare(*look(), *open_snapshot(address_of(target), kTimeout)), std::nullopt);
  });
}

TEST_P(CopyContract, AStoreThatAServerLeadsIsNeitherHeldNorFilled) {
  lead(kLasting);
  EXPECT_EQ(failure_of([&] { static_cast<void>(hold(source())); }), Kind::kRefused);
  EXPECT_EQ(failure_of([&] { static_cast<void>(filler_of(source())); }), Kind::kRefused);
  static_cast<void>(repository_->resign(epoch_ = 1));
  repository_.reset();
  EXPECT_NO_THROW(static_cast<void>(hold(source())));
  EXPECT_NO_THROW(static_cast<void>(filler_of(source())));
}

TEST_P(CopyContract, NoServerLeadsAStoreThatIsHeld) {
  start();
  repository_.reset();
  auto held = hold(source());
  EXPECT_TRUE(failure_of([&] { static_cast<void>(take(*backend_->open())); }));
  EXPECT_TRUE(verify(*look(), say_nothing).fits());
  held.reset();
  EXPECT_EQ(take(*backend_->open())->epoch, 2);
}

TEST_P(CopyContract, NoServerLeadsAStoreThatIsBeingFilled) {
  repository_.reset();
  auto filler = filler_of(source());
  EXPECT_TRUE(failure_of([&] { static_cast<void>(take(*backend_->open())); }));
  filler.reset();
  EXPECT_EQ(take(*backend_->open())->epoch, 1);
}

TEST_P(CopyContract, TheEpochOfTheTargetDoesNotFall) {
  write_source();
  with_each_target([&](Backend& target) {
    for (int i = 0; i < 3; ++i) static_cast<void>(take(*target.open()));
    EXPECT_EQ(copy_to(target), 3);
    EXPECT_EQ(open_snapshot(address_of(target), kTimeout)->read_epoch(), 3);
    EXPECT_EQ(take(*target.open())->epoch, 4);
  });
}

TEST_P(CopyContract, ACopyThatAServerHasLedSinceHasAnotherEpochThanWasCommitted) {
  write_source();
  with_each_target([&](Backend& target) {
    const Epoch committed = copy_to(target);
    EXPECT_EQ(open_snapshot(address_of(target), kTimeout)->read_epoch(), committed);
    static_cast<void>(take(*target.open()));
    EXPECT_NE(open_snapshot(address_of(target), kTimeout)->read_epoch(), committed);
  });
}

TEST_P(CopyContract, ACommitThatTheDatabaseRejectsIsNotInDoubtAndLeavesTheTargetEmpty) {
  write_source();
  with_each_target([&](Backend& target) {
    if (!target.has_leases()) return;  // SQLite checks nothing as late as in the commit
    static_cast<void>(take(*target.open()));
    const auto client = target.connect();
    client->run(
        "CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'no room'; END $$");
    client->run(
        "CREATE CONSTRAINT TRIGGER reject AFTER INSERT ON semester DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION reject()");
    EXPECT_EQ(failure_of([&] { copy_to(target); }), Kind::kUnavailable);
    client->run("DROP TRIGGER reject ON semester");
    copy_to(target);
    EXPECT_EQ(compare(*look(), *open_snapshot(address_of(target), kTimeout)), std::nullopt);
  });
}

TEST_P(CopyContract, AReaderOfASqliteTargetCausesAWarningAboutTheLogAndTheCopyIsStored) {
  write_source();
  with_each_target([&](Backend& target) {
    if (target.has_leases()) return;
    static_cast<void>(take(*target.open()));
    const auto reader = target.connect();
    std::vector<std::string> warnings;
    const auto filler = open_filler(address_of(target), std::chrono::milliseconds{50}, kAt,
                                    [&](const std::string& warning) { warnings.push_back(warning); });
    const auto snapshot = look();
    fill(*filler, *snapshot, say_nothing);
    reader->run("BEGIN");
    reader->run("SELECT epoch FROM leadership");
    EXPECT_EQ(filler->commit(snapshot->read_epoch(), kAt), snapshot->read_epoch());
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("-wal exists, keep it beside the file"), std::string::npos) << warnings[0];
    EXPECT_EQ(compare(*snapshot, *open_snapshot(address_of(target), kTimeout)), std::nullopt);
  });
}

TEST_P(CopyContract, AServerThatUsedTheSourceMeanwhileIsNoticed) {
  start();
  const auto before = look();
  EXPECT_TRUE(is_unchanged(*before, *look()));
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  EXPECT_FALSE(is_unchanged(*before, *look()));
  const auto after = look();
  reopen();
  EXPECT_FALSE(is_unchanged(*after, *look())) << "it has taken over, and may write";
}

TEST_P(CopyContract, AnErasedNoteIsCopiedAsErasedAndTheComparisonFindsOneThatIsMissing) {
  write_source();
  backend_->connect()->run("DELETE FROM ledger_note WHERE seq = 7");
  with_each_target([&](Backend& target) {
    copy_to(target);
    EXPECT_EQ(compare(*look(), *open_snapshot(address_of(target), kTimeout)), std::nullopt);
    EXPECT_EQ(verify(*open_snapshot(address_of(target), kTimeout), say_nothing).semesters.at(0).notes_erased, 1);
    target.connect()->run("DELETE FROM ledger_note WHERE semester_id > 0");
    EXPECT_EQ(compare(*look(), *open_snapshot(address_of(target), kTimeout)),
              "semester \"2025-10\": a note of a command differs from the source");
    target.connect()->run("DELETE FROM ledger_note");
    EXPECT_EQ(compare(*look(), *open_snapshot(address_of(target), kTimeout)),
              "a note of the registry differs from the source");
  });
}

TEST_P(CopyContract, TheComparisonFindsAnEntryThatDiffersOnlyInItsRequestId) {
  write_source();
  with_each_target([&](Backend& target) {
    copy_to(target);
    const auto client = target.connect();
    client->run(target.has_leases() ? "ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only"
                                    : "DROP TRIGGER ledger_is_not_updated");
    client->run("UPDATE ledger SET request_id = NULL WHERE semester_id = 1 AND seq = 5");
    EXPECT_EQ(compare(*look(), *open_snapshot(address_of(target), kTimeout)),
              "semester \"2025-10\": entry 5 differs from the source");
  });
}

}  // namespace
}  // namespace dti::contract
