#include "dti/service/pipeline/take_over.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "dti/repository/memory/memory_repository.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

const std::vector<CatalogRow> kDefault = {{"Derecho", "Derecho Civil"}};

StartOptions opens(const std::string& semester, std::optional<Quantity> classrooms = 380,
                   std::optional<Quantity> labs = 60, std::optional<Quantity> conversions = {}) {
  return {
      .semester = SemesterToOpen{semester, classrooms, labs, conversions}, .catalog = {}, .default_catalog = kDefault};
}

/// Take-overs of one store, by one server after another.
class TakeOver : public testing::Test {
 protected:
  /// A server's first take-over. What it read is in programs_ and pieces_.
  std::optional<Leadership> start(StartOptions options) {
    repository_ = std::make_unique<MemoryRepository>(store_);
    return again({.known = {}, .start = std::move(options), .lease = {}});
  }
  std::optional<Leadership> again(const TakeOverRequest& request) {
    programs_.clear();
    pieces_.clear();
    auto taken = take_over(
        *repository_, request, WallTime{}, [this] { return clock_(); }, keep_pieces());
    auto* const leadership = std::get_if<Leadership>(&taken);
    return leadership == nullptr ? std::nullopt : std::optional{std::move(*leadership)};
  }
  std::function<void(TakeOverPiece)> keep_pieces() {
    return [this](TakeOverPiece piece) {
      if (auto* programs = std::get_if<std::vector<CatalogProgram>>(&piece)) {
        EXPECT_TRUE(pieces_.empty()) << "programs come before the entries that name them";
        programs_.insert(programs_.end(), programs->begin(), programs->end());
      } else if (auto* seen = std::get_if<HeadsSeen>(&piece)) {
        EXPECT_TRUE(programs_.empty() && pieces_.empty()) << "the heads come before what is read up to them";
        heads_seen_ = std::move(seen->heads);
      } else if (std::holds_alternative<HistorySeen>(piece)) {
        EXPECT_TRUE(!heads_seen_ && programs_.empty() && pieces_.empty()) << "the history comes first";
      } else {
        pieces_.push_back(std::get<LedgerPiece>(std::move(piece)));
      }
    };
  }
  void expect_refused(const StartOptions& options, const std::string& why) {
    const auto epoch = store_->epoch();
    try {
      (void)start(options);
      ADD_FAILURE() << "not refused: " << why;
    } catch (const StorageError& error) {
      EXPECT_EQ(error.kind(), StorageError::Kind::kRefused);
      EXPECT_NE(std::string{error.what()}.find(why), std::string::npos) << error.what();
    }
    EXPECT_EQ(store_->epoch(), epoch) << "a start that is refused must not end another server's service";
  }
  void commit_one(const Leadership& leadership, Seq base) {
    const Batch batch{.semester_id = 1,
                      .epoch = leadership.epoch,
                      .base = base,
                      .charged = {1, 0, 0},
                      .entries = {fixtures::granted(base + 1, static_cast<ProgramId>(base), {1, 0}, {1, 0, 0})},
                      .messages = {{std::nullopt, 1}},
                      .at = {}};
    ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted);
  }

  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
  std::unique_ptr<MemoryRepository> repository_;
  std::function<SteadyTime()> clock_ = [] { return SteadyTime{}; };
  std::vector<CatalogProgram> programs_;
  std::vector<LedgerPiece> pieces_;
  std::optional<std::vector<SemesterHead>> heads_seen_;
};

TEST_F(TakeOver, OpensASemesterInANewStoreWithTheDefaultCatalogue) {
  const auto leadership = start(opens("2025-10"));
  ASSERT_TRUE(leadership);
  ASSERT_EQ(leadership->semesters.size(), 1U);
  EXPECT_EQ(leadership->semesters[0].capacity, (Capacity{380, 60, 380}));
  ASSERT_EQ(programs_.size(), 1U);
  EXPECT_EQ(leadership->program_count, 1U);
  EXPECT_EQ(programs_[0].name, "Derecho Civil");
  ASSERT_EQ(pieces_.size(), 1U);
  EXPECT_EQ(pieces_[0].rows[0].kind, stored_code(EntryKind::kSemesterOpened));
}

/// A store with a clock of its own.
class StoreWithAClock : public MemoryRepository {
 public:
  StoreWithAClock(std::shared_ptr<MemoryStore> store, WallTime time)
      : MemoryRepository{std::move(store)}, time_(time) {}
  std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) override {
    auto taken = MemoryRepository::take_over(at, lease);
    std::get<Leadership>(taken).database_time = time_;
    return taken;
  }

 private:
  const WallTime time_;
};

// The next leader continues from the newest entry: one that is ahead of the time would end all holds.
TEST_F(TakeOver, OpensASemesterAtTheTimeOfTheLedgerAlsoIfTheClockOfTheServerIsAhead) {
  const auto at_hour = [](int hour) { return WallTime{std::chrono::hours{hour}}; };
  const auto opened_at = [&](const std::string& name, int database, int server) {
    StoreWithAClock repository{store_, at_hour(database)};
    const TakeOverRequest request{.known = {}, .start = opens(name), .lease = {}};
    const auto ignore = [](const TakeOverPiece&) {};
    const auto taken = take_over(
        repository, request, at_hour(server), [this] { return clock_(); }, ignore);
    const auto at = store_->entries(store_->find_semester(name)->id).front().at;
    EXPECT_EQ(std::get<Leadership>(taken).newest_at, at) << "the leader continues from it";
    return at;
  };
  EXPECT_EQ(opened_at("2025-10", 7, 9), at_hour(7));
  EXPECT_EQ(opened_at("2025-20", 9, 8), at_hour(8));
  EXPECT_EQ(opened_at("2025-30", 9, 3), at_hour(8)) << "not before the newest entry";
}

TEST_F(TakeOver, CutsTheConversionsToTheClassrooms) {
  const auto leadership = start(opens("2025-10", 10, 1, 99));
  EXPECT_EQ(leadership->semesters[0].capacity.conversions, 10);
}

TEST_F(TakeOver, OpensAnotherSemesterBesideTheFirst) {
  ASSERT_TRUE(start(opens("2025-10")));
  const auto leadership = start(opens("2026-10", 1, 2));
  ASSERT_EQ(leadership->semesters.size(), 2U);
  EXPECT_EQ(pieces_.size(), 2U);
}

TEST_F(TakeOver, AddsACatalogueToTheStoredOneAndTheDefaultOnlyToNone) {
  auto with_catalog = opens("2025-10");
  with_catalog.catalog = {{"Artes", "Danza"}};
  ASSERT_TRUE(start(with_catalog));
  EXPECT_EQ(programs_.size(), 1U);
  ASSERT_TRUE(start(opens("2025-10")));
  EXPECT_EQ(programs_.size(), 1U);
  EXPECT_EQ(programs_[0].name, "Danza");
}

TEST_F(TakeOver, ComparesOnlyTheNumbersThatAreGiven) {
  ASSERT_TRUE(start(opens("2025-10", 380, 60, 40)));
  EXPECT_TRUE(start(opens("2025-10", {}, {}, {})));
  EXPECT_TRUE(start(opens("2025-10", 380, {}, {})));
  EXPECT_TRUE(start(opens("2025-10", {}, {}, 40)));
  EXPECT_TRUE(start({.semester = {}, .catalog = {}, .default_catalog = kDefault}));
}

TEST_F(TakeOver, TakesTheLeadOfAStoreWithoutASemester) {
  const auto leadership = start({.semester = {}, .catalog = {}, .default_catalog = kDefault});
  ASSERT_TRUE(leadership);
  EXPECT_TRUE(leadership->semesters.empty());
}

TEST_F(TakeOver, RefusesAStartThatDoesNotFitBeforeItTakesTheLead) {
  expect_refused(opens("2025-10", {}, 60), "give classrooms and labs");
  expect_refused(opens("2025-10", 380, {}), "give classrooms and labs");
  ASSERT_TRUE(start(opens("2025-10", 380, 60, 40)));
  expect_refused(opens("2025-10", 381, {}, {}), "classrooms says 381, the store 380");
  auto named = opens("2025-10", 381, {}, {});
  named.names.classrooms = "--classrooms";
  expect_refused(named, "--classrooms says 381, the store 380");
  expect_refused(opens("2025-10", {}, 61, {}), "labs says 61, the store 60");
  expect_refused(opens("2025-10", {}, {}, 41), "mobile labs says 41, the store 40");
  for (const std::string twin : {"2025-10\r", "2025\u201310", "2025 10", "2025-1\uFF10"}) {
    expect_refused(opens(twin, 380, 60), "almost the same name: \"2025-10\", and semester says \"2025");
  }
  expect_refused(opens("2025\u00A010", 380, 60), "\"2025\\u00a010\"");
  auto other_spelling = opens("2025-10", {}, {}, {});
  other_spelling.catalog = {{"DERECHO", "derecho-civil"}};
  expect_refused(other_spelling, "is in the store as");
}

TEST_F(TakeOver, SaysHowToRenameASemesterWhoseNameCanNoLongerBeGiven) {
  for (const std::string refused : {"2025-10\r", "\"2025-20\""}) {
    ASSERT_TRUE(start(opens(refused, 380, 60)));
    const auto wanted = refused.starts_with('"') ? "2025-20" : "2025-10";
    expect_refused(opens(wanted, 380, 60), "rename that semester in the database (docs/operations.md");
  }
}

TEST_F(TakeOver, LooksBeforeItTakesTheLeadOnlyIfTheStartWasNotFoundToFit) {
  ASSERT_TRUE(start(opens("2025-10")));
  for (const bool fits : {false, true}) {
    const auto epoch = store_->epoch();
    store_->fail_next(StorageError::Kind::kUnavailable, true);
    const TakeOverRequest request{.known = {}, .start = opens("2025-10"), .start_fits = fits, .lease = {}};
    EXPECT_THROW((void)again(request), StorageError);
    EXPECT_EQ(store_->epoch(), epoch + (fits ? 1 : 0)) << "the first call is the one that took effect";
  }
}

TEST_F(TakeOver, ReadsOnlyWhatTheAskerLacks) {
  auto options = opens("2025-10");
  options.catalog = {{"A", "a"}, {"A", "b"}, {"A", "c"}};
  const auto first = start(options);
  commit_one(*first, 1);
  commit_one(*first, 2);
  ASSERT_TRUE(again({.known = {.heads = {{1, 2}}, .program_count = 2}, .start = {}, .lease = {}}));
  ASSERT_EQ(programs_.size(), 1U);
  EXPECT_EQ(programs_[0].name, "c");
  ASSERT_EQ(pieces_.size(), 1U);
  EXPECT_FALSE(pieces_[0].from_start);
  ASSERT_EQ(pieces_[0].rows.size(), 1U);
  EXPECT_EQ(pieces_[0].rows[0].seq, 3);
}

TEST_F(TakeOver, ReadsFromTheStartWhatTheStoreHasLessOf) {
  ASSERT_TRUE(start(opens("2025-10")));
  ASSERT_TRUE(again({.known = {.heads = {{1, 7}}, .program_count = 1}, .start = {}, .lease = {}}));
  ASSERT_EQ(pieces_.size(), 1U);
  EXPECT_TRUE(pieces_[0].from_start);
  EXPECT_EQ(pieces_[0].rows.size(), 1U);
}

TEST_F(TakeOver, SaysOnceThatTheStoreHasLessHoweverManyPiecesItReads) {
  constexpr std::uint32_t kEntries = 50'001;  // more than a piece has
  const auto first = start(opens("2025-10"));
  Batch batch{
      .semester_id = 1, .epoch = first->epoch, .base = 1, .charged = {}, .entries = {}, .messages = {}, .at = {}};
  for (std::uint32_t i = 1; i <= kEntries; ++i) {
    batch.entries.push_back({.seq = Seq{1} + i,
                             .program_id = 1,
                             .generation = static_cast<std::int32_t>(i),
                             .want = {},
                             .grant = {},
                             .capacity = {}});
  }
  batch.messages.push_back({{}, kEntries});
  ASSERT_EQ(repository_->commit(batch), CommitResult::kCommitted);
  ASSERT_TRUE(again({.known = {.heads = {{1, 60'000}}, .program_count = 1}, .start = {}, .lease = {}}));
  ASSERT_EQ(pieces_.size(), 2U);
  EXPECT_TRUE(pieces_[0].from_start);
  EXPECT_FALSE(pieces_[1].from_start) << "what was read just now would be forgotten";
}

/// A store that another server leads, with the semester "s" up to entry 4, and the rows that a test gives.
class RowsReader final : public LedgerFollower {
 public:
  StoreSurvey survey() override { return {}; }
  StoreWatch watch() override { return {HeldBy{}, {{1, "s", 4}}}; }
  std::vector<CatalogProgram> read_catalog(ProgramId) override { return {}; }
  ProgramChanges read_program_changes(Seq) override { return {}; }
  CatalogState read_catalog_state(const std::string&, const std::vector<std::string>&) override { return {}; }
  void read_ledger(SemesterId, Seq, Seq, Columns, const RowSink& sink) override { (void)sink(rows); }
  void read_entries(SemesterId, Seq, Seq, const EntrySink&) override {}
  void read_grant(SemesterId, ProgramId, std::int32_t, const EntrySink&) override {}

  std::vector<LedgerRow> rows;
};

TEST(Follow, RefusesALedgerInWhichAnEntryIsMissing) {
  struct Case {
    std::vector<Seq> seqs;
    const char* sentence;
  };
  const auto* const gap = "semester \"s\": entry 3: the entry is missing; stored: entry 4; expected: entry 3";
  for (const auto& c : {Case{{1, 2, 4}, gap}, Case{{1, 2, 3}, "semester \"s\": entry 4: the entry is missing"}}) {
    RowsReader reader;
    for (const auto seq : c.seqs) reader.rows.push_back({.seq = seq});
    try {
      (void)follow(reader, {}, [](TakeOverPiece) {});
      ADD_FAILURE() << "not refused: " << c.sentence;
    } catch (const StorageError& error) {
      EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
      EXPECT_STREQ(error.what(), c.sentence);
    }
  }
}

/// A store in which the row of the first semester is as a test changes it.
class ChangedRepository final : public MemoryRepository {
 public:
  ChangedRepository(std::shared_ptr<MemoryStore> store, std::function<void(StoredSemester&)> change)
      : MemoryRepository(std::move(store)), change_(std::move(change)) {}

  StoreSurvey survey() override {
    auto survey = MemoryRepository::survey();
    change_(survey.semesters.at(0));
    return survey;
  }
  std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) override {
    auto taken = MemoryRepository::take_over(at, lease);
    change_(std::get<Leadership>(taken).semesters.at(0));
    return taken;
  }

 private:
  std::function<void(StoredSemester&)> change_;
};

TEST_F(TakeOver, RefusesASemesterThatDiffersFromItsFirstOrItsLastEntry) {
  struct Case {
    std::function<void(StoredSemester&)> change;
    const char* sentence;
  };
  const Case cases[] = {
      {[](StoredSemester& semester) { semester.opened_with.reset(); },
       "semester \"2025-10\": entry 1: the entry is missing, or does not open the semester"},
      {[](StoredSemester& semester) { semester.last_entry = 2; },
       "semester \"2025-10\": the semester's head is not its last entry; stored: head 1; expected: head 2"},
  };
  ASSERT_TRUE(start(opens("2025-10")));
  for (const auto& c : cases) {
    SCOPED_TRACE(c.sentence);
    const auto epoch = store_->epoch();
    repository_ = std::make_unique<ChangedRepository>(store_, c.change);
    try {
      (void)again({.known = {}, .start = opens("2025-10"), .lease = {}});
      ADD_FAILURE() << "not refused";
    } catch (const StorageError& error) {
      EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
      EXPECT_STREQ(error.what(), c.sentence);
    }
    EXPECT_EQ(store_->epoch(), epoch) << "a start that is refused must not end another server's service";
  }
}

/// A store whose database has a clock of its own.
class ClockedRepository final : public MemoryRepository {
 public:
  using MemoryRepository::MemoryRepository;

  std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) override {
    auto taken = MemoryRepository::take_over(at, lease);
    std::get<Leadership>(taken).database_time = WallTime{std::chrono::hours{1}};
    return taken;
  }
};

/// A server whose time is late by its reading promises holds that the next server ends early.
TEST_F(TakeOver, TellsTheTimeOfTheDatabaseAsItIsAfterTheReading) {
  ASSERT_TRUE(start(opens("2025-10")));
  repository_ = std::make_unique<ClockedRepository>(store_);
  SteadyTime last{};
  SteadyTime after_the_store{};
  clock_ = [&, looks = 0]() mutable {
    last += std::chrono::seconds{1};
    if (++looks == 2) after_the_store = last;
    return last;
  };
  const auto leadership =
      again({.known = {}, .start = {}, .lease = {.endpoint = {}, .duration = std::chrono::hours{1}}});
  ASSERT_TRUE(leadership);
  EXPECT_EQ(leadership->database_time, WallTime{std::chrono::hours{1}} + (last - after_the_store));
  EXPECT_GE(last - after_the_store, std::chrono::seconds{1});
}

TEST_F(TakeOver, StartsAlthoughItsSettingsNameASemesterThatIsClosed) {
  ASSERT_TRUE(start(opens("2025-10")));
  repository_ = std::make_unique<ChangedRepository>(store_, [](StoredSemester& semester) { semester.is_open = false; });
  EXPECT_TRUE(again({.known = {}, .start = opens("2025-10"), .lease = {}}));
}

TEST_F(TakeOver, StartsOnAStoreWithAClosedSemesterThatALaterVersionResized) {
  ASSERT_TRUE(start(opens("2025-10")));
  repository_ = std::make_unique<ChangedRepository>(store_, [](StoredSemester& semester) {
    semester.is_open = false;
    --semester.capacity.labs;
  });
  EXPECT_TRUE(again({.known = {}, .start = opens("2026-10"), .lease = {}}));
}

TEST_F(TakeOver, FindsThatAnotherServerLeads) {
  ASSERT_TRUE(start(opens("2025-10")));
  MemoryRepository other{store_};
  ASSERT_TRUE(std::holds_alternative<Leadership>(other.take_over(WallTime{}, {})));
  EXPECT_FALSE(again({.known = {.heads = {{1, 1}}, .program_count = 1}, .start = {}, .lease = {}}));
}

TEST_F(TakeOver, StepsBackWhenItIsReplacedWhileItReads) {
  ASSERT_TRUE(start(opens("2025-10")));
  // Each look at the clock is a second later than the one before, so that a renewal is always due; before the first of
  // them another server takes the lead.
  MemoryRepository other{store_};
  int looks = 0;
  clock_ = [&] {
    if (++looks == 2) (void)other.take_over(WallTime{}, {});
    return SteadyTime{} + std::chrono::seconds{looks};
  };
  EXPECT_FALSE(again({.known = {}, .start = {}, .lease = {"", std::chrono::seconds{1}}}));
}

TEST_F(TakeOver, DoesNotRenewALeaseThatIsFresh) {
  ASSERT_TRUE(start(opens("2025-10")));
  MemoryRepository other{store_};
  bool is_replaced = false;
  clock_ = [&] {
    if (repository_ && store_->epoch() == 2 && !std::exchange(is_replaced, true)) (void)other.take_over(WallTime{}, {});
    return SteadyTime{};
  };
  EXPECT_TRUE(again({.known = {}, .start = {}, .lease = {"", std::chrono::seconds{1}}})) << "the next batch will tell";
  EXPECT_TRUE(is_replaced);
}

TEST_F(TakeOver, FollowsAnotherServersLedgerWithoutDisturbingIt) {
  auto options = opens("2025-10");
  options.catalog = {{"A", "a"}, {"A", "b"}, {"A", "c"}};
  const auto first = start(options);
  commit_one(*first, 1);
  commit_one(*first, 2);
  MemoryRepository other{store_};
  const auto leadership = std::get<Leadership>(other.take_over(WallTime{}, {}));
  programs_.clear();
  pieces_.clear();
  const auto seen = follow(*repository_, {.heads = {{1, 2}}, .program_count = 2}, keep_pieces());
  ASSERT_TRUE(seen.held);
  EXPECT_EQ(seen.held->epoch, leadership.epoch);
  ASSERT_TRUE(heads_seen_);
  ASSERT_EQ(heads_seen_->size(), 1U);
  EXPECT_EQ(heads_seen_->front().head, 3);
  EXPECT_EQ(programs_.size(), 1U);
  ASSERT_EQ(pieces_.size(), 1U);
  EXPECT_EQ(pieces_[0].rows.size(), 1U);
  EXPECT_EQ(store_->epoch(), leadership.epoch);
  EXPECT_EQ(other.guard(leadership.epoch, {}), CommitResult::kCommitted);
}

TEST_F(TakeOver, FollowsNothingWhenTheLeadIsFree) {
  ASSERT_TRUE(start(opens("2025-10")));
  programs_.clear();
  pieces_.clear();
  EXPECT_FALSE(follow(*repository_, {}, keep_pieces()).held);
  EXPECT_TRUE(programs_.empty() && pieces_.empty() && !heads_seen_) << "the take-over reads it";
}

}  // namespace
}  // namespace dti
