#include "dti/domain/name.hpp"

#include <gtest/gtest.h>

#include <string>

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
};

TEST(NameKey, IsEqualForSpellingsOfOneName) {
  for (const auto& c : kSame) EXPECT_EQ(name_key(c.one), name_key(c.other)) << c.why;
}

const Same kDifferent[] = {
    {"accents count", "diseno", "dise\u00F1o"},       {"sharp s is not ss", "stra\u00DFe", "strasse"},
    {"final sigma is not sigma", "\u03C2", "\u03C3"}, {"a dot is not a separator", "a.b", "ab"},
    {"a tab is not a separator", "a\tb", "ab"},       {"a no-break space is not a separator", "a\u00A0b", "ab"},
    {"NFKC is not applied", "\uFB01n", "fin"},
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

TEST(IsUtf8, RefusesWhatTheStandardRefuses) {
  for (const std::string good : {"", "a", "\u00E9", "\u20AC", "\U0010FFFF"}) EXPECT_TRUE(is_utf8(good));
  for (const std::string bad :
       {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace dti
