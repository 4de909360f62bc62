// What include/dti/service/ledger/repository.hpp promises, on every implementation.
#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"

namespace dti::contract {
namespace {

using Kind = StorageError::Kind;

class RepositoryContract : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Backends, RepositoryContract, testing::ValuesIn(all_backends()), name_of_backend());

TEST(RepositoryContractBackends, IncludePostgresql) {
  if (postgresql_backends().empty()) {
    GTEST_SKIP() << kPostgresqlVariable
                 << " is not set: the PostgreSQL repository is not tested. Give it the connection"
                 << " text of a scratch cluster on which databases may be created.";
  }
}

TEST_P(RepositoryContract, NothingIsWrittenBeforeATakeOver) {
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->add_programs(1, {program(1)}, kAt)); }),
            Kind::kUnavailable);
  EXPECT_EQ(lead().epoch, 1);
  EXPECT_TRUE(repository_->read_catalog(0).empty());
}

TEST_P(RepositoryContract, AnOpenedSemesterIsFullAndItsLedgerSaysSo) {
  start();
  EXPECT_EQ(stored(), opened_semester(1, "2025-10", epoch_, kCapacity));
  LedgerEntry opened;
  opened.seq = 1;
  opened.kind = EntryKind::kSemesterOpened;
  opened.capacity = kCapacity;
  EXPECT_EQ(read_all(*repository_, 1, 0, 1), std::vector{opened});
}

TEST_P(RepositoryContract, ASemesterIsOpenedOnce) {
  start();
  const auto before = stored();
  EXPECT_EQ(repository_->open_semester(epoch_, "2025-10", {1, 1, 1}, kAt).result, OpenResult::kExists);
  EXPECT_EQ(stored(), before);
}

TEST_P(RepositoryContract, SemestersAreNumberedAsTheyAreOpenedAndNamedByteForByte) {
  start();
  const Capacity largest{kCapacityMax, kCapacityMax, kCapacityMax};
  const auto second = repository_->open_semester(epoch_, "2025-10 ", largest, kAt);
  EXPECT_EQ(second.result, OpenResult::kOpened);
  EXPECT_EQ(second.id, 2);
  EXPECT_EQ(repository_->open_semester(epoch_, "it's \"ñ\" \\", {}, kAt).id, 3);
  const Leadership leadership = reopen();
  ASSERT_EQ(leadership.semesters.size(), 3U);
  EXPECT_EQ(leadership.semesters[0].name, "2025-10");
  EXPECT_EQ(leadership.semesters[1], opened_semester(2, "2025-10 ", epoch_, largest));
  EXPECT_EQ(leadership.semesters[2], opened_semester(3, "it's \"ñ\" \\", epoch_, {}));
}

TEST_P(RepositoryContract, UnderAnOldEpochNoSemesterIsOpened) {
  start();
  static_cast<void>(take(*repository_));
  EXPECT_EQ(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt).result, OpenResult::kReplaced);
  EXPECT_EQ(stored("2026-10"), std::nullopt);
}

TEST_P(RepositoryContract, InAStoreThatWasSetBackNoSemesterIsOpened) {
  start();
  EXPECT_EQ(repository_->open_semester(epoch_ + 1, "2026-10", kCapacity, kAt).result, OpenResult::kBaseMoved);
  EXPECT_EQ(stored("2026-10"), std::nullopt);
  EXPECT_EQ(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt).result, OpenResult::kOpened);
}

TEST_P(RepositoryContract, TheCatalogueIsReadAsItWasAddedAndFromWhereAsked) {
  CatalogProgram odd = program(3, 2);
  odd.name = "Diseño, \"gráfico\" {NULL} \\ 'x'";
  odd.faculty_name = "NULL";
  epoch_ = lead().epoch;
  EXPECT_TRUE(repository_->add_programs(epoch_, {program(1), program(2)}, kAt));
  EXPECT_TRUE(repository_->add_programs(epoch_, {odd, program(4, 1)}, kAt));
  reopen();
  EXPECT_EQ(repository_->read_catalog(0), (std::vector{program(1), program(2), odd, program(4, 1)}));
  EXPECT_EQ(repository_->read_catalog(2), (std::vector{odd, program(4, 1)}));
  EXPECT_TRUE(repository_->read_catalog(4).empty());
}

TEST_P(RepositoryContract, ProgramsAreAddedAllOrNone) {
  start();
  const auto before = repository_->read_catalog(0);
  CatalogProgram taken = program(7);
  taken.key = program(1).key;
  const std::vector<std::vector<CatalogProgram>> refused = {
      {program(6), taken},       // a key that is there
      {program(6), program(8)},  // a gap in the programs
      {program(5)},              // an id that is there
      {program(6, 3)},           // a gap in the faculties
  };
  for (const auto& programs : refused) {
    EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->add_programs(epoch_, programs, kAt)); }),
              Kind::kInvariant);
    EXPECT_EQ(repository_->read_catalog(0), before);
  }
  EXPECT_TRUE(repository_->add_programs(epoch_, {program(6), program(7, 2)}, kAt));
}

TEST_P(RepositoryContract, UnderAnOldEpochNoProgramIsAdded) {
  start();
  static_cast<void>(take(*repository_));
  EXPECT_FALSE(repository_->add_programs(epoch_, {program(6)}, kAt));
  EXPECT_EQ(repository_->read_catalog(0).size(), 5U);
}

TEST_P(RepositoryContract, WhatWasCommittedIsThereAfterAReopen) {
  start();
  const Batch first = grants({{1, {7, 2}}, {2, {0, 0}}});
  const Batch second = grants({{3, {1000, 100}}});  // more than there is
  ASSERT_EQ(repository_->commit(first), CommitResult::kCommitted);
  ASSERT_EQ(repository_->commit(second), CommitResult::kCommitted);

  const Leadership leadership = reopen();
  semester_.epoch = epoch_;
  ASSERT_EQ(leadership.semesters, std::vector{semester_});
  std::vector<LedgerEntry> expected = first.entries;
  expected.push_back(second.entries[0]);
  EXPECT_EQ(read_all(*repository_, 1, 1, 4), expected);
  EXPECT_EQ(read_all(*repository_, 1, 3, 4), second.entries);
  EXPECT_TRUE(read_all(*repository_, 1, 4, 4).empty());
}

TEST_P(RepositoryContract, ALongLedgerIsReadInOrderInPiecesOfAtMost50000) {
  start();
  constexpr int kEntries = 50'003;
  Batch batch = grants({});
  for (int i = 1; i <= kEntries; ++i) {  // no rooms; a generation each, so that one program is enough
    LedgerEntry entry;
    entry.seq = batch.base + i;
    entry.program_id = 1;
    entry.generation = i;
    batch.entries.push_back(entry);
  }
  batch.messages = {{std::nullopt, kEntries}};
  ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted);
  std::vector<std::size_t> sizes;
  std::vector<LedgerEntry> all;
  repository_->read_ledger(1, 2, 1 + kEntries, Columns::kAll, [&](const std::vector<LedgerRow>& piece) {
    sizes.push_back(piece.size());
    std::transform(piece.begin(), piece.end(), std::back_inserter(all), entry_of_row);
    return true;
  });
  EXPECT_EQ(sizes, (std::vector<std::size_t>{50'000, 3}));
  EXPECT_TRUE(all == batch.entries);
  sizes.clear();
  repository_->read_ledger(1, 2, 1 + kEntries, Columns::kAll, [&](const std::vector<LedgerRow>& piece) {
    sizes.push_back(piece.size());
    return false;
  });
  EXPECT_EQ(sizes.size(), 1U) << "the sink has ended the reading";
}

TEST_P(RepositoryContract, ALedgerIsNotReadBeyondItsEnd) {
  start();
  EXPECT_EQ(read_all(*repository_, 1, 0, 2).size(), 1U);
  EXPECT_TRUE(read_all(*repository_, 1, 1, 2).empty());
  EXPECT_TRUE(read_all(*repository_, 9, 0, 1).empty());
}

TEST_P(RepositoryContract, TheGuardTellsWhetherEpochAndHeadsStand) {
  start();
  ASSERT_EQ(repository_->open_semester(epoch_, "2026-10", kCapacity, kAt).result, OpenResult::kOpened);
  ASSERT_EQ(repository_->commit(grants({{1, {1, 1}}})), CommitResult::kCommitted);
  struct Case {
    std::vector<SemesterGuard> guards;
    CommitResult expected;
  };
  const Case cases[] = {
      {{}, CommitResult::kCommitted},
      {{{1, 2}}, CommitResult::kCommitted},
      {{{2, 1}, {1, 2}}, CommitResult::kCommitted},
      {{{1, 1}}, CommitResult::kBaseMoved},
      {{{1, 2}, {2, 2}}, CommitResult::kBaseMoved},
      {{{1, 2}, {3, 1}}, CommitResult::kBaseMoved},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(repository_->guard(epoch_, each.guards), each.expected);
  }
  const SemesterGuard stands[] = {{1, 2}};
  static_cast<void>(take(*repository_));
  EXPECT_EQ(repository_->guard(epoch_, stands), CommitResult::kReplaced);
}

TEST_P(RepositoryContract, ABatchOnAMovedBaseWritesNothing) {
  start();
  const StoredSemester before = semester_;
  const Batch late = grants({{2, {5, 5}}});
  semester_ = before;
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  EXPECT_EQ(repository_->commit(late), CommitResult::kBaseMoved);
  EXPECT_EQ(stored(), semester_);
  EXPECT_EQ(repository_->commit(grants({{2, {5, 5}}})), CommitResult::kCommitted);
}

TEST_P(RepositoryContract, ABatchUnderAnOldEpochWritesNothing) {
  start();
  const Batch late = grants({{1, {7, 2}}});
  const Epoch raised = lead().epoch;
  EXPECT_EQ(repository_->commit(late), CommitResult::kReplaced);
  EXPECT_EQ(stored(), opened_semester(1, "2025-10", raised, kCapacity));
}

TEST_P(RepositoryContract, WhatTheRuleForbidsIsNotStoredAndTheConnectionStaysGood) {
  start();
  ASSERT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  const StoredSemester before = semester_;
  std::vector<std::pair<const char*, Batch>> cases;
  const auto forbid = [&](const char* name, const std::function<void(Batch&)>& spoil) {
    semester_ = before;
    Batch batch = grants({{2, {3, 3}}, {3, {4, 4}}});
    spoil(batch);
    cases.emplace_back(name, std::move(batch));
  };
  forbid("a second grant", [](Batch& batch) { batch.entries[1].program_id = 1; });
  forbid("two grants in one batch", [](Batch& batch) { batch.entries[1].program_id = 2; });
  forbid("more classrooms than are left", [](Batch& batch) { batch.charged.classrooms = 374; });
  forbid("more labs than are left", [](Batch& batch) { batch.charged.labs = 59; });
  forbid("more conversions than are left", [](Batch& batch) { batch.charged.conversions_left = 101; });
  forbid("a negative grant", [](Batch& batch) { batch.entries[1].grant.classrooms = -1; });
  forbid("more classrooms than wanted", [](Batch& batch) { batch.entries[1].grant.classrooms = 5; });
  forbid("more labs than wanted", [](Batch& batch) { batch.entries[1].grant.mobile_labs = 1; });
  for (const auto& [name, batch] : cases) {
    EXPECT_EQ(failure_of([&, &refused = batch] { static_cast<void>(repository_->commit(refused)); }), Kind::kInvariant)
        << name;
    EXPECT_EQ(stored(), before) << name;
  }
  semester_ = before;
  EXPECT_EQ(repository_->commit(grants({{2, {3, 3}}})), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
}

// A few entries, many and very many go to PostgreSQL in three ways.
constexpr std::size_t kSizes[] = {1, 8, 9, 2'000, 2'001, 5'000};

TEST_P(RepositoryContract, ABatchOfAnySizeIsStoredWholeAndInOrder) {
  start();
  std::vector<LedgerEntry> all;
  std::vector<std::optional<std::string>> request_ids = {std::nullopt};  // of the semester's opening
  for (const std::size_t size : kSizes) {
    const Batch batch = large_batch(size);
    ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted) << size;
    EXPECT_EQ(stored(), semester_) << size;
    all.insert(all.end(), batch.entries.begin(), batch.entries.end());
    for (const BatchMessage& message : batch.messages) {
      request_ids.insert(request_ids.end(), message.entry_count, message.request_id);
    }
  }
  EXPECT_EQ(read_all(*repository_, 1, 1, semester_.head), all);
  EXPECT_EQ(backend_->request_ids(1), request_ids);
}

TEST_P(RepositoryContract, ABatchOfAnySizeLeavesNothingIfItsBaseHasMovedOrAHigherEpochLeadsOrOneEntryIsRefused) {
  start();
  for (const std::size_t size : kSizes) {
    const StoredSemester before = semester_;
    Batch batch = large_batch(size);
    semester_ = before;
    Batch moved = batch;
    --moved.base;
    for (LedgerEntry& entry : moved.entries) {
      --entry.seq;
    }
    if (moved.base > 0) {
      EXPECT_EQ(repository_->commit(moved), CommitResult::kBaseMoved) << size;
    }
    for (const std::size_t bad : {std::size_t{0}, size / 2, size - 1}) {
      Batch refused = batch;
      refused.entries.at(bad).grant.classrooms = 5;  // more than was wanted
      EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->commit(refused)); }), Kind::kInvariant) << size;
      EXPECT_EQ(stored(), before) << size;
    }
    EXPECT_EQ(repository_->commit(batch), CommitResult::kCommitted) << size;
    semester_ = stored().value();
    EXPECT_EQ(semester_.head, before.head + static_cast<Seq>(size));
    const Batch late = large_batch(size);
    epoch_ = lead().epoch;
    semester_ = stored().value();
    EXPECT_EQ(repository_->commit(late), CommitResult::kReplaced) << size;
    EXPECT_EQ(stored(), semester_) << size;
  }
}

TEST_P(RepositoryContract, AGrantOfAProgramThatIsNotStoredMovesTheBase) {
  start();
  const StoredSemester before = semester_;
  const std::vector<std::vector<std::pair<ProgramId, Want>>> cases = {
      {{6, {1, 1}}}, {{1, {1, 1}}, {7, {1, 1}}, {2, {1, 1}}}, {{2'147'483'647, {0, 0}}}};
  for (const auto& wants : cases) {
    semester_ = before;
    EXPECT_EQ(repository_->commit(grants(wants)), CommitResult::kBaseMoved);
    EXPECT_EQ(stored(), before);
  }
  ASSERT_TRUE(repository_->add_programs(epoch_, {program(6)}, kAt));
  semester_ = before;
  EXPECT_EQ(repository_->commit(grants({{6, {1, 1}}})), CommitResult::kCommitted);
  EXPECT_EQ(stored(), semester_);
  const Batch late = grants({{7, {1, 1}}});
  static_cast<void>(lead());
  EXPECT_EQ(repository_->commit(late), CommitResult::kReplaced);
}

TEST_P(RepositoryContract, AReaderThatFailsIsAStoreThatWasNotReached) {
  start();
  EXPECT_EQ(failure_of([&] {
              repository_->read_ledger(1, 1, 1, Columns::kAll,
                                       [](const std::vector<LedgerRow>&) -> bool { throw std::bad_alloc{}; });
            }),
            Kind::kUnavailable);
  EXPECT_EQ(failure_of([&] { static_cast<void>(repository_->guard(epoch_, {})); }), Kind::kUnavailable);
  EXPECT_EQ(lead().epoch, epoch_ + 1);
}

TEST_P(RepositoryContract, RequestIdsAreStoredAsTheyCame) {
  start();
  const std::vector<std::optional<std::string>> ids = {std::nullopt,
                                                       "NULL",
                                                       "",
                                                       "null",
                                                       R"(a"b)",
                                                       R"(\)",
                                                       R"(\")",
                                                       "{1,2}",
                                                       "}",
                                                       ",",
                                                       "'; DROP TABLE ledger; --",
                                                       " ",
                                                       "%s$1?",
                                                       "ñ€😀",
                                                       "line\nline\ttab",
                                                       "\x01\x7f",
                                                       std::string(64, '"')};
  std::vector<std::optional<std::string>> expected = {std::nullopt};  // of semester-opened
  std::int32_t generation = 0;
  // All at once, and a few at a time: a store may have a way of its own for small batches.
  for (const std::size_t at_once : {ids.size(), std::size_t{5}, std::size_t{1}}) {
    for (std::size_t first = 0; first < ids.size(); first += at_once) {
      Batch batch = grants({});
      batch.messages.clear();
      for (std::size_t i = first; i < std::min(ids.size(), first + at_once); ++i) {
        LedgerEntry entry;
        entry.seq = semester_.last_entry = ++semester_.head;
        entry.program_id = 1;
        entry.generation = ++generation;
        batch.entries.push_back(entry);
        batch.messages.push_back({ids[i], 1});
        expected.push_back(ids[i]);
      }
      ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted);
    }
  }
  EXPECT_EQ(backend_->request_ids(1), expected);
}

TEST_P(RepositoryContract, ABatchOfEachSmallSizeIsReadBackAsItWasWritten) {
  start();
  std::int32_t generation = 0;
  for (int count = 1; count <= 12; ++count) {
    Batch batch = grants({});
    batch.messages = {{"r", static_cast<std::uint32_t>(count)}};
    for (int i = 0; i < count; ++i) {
      LedgerEntry entry;
      entry.seq = semester_.last_entry = ++semester_.head;
      entry.program_id = static_cast<ProgramId>(1 + i % 5);
      entry.generation = ++generation;
      entry.want = {kQuantityMax - i, 2 * i + 1};
      batch.entries.push_back(entry);
    }
    batch.entries.back().want = {1, 2};
    batch.entries.back().grant = {1, 1, 1};
    batch.charged = {2, 1, 1};
    ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted);
    EXPECT_EQ(read_all(*repository_, 1, batch.base, semester_.head), batch.entries);
  }
}

TEST_P(RepositoryContract, AFullBatchOfManyMessagesIsReadBackAsItWasWritten) {
  start();
  constexpr std::size_t kEntries = 20'000;
  Batch batch = grants({});
  batch.messages.clear();
  std::vector<std::optional<std::string>> expected_ids = {std::nullopt};  // of semester-opened
  for (std::size_t i = 0; i < kEntries; ++i) {
    LedgerEntry entry;
    entry.seq = batch.base + static_cast<Seq>(i) + 1;
    entry.program_id = static_cast<ProgramId>(5 - i % 5);
    entry.generation = static_cast<std::int32_t>(i / 5) + 1;
    entry.want = i % 2 == 0 ? Want{kQuantityMax, kQuantityMax} : Want{0, static_cast<Quantity>(i)};
    batch.entries.push_back(entry);
    if (i % 7 == 0) batch.messages.push_back({i % 3 == 0 ? std::nullopt : std::optional{std::to_string(i)}, 0});
    ++batch.messages.back().entry_count;
    expected_ids.push_back(batch.messages.back().request_id);
  }
  ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted);
  EXPECT_EQ(read_all(*repository_, 1, 1, static_cast<Seq>(kEntries) + 1), batch.entries);
  EXPECT_EQ(backend_->request_ids(1), expected_ids);
}

TEST_P(RepositoryContract, AnInterruptWithoutACallUnderWayIsLost) {
  start();
  repository_->interrupt();
  EXPECT_EQ(repository_->commit(grants({{1, {7, 2}}})), CommitResult::kCommitted);
  repository_->interrupt();
  EXPECT_EQ(lead().semesters.size(), 1U);
}

}  // namespace
}  // namespace dti::contract
