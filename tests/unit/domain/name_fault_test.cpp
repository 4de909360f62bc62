#include "dti/domain/name_fault.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

using namespace std::string_literals;

struct Refused {
  std::string name;
  const char* reason;
};

const Refused kRefused[] = {
    {"", "must not be empty"},
    {"2025-10\r", "has a carriage return (U+000D) at its end: was it read from a file with Windows line ends?"},
    {"2025-10\n", "has a line feed (U+000A) at its end"},
    {"a\tb", "has a tab (U+0009) as character 2"},
    {"\u00E9\x01", "has a control character (U+0001) at its end"},
    {"a\0b"s, "has a NUL (U+0000) as character 2"},
    {"a\x7F", "has a control character (U+007F)"},
    {"a\u0085", "has a control character (U+0085)"},
    {" a", "has a space (U+0020) at its start"},
    {"a\u00A0", "has a no-break space (U+00A0) at its end"},
    {"\u3000", "has a space (U+3000) at its end"},
    {"\uFEFFa", "has a byte order mark (U+FEFF) at its start: was it read from a file with such a mark?"},
    {"a\u200Bb", "has a zero-width space (U+200B) as character 2"},
    {"a\u00ADb", "has a soft hyphen (U+00AD)"},
    {"a\u202Eb", "has an invisible mark of writing direction (U+202E)"},
    {"a\u2066b", "has an invisible mark of writing direction (U+2066)"},
    {"a\u2028b", "has a line separator (U+2028)"},
    {"a\u034Fb", "has an invisible character (U+034F)"},
    {"a\u3164", "has an invisible character (U+3164)"},
    {"a\uFE0F", "has an invisible character (U+FE0F)"},
    {"\u2800", "has an invisible character (U+2800)"},
    {"a\U000E0041", "has an invisible character (U+E0041)"},
    {"a\uE000", "has a private-use character (U+E000)"},
    {"a\uFFFE", "has a code point without a character (U+FFFE)"},
    {"a\u0378", "has a code point without a character (U+0378)"},
    {"\u0301a", "has an accent without a letter (U+0301) at its start"},
    {"a \u0301", "has an accent without a letter (U+0301) at its end"},
    {"a\xff", "is not UTF-8: it has the byte 0xFF at its end"},
    {"\xed\xa0\x80", "is not UTF-8: it has the byte 0xED at its start"},
    {"- _\u2013", "has no character but spaces"},
    {"\u0410rtes", "has a Latin letter (U+0072) as character 2, in a word with Cyrillic letters"},
    {"Art\u0435s", "has a Cyrillic letter (U+0435) as character 4, in a word with Latin letters"},
    {"Danz\u03B1", "has a Greek letter (U+03B1) at its end"},
    {"a1\u0561", "has an Armenian letter (U+0561)"},
    {"C\u00E1lculo \u0406\u0406 (1\u00BA)",
     "has a Cyrillic letter (U+0406) as character 9, which looks like a Latin one, among Latin words"},
    {"Medici\u0307na", "has a dot (U+0307) as character 7, which cannot be seen above its letter"},
    {"Dise\uFFFDo", "has a replacement character (U+FFFD) as character 5: a letter was lost"},
    {"a\uFFFC", "has an object replacement character (U+FFFC) at its end"},
    {"\"2025-10\"", "is in quotes: was it read from a file that needs none?"},
    {"'2025-10'", "is in quotes"},
    {"\u201C2025-10\u201D", "is in quotes"},
    {"\u20182025-10\u2019", "is in quotes"},
    {"\u00AB2025-10\u00BB", "is in quotes"},
    {"`2025-10`", "is in quotes"},
    {"${SEMESTER}", "is a placeholder that was not replaced by its value"},
    {"$(SEMESTER)", "is a placeholder"},
    {"$SEMESTER", "is a placeholder"},
    {"{{ semester }}", "is a placeholder"},
    {"%SEMESTER%", "is a placeholder"},
    {"<semester>", "is a placeholder"},
    {"a\u13A0", "has a Cherokee letter (U+13A0)"},
    {std::string(201, 'x'), "has 201 bytes; 200 are allowed"},
};

TEST(NameFault, SaysWhatNobodyCouldSeeAndWhereItIs) {
  for (const auto& c : kRefused) {
    const auto fault = name_fault(c.name, kNameBytesMax);
    ASSERT_TRUE(fault.has_value()) << c.reason;
    EXPECT_EQ(fault->find(c.reason), 0u) << *fault;
  }
}

TEST(NameFault, LetsOrdinaryNamesPass) {
  for (const std::string name : {"2025-10",
                                 "Dise\u00F1o Gr\u00E1fico",
                                 "Disen\u0303o",
                                 "F\u00EDsica/Qu\u00EDmica",
                                 "1\u00BA de Bachillerato",
                                 "C++",
                                 "Bellas\u00A0Artes",
                                 "O\u2019Higgins",
                                 "\u039B\u03CC\u03B3\u03BF\u03C2",
                                 "\u041F\u0440\u0430\u0432\u043E",
                                 "c\u00E1lculo-\u03BB",
                                 "Letras (\u0395\u03BB\u03BB\u03B7\u03BD\u03B9\u03BA\u03AC)",
                                 "\u6CD5\u5B66",
                                 "\u00B5m",
                                 ".",
                                 "..",
                                 "\u0420\u0430\u0431\u043E\u0442\u0430 \u0441 C++",
                                 "MA\u00C7\u00C3",
                                 "S\u00C3O Paulo",
                                 "\u0130zmir",
                                 "El \"Quijote\"",
                                 "O'",
                                 "\U0001F3A8",
                                 "$100",
                                 "50%",
                                 "$",
                                 "C#",
                                 "\u201CFausto\u201D y \u201CHamlet\u201D",
                                 "\"Fausto\" y \"Hamlet\""}) {
    EXPECT_EQ(name_fault(name, kNameBytesMax), std::nullopt) << name;
  }
  EXPECT_EQ(name_fault(std::string(64, 's'), kSemesterBytesMax), std::nullopt);
}

TEST(SemesterKey, IsEqualForNamesThatPeopleTakeForOne) {
  for (const std::string twin : {"2025-10\r",
                                 "2025\u201310",
                                 "2025 10",
                                 " 2025_10",
                                 "2025-1\uFF10",
                                 "2025\u00A010",
                                 "2025-10\u200B",
                                 "2025--10",
                                 "\"2025-10\"",
                                 "'2025-10'",
                                 "\u201C2025-10\u201D",
                                 "\u00AB2025-10\u00BB",
                                 "2025-10 # the next one",
                                 "2025-10 #next",
                                 "=2025-10",
                                 "2025-10|",
                                 "2025-10;",
                                 "2025-10,",
                                 "2025-10.",
                                 "\"2025-10",
                                 "[2025-10]",
                                 "(2025-10)",
                                 "2025-10\\"}) {
    EXPECT_EQ(semester_key(twin), semester_key("2025-10")) << testing::PrintToString(twin);
  }
  EXPECT_EQ(semester_key("2025-\u0410"), semester_key("2025-a"));
  for (const std::string other :
       {"202510", "2025-1", "2025-10b", "2025.10", "2025/10", "2025-10#2", "2025-10 #2", "2025-10+", "n. 2025-10"}) {
    EXPECT_NE(semester_key(other), semester_key("2025-10")) << other;
  }
  EXPECT_NE(semester_key("-"), semester_key("_"));
}

}  // namespace
}  // namespace dti
