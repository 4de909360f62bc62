#include "dti/keys/key.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

TEST(Key, ANewKeyIsAnotherOneEachTimeAndItsHalvesBelongTogether) {
  const auto key = make_key_pair();
  EXPECT_EQ(public_half(key.secret_key), key.public_key);
  EXPECT_TRUE(is_provable(key.public_key));
  EXPECT_FALSE(make_key_pair().public_key == key.public_key);
}

TEST(Key, ItsTextReadsBackInEitherCase) {
  const auto key = make_key_pair();
  auto text = key_text(key.public_key);
  EXPECT_EQ(text.size(), 64U);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(parse_public_key(text), key.public_key);
  EXPECT_EQ(key_prefix(key.public_key), text.substr(0, 8));
  for (auto& c : text) c = static_cast<char>(toupper(c));
  EXPECT_EQ(parse_public_key(text), key.public_key);
  const auto secret = parse_secret_key(key_text(key.secret_key));
  ASSERT_TRUE(secret);
  EXPECT_EQ(public_half(*secret), key.public_key);
}

TEST(Key, AnythingButSixtyFourDigitsIsNoKey) {
  const auto text = key_text(make_key_pair().public_key);
  for (const auto& other : {std::string{}, text.substr(1), text + '0', text.substr(1) + 'g', ' ' + text.substr(1),
                            text.substr(1) + '\0', "0x" + text.substr(2)}) {
    EXPECT_EQ(parse_public_key(other), std::nullopt) << other;
    EXPECT_FALSE(parse_secret_key(other)) << other;
  }
}

TEST(Key, ANumberThatNeedsNoSecretIsNotProvable) {
  PublicKey zero;
  EXPECT_FALSE(is_provable(zero));
  PublicKey one;
  one.bytes[0] = 1;
  EXPECT_FALSE(is_provable(one));
}

TEST(Key, AWipedTextIsEmpty) {
  std::string text = "secret";
  wipe(text);
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace dti
