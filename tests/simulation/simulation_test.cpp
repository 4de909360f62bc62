#include "simulation/simulation.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "dti/repository/memory/memory_repository.hpp"
#include "simulation/checks/checks.hpp"
#include "simulation/fiber.hpp"
#include "simulation/names.hpp"

namespace dti::simulation {
namespace {

TEST(SimulationTest, ASeedGivesTheSameRunTwice) {
  for (const std::uint64_t seed : {1U, 7U, 42U, 1'000U, 123'456U}) {
    const auto first = Simulation{seed, false}.run();
    const auto second = Simulation{seed, false}.run();
    EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
    EXPECT_EQ(first.cells.counts(), second.cells.counts()) << "seed " << seed;
  }
}

TEST(SimulationTest, SeedsGiveDifferentRuns) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) hashes.insert(Simulation{seed, false}.run().trace_hash);
  EXPECT_EQ(hashes.size(), 20u);
}

TEST(SimulationTest, AFewSeedsViolateNothingAndDecideSomething) {
  std::uint64_t decided = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto result = Simulation{seed, false}.run();
    EXPECT_FALSE(result.violation) << "seed " << seed << ": " << result.violation->check << result.violation->text;
    decided += result.decided;
  }
  EXPECT_GT(decided, 100u);
}

// The mutants show what the checks find in a run; here is that they look at the store itself.
class ChecksTest : public testing::Test {
 protected:
  ChecksTest() {
    (void)repository.survey();
    epoch = std::get<Leadership>(repository.take_over({}, {})).epoch;
    EXPECT_TRUE(repository.add_programs(epoch,
                                        {{1, 1, names.faculty(0), "ingeniería", names.program(0, 0), "civil"},
                                         {2, 1, names.faculty(0), "ingeniería", names.program(0, 1), "derechopenal"}},
                                        WallTime{}));
    EXPECT_EQ(repository.open_semester(epoch, "2025-10", {10, 2, 5}, {}).result, OpenResult::kOpened);
    checks.on_store_changed();
  }

  void commit(ProgramId program, const Want& want, const Grant& grant) {
    Batch batch{.semester_id = 1, .epoch = epoch, .base = head, .charged = {}, .entries = {}, .messages = {}, .at = {}};
    batch.entries.push_back({.seq = ++head,
                             .kind = EntryKind::kGranted,
                             .program_id = program,
                             .generation = 1,
                             .want = want,
                             .grant = grant,
                             .capacity = {}});
    batch.charged = give_back({}, grant);
    batch.messages.push_back({"request-7", 1});
    EXPECT_EQ(repository.commit(batch), CommitResult::kCommitted);
    checks.on_store_changed();
  }
  /// Stores the entries of one command.
  void change(std::vector<LedgerEntry> entries, const Pool& left, const Capacity& capacity = {10, 2, 5}) {
    Change change{.semester_id = 1,
                  .epoch = epoch,
                  .base = head,
                  .capacity = capacity,
                  .left = left,
                  .entries = {},
                  .note = {{}, "local/1", ""},
                  .registered = {}};
    const auto id = "command-" + std::to_string(head);
    for (auto& entry : entries) {
      entry.seq = ++head;
      StoredEntry stored{row_of(entry), 0, std::nullopt};
      stored.command_id = id;
      stored.row.command = id_hash(id);
      change.entries.push_back(stored);
    }
    EXPECT_EQ(repository.change(change), CommitResult::kCommitted);
    checks.on_store_changed();
  }
  /// Program 1 wants 12 classrooms and holds 10 by entry 2. By entries 3 and 4 there is a wait list, and one classroom more.
  void let_one_wait() {
    commit(1, {12, 0}, {10, 0, 0});
    LedgerEntry setting;
    setting.kind = EntryKind::kSetting;
    setting.setting = SemesterSetting::kWaitListOn;
    change({setting}, {0, 2, 5});
    LedgerEntry resized;
    resized.kind = EntryKind::kCapacityChanged;
    resized.capacity = {11, 2, 5};
    change({resized}, {1, 2, 5}, resized.capacity);
    EXPECT_FALSE(checks.is_settled());
  }
  void top_up(const Grant& grant, Seq place) {
    LedgerEntry entry;
    entry.kind = EntryKind::kReleased;
    entry.cause = Cause::kToppedUp;
    entry.program_id = 1;
    entry.want = {12, 0};
    entry.grant = {10, 0, 0};
    auto granted = entry;
    granted.kind = EntryKind::kGranted;
    granted.generation = 2;
    granted.grant = grant;
    granted.waits_since = place;
    change({entry, granted}, {11 - grant.classrooms, 2, 5}, {11, 2, 5});
  }
  std::string violated() const { return world.violation() ? world.violation()->check : ""; }

  World world{1, false};
  Names names{1, 2};
  std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>();
  MemoryRepository repository{store};
  Checks checks{world, names, store};
  Epoch epoch = 0;
  Seq head = 1;
};

TEST_F(ChecksTest, AGrantByTheRuleViolatesNothing) {
  commit(1, {4, 3}, {4, 2, 1});
  EXPECT_EQ(violated(), "");
}

TEST_F(ChecksTest, AGrantThatIsNotByTheRuleIsSeen) {
  commit(1, {4, 3}, {4, 2, 0});
  EXPECT_EQ(violated(), "the-rule");
}

TEST_F(ChecksTest, AMessageThatIsStoredAtTwoTimesIsSeen) {
  commit(1, {1, 0}, {1, 0, 0});
  commit(2, {1, 0}, {1, 0, 0});
  EXPECT_EQ(violated(), "whole-messages");
}

TEST_F(ChecksTest, ATopUpByTheRuleViolatesNothing) {
  let_one_wait();
  top_up({11, 0, 0}, 2);
  EXPECT_EQ(violated(), "");
  EXPECT_TRUE(checks.is_settled());
}

TEST_F(ChecksTest, AGrantThatOvertakesAProgramThatWaitsIsSeen) {
  let_one_wait();
  commit(2, {1, 0}, {1, 0, 0});
  EXPECT_EQ(violated(), "nobody-overtakes");
}

TEST_F(ChecksTest, ACommandThatComesBeforeAProgramThatWaitsIsSeen) {
  let_one_wait();
  LedgerEntry resized;
  resized.kind = EntryKind::kCapacityChanged;
  resized.capacity = {11, 3, 5};
  change({resized}, {1, 3, 5}, resized.capacity);
  EXPECT_EQ(violated(), "settled-first");
}

TEST_F(ChecksTest, ATopUpThatLowersIsSeen) {
  let_one_wait();
  top_up({9, 0, 0}, 2);
  EXPECT_EQ(violated(), "top-ups-only-add");
}

TEST_F(ChecksTest, ATopUpThatLosesItsPlaceIsSeen) {
  let_one_wait();
  top_up({11, 0, 0}, 4);
  EXPECT_EQ(violated(), "places-are-kept");
}

TEST_F(ChecksTest, AnAnswerThatTheLedgerDoesNotHoldIsSeen) {
  const RoomRequest request{.program_name = "civil", .semester = "2025-10", .want = {4, 3}, .client_id = {}};
  checks.on_room_answer(names.faculty(0), request, {.status = Status::kOk, .grant = {4, 2, 1}, .detail = ""});
  EXPECT_EQ(violated(), "answered-is-durable");
}

TEST(FiberTest, RunsOnlyWhileItIsResumedAndIsUnwoundWhenItIsKilled) {
  std::vector<std::string> steps;
  struct Guard {
    std::vector<std::string>& steps;
    ~Guard() { steps.emplace_back("unwound"); }
  };
  {
    Fiber* self = nullptr;
    Fiber fiber{[&] {
      const Guard guard{steps};
      steps.emplace_back("one");
      self->suspend();
      steps.emplace_back("two");
      self->suspend();
      steps.emplace_back("never");
    }};
    self = &fiber;
    EXPECT_TRUE(steps.empty());
    fiber.resume();
    steps.emplace_back("between");
    fiber.resume();
  }
  EXPECT_EQ(steps, (std::vector<std::string>{"one", "between", "two", "unwound"}));
}

TEST(CellsTest, EachIsUnreachedUntilItIsReached) {
  Cells cells;
  const auto all = cells.unreached().size();
  EXPECT_EQ(all, cells.counts().size());
  cells.reach(Operation::kCommit, Step::kApplied, Fault::kCrash);
  cells.reach("network/lost");
  EXPECT_EQ(cells.unreached().size(), all - 2);
  EXPECT_EQ(cells.counts().at("commit/applied/crash"), 1u);
}

}  // namespace
}  // namespace dti::simulation
