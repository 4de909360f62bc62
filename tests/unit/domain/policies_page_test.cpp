// The numbers of the example in docs/policies.md.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "dti/domain/policies/policies.hpp"
#include "unit/domain/rounds.hpp"

namespace dti {
namespace {

/// All numbers in a line.
std::vector<Quantity> numbers_in(const std::string& line) {
  std::vector<Quantity> numbers;
  bool is_in_number = false;
  for (const char c : line) {
    const bool is_digit = c >= '0' && c <= '9';
    if (is_digit && !is_in_number) numbers.push_back(0);
    if (is_digit) numbers.back() = 10 * numbers.back() + (c - '0');
    is_in_number = is_digit;
  }
  return numbers;
}

struct Page {
  Round round;
  std::vector<std::string> results;  // the row of each policy
};

Page read_page() {
  std::ifstream file{DTI_DOCS_DIR "/policies.md"};
  Page page;
  std::string line;
  while (std::getline(file, line) && line != "## Example") continue;
  while (std::getline(file, line)) {
    const auto numbers = numbers_in(line);
    if (page.round.pool == Pool{} && numbers.size() == 2) {  // "There are 20 classrooms and 6 labs"
      page.round.pool = {.classrooms = numbers[0], .labs = numbers[1], .conversions_left = numbers[0]};
    } else if (line.starts_with("| `")) {
      page.results.push_back(line);
    } else if (line.starts_with("| ") && numbers.size() == 5) {
      auto ask = asks_of({{numbers[0], numbers[1]}}).front();
      ask.program = static_cast<ProgramId>(page.round.asks.size() + 1);
      ask.arrival = ask.program;
      ask.lot = ask.program;
      ask.priority_class = static_cast<int>(numbers[2]);
      ask.weight = numbers[3];
      ask.floor = numbers[4];
      page.round.asks.push_back(ask);
    }
  }
  return page;
}

TEST(PoliciesPage, HasTheRoomsThatEachPolicyGrants) {
  const auto page = read_page();
  ASSERT_EQ(page.round.asks.size(), 4U);
  ASSERT_EQ(page.results.size(), std::size(kPolicies));
  for (const auto& row : page.results) {
    const auto name = row.substr(3, row.find('`', 3) - 3);
    const auto policy = parse_policy(name);
    ASSERT_TRUE(policy) << name;
    std::vector<Quantity> expected;
    for (const auto& [grant, limited_by] : share(*policy, page.round.pool, page.round.asks)) {
      expected.insert(expected.end(), {rooms_of(grant), grant.classrooms, grant.labs, grant.mobile_labs});
    }
    EXPECT_EQ(numbers_in(row), expected) << row;
  }
}

TEST(PoliciesPage, HasTheReasonsOfTheDefaultPolicy) {
  const auto page = read_page();
  const auto awards = max_min(page.round.pool, page.round.asks);
  ASSERT_EQ(awards.size(), 4U);
  const LimitedBy expected[] = {LimitedBy::kRooms, LimitedBy::kRooms, LimitedBy::kNothing, LimitedBy::kLot};
  for (std::size_t i = 0; i < awards.size(); ++i) EXPECT_EQ(awards[i].limited_by, expected[i]) << i;
}

}  // namespace
}  // namespace dti
