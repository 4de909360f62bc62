#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dti/service/allocation/allocator.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using nlohmann::json;

Pool left_of(const json& left) { return {left.at("classrooms"), left.at("labs"), left.at("mobile-labs")}; }

/// What people are shown as left: mobile labs, not conversions.
Pool shown(const Pool& pool) { return {pool.classrooms, pool.labs, pool.mobile_labs()}; }

/// Plays one line of the file: a semester, and a program for each of its steps.
void play(const json& vector) {
  const auto& start = vector.at("semester");
  const auto& steps = vector.at("steps");
  Capacity capacity{start.at("classrooms"), start.at("labs"), start.at("classrooms")};
  if (!start.at("mobile-labs").is_null()) {
    capacity.conversions = std::min(start.at("mobile-labs").get<Quantity>(), capacity.classrooms);
  }
  Allocator allocator;
  ASSERT_TRUE(allocator.add_programs(fixtures::catalog(1, steps.size())));
  ASSERT_EQ(allocator.replay(1, row_of(fixtures::opened(capacity))), std::nullopt);
  const StoredSemester semester{
      .id = 1, .name = "s", .epoch = 1, .head = 1, .capacity = capacity, .left = full_pool(capacity)};
  ASSERT_EQ(allocator.serve({semester}), std::nullopt);
  std::vector<LedgerEntry> entries;
  int program = 0;
  for (const auto& step : steps) {
    const auto& want = step.at("request");
    const auto& answer = step.at("answer");
    const auto name = "p" + std::to_string(++program);
    const auto decision = allocator.decide(
        fixtures::request("s", "f1", {fixtures::ask(name, want.at("classrooms"), want.at("labs"))}), entries);
    ASSERT_EQ(decision.outcome.programs.size(), 1U);
    const auto& outcome = decision.outcome.programs[0];
    EXPECT_EQ(outcome.grant, (Grant{answer.at("classrooms"), answer.at("labs"), answer.at("mobile-labs")})) << step;
    EXPECT_EQ(wire_text(outcome.status), answer.at("status").get<std::string>()) << step;
    EXPECT_EQ(shown(allocator.left(1)), left_of(step.at("left"))) << step;
  }
}

TEST(GoldenVectors, AreAllocatedAsWritten) {
  std::ifstream file{std::string{DTI_GOLDEN_DIR} + "/allocation.jsonl"};
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    SCOPED_TRACE("line " + std::to_string(lines + 1));
    play(json::parse(line));
  }
  EXPECT_EQ(lines, 80U);
}

}  // namespace
}  // namespace dti
