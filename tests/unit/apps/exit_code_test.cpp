#include "program/exit_code.hpp"

#include <gtest/gtest.h>

#include <iterator>

namespace dti {
namespace {

TEST(ProgramExitCodeTest, EveryStatusHasItsExitCodeAndItsResultFile) {
  struct Case {
    Status status;
    int exit_code;
    bool has_file;
  };
  constexpr Case kCases[] = {
      {Status::kInvalidRequest, 4, true},
      {Status::kUnauthorized, 4, true},
      {Status::kNotLeader, 5, false},
      {Status::kOverloaded, 5, false},
      {Status::kUnavailable, 5, false},
      {Status::kInvalidSemester, 4, true},
      {Status::kInvalidFaculty, 4, true},
      {Status::kConflict, 4, true},
      {Status::kRefused, 4, true},
      {Status::kHoldConfirmed, 4, true},
      {Status::kHoldCancelled, 4, true},
      {Status::kHoldExpired, 4, true},
      {Status::kInvalidProgram, 4, true},
      {Status::kGrantReleased, 4, true},
      {Status::kAlreadyHasResources, 4, false},
      {Status::kNotEnoughResources, 3, true},
      {Status::kOk, 0, true},
  };
  static_assert(std::size(kCases) == kStatusCount);
  for (const auto& test : kCases) {
    EXPECT_EQ(program_exit_code(test.status), test.exit_code) << wire_text(test.status);
    EXPECT_EQ(has_result_file(test.status), test.has_file) << wire_text(test.status);
  }
}

}  // namespace
}  // namespace dti
