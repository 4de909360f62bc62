#include "dti/cli/escape.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace dti {
namespace {

using namespace std::string_view_literals;

struct Case {
  std::string_view text;
  std::string_view quoted;
  std::string_view json;
};

constexpr Case kCases[] = {
    {"", R"("")", R"("")"},
    {"plain text", R"("plain text")", R"("plain text")"},
    {"diseño €😀", R"("diseño €😀")", R"("diseño €😀")"},
    {R"(he said "hi" \ bye)", R"("he said \"hi\" \\ bye")", R"("he said \"hi\" \\ bye")"},
    {"a\nb\r\tc", R"("a\nb\r\tc")", R"("a\u000ab\u000d\u0009c")"},
    {"nul\0end"sv, R"("nul\x00end")", R"("nul\u0000end")"},
    {"\x1b[31mred\x7f", R"("\x1b[31mred\x7f")", R"("\u001b[31mred\u007f")"},
    {"\u009b1m", R"("\u009b1m")", R"("\u009b1m")"},
    {"line\u2028sep\u202erl", R"("line\u2028sep\u202erl")", R"("line\u2028sep\u202erl")"},
    {"bad\xff\xc3", R"("bad\xff\xc3")", R"("bad\ufffd\ufffd")"},
    {"overlong\xc0\xaf", R"("overlong\xc0\xaf")", R"("overlong\ufffd\ufffd")"},
    {"surrogate\xed\xa0\x80", R"("surrogate\xed\xa0\x80")", R"("surrogate\ufffd\ufffd\ufffd")"},
    {"beyond\xf4\x90\x80\x80", R"("beyond\xf4\x90\x80\x80")", R"("beyond\ufffd\ufffd\ufffd\ufffd")"},
};

TEST(Escape, QuotedTextAndJsonStringsHoldHostileTextsOnOneLine) {
  for (const auto& test : kCases) {
    EXPECT_EQ(quoted_text(test.text), test.quoted);
    EXPECT_EQ(json_string(test.text), test.json);
  }
}

TEST(Escape, PrintableEscapesWhatBreaksALineAndLeavesQuotesAlone) {
  EXPECT_EQ(printable("say \"x\\y\"\nnow\x01"), "say \"x\\y\"\\nnow\\x01");
}

TEST(Escape, OnlyTextsThatQuotingChangesNeedEscapes) {
  EXPECT_FALSE(needs_escapes("a b=c ñ"));
  EXPECT_TRUE(needs_escapes("a\"b"));
  EXPECT_TRUE(needs_escapes("a\nb"));
  EXPECT_TRUE(needs_escapes("\xff"));
}

}  // namespace
}  // namespace dti
