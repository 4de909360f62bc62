#include "dti/service/office/wait_text.hpp"

#include <gtest/gtest.h>

namespace dti {
namespace {

TEST(PassedOverText, NamesWhatIsNotLeft) {
  const auto holding = [](const Want& want, const Grant& grant) {
    return Holding{.program = 1, .generation = 1, .want = want, .grant = grant, .waits_since = 2};
  };
  const struct {
    Pool left;
    Holding holding;
    std::optional<std::string> text;
  } kCases[] = {
      {{0, 9, 0}, holding({2, 0}, {1, 0, 0}), "no classroom is left"},
      {{9, 0, 0}, holding({0, 2}, {0, 1, 0}), "no lab is left, and no conversion for a classroom that is left"},
      {{0, 0, 9}, holding({0, 2}, {0, 1, 0}), "no classroom and no lab is left"},
      {{0, 0, 0}, holding({2, 1}, {1, 0, 1}), "no classroom and no lab is left"},
      {{1, 0, 0}, holding({2, 0}, {1, 0, 0}), std::nullopt},
  };
  for (const auto& [left, held, text] : kCases) EXPECT_EQ(passed_over_text(left, held), text);
}

}  // namespace
}  // namespace dti
