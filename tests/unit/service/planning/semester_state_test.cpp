#include "dti/service/planning/semester_state.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/service/planning/ledger_rows.hpp"

namespace dti {
namespace {

using fixtures::capacity_row;
using fixtures::closed_row;
using fixtures::granted_row;
using fixtures::opened_row;
using fixtures::released_row;

TEST(SemesterState, FollowsEveryKindOfEntry) {
  SemesterState state{3};
  const struct {
    LedgerRow row;
    Pool left;
  } steps[] = {
      {opened_row({20, 6, 5}), {20, 6, 5}},
      {granted_row(2, 1, {10, 8}, {10, 6, 2}), {8, 0, 3}},
      {granted_row(3, 2, {1, 0}, {1, 0, 0}), {7, 0, 3}},
      {released_row(4, 1), {19, 6, 5}},
      {capacity_row(5, {10, 7, 2}), {9, 7, 2}},
      {granted_row(6, 1, {1, 1}, {1, 1, 0}), {8, 6, 2}},
      {closed_row(7), {8, 6, 2}},
  };
  for (const auto& [row, left] : steps) {
    ASSERT_EQ(state.add(row), std::nullopt) << row.seq;
    EXPECT_EQ(state.left(), left) << row.seq;
    EXPECT_EQ(state.head(), row.seq);
  }
  EXPECT_EQ(state.grant_of(1), (GrantInForce{6, {1, 1}, {1, 1, 0}}));
  EXPECT_EQ(state.grant_of(2).seq, 3);
  EXPECT_EQ(state.grant_of(3).seq, 0);
  EXPECT_EQ(state.closed_at(), 7);
  EXPECT_EQ(state.capacity(), (Capacity{10, 7, 2}));
}

TEST(SemesterState, RefusesAnEntryThatCannotBeNextAndStaysAsItWas) {
  auto unknown = closed_row(3);
  unknown.kind = 99;
  auto no_capacity = capacity_row(3, {1, 1, 1});
  no_capacity.labs_capacity = {};
  const struct {
    LedgerRow row;
    std::string fault;
  } cases[] = {
      {granted_row(4, 2, {1, 0}, {1, 0, 0}), "entry 3 is missing"},
      {granted_row(3, 1, {1, 0}, {1, 0, 0}), "entry 3 grants a second time to a program that holds a grant"},
      {granted_row(3, 3, {1, 0}, {1, 0, 0}), "entry 3 grants to no program of the catalogue"},
      {granted_row(3, 2, {30, 0}, {30, 0, 0}), "entry 3 grants more rooms than are left"},
      {released_row(3, 2), "entry 3 releases a grant that is not there"},
      {capacity_row(3, {9, 6, 5}), "entry 3 lowers the capacity below what is granted"},
      {no_capacity, "entry 3 has a capacity that no semester can have"},
      {unknown, "entry 3 is of kind 99, for which this version has no rule"},
  };
  SemesterState state{2};
  ASSERT_EQ(state.add(opened_row({20, 6, 5})), std::nullopt);
  ASSERT_EQ(state.add(granted_row(2, 1, {10, 0}, {10, 0, 0})), std::nullopt);
  for (const auto& [row, fault] : cases) {
    EXPECT_EQ(state.add(row), fault);
    EXPECT_EQ(state.head(), 2);
    EXPECT_EQ(state.left(), (Pool{10, 6, 5}));
  }
  EXPECT_EQ(SemesterState{1}.add(closed_row(1)), "entry 1 does not open the semester");
}

TEST(SemesterState, KeepsItsGrantsUnderAnotherCapacity) {
  SemesterState state{1};
  ASSERT_EQ(state.add(opened_row({20, 6, 5})), std::nullopt);
  ASSERT_EQ(state.add(granted_row(2, 1, {10, 8}, {10, 6, 2})), std::nullopt);
  EXPECT_EQ(left_of_capacity(state, {12, 6, 2}), (Pool{0, 0, 0}));
  EXPECT_EQ(left_of_capacity(state, {40, 10, 40}), (Pool{28, 4, 38}));
  EXPECT_EQ(left_of_capacity(state, {11, 6, 2}), std::nullopt);
  EXPECT_EQ(left_of_capacity(state, {12, 5, 2}), std::nullopt);
  EXPECT_EQ(left_of_capacity(state, {12, 6, 1}), std::nullopt);
}

}  // namespace
}  // namespace dti
