#include "dti/domain/amend.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

struct Case {
  std::string name;
  Pool left;
  Grant held;
  Want want;
  Grant grant;
};

TEST(TopUp, AddsAsTheTableSays) {
  const Case cases[] = {
      {"nothing is left", {0, 0, 0}, {3, 1, 0}, {5, 2}, {3, 1, 0}},
      {"classrooms come back", {4, 0, 0}, {3, 1, 0}, {5, 1}, {5, 1, 0}},
      {"a lab comes back", {0, 1, 0}, {3, 1, 0}, {3, 2}, {3, 2, 0}},
      {"a classroom becomes the missing lab", {1, 0, 1}, {3, 0, 1}, {3, 2}, {3, 0, 2}},
      {"a lab replaces a mobile lab, whose classroom serves the rest", {0, 1, 0}, {2, 0, 1}, {3, 1}, {3, 1, 0}},
      {"a lab replaces a mobile lab and leaves a classroom", {0, 1, 0}, {2, 0, 1}, {2, 1}, {2, 1, 0}},
      {"labs come before classrooms", {1, 0, 1}, {0, 0, 0}, {1, 1}, {0, 0, 1}},
      {"only a conversion comes back: no classroom is taken for it", {0, 0, 1}, {1, 0, 0}, {1, 1}, {1, 0, 0}},
  };
  for (const auto& [name, left, held, want, grant] : cases) EXPECT_EQ(top_up(left, held, want), grant) << name;
}

TEST(Amend, ChangesAsTheTableSays) {
  const Case cases[] = {
      {"fewer classrooms", {0, 0, 0}, {7, 2, 0}, {5, 2}, {5, 2, 0}},
      {"fewer labs: mobile labs go first", {0, 0, 0}, {7, 1, 2}, {7, 2}, {7, 1, 1}},
      {"the returned mobile lab is a classroom again", {0, 0, 0}, {3, 0, 2}, {5, 0}, {5, 0, 0}},
      {"more of both", {9, 9, 9}, {7, 2, 0}, {9, 4}, {9, 4, 0}},
      {"more than there is", {1, 0, 1}, {7, 2, 0}, {9, 2}, {8, 2, 0}},
      {"fewer classrooms for more labs", {0, 0, 9}, {5, 0, 0}, {3, 2}, {3, 0, 2}},
      {"everything is returned", {0, 0, 0}, {7, 2, 3}, {0, 0}, {0, 0, 0}},
  };
  for (const auto& [name, left, held, want, grant] : cases) EXPECT_EQ(amend(left, held, want), grant) << name;
}

/// Calls the function for each small pool, each want, and each grant that the want may have.
template <class Check>
void for_each_small_case(const Check& check) {
  constexpr Quantity kMax = 3;
  for (Quantity rooms = 0; rooms <= kMax; ++rooms)
    for (Quantity labs = 0; labs <= kMax; ++labs)
      for (Quantity conversions = 0; conversions <= kMax; ++conversions)
        for (Quantity want_rooms = 0; want_rooms <= kMax; ++want_rooms)
          for (Quantity want_labs = 0; want_labs <= kMax; ++want_labs)
            for (Quantity held_rooms = 0; held_rooms <= want_rooms; ++held_rooms)
              for (Quantity held_labs = 0; held_labs <= want_labs; ++held_labs)
                for (Quantity mobile = 0; held_labs + mobile <= want_labs; ++mobile)
                  check({rooms, labs, conversions}, {held_rooms, held_labs, mobile}, {want_rooms, want_labs});
}

bool is_valid(const Pool& pool) { return pool.classrooms >= 0 && pool.labs >= 0 && pool.conversions_left >= 0; }

TEST(TopUp, NeverTakesARoomAwayAndNeverMoreThanIsLeft) {
  for_each_small_case([](const Pool& left, const Grant& held, const Want& want) {
    const auto grant = top_up(left, held, want);
    EXPECT_GE(grant.classrooms, held.classrooms);
    EXPECT_GE(grant.labs, held.labs);
    EXPECT_GE(grant.labs + grant.mobile_labs, held.labs + held.mobile_labs);
    EXPECT_LE(grant.classrooms, want.classrooms);
    EXPECT_LE(grant.labs + grant.mobile_labs, want.labs);
    EXPECT_TRUE(is_valid(charge(give_back(left, held), grant)));
  });
}

TEST(TopUp, LeavesNothingThatTheProgramCouldStillUse) {
  for_each_small_case([](const Pool& left, const Grant& held, const Want& want) {
    const auto grant = top_up(left, held, want);
    const auto after = charge(give_back(left, held), grant);
    EXPECT_EQ(top_up(after, grant, want), grant) << "a second top-up adds nothing";
    EXPECT_TRUE(grant.classrooms == want.classrooms || after.classrooms == 0);
    EXPECT_TRUE(grant.labs == want.labs || after.labs == 0);
    EXPECT_TRUE(grant.labs + grant.mobile_labs == want.labs || after.mobile_labs() == 0);
  });
}

TEST(TopUp, OfNothingHeldIsTheRule) {
  for_each_small_case([](const Pool& left, const Grant&, const Want& want) {
    EXPECT_EQ(top_up(left, {}, want), allocate(left, want));
  });
}

TEST(Amend, ASmallerWantAlwaysGetsWhatItKeepsAndLosesNothingOfIt) {
  for_each_small_case([](const Pool& left, const Grant& held, const Want& want) {
    for (Quantity classrooms = 0; classrooms <= 4; ++classrooms) {
      for (Quantity labs = 0; labs <= 4; ++labs) {
        const Want other{classrooms, labs};
        const auto grant = amend(left, held, other);
        EXPECT_GE(grant.classrooms, std::min(held.classrooms, classrooms));
        EXPECT_GE(grant.labs + grant.mobile_labs, std::min(held.labs + held.mobile_labs, labs));
        EXPECT_LE(grant.classrooms, classrooms);
        EXPECT_LE(grant.labs + grant.mobile_labs, labs);
        EXPECT_TRUE(is_valid(charge(give_back(left, held), grant)));
        const bool was_whole = grant_status(want, held) == Status::kOk;
        const bool is_smaller = classrooms <= want.classrooms && labs <= want.labs;
        if (was_whole && is_smaller) {
          EXPECT_EQ(grant_status(other, grant), Status::kOk);
        }
      }
    }
  });
}

}  // namespace
}  // namespace dti
