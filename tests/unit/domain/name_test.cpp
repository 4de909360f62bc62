#include "dti/domain/name.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "domain/code_points.hpp"

namespace dti {
namespace {

struct Same {
  const char* why;
  std::string one;
  std::string other;
};

const Same kSame[] = {
    {"case", "Derecho Civil", "derecho civil"},
    {"separators", "derecho-civil", "Derecho_Civil"},
    {"no separators", "DerechoCivil", " derecho - civil "},
    {"accented capitals", "DISE\u00D1O", "dise\u00F1o"},
    {"composed and decomposed", "Dise\u00F1o", "Disen\u0303o"},
    {"decomposed capital", "DISEN\u0303O", "dise\u00F1o"},
    {"a letter that leaves NFC when lowered", "J\u030C", "\u01F0"},
    {"another one", "H\u0331", "\u1E96"},
    {"a removed separator brings an accent to its letter", "n-\u0303", "\u00F1"},
    {"other alphabets", "\u0394\u0399\u039A", "\u03B4\u03B9\u03BA"},
    {"a tab is a separator", "a\tb", "ab"},
    {"a no-break space is a separator", "Bellas\u00A0Artes", "Bellas Artes"},
    {"so are an em space and an ideographic one", "a\u2003b\u3000c", "abc"},
    {"a non-breaking hyphen", "a\u2011b", "a-b"},
    {"en dash, em dash, minus sign", "a\u2013b\u2014c\u2212d", "a-b-c-d"},
    {"a curly apostrophe", "O\u2019Higgins", "O'Higgins"},
    {"an acute accent as an apostrophe", "O\u00B4Higgins", "O'Higgins"},
    {"a degree sign as an ordinal", "Curso 1\u00B0", "Curso 1\u00BA"},
    {"bullets and operators as a middle dot", "l\u2022l\u2219l\u22C5l\u2027l", "l\u00B7l\u00B7l\u00B7l\u00B7l"},
    {"a low quote as a comma", "a\u201A b", "a, b"},
    {"curly quotes", "\u201Ca\u201D", "\"a\""},
    {"a division slash", "a\u2215b", "a/b"},
    {"other apostrophes and colons", "O\uA78CHiggins\uA789 \u2236", "O'Higgins: :"},
    {"letters of phonetics", "D\u0251n\u0261a", "Danga"},
    {"Arabic and Persian letters and digits", "\u0643\u064A\u0649 \u0661", "\u06A9\u06CC\u06CC \u06F1"},
    {"full-width letters and digits", "\uFF21\uFF11", "a1"},
    {"a ligature", "\uFB01n", "fin"},
    {"mathematical letters", "\U0001D400", "a"},
    {"a Roman numeral", "F\u00EDsica \u2161", "f\u00EDsica ii"},
    {"a long s with a dot, composed and not", "\u1E9B", "\u017F\u0307"},
};

TEST(NameKey, IsEqualForSpellingsOfOneName) {
  for (const auto& c : kSame) EXPECT_EQ(name_key(c.one), name_key(c.other)) << c.why;
}

const Same kDifferent[] = {
    {"accents count", "diseno", "dise\u00F1o"},
    {"sharp s is not ss", "stra\u00DFe", "strasse"},
    {"final sigma is not sigma", "\u03C2", "\u03C3"},
    {"a dot is not a separator", "a.b", "ab"},
    {"ordinals are not letters", "1\u00BA", "1o"},
    {"nor are they each other", "1\u00BA", "1\u00AA"},
    {"a raised digit counts", "I\u00B2", "I2"},
    {"a fraction counts", "\u00BD", "1/2"},
    {"a lone diaeresis stays alone", "a\u00A8", "\u00E4"},
    {"alphabets count", "\u0410", "A"},
    {"an invisible character counts", "a\u200Bb", "ab"},
};

TEST(NameKey, DiffersForDifferentNames) {
  for (const auto& c : kDifferent) EXPECT_NE(name_key(c.one), name_key(c.other)) << c.why;
}

TEST(NameKey, IsEmptyForWhatIsNobodysName) {
  for (const std::string name : {"", " ", "-_ -", "\xff", "a\xc3", "\xed\xa0\x80"}) EXPECT_EQ(name_key(name), "");
}

TEST(NameKey, OfAKeyIsTheKey) {
  for (const auto& c : kSame) EXPECT_EQ(name_key(name_key(c.one)), name_key(c.one)) << c.why;
}

TEST(StrictKey, KeepsWhereSeparatorsAre) {
  struct Case {
    std::string name, strict, separated;
  };
  for (const auto& c : {Case{"MATH 1-11", "math-1-11", "math-1-11"},
                        {" _RN\u2013 BSN-", "rn-bsn", "rn-bsn"},
                        {"Danza", "danza", "danza-"},
                        {"DISE\u00D1O\u00A0Web", "dise\u00F1o-web", "dise\u00F1o-web"}}) {
    EXPECT_EQ(strict_key(c.name), c.strict);
    EXPECT_EQ(separated_key(c.name), c.separated);
    EXPECT_EQ(name_key(c.strict), name_key(c.name));
  }
}

TEST(LegacyKey, IsThereOnlyWhereEarlierVersionsMadeAnotherKey) {
  for (const std::string same : {"Danza", "a b-c", "Dise\u00F1o", "J\u030C", "1\u00BA", "\uAC00", "\xff"}) {
    EXPECT_EQ(legacy_key(same), std::nullopt) << same;
  }
  EXPECT_EQ(legacy_key("Bellas\u00A0Artes"), "bellas\u00A0artes");
  EXPECT_EQ(legacy_key("1\u00B0"), "1\u00B0");
  EXPECT_EQ(legacy_key("\uFB01n \u2013"), "\uFB01n\u2013");
}

TEST(IsOneName, UnlessBothHaveASeparatorOfTheirOwnOrOneStandsBetweenDigits) {
  struct Case {
    const char* one;
    const char* other;
    bool is_one;
  };
  for (const Case& c : {Case{"derecho-civil", "derechocivil", true},
                        {"a-b", "a-b", true},
                        {"a-b-c", "abc", true},
                        {"math-1-11", "math-11-1", false},
                        {"rn-bsn", "rnb-sn", false},
                        {"math-1-11", "math-111", false},
                        {"1-1a", "11-a", false}}) {
    EXPECT_EQ(is_one_name(c.one, c.other), c.is_one) << c.one << ' ' << c.other;
    EXPECT_EQ(is_one_name(c.other, c.one), c.is_one) << c.other << ' ' << c.one;
  }
}

TEST(TidyName, HasNoWhiteSpaceButSingleSpacesWithin) {
  EXPECT_EQ(tidy_name(" \u00A0 Bellas\r\n\t\u2003Artes \u3000"), "Bellas Artes");
  EXPECT_EQ(tidy_name("Disen\u0303o"), "Dise\u00F1o");
  EXPECT_EQ(tidy_name(" \n"), "");
}

// Text without a code point from the first accent (U+0300) on is taken to be NFC as it is. An accent at the end has the
// same text composed by the Unicode tables.
TEST(TidyName, OfTextBelowTheFirstAccentIsAsTheUnicodeTablesHaveIt) {
  for (std::int32_t one = 0; one < 0x300; ++one) {
    std::string pairs = "|";
    for (std::int32_t other = 0; other < 0x300; ++other) {
      append_code_point(pairs, one);
      append_code_point(pairs, other);
    }
    pairs += '|';
    ASSERT_EQ(tidy_name(pairs) + "q\u0302", tidy_name(pairs + "q\u0302")) << one;
  }
}

TEST(Escaped, ShowsWhatPeopleCannotSee) {
  EXPECT_EQ(escaped("a\u00A0\"b\"\r\xff\U0001F600"), R"("a\u00a0\"b\"\u000d\xff\U0001f600")");
}

TEST(IsUtf8, RefusesWhatTheStandardRefuses) {
  for (const std::string good : {"", "a", "\u00E9", "\u20AC", "\U0010FFFF"}) EXPECT_TRUE(is_utf8(good));
  for (const std::string bad :
       {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace dti
