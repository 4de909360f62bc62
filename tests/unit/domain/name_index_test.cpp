#include "dti/domain/name_index.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dti {
namespace {

TEST(NameIndex, AnEmptyOneFindsNothing) {
  const NameIndex index;
  EXPECT_EQ(index.find(1, "music"), 0u);
  const std::vector<std::string_view> texts = {"music", ""};
  std::vector<std::uint32_t> numbers(2, 7);
  index.find_all(1, texts, numbers);
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{0, 0}));
}

TEST(NameIndex, ATextHasANumberInEachScope) {
  NameIndex index;
  index.add(1, "music", 5);
  index.add(2, "music", 6);
  EXPECT_EQ(index.find(1, "music"), 5u);
  EXPECT_EQ(index.find(2, "music"), 6u);
  EXPECT_EQ(index.find(3, "music"), 0u);
  EXPECT_EQ(index.find(1, "musi"), 0u);
  EXPECT_EQ(index.find(1, "music1"), 0u);
  EXPECT_EQ(index.size(), 2u);
}

TEST(NameIndex, FindsWhatAMapFindsHoweverLargeItGrows) {
  std::mt19937 random{20'261};
  NameIndex index;
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> expected;
  const auto random_scope = [&] { return static_cast<std::uint32_t>(random() % 7); };
  const auto random_text = [&] {
    std::string text(random() % 20, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (std::uint32_t number = 1; number <= 20'000; ++number) {
    auto key = std::pair{random_scope(), random_text()};
    if (expected.emplace(key, number).second) index.add(key.first, key.second, number);
  }
  EXPECT_EQ(index.size(), expected.size());
  for (const auto& [key, number] : expected) EXPECT_EQ(index.find(key.first, key.second), number);
  for (int i = 0; i < 2'000; ++i) {
    const auto scope = random_scope();
    std::vector<std::string> wanted(random() % 40);
    for (auto& text : wanted) text = random_text();
    const std::vector<std::string_view> texts{wanted.begin(), wanted.end()};
    std::vector<std::uint32_t> numbers(texts.size());
    index.find_all(scope, texts, numbers);
    for (std::size_t j = 0; j < texts.size(); ++j) {
      const auto found = expected.find({scope, std::string{texts[j]}});
      EXPECT_EQ(numbers[j], found == expected.end() ? 0 : found->second);
      EXPECT_EQ(index.find(scope, texts[j]), numbers[j]);
    }
  }
}

}  // namespace
}  // namespace dti
