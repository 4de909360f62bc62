// The entries of holds and quotas: holds by requests, extensions, confirmations, and limits of faculties.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "contract/office_fixture.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;

constexpr std::int64_t kSoon = 1'760'000'060'123'456;   // when the holds expire
constexpr std::int64_t kLater = 1'760'000'120'123'456;  // the same after an extension

class HoldsAndQuotasContract : public OfficeTest {
 protected:
  static LedgerEntry about(EntryKind kind, ProgramId id, std::int32_t generation, std::int64_t expires_at = 0) {
    LedgerEntry entry = bare(kind);
    entry.program_id = id;
    entry.generation = generation;
    entry.expires_at = expires_at;
    return entry;
  }
  static LedgerEntry extended(ProgramId id, std::int64_t expires_at) {
    return about(EntryKind::kHoldExtended, id, 1, expires_at);
  }
  static LedgerEntry confirmed(ProgramId id, std::int32_t generation = 1) {
    return about(EntryKind::kConfirmed, id, generation);
  }
  static LedgerEntry quota(FacultyId faculty, const Quota& quota) {
    LedgerEntry entry = bare(EntryKind::kQuotaSet);
    entry.faculty_id = faculty;
    entry.quota = quota;
    return entry;
  }
  static LedgerEntry with_cause(LedgerEntry entry, Cause cause) {
    entry.cause = cause;
    return entry;
  }
  static LedgerEntry until(LedgerEntry entry, std::int64_t expires_at) {
    entry.expires_at = expires_at;
    return entry;
  }

  void store(const Change& change) { ASSERT_EQ(repository_->change(change), CommitResult::kCommitted); }

  /// A change for one request, in which the grants of these programs are holds.
  Change holds(const std::vector<std::pair<ProgramId, Want>>& wants, const std::vector<ProgramId>& held,
               const std::string& request_id = "r") {
    const Batch batch = grants(wants, request_id);
    Change change;
    change.semester_id = semester_.id;
    change.epoch = epoch_;
    change.base = batch.base;
    change.capacity = semester_.capacity;
    change.left = semester_.left;
    change.is_open = true;
    change.at = kAt;
    for (LedgerEntry entry : batch.entries) {
      if (std::find(held.begin(), held.end(), entry.program_id) != held.end()) entry.expires_at = kSoon;
      StoredEntry stored{row_of(entry), kAt.time_since_epoch().count(), request_id};
      stored.row.request = id_hash(request_id);
      if (rests_on_time(stored.row)) stored.row.at = stored.at;
      change.entries.push_back(std::move(stored));
    }
    return change;
  }

  void fill() {
    start();
    // 2 to 4: programs 1 and 3 have holds
    store(holds({{1, {7, 2}}, {2, {5, 1}}, {3, {4, 0}}}, {1, 3}, "ask"));
    store(change({extended(1, kLater)}));  // 5
    store(change({confirmed(1)}));         // 6
    store(change({with_cause(released(3, {4, 0}, {4, 0, 0}, Cause::kConfirmedInPart), Cause::kConfirmedInPart),
                  with_cause(amended(3, {3, 0}, {3, 0, 0}), Cause::kConfirmedInPart)},
                 "ask"));                                                       // 7 and 8
    store(change({quota(1, {{40, false}, {}})}));                               // 9
    store(change({quota(1, {{}, {0, true}})}));                                 // 10
    store(change({quota(2, {})}));                                              // 11
    store(holds({{4, {1, 1}}}, {4}, "again"));                                  // 12
    store(change({released(4, {1, 1}, {1, 1, 0}, Cause::kExpired)}, "again"));  // 13
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, HoldsAndQuotasContract, testing::ValuesIn(all_backends()), name_of_backend());

TEST_P(HoldsAndQuotasContract, AnEntryIsReadBackAsItWasStored) {
  start();
  const auto asked = holds({{1, {7, 2}}, {2, {5, 1}}, {3, {4, 0}}}, {1, 3}, "ask");
  store(asked);
  auto expected = asked.entries;
  for (const auto& change : {change({extended(1, kLater), confirmed(1)}), change({quota(1, {{40, false}, {7, true}})}),
                             change({quota(2, {})}),
                             change({until(released(3, {4, 0}, {4, 0, 0}, Cause::kAmended), 0),
                                     until(amended(3, {5, 0}, {5, 0, 0}), kSoon)})}) {
    store(change);
    expected.insert(expected.end(), change.entries.begin(), change.entries.end());
    expected.back().note_hash = hash_of(change.note);
  }
  const auto read = unsealed(entries(2));
  ASSERT_EQ(read.size(), expected.size());
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], expected[i]) << "entry " << i + 2;
  EXPECT_EQ(stored(), semester_);
}

TEST_P(HoldsAndQuotasContract, AReaderOfTheStateGetsTheHoldsAndTheQuotas) {
  fill();
  const auto rows = [&](Columns columns) {
    std::vector<LedgerRow> read;
    repository_->read_ledger(1, 2, 13, columns, [&](const std::vector<LedgerRow>& piece) {
      read.insert(read.end(), piece.begin(), piece.end());
      return true;
    });
    return read;
  };
  const auto all = rows(Columns::kAll);
  const auto of_state = rows(Columns::kOfState);
  ASSERT_EQ(all.size(), 12U);
  ASSERT_EQ(of_state.size(), 12U);
  for (const std::size_t i : {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
    EXPECT_EQ(of_state[i], all[i]) << "entry " << all[i].seq;
  }
  EXPECT_EQ(all[0].expires_at, StoredNumber{kSoon});
  EXPECT_EQ(all[1].expires_at, StoredNumber{}) << "between two holds";
  EXPECT_EQ(all[3].expires_at, StoredNumber{kLater});
  EXPECT_EQ(all[7].classrooms_limit, StoredNumber{40});
  EXPECT_EQ(all[7].classrooms_limit_is_soft, StoredNumber{0});
  EXPECT_EQ(all[8].labs_limit_is_soft, StoredNumber{1});
  EXPECT_EQ(all[9].faculty_id, StoredNumber{2});
  const auto at = StoredNumber{kAt.time_since_epoch().count()};
  for (const std::size_t i : {0, 2, 3, 4, 5, 10, 11}) EXPECT_EQ(all[i].at, at) << "rules for holds compare it: " << i;
  for (const std::size_t i : {1, 6, 7}) EXPECT_EQ(all[i].at, StoredNumber{}) << i;
}

TEST_P(HoldsAndQuotasContract, AChangeForARequestHasNoCommandAndNoNoteUnlessItsLastEntryHasOne) {
  start();
  const auto without_command = [](StoredEntry& stored, const char* request_id) {
    stored.command_id.reset();
    stored.row.command = {};
    stored.request_id = request_id;
    stored.row.request = id_hash(request_id);
  };
  auto held = with_cause(until(amended(1, {7, 2}, {7, 2, 0}, 1), kSoon), Cause::kAsked);
  auto firm = with_cause(amended(2, {5, 1}, {5, 1, 0}, 1), Cause::kAsked);
  auto first = change({held, firm});
  for (auto& entry : first.entries) without_command(entry, "ask");
  store(first);
  auto second = change({with_cause(until(amended(3, {4, 0}, {4, 0, 0}, 1), kSoon), Cause::kAsked), confirmed(1)});
  without_command(second.entries.front(), "again");
  store(second);
  auto expected = first.entries;
  expected.insert(expected.end(), second.entries.begin(), second.entries.end());
  expected.back().note_hash = hash_of(second.note);
  EXPECT_EQ(unsealed(entries(2)), expected);
  EXPECT_EQ(stored(), semester_);
}

TEST_P(HoldsAndQuotasContract, ATakeOverTellsTheTimeOfTheNewestEntry) {
  start();
  EXPECT_EQ(lead().newest_at, kAt);
  auto later = change({quota(1, {})});
  later.at += std::chrono::hours{1};
  later.epoch = epoch_ = lead().epoch;
  for (auto& entry : later.entries) entry.at += std::chrono::microseconds{std::chrono::hours{1}}.count();
  store(later);
  const auto leadership = lead();
  EXPECT_EQ(leadership.newest_at, later.at);
  if (leadership.database_time) {
    const auto now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
    EXPECT_LT(std::chrono::abs(now - *leadership.database_time), std::chrono::minutes{1});
  }
}

TEST_P(HoldsAndQuotasContract, AReaderOfAGrantGetsItsEntriesInTheirOrder) {
  fill();
  store(change({confirmed(2)}));  // 14: the rule forbids it, and the store need not know
  store(change({extended(2, kSoon), extended(2, kLater)}));
  const auto seqs = [&](ProgramId program, std::int32_t generation) {
    std::vector<Seq> found;
    for (const auto& entry : entries_of_grant(program, generation)) found.push_back(entry.row.seq);
    return found;
  };
  EXPECT_EQ(seqs(1, 1), (std::vector<Seq>{2, 5, 6}));
  EXPECT_EQ(seqs(2, 1), (std::vector<Seq>{3, 14, 15, 16}));
  EXPECT_EQ(seqs(3, 1), (std::vector<Seq>{4, 7}));
  EXPECT_EQ(seqs(3, 2), (std::vector<Seq>{8}));
  EXPECT_EQ(seqs(4, 1), (std::vector<Seq>{12, 13}));
}

TEST_P(HoldsAndQuotasContract, AReaderOfAGrantGetsWhatBecameOfItsHoldBetweenTopUps) {
  start();
  store(holds({{1, {4, 0}}}, {1}, "ask"));  // 2
  const auto topped_up = [](std::int32_t generation, std::int64_t expires_at) {
    LedgerEntry release = released(1, {4, 0}, {4, 0, 0}, Cause::kToppedUp);
    release.generation = generation - 1;
    LedgerEntry grant = until(with_cause(amended(1, {4, 0}, {4, 0, 0}), Cause::kToppedUp), expires_at);
    grant.generation = generation;
    grant.waits_since = 2;
    return std::vector{release, grant};
  };
  store(change(topped_up(2, kSoon)));                              // 3 and 4
  store(change({about(EntryKind::kHoldExtended, 1, 2, kLater)}));  // 5
  store(change(topped_up(3, kLater)));                             // 6 and 7
  store(change({confirmed(1, 3)}));                                // 8
  store(change(topped_up(4, 0)));                                  // 9 and 10
  std::vector<Seq> seqs;
  for (const auto& entry : entries_of_grant(1, 4)) seqs.push_back(entry.row.seq);
  EXPECT_EQ(seqs, (std::vector<Seq>{2, 3, 5, 8, 10}));
}

TEST_P(HoldsAndQuotasContract, WhatTheRuleForbidsIsNotStored) {
  fill();
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
  const LedgerEntry limits = quota(1, {{4, false}, {5, true}});
  refused("a hold that is confirmed twice", {confirmed(1)}, keep);
  refused("a hold that is extended to the same time twice", {extended(1, kLater)}, keep);
  refused("a confirmation of no program", {confirmed(2)}, [](LedgerRow& row) { row.program_id = {}; });
  refused("a confirmation of no grant", {confirmed(2)}, [](LedgerRow& row) { row.generation = {}; });
  refused("a confirmation with an end", {confirmed(2)}, [](LedgerRow& row) { row.expires_at = kSoon; });
  refused("an extension without an end", {extended(2, kSoon)}, [](LedgerRow& row) { row.expires_at = {}; });
  refused("a release with an end", {released(2, {5, 1}, {5, 1, 0}, Cause::kCancelled)},
          [](LedgerRow& row) { row.expires_at = kSoon; });
  refused("a hold that is confirmed in part and has an end",
          {with_cause(amended(5, {0, 0}, {0, 0, 0}), Cause::kConfirmedInPart)},
          [](LedgerRow& row) { row.expires_at = kSoon; });
  refused("a hold of a command that nobody amended", {amended(5, {0, 0}, {0, 0, 0})}, [](LedgerRow& row) {
    row.cause = static_cast<std::int64_t>(Cause::kAsked);
    row.expires_at = kSoon;
  });
  refused("a quota of no faculty", {limits}, [](LedgerRow& row) { row.faculty_id = {}; });
  refused("a limit that is neither hard nor soft", {limits}, [](LedgerRow& row) { row.labs_limit_is_soft = {}; });
  refused("a soft limit that is none", {limits}, [](LedgerRow& row) { row.classrooms_limit = {}; });
  refused("a negative limit", {limits}, [](LedgerRow& row) { row.labs_limit = -1; });
  refused("a limit of another kind", {confirmed(2)}, [](LedgerRow& row) {
    row.labs_limit = 1;
    row.labs_limit_is_soft = 0;
  });
  refused("a faculty of another kind", {confirmed(2)}, [](LedgerRow& row) { row.faculty_id = 1; });
  semester_ = before;
  store(change({limits}));
}

/// For the databases.
class HoldsAndQuotasSqlContract : public HoldsAndQuotasContract {};
INSTANTIATE_TEST_SUITE_P(Databases, HoldsAndQuotasSqlContract, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(HoldsAndQuotasSqlContract, AGrantWithoutAnEndHasNoCauseAndAHoldHasOne) {
  start();
  const auto client = backend_->connect();
  const auto granted = [&](const std::string& columns, const std::string& values) {
    client->run(
        "INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,"
        " classrooms_granted, labs_granted, mobile_labs_granted, status" +
        columns + ") SELECT 1, 3, at, 0, 1, 1, 0, 0, 0, 0, 0, 0" + values + " FROM ledger WHERE seq = 1");
  };
  EXPECT_THROW(granted(", expires_at", ", at"), SqlRefused);
  EXPECT_THROW(granted(", cause", ", 0"), SqlRefused);
  EXPECT_THROW(granted(", faculty_id", ", 1"), SqlRefused);
  EXPECT_THROW(granted(", labs_limit", ", 1"), SqlRefused);
  EXPECT_THROW(granted(", cause, expires_at, setting", ", 0, at, 0"), SqlRefused);
  granted(", cause, expires_at", ", 0, at");
}

TEST_P(HoldsAndQuotasSqlContract, TheViewsKnowThem) {
  fill();
  const auto client = backend_->connect();
  const auto row = [](std::initializer_list<std::string> cells) { return Row{cells.begin(), cells.end()}; };
  const std::string soon = "2025-10-09T08:54:20.123456Z";
  const std::string later = "2025-10-09T08:55:20.123456Z";
  EXPECT_EQ(
      client->run("SELECT seq, kind, coalesce(cause, '-'), coalesce(program, '-'), coalesce(expires_at, '-')"
                  " FROM history WHERE seq BETWEEN 2 AND 8 OR seq > 11 ORDER BY seq"),
      (Rows{row({"2", "granted", "asked", "Program 1", soon}), row({"3", "granted", "asked", "Program 2", "-"}),
            row({"4", "granted", "asked", "Program 3", soon}), row({"5", "hold-extended", "-", "Program 1", later}),
            row({"6", "confirmed", "-", "Program 1", "-"}),
            row({"7", "released", "confirmed-in-part", "Program 3", "-"}),
            row({"8", "granted", "confirmed-in-part", "Program 3", "-"}),
            row({"12", "granted", "asked", "Program 4", soon}), row({"13", "released", "expired", "Program 4", "-"})}));
  EXPECT_EQ(client->run("SELECT seq, kind, faculty, coalesce(classrooms_limit, -1), coalesce(labs_limit, -1)"
                        " FROM history WHERE kind = 'quota-set' AND seq < 11 ORDER BY seq"),
            (Rows{row({"9", "quota-set", "Faculty 1", "40", "-1"}), row({"10", "quota-set", "Faculty 1", "-1", "0"})}));
  const auto held = [&] {
    return client->run("SELECT program, coalesce(expires_at, '-') FROM allocation ORDER BY program");
  };
  EXPECT_EQ(held(), (Rows{row({"Program 1", "-"}), row({"Program 2", "-"}), row({"Program 3", "-"})}));
  store(holds({{5, {1, 1}}}, {5}, "hold"));
  EXPECT_EQ(held().back(), row({"Program 5", soon}));
  store(change({extended(5, kLater)}));
  EXPECT_EQ(held().back(), row({"Program 5", later}));
  EXPECT_EQ(client->run("SELECT entries FROM entry_count WHERE kind IN ('confirmed', 'hold-extended', 'quota-set')"
                        " ORDER BY kind"),
            (Rows{row({"1"}), row({"2"}), row({"3"})}));
}

TEST_P(HoldsAndQuotasSqlContract, AFilledStoreOfTheVersionBeforeIsReadAndMigrated) {
  backend_->give_to_the_servers();
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}}, "ask")), CommitResult::kCommitted);
  store(change({released(1, {7, 2}, {7, 2, 0}, Cause::kReleased)}, "ask"));
  const auto before = backend_->connect()->run("SELECT seq, kind, cause, command_id, actor FROM history ORDER BY seq");
  const auto read_before = unsealed(entries());
  repository_.reset();
  take_back(*backend_->connect(), database(), 6);
  EXPECT_EQ(faults(look()), "") << "before the migration";
  repository_ = backend_->open();
  epoch_ = lead().epoch;
  semester_.epoch = epoch_;
  EXPECT_EQ(stored(), semester_);
  EXPECT_EQ(faults(look()), "");
  EXPECT_EQ(backend_->connect()->run("SELECT seq, kind, cause, command_id, actor FROM history ORDER BY seq"), before);
  EXPECT_EQ(unsealed(entries()), read_before);
  store(change({quota(1, {})}));
}

TEST_P(HoldsAndQuotasSqlContract, TheMigrationIsNotTakenBackOnceThereWasAHold) {
  backend_->give_to_the_servers();
  start();
  store(holds({{1, {7, 2}}}, {1}));
  repository_.reset();
  EXPECT_THROW(take_back(*backend_->connect(), database(), 6), SqlRefused);
}

TEST_P(HoldsAndQuotasSqlContract, TheMigrationIsNotTakenBackOnceThereWasAQuota) {
  backend_->give_to_the_servers();
  start();
  store(change({quota(1, {})}));
  repository_.reset();
  EXPECT_THROW(take_back(*backend_->connect(), database(), 6), SqlRefused);
  EXPECT_EQ(faults(look()), "") << "all of it is there";
}

TEST_P(HoldsAndQuotasSqlContract, AStandbyReadsTheLedgerOfTheVersionBefore) {
  if (is_sqlite()) GTEST_SKIP() << "one process at a time can open the file";
  backend_->give_to_the_servers();
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}}, "ask")), CommitResult::kCommitted);
  repository_.reset();
  take_back(*backend_->connect(), database(), 6);
  repository_ = backend_->open();
  backend_->connect()->run(
      "UPDATE leadership SET holder = 'elsewhere:1:0', lease_until = clock_timestamp() + interval '1 hour'");
  ASSERT_TRUE(repository_->watch().held);
  EXPECT_EQ(read_all(*repository_, 1, 0, 9).size(), 2U);
  EXPECT_EQ(entries().size(), 2U);
}

}  // namespace
}  // namespace dti::contract
