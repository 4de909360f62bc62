#include "dti/domain/allocate.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace dti {
namespace {

struct Case {
  std::string name;
  Pool pool;
  Want want;
  Grant grant;
  Status status;
};

const Case kCases[] = {
    // {classrooms, labs, conversions left}, {classrooms, labs} -> {classrooms, labs, mobile}
    {"everything is there", {380, 60, 380}, {7, 2}, {7, 2, 0}, Status::kOk},
    {"nothing asked is granted", {380, 60, 380}, {0, 0}, {0, 0, 0}, Status::kOk},
    {"nothing left grants nothing", {0, 0, 0}, {1, 1}, {0, 0, 0}, Status::kNotEnoughResources},
    {"nothing asked of nothing left is everything", {0, 0, 0}, {0, 0}, {0, 0, 0}, Status::kOk},
    {"shortfall goes mobile", {380, 1, 380}, {10, 4}, {10, 1, 3}, Status::kOk},
    {"cap bounds mobile", {380, 0, 2}, {10, 4}, {10, 0, 2}, Status::kNotEnoughResources},
    {"classrooms bound mobile", {3, 0, 380}, {0, 4}, {0, 0, 3}, Status::kNotEnoughResources},
    {"mobile labs are taken before classrooms", {5, 0, 5}, {5, 3}, {2, 0, 3}, Status::kNotEnoughResources},
    {"labs are never given as classrooms", {2, 60, 2}, {5, 1}, {2, 1, 0}, Status::kNotEnoughResources},
    {"no conversions left", {10, 1, 0}, {2, 3}, {2, 1, 0}, Status::kNotEnoughResources},
    {"the largest quantities do not overflow",
     {kCapacityMax, 0, kCapacityMax},
     {kQuantityMax, kQuantityMax},
     {kQuantityMax, 0, kQuantityMax},
     Status::kOk},
};

TEST(Allocate, SplitsAWantAsTheTableSays) {
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const auto grant = allocate(c.pool, c.want);
    EXPECT_EQ(grant, c.grant);
    EXPECT_EQ(grant_status(c.want, grant), c.status);
  }
}

/// The rule again, room by room: slow and obvious.
Grant allocate_room_by_room(Pool pool, Want want) {
  Grant grant;
  for (; want.labs > 0 && pool.labs > 0; --want.labs, --pool.labs) ++grant.labs;
  for (; want.labs > 0 && pool.conversions_left > 0 && pool.classrooms > 0;
       --want.labs, --pool.conversions_left, --pool.classrooms) {
    ++grant.mobile_labs;
  }
  for (; want.classrooms > 0 && pool.classrooms > 0; --want.classrooms, --pool.classrooms) ++grant.classrooms;
  return grant;
}

void expect_what_always_holds(const Pool& pool, const Want& want, const Grant& grant) {
  const auto after = charge(pool, grant);
  ASSERT_GE(after.classrooms, 0);
  ASSERT_GE(after.labs, 0);
  ASSERT_GE(after.conversions_left, 0);
  ASSERT_LE(grant.classrooms, want.classrooms);
  ASSERT_LE(grant.labs + grant.mobile_labs, want.labs);
  ASSERT_EQ(give_back(after, grant), pool);
}

TEST(Allocate, AgreesWithTheSlowModelOnAllSmallInputs) {
  constexpr Quantity kMost = 6;
  for (Quantity classrooms = 0; classrooms <= kMost; ++classrooms) {
    for (Quantity labs = 0; labs <= kMost; ++labs) {
      for (Quantity conversions = 0; conversions <= kMost; ++conversions) {
        for (Quantity want_classrooms = 0; want_classrooms <= kMost; ++want_classrooms) {
          for (Quantity want_labs = 0; want_labs <= kMost; ++want_labs) {
            const Pool pool{classrooms, labs, conversions};
            const Want want{want_classrooms, want_labs};
            const auto grant = allocate(pool, want);
            ASSERT_EQ(grant, allocate_room_by_room(pool, want))
                << classrooms << ' ' << labs << ' ' << conversions << " asked " << want_classrooms << ' ' << want_labs;
            expect_what_always_holds(pool, want, grant);
          }
        }
      }
    }
  }
}

TEST(Allocate, ConservesRoomsThroughRandomSemesters) {
  constexpr unsigned kSeed = 20251;
  std::mt19937_64 random{kSeed};
  const auto up_to = [&](Quantity most) { return std::uniform_int_distribution<Quantity>{0, most}(random); };
  for (int semester = 0; semester < 2'000; ++semester) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", semester " + std::to_string(semester));
    const auto most = semester % 2 == 0 ? Quantity{40} : kCapacityMax;
    Capacity capacity{up_to(most), up_to(most), 0};
    capacity.conversions = up_to(capacity.classrooms);
    auto pool = full_pool(capacity);
    Grant total;
    for (int step = 0; step < 30; ++step) {
      const Want want{up_to(std::min(most, kQuantityMax)), up_to(std::min(most, kQuantityMax))};
      const auto grant = allocate(pool, want);
      expect_what_always_holds(pool, want, grant);
      pool = charge(pool, grant);
      total = {total.classrooms + grant.classrooms, total.labs + grant.labs, total.mobile_labs + grant.mobile_labs};
    }
    EXPECT_EQ(pool.classrooms + total.classrooms + total.mobile_labs, capacity.classrooms);
    EXPECT_EQ(pool.labs + total.labs, capacity.labs);
    EXPECT_EQ(pool.conversions_left + total.mobile_labs, capacity.conversions);
  }
}

}  // namespace
}  // namespace dti
