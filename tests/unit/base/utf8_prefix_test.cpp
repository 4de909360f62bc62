#include "dti/base/utf8_prefix.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

TEST(Utf8Prefix, IsAsLongAsPossibleAndEndsBetweenCharacters) {
  const struct {
    std::string text;
    std::size_t bytes_max;
    std::string prefix;
  } kCases[] = {
      {"", 0, ""},     {"abc", 3, "abc"}, {"abc", 4, "abc"}, {"abc", 2, "ab"},  {"abc", 0, ""},
      {"añb", 1, "a"}, {"añb", 2, "a"},   {"añb", 3, "añ"},  {"añb", 4, "añb"}, {"€", 1, ""},
      {"x€y", 3, "x"}, {"x€y", 4, "x€"},  {"😀a", 3, ""},     {"😀a", 4, "😀"},    {"\x80\x80\x80", 2, ""},
  };
  for (const auto& c : kCases) EXPECT_EQ(utf8_prefix(c.text, c.bytes_max), c.prefix) << c.text << ", " << c.bytes_max;
}

}  // namespace
}  // namespace dti
