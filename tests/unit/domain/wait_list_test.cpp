#include "dti/domain/wait_list.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace dti {
namespace {

/// A program that waits, or has waited.
struct Waiting {
  Place place;
  HeldGrant held;
};

/// A semester with its wait list, in order.
struct Semester {
  Pool left;
  std::vector<Waiting> programs;

  [[nodiscard]] WaitList list() const {
    WaitList list;
    for (const auto& [place, held] : programs) list.add(place, held.grant, held.want);
    return list;
  }
  [[nodiscard]] HeldGrant& held(ProgramId program) {
    for (auto& waiting : programs) {
      if (waiting.place.program == program) return waiting.held;
    }
    throw std::logic_error{"no such program"};
  }
  void make(const TopUp& step) {
    left = charge(give_back(left, step.before.grant), step.grant);
    held(step.place.program).grant = step.grant;
  }
};

std::vector<TopUp> next(Semester& semester, std::size_t count_max = 100) {
  auto list = semester.list();
  return settle(
      list, {}, semester.left, [&](ProgramId program) { return semester.held(program); }, count_max);
}

/// The programs 1, 2, … with these wants and grants, which asked in this order.
Semester semester_of(const Pool& left, const std::vector<HeldGrant>& helds) {
  Semester semester{left, {}};
  for (const auto& held : helds) {
    const auto number = static_cast<ProgramId>(semester.programs.size() + 1);
    semester.programs.push_back({{.since = 10 * Seq{number}, .program = number}, held});
  }
  return semester;
}

/// Whether one more room that is left could be given to the program, written from docs/allocation.md without top_up().
bool may_have_one(const Pool& left, const HeldGrant& held) {
  const bool lacks_classrooms = held.grant.classrooms < held.want.classrooms;
  const bool lacks_labs = held.grant.labs + held.grant.mobile_labs < held.want.labs;
  const bool can_convert = left.classrooms > 0 && left.conversions_left > 0;
  const bool swaps = lacks_classrooms && held.grant.mobile_labs > 0 && left.labs > 0;
  return (lacks_classrooms && left.classrooms > 0) || (lacks_labs && (left.labs > 0 || can_convert)) || swaps;
}

/// The next top-up: of the first program that may have one more room.
std::optional<TopUp> oracle(const Semester& semester) {
  for (const auto& [place, held] : semester.programs) {
    if (may_have_one(semester.left, held)) return TopUp{place, held, top_up(semester.left, held.grant, held.want)};
  }
  return std::nullopt;
}

struct Case {
  std::string name;
  Pool left;
  std::vector<HeldGrant> before;
  std::vector<Grant> after;
};

TEST(Settle, GivesWhatTheTableSays) {
  const Case cases[] = {
      {"nothing is left", {0, 0, 0}, {{{5, 2}, {3, 1, 0}}}, {{3, 1, 0}}},
      {"the first one first", {2, 0, 0}, {{{5, 0}, {3, 0, 0}}, {{9, 0}, {0, 0, 0}}}, {{5, 0, 0}, {0, 0, 0}}},
      {"the rest for the next one", {3, 0, 0}, {{{5, 0}, {3, 0, 0}}, {{9, 0}, {0, 0, 0}}}, {{5, 0, 0}, {1, 0, 0}}},
      {"a program whose grant is whole is not there",
       {3, 0, 0},
       {{{5, 0}, {5, 0, 0}}, {{1, 0}, {}}},
       {{5, 0, 0}, {1, 0, 0}}},
      {"who lacks labs is passed over by classrooms that cannot be converted",
       {3, 0, 0},
       {{{0, 2}, {0, 1, 0}}, {{9, 0}, {}}},
       {{0, 1, 0}, {3, 0, 0}}},
      {"who lacks labs gets mobile labs", {3, 0, 1}, {{{0, 2}, {}}, {{9, 0}, {}}}, {{0, 0, 1}, {2, 0, 0}}},
      {"who lacks classrooms is passed over by labs", {0, 1, 0}, {{{2, 0}, {}}, {{0, 1}, {}}}, {{0, 0, 0}, {0, 1, 0}}},
      {"a lab gives a classroom back to the one that lacks it", {0, 1, 0}, {{{3, 1}, {2, 0, 1}}}, {{3, 1, 0}}},
      {"a mobile lab that becomes a lab leaves a classroom for an earlier one",
       {0, 2, 0},
       {{{5, 0}, {4, 0, 0}}, {{3, 2}, {2, 0, 2}}},
       {{5, 0, 0}, {3, 2, 0}}},
      {"and a conversion for an earlier one", {2, 1, 0}, {{{0, 1}, {}}, {{1, 1}, {0, 0, 1}}}, {{0, 1, 0}, {1, 0, 1}}},
  };
  for (const auto& [name, left, before, after] : cases) {
    auto semester = semester_of(left, before);
    for (auto steps = next(semester); !steps.empty(); steps = next(semester)) {
      for (const auto& step : steps) semester.make(step);
    }
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(semester.programs[i].held.grant, after[i]) << name;
  }
}

TEST(Settle, PassesOverWithAReason) {
  struct Reason {
    Pool left;
    HeldGrant held;
    std::optional<PassedOver> reason;
  };
  const Reason reasons[] = {
      {{1, 0, 0}, {{1, 0}, {}}, std::nullopt},
      {{0, 5, 5}, {{1, 0}, {}}, PassedOver{.no_classroom = true}},
      {{0, 0, 5}, {{0, 1}, {}}, PassedOver{.no_classroom = true, .no_lab = true}},
      {{5, 0, 0}, {{0, 1}, {}}, PassedOver{.no_lab = true, .no_conversion = true}},
      {{0, 0, 5}, {{1, 1}, {0, 0, 1}}, PassedOver{.no_classroom = true, .no_lab = true}},
      {{5, 5, 5}, {{1, 1}, {1, 1, 0}}, std::nullopt},
  };
  for (const auto& [left, held, reason] : reasons) EXPECT_EQ(passed_over(left, held.grant, held.want), reason);
}

TEST(Settle, LooksAtNoProgramThatCannotUseWhatIsLeft) {
  WaitList list;
  for (ProgramId program = 1; program <= 50'000; ++program) {
    list.add({.since = program, .program = program}, {.classrooms = 1}, {1, 1});
  }
  int looks = 0;
  const auto held = [&](ProgramId) -> HeldGrant {
    ++looks;
    return {{2, 0}, {1, 0, 0}};
  };
  EXPECT_TRUE(settle(list, {}, {380, 0, 0}, held, 10).empty());
  EXPECT_EQ(looks, 0);
  list.add({.since = 60'000, .program = 60'000}, {1, 0, 0}, {2, 0});
  EXPECT_EQ(settle(list, {}, {380, 0, 0}, held, 10).size(), 1U);
  EXPECT_EQ(looks, 1);
}

TEST(Settle, MakesAllTopUpsAtOnceEvenIfEachOpensTheGroupOfTheOneBefore) {
  // The labs of the first of each pair free a classroom for it, and one for the second.
  std::vector<HeldGrant> helds;
  for (int i = 0; i < 300; ++i) helds.insert(helds.end(), {{{1, 2}, {0, 0, 2}}, {{1, 0}, {}}});
  auto semester = semester_of({0, 600, 0}, helds);
  const auto steps = next(semester, 1'000);
  EXPECT_EQ(steps.size(), 600U);
  for (const auto& step : steps) {
    ASSERT_EQ(step, oracle(semester));
    semester.make(step);
  }
  EXPECT_FALSE(oracle(semester));
}

TEST(Settle, MakesNoMoreTopUpsThanItMay) {
  auto semester = semester_of({9, 0, 0}, {{{1, 0}, {}}, {{1, 0}, {}}, {{1, 0}, {}}});
  EXPECT_EQ(next(semester, 2).size(), 2U);
  EXPECT_EQ(next(semester, 3).size(), 3U);
}

// The rest compares with that model.

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  Quantity up_to(Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(engine_); }

 private:
  std::mt19937 engine_;
};

/// Programs that asked in turn, and then something is freed.
Semester random_semester(Random& random) {
  Semester semester{{random.up_to(8), random.up_to(5), random.up_to(4)}, {}};
  const auto count = 1 + random.up_to(7);
  for (Quantity i = 1; i <= count; ++i) {
    const Want want{random.up_to(5), random.up_to(4)};
    const auto grant = allocate(semester.left, want);
    semester.left = charge(semester.left, grant);
    semester.programs.push_back({{.since = i, .program = static_cast<ProgramId>(i)}, {want, grant}});
  }
  const auto freed = random.up_to(2) > 0 ? random.up_to(count - 1) : count;
  if (freed < count) {
    const auto released = semester.programs.begin() + freed;
    semester.left = give_back(semester.left, released->held.grant);
    semester.programs.erase(released);
  }
  semester.left.classrooms += random.up_to(2);
  semester.left.labs += random.up_to(2);
  semester.left.conversions_left += random.up_to(1);
  return semester;
}

TEST(Settle, MakesTheTopUpsOfTheModelInItsOrderAndLeavesNothingThatAProgramCouldUse) {
  constexpr unsigned kSeeds = 20'000;
  std::size_t made = 0;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    Random random{seed};
    auto semester = random_semester(random);
    const auto count_max = static_cast<std::size_t>(1 + random.up_to(9));
    for (auto steps = next(semester, count_max); !steps.empty(); steps = next(semester, count_max)) {
      ASSERT_LE(steps.size(), count_max) << "seed " << seed;
      const bool is_all = steps.size() < count_max;
      for (const auto& step : steps) {
        ASSERT_EQ(step, oracle(semester)) << "seed " << seed;
        semester.make(step);
        ++made;
      }
      ASSERT_TRUE(!is_all || !oracle(semester)) << "one call is enough; seed " << seed;
    }
    ASSERT_FALSE(oracle(semester)) << "seed " << seed;
  }
  EXPECT_GT(made, kSeeds / 2);
}

TEST(SettleAll, IsEveryTopUpUntilThereIsNone) {
  auto semester = semester_of({0, 2, 0}, {{{2, 0}, {1, 0, 0}}, {{1, 2}, {0, 0, 2}}, {{0, 9}, {0, 0, 0}}});
  const auto settled =
      settle_all(semester.list(), {}, semester.left, [&](ProgramId program) { return semester.held(program); });
  EXPECT_EQ(settled.grants, (std::map<ProgramId, Grant>{{1, {2, 0, 0}}, {2, {1, 2, 0}}}));
  for (auto steps = next(semester, 1); !steps.empty(); steps = next(semester, 1)) semester.make(steps.front());
  EXPECT_EQ(settled.left, semester.left);
}

TEST(Settle, OnlyAddsAndNeverMoreThanIsLeft) {
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    Random random{seed};
    auto semester = random_semester(random);
    for (auto steps = next(semester); !steps.empty(); steps = next(semester)) {
      for (const auto& step : steps) {
        const auto& [want, before] = step.before;
        ASSERT_GE(step.grant.classrooms, before.classrooms) << "seed " << seed;
        ASSERT_GE(step.grant.labs, before.labs) << "seed " << seed;
        ASSERT_GE(step.grant.labs + step.grant.mobile_labs, before.labs + before.mobile_labs) << "seed " << seed;
        ASSERT_GT(step.grant.classrooms + step.grant.labs + step.grant.mobile_labs,
                  before.classrooms + before.labs + before.mobile_labs)
            << "seed " << seed;
        ASSERT_LE(step.grant.classrooms, want.classrooms) << "seed " << seed;
        ASSERT_LE(step.grant.labs + step.grant.mobile_labs, want.labs) << "seed " << seed;
        semester.make(step);
        const auto& left = semester.left;
        ASSERT_GE(std::min({left.classrooms, left.labs, left.conversions_left}), 0) << "seed " << seed;
      }
    }
  }
}

TEST(Settle, LeavesARequestThatFollowsNothingThatAnEarlierProgramCouldUse) {
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    Random random{seed};
    auto semester = random_semester(random);
    for (auto steps = next(semester); !steps.empty(); steps = next(semester)) {
      for (const auto& step : steps) semester.make(step);
    }
    const Want want{random.up_to(5), random.up_to(4)};
    const auto grant = allocate(semester.left, want);
    for (const auto& waiting : semester.programs) {
      ASSERT_FALSE(may_have_one(semester.left, waiting.held)) << "seed " << seed;
    }
    semester.left = charge(semester.left, grant);
    semester.programs.push_back({{.since = 99, .program = 99}, {want, grant}});
    ASSERT_FALSE(oracle(semester)) << "a request leaves the wait list settled; seed " << seed;
  }
}

TEST(PassedOver, IsTheOppositeOfBeingAbleToHaveARoom) {
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    Random random{seed};
    const auto semester = random_semester(random);
    for (const auto& [place, held] : semester.programs) {
      const bool waits = grant_status(held.want, held.grant) != Status::kOk;
      EXPECT_EQ(passed_over(semester.left, held.grant, held.want).has_value(),
                waits && !may_have_one(semester.left, held))
          << "seed " << seed;
    }
  }
}

TEST(AmendInOrder, TakesNothingThatAnotherProgramThatWaitsCouldUse) {
  std::size_t kept_back = 0;
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    Random random{seed};
    auto semester = random_semester(random);
    for (auto steps = next(semester); !steps.empty(); steps = next(semester)) {
      for (const auto& step : steps) semester.make(step);
    }
    if (semester.programs.empty()) continue;
    const auto [place, held] = semester.programs.back();
    const Want want{random.up_to(5), random.up_to(4)};
    const auto list = semester.list();
    const auto grant = amend_in_order(semester.left, held.grant, want, {.program = place.program, .waiting = &list});
    semester.programs.pop_back();
    const auto plain = amend(semester.left, held.grant, want);
    const auto keeps = kept(held.grant, want);
    EXPECT_GE(grant.classrooms, keeps.classrooms) << "seed " << seed;
    EXPECT_GE(grant.labs + grant.mobile_labs, keeps.labs + keeps.mobile_labs) << "seed " << seed;
    if (semester.list().size() == 0) {
      EXPECT_EQ(grant, plain) << "seed " << seed;
    }
    if (grant == plain) continue;
    ++kept_back;
    semester.left = charge(give_back(semester.left, held.grant), grant);
    EXPECT_TRUE(oracle(semester)) << "another program gets what was kept back; seed " << seed;
  }
  EXPECT_GT(kept_back, 0U);
}

TEST(AmendInOrder, GivesAsTheTableSays) {
  struct AmendCase {
    std::string name;
    Pool left;
    HeldGrant other;  // the program that waits
    Grant held;
    Want want;
    Grant grant;
  };
  const AmendCase cases[] = {
      {"what it returns is not for itself", {0, 0, 0}, {{1, 0}, {}}, {2, 0, 1}, {3, 0}, {2, 0, 0}},
      {"unless no other program can use it", {0, 0, 0}, {{0, 0}, {}}, {2, 0, 1}, {3, 0}, {3, 0, 0}},
      {"what is left is for it, because no other can use it", {2, 0, 0}, {{0, 1}, {}}, {3, 1, 0}, {5, 0}, {5, 0, 0}},
      {"of a list that is not settled it gets nothing", {2, 0, 0}, {{1, 0}, {}}, {3, 0, 0}, {5, 0}, {3, 0, 0}},
  };
  for (const auto& [name, left, other, held, want, grant] : cases) {
    WaitList others;
    others.add({1, 1}, other.grant, other.want);
    EXPECT_EQ(amend_in_order(left, held, want, {.program = 2, .waiting = &others}), grant) << name;
  }
}

}  // namespace
}  // namespace dti
