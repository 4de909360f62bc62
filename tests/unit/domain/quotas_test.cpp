#include "dti/domain/quotas.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "dti/domain/policies/policies.hpp"
#include "dti/domain/wait_list.hpp"

namespace dti {
namespace {

constexpr QuotaLimit hard(std::int32_t rooms) { return {rooms, false}; }
constexpr QuotaLimit soft(std::int32_t rooms) { return {rooms, true}; }
constexpr QuotaLimit kNoLimit{};

TEST(Quotas, AdmitWhatTheHardLimitsLeave) {
  struct Case {
    std::string name;
    Quota quota;
    Grant held_by_others;
    Grant held;
    Want want;
    Want admitted;
  };
  const Case cases[] = {
      {"no limit", {kNoLimit, kNoLimit}, {9, 9, 9}, {}, {5, 5}, {5, 5}},
      {"room for all", {hard(10), hard(10)}, {5, 3, 2}, {}, {5, 5}, {5, 5}},
      {"the classrooms are limited", {hard(7), kNoLimit}, {5, 0, 0}, {}, {5, 5}, {2, 5}},
      {"a mobile lab is a lab", {kNoLimit, hard(7)}, {0, 2, 3}, {}, {5, 5}, {5, 2}},
      {"a mobile lab is no classroom", {hard(7), kNoLimit}, {0, 0, 5}, {}, {7, 0}, {7, 0}},
      {"nothing is left", {hard(5), hard(5)}, {5, 5, 0}, {}, {1, 1}, {0, 0}},
      {"what it holds is admitted", {hard(7), hard(7)}, {5, 5, 0}, {2, 1, 1}, {9, 9}, {2, 2}},
      {"a soft limit admits everything", {soft(1), soft(0)}, {5, 5, 5}, {}, {5, 5}, {5, 5}},
      {"a limit of 0", {hard(0), hard(0)}, {}, {}, {5, 5}, {0, 0}},
      {"the largest numbers", {hard(1'000'000'000), kNoLimit}, {}, {}, {1'000'000, 1'000'000}, {1'000'000, 1'000'000}},
  };
  for (const auto& [name, quota, others, held, want, admitted] : cases) {
    Quotas quotas;
    quotas.set(3, quota, 1);
    quotas.add(3, others);
    quotas.add(3, held);
    quotas.add(2, {100, 100, 100});  // another faculty
    EXPECT_EQ(within(want, quotas.allowance(3, held)), admitted) << name;
    quotas.remove(3, held);
    EXPECT_EQ(within(want, quotas.allowance(3)), admitted) << name;
  }
}

TEST(Quotas, ReplaceTheWholeQuotaOfAFaculty) {
  Quotas quotas;
  quotas.set(1, {hard(5), hard(6)}, 4);
  quotas.set(1, {kNoLimit, soft(2)}, 5);
  EXPECT_EQ(quotas.quota(1), (Quota{kNoLimit, soft(2)}));
  EXPECT_EQ(quotas.quota(9), Quota{}) << "a faculty without a quota";
  quotas.set(1, {}, 6);
  EXPECT_EQ(quotas.allowance(1), Allowance{});
  EXPECT_EQ(quotas.set_at(1), 6);
}

TEST(Quotas, AreBrokenOnlyByMoreThanAHardLimit) {
  EXPECT_FALSE(breaks({hard(5), hard(2)}, {5, 2}));
  EXPECT_TRUE(breaks({hard(4), hard(2)}, {5, 2}));
  EXPECT_TRUE(breaks({hard(5), hard(1)}, {5, 2}));
  EXPECT_FALSE(breaks({soft(4), soft(1)}, {5, 2}));
  EXPECT_FALSE(breaks({kNoLimit, kNoLimit}, {5, 2}));
}

TEST(Quotas, ConvertNoClassroomForALabThatTheyForbid) {
  EXPECT_EQ(allocate({10, 1, 9}, within({5, 4}, {.labs = 2})), (Grant{5, 1, 1}));
  EXPECT_EQ(allocate({10, 0, 9}, within({5, 4}, {.labs = 0})), (Grant{5, 0, 0}));
}

TEST(PassedOver, NamesTheQuota) {
  struct Case {
    Pool left;
    HeldGrant held;
    QuotaRoom room;
    std::optional<PassedOver> why;
  };
  const Case cases[] = {
      {{5, 5, 5}, {{1, 0}, {}}, {true, true}, std::nullopt},
      {{5, 5, 5}, {{1, 0}, {}}, {false, true}, PassedOver{.no_classroom_in_quota = true}},
      {{5, 5, 5}, {{0, 1}, {}}, {false, true}, std::nullopt},
      {{5, 5, 5}, {{1, 1}, {}}, {false, false}, PassedOver{.no_classroom_in_quota = true, .no_lab_in_quota = true}},
      {{5, 0, 0},
       {{1, 1}, {}},
       {false, true},
       PassedOver{.no_classroom_in_quota = true, .no_lab = true, .no_conversion = true}},
      {{0, 5, 5}, {{1, 1}, {}}, {true, false}, PassedOver{.no_lab_in_quota = true, .no_classroom = true}},
      {{0, 5, 5}, {{1, 2}, {0, 0, 1}}, {true, false}, std::nullopt},  // a lab for its mobile lab
  };
  for (const auto& [left, held, room, why] : cases) EXPECT_EQ(passed_over(left, held.grant, held.want, room), why);
}

// The rest compares with a model that looks at every program in turn, and knows no queues.

struct Program {
  Place place;
  HeldGrant held;
};

struct Semester {
  Pool left;
  std::map<FacultyId, Quota> quotas;
  std::vector<Program> programs;  // in the order of their places

  [[nodiscard]] CountedRooms held_by(FacultyId faculty) const {
    CountedRooms sum;
    for (const auto& [place, held] : programs) {
      if (place.faculty != faculty) continue;
      sum.classrooms += held.grant.classrooms;
      sum.labs += held.grant.labs + held.grant.mobile_labs;
    }
    return sum;
  }
  [[nodiscard]] Quotas counted_quotas() const {
    Quotas all;
    for (const auto& [faculty, quota] : quotas) all.set(faculty, quota, 1);
    for (const auto& [place, held] : programs) all.add(place.faculty, held.grant);
    return all;
  }
  [[nodiscard]] WaitList list() const {
    WaitList list;
    set_rooms(list, counted_quotas());
    for (const auto& [place, held] : programs) list.add(place, held.grant, held.want);
    return list;
  }
  /// Whether the faculty may have one more of a kind.
  [[nodiscard]] QuotaRoom room(FacultyId faculty) const {
    const auto found = quotas.find(faculty);
    if (found == quotas.end()) return {};
    const auto [classrooms, labs] = held_by(faculty);
    const auto leaves = [](const QuotaLimit& limit, Quantity held) {
      return limit.rooms < 0 || limit.is_soft || held < limit.rooms;
    };
    return {leaves(found->second.classrooms, classrooms), leaves(found->second.labs, labs)};
  }
  /// Whether one more room that is left could be given to the program, written from docs/allocation.md.
  [[nodiscard]] bool may_have_one(const Program& program) const {
    const auto& [want, grant] = program.held;
    const auto [classroom, lab] = room(program.place.faculty);
    const bool lacks_classroom = classroom && grant.classrooms < want.classrooms;
    const bool lacks_lab = lab && grant.labs + grant.mobile_labs < want.labs;
    const bool can_convert = left.classrooms > 0 && left.conversions_left > 0;
    const bool swaps = lacks_classroom && grant.mobile_labs > 0 && left.labs > 0;
    return (lacks_classroom && left.classrooms > 0) || (lacks_lab && (left.labs > 0 || can_convert)) || swaps;
  }
  [[nodiscard]] const Program* first() const {
    for (const auto& program : programs) {
      if (may_have_one(program)) return &program;
    }
    return nullptr;
  }
  void replace(ProgramId id, const Grant& grant) {
    for (auto& program : programs) {
      if (program.place.program != id) continue;
      left = charge(give_back(left, program.held.grant), grant);
      program.held.grant = grant;
    }
  }
  std::vector<TopUp> settled(std::size_t count_max) {
    auto waiting = list();
    const auto held = [&](ProgramId id) {
      for (const auto& program : programs) {
        if (program.place.program == id) return program.held;
      }
      return HeldGrant{};
    };
    return settle(waiting, counted_quotas(), left, held, count_max);
  }
  /// The faculty that holds more than a hard limit; 0: there is none.
  [[nodiscard]] FacultyId above() const {
    for (const auto& [faculty, quota] : quotas) {
      if (breaks(quota, held_by(faculty))) return faculty;
    }
    return 0;
  }
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  Quantity up_to(Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(engine_); }
  QuotaLimit limit() {
    const auto kind = up_to(5);
    return kind == 0 ? kNoLimit : QuotaLimit{static_cast<std::int32_t>(up_to(7)), kind == 1};
  }

 private:
  std::mt19937 engine_;
};

/// Programs of three faculties that asked in turn, and then something is freed or a quota is raised.
Semester random_semester(Random& random) {
  Semester semester{{random.up_to(10), random.up_to(6), random.up_to(5)}, {}, {}};
  for (FacultyId faculty = 1; faculty <= 2; ++faculty) semester.quotas[faculty] = {random.limit(), random.limit()};
  const auto count = 1 + random.up_to(8);
  for (Quantity i = 1; i <= count; ++i) {
    const auto faculty = static_cast<FacultyId>(1 + random.up_to(2));
    const Want want{random.up_to(5), random.up_to(4)};
    const auto admitted = within(want, semester.counted_quotas().allowance(faculty));
    const auto grant = allocate(semester.left, admitted);
    semester.left = charge(semester.left, grant);
    semester.programs.push_back({{i, static_cast<ProgramId>(i), faculty}, {want, grant}});
  }
  if (random.up_to(2) > 0) {
    const auto released = semester.programs.begin() + random.up_to(count - 1);
    semester.left = give_back(semester.left, released->held.grant);
    semester.programs.erase(released);
  }
  if (random.up_to(2) == 0) {
    semester.left.classrooms += random.up_to(2);
    semester.left.labs += random.up_to(2);
    semester.left.conversions_left += random.up_to(1);
  }
  if (random.up_to(1) == 0) {
    auto& quota = semester.quotas[1];
    quota.classrooms.rooms += static_cast<std::int32_t>(random.up_to(3));
    quota.labs.rooms += static_cast<std::int32_t>(random.up_to(3));
    if (quota.classrooms.rooms < 0) quota.classrooms = kNoLimit;
    if (quota.labs.rooms < 0) quota.labs = kNoLimit;
    if (breaks(quota, semester.held_by(1))) quota = {};
  }
  return semester;
}

TEST(SettleWithQuotas, MakesTheTopUpsOfTheModelAndLeavesNothingThatAProgramMayHave) {
  constexpr unsigned kSeeds = 20'000;
  std::size_t made = 0;
  std::size_t blocked = 0;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    Random random{seed};
    auto semester = random_semester(random);
    ASSERT_EQ(semester.above(), 0U) << "seed " << seed;
    const auto count_max = static_cast<std::size_t>(1 + random.up_to(9));
    for (auto steps = semester.settled(count_max); !steps.empty(); steps = semester.settled(count_max)) {
      for (const auto& step : steps) {
        const auto* const first = semester.first();
        ASSERT_TRUE(first != nullptr && first->place == step.place) << "seed " << seed;
        ASSERT_EQ(step.before, first->held) << "seed " << seed;
        const auto& before = step.before.grant;
        ASSERT_GE(step.grant.classrooms, before.classrooms) << "seed " << seed;
        ASSERT_GE(step.grant.labs + step.grant.mobile_labs, before.labs + before.mobile_labs) << "seed " << seed;
        semester.replace(step.place.program, step.grant);
        ASSERT_FALSE(semester.may_have_one(*first)) << "a top-up is all that it may have; seed " << seed;
        ASSERT_EQ(semester.above(), 0U) << "no hard limit is exceeded; seed " << seed;
        ++made;
      }
    }
    ASSERT_EQ(semester.first(), nullptr) << "seed " << seed;
    const auto quotas = semester.counted_quotas();
    for (const auto& [place, held] : semester.programs) {
      const auto why = passed_over(semester.left, held.grant, held.want, quotas.room(place.faculty));
      ASSERT_EQ(why.has_value(), grant_status(held.want, held.grant) != Status::kOk) << "seed " << seed;
      blocked += why && (why->no_classroom_in_quota || why->no_lab_in_quota) ? 1 : 0;
    }
  }
  EXPECT_GT(made, kSeeds / 4);
  EXPECT_GT(blocked, kSeeds / 4);
}

TEST(SettleWithQuotas, LeavesTheListAsItWas) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    Random random{seed};
    const auto semester = random_semester(random);
    auto list = semester.list();
    const auto held = [&](ProgramId id) {
      for (const auto& program : semester.programs) {
        if (program.place.program == id) return program.held;
      }
      return HeldGrant{};
    };
    const auto steps = settle(list, semester.counted_quotas(), semester.left, held, 100);
    EXPECT_EQ(list.size(), semester.list().size()) << "seed " << seed;
    EXPECT_EQ(list.find_first(semester.left), semester.list().find_first(semester.left)) << "seed " << seed;
    EXPECT_EQ(settle(list, semester.counted_quotas(), semester.left, held, 100), steps) << "seed " << seed;
  }
}

TEST(SettleWithQuotas, ARequestWithinAQuotaLeavesTheListSettledAndTakesNoMoreThanWithoutAQuota) {
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    Random random{seed};
    auto semester = random_semester(random);
    for (const auto& step : semester.settled(1'000)) semester.replace(step.place.program, step.grant);
    const auto faculty = static_cast<FacultyId>(1 + random.up_to(2));
    const Want want{random.up_to(5), random.up_to(4)};
    const auto free = allocate(semester.left, want);
    const auto grant = allocate(semester.left, within(want, semester.counted_quotas().allowance(faculty)));
    const auto left = charge(semester.left, grant);
    const auto left_without = charge(semester.left, free);
    ASSERT_GE(left.classrooms, left_without.classrooms) << "others lose nothing by a quota; seed " << seed;
    ASSERT_GE(left.labs, left_without.labs) << "seed " << seed;
    ASSERT_GE(left.conversions_left, left_without.conversions_left) << "seed " << seed;
    semester.left = left;
    semester.programs.push_back({{99, 99, faculty}, {want, grant}});
    ASSERT_EQ(semester.above(), 0U) << "seed " << seed;
    ASSERT_EQ(semester.first(), nullptr) << "seed " << seed;
  }
}

TEST(AmendWithQuotas, StaysWithinTheQuotaAndTakesNothingThatAnotherProgramMayHave) {
  std::size_t kept_back = 0;
  for (unsigned seed = 1; seed <= 60'000; ++seed) {
    Random random{seed};
    auto semester = random_semester(random);
    for (const auto& step : semester.settled(1'000)) semester.replace(step.place.program, step.grant);
    if (semester.programs.empty()) continue;
    auto& amended =
        semester.programs[static_cast<std::size_t>(random.up_to(static_cast<Quantity>(semester.programs.size()) - 1))];
    const auto [place, held] = amended;
    const Want want{random.up_to(5), random.up_to(4)};
    const auto list = semester.list();
    const auto allowance = semester.counted_quotas().allowance(place.faculty, held.grant);
    const auto grant =
        amend_in_order(semester.left, held.grant, want, {place.program, place.faculty, allowance, &list});
    const auto keeps = kept(held.grant, want);
    ASSERT_GE(grant.classrooms, keeps.classrooms) << "seed " << seed;
    ASSERT_GE(grant.labs + grant.mobile_labs, keeps.labs + keeps.mobile_labs) << "seed " << seed;
    // What the first of the others may have if the program gets nothing beyond what it keeps, it has in any case.
    const auto next_of_others = [&](const Grant& amended_to) {
      amended.held.want = {amended_to.classrooms, amended_to.labs + amended_to.mobile_labs};  // it is whole
      semester.replace(place.program, amended_to);
      return semester.settled(1);
    };
    const auto with_returned = next_of_others(keeps);
    if (!with_returned.empty()) {
      const auto after = next_of_others(grant);
      ASSERT_FALSE(after.empty()) << "seed " << seed;
      ASSERT_EQ(after[0].place, with_returned[0].place) << "seed " << seed;
      const auto has = counted(after[0].grant);
      const auto may_have = counted(with_returned[0].grant);
      ASSERT_GE(has.classrooms, may_have.classrooms) << "seed " << seed;
      ASSERT_GE(has.labs, may_have.labs) << "seed " << seed;
      ++kept_back;
    }
    semester.replace(place.program, grant);
    ASSERT_EQ(semester.above(), 0U) << "seed " << seed;
  }
  EXPECT_GT(kept_back, 100U);
}

TEST(AmendWithQuotas, LeavesTheLastRoomInTheQuotaToTheProgramThatWaits) {
  // It returns a mobile lab, and could get a classroom by a lab; but the quota has room for one classroom only.
  WaitList list;
  list.add({1, 1, 1}, {}, {1, 0});
  const Grant held{2, 0, 2};
  EXPECT_EQ(amend_in_order({0, 1, 0}, held, {3, 1}, {2, 1, {.classrooms = 3}, &list}), (Grant{2, 0, 1}));
  EXPECT_EQ(amend_in_order({0, 1, 0}, held, {3, 1}, {2, 1, {}, &list}), (Grant{3, 1, 0})) << "without a quota";
}

TEST(SettleWithQuotas, LooksAtNoProgramThatItsQuotaForbids) {
  WaitList list;
  Quotas quotas;
  quotas.set(1, {hard(0), hard(0)}, 1);
  set_rooms(list, quotas);
  for (ProgramId program = 1; program <= 50'000; ++program) list.add({program, program, 1}, {}, {1, 1});
  int looks = 0;
  const auto held = [&](ProgramId) {
    ++looks;
    return HeldGrant{{1, 1}, {}};
  };
  EXPECT_TRUE(settle(list, quotas, {380, 60, 380}, held, 10).empty());
  list.add({60'000, 60'000, 2}, {}, {1, 1});
  EXPECT_EQ(settle(list, quotas, {380, 60, 380}, held, 10).size(), 1U);
  EXPECT_EQ(looks, 1);
}

TEST(ShareWithin, FirstComeIsTheRuleForOneRequestAfterTheOther) {
  Quotas quotas;
  quotas.set(1, {hard(5), hard(2)}, 1);
  quotas.add(1, {1, 0, 1});
  const auto faculty_of = [](ProgramId program) { return FacultyId{program <= 2 ? 1U : 2U}; };
  const std::vector<Ask> asks = {{.program = 1, .want = {3, 1}, .arrival = 1},
                                 {.program = 3, .want = {3, 1}, .arrival = 2},
                                 {.program = 2, .want = {3, 1}, .arrival = 3}};
  const auto awards = share_within(Policy::kFirstCome, {20, 5, 5}, asks, quotas, faculty_of);
  EXPECT_EQ(awards[0], (Award{{3, 1, 0}, LimitedBy::kNothing}));
  EXPECT_EQ(awards[1], (Award{{3, 1, 0}, LimitedBy::kNothing}));
  EXPECT_EQ(awards[2], (Award{{1, 0, 0}, LimitedBy::kQuota}));
}

TEST(ShareWithin, NoPolicyGivesAFacultyMoreThanItsQuotaAndWithoutOneNothingChanges) {
  for (unsigned seed = 1; seed <= 3'000; ++seed) {
    Random random{seed};
    const Pool pool{random.up_to(20), random.up_to(12), random.up_to(10)};
    Quotas quotas;
    for (FacultyId faculty = 1; faculty <= 2; ++faculty) quotas.set(faculty, {random.limit(), random.limit()}, 1);
    const auto faculty_of = [](ProgramId program) { return FacultyId{1 + program % 3}; };
    std::vector<Ask> asks;
    for (ProgramId program = 1; program <= 9; ++program) {
      asks.push_back({.program = program,
                      .want = {random.up_to(5), random.up_to(4)},
                      .arrival = program,
                      .lot = static_cast<std::uint64_t>(random.up_to(99)),
                      .priority_class = static_cast<int>(random.up_to(2)),
                      .weight = 1 + random.up_to(3),
                      .floor = random.up_to(3)});
    }
    for (const auto policy : {Policy::kFirstCome, Policy::kPriority, Policy::kProportional, Policy::kMaxMin,
                              Policy::kWeighted, Policy::kFloors, Policy::kDrf}) {
      auto after = quotas;
      auto left = pool;
      const auto awards = share_within(policy, pool, asks, quotas, faculty_of);
      for (std::size_t i = 0; i < asks.size(); ++i) {
        const auto& grant = awards[i].grant;
        ASSERT_LE(grant.classrooms, asks[i].want.classrooms);
        ASSERT_LE(grant.labs + grant.mobile_labs, asks[i].want.labs);
        const bool is_whole = grant_status(asks[i].want, grant) == Status::kOk;
        ASSERT_EQ(awards[i].limited_by == LimitedBy::kNothing, is_whole) << "seed " << seed;
        left = charge(left, grant);
        after.add(faculty_of(asks[i].program), grant);
      }
      ASSERT_GE(std::min({left.classrooms, left.labs, left.conversions_left}), 0) << "seed " << seed;
      for (FacultyId faculty = 1; faculty <= 2; ++faculty) {
        ASSERT_FALSE(breaks(after.quota(faculty), after.held(faculty))) << policy_name(policy) << " seed " << seed;
      }
      EXPECT_EQ(share_within(policy, pool, asks, {}, faculty_of), share(policy, pool, asks));
    }
  }
}

}  // namespace
}  // namespace dti
