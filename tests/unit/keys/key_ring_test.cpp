#include "dti/keys/key_ring.hpp"

#include <gtest/gtest.h>

namespace dti {
namespace {

using Kind = KeyChange::Kind;

class KeyRingTest : public testing::Test {
 protected:
  static ListedKey key(const std::string& name) {
    return {name, {KeyRole::Kind::kFaculty, name}, make_key_pair().public_key};
  }
  const ListedKey derecho_ = key("derecho");
  const ListedKey medicina_ = key("medicina");
  KeyRing ring_{KeyList{derecho_, medicina_}};
};

TEST_F(KeyRingTest, AListedKeyIsAdmittedAndFoundByItsNumber) {
  const auto number = ring_.admit(derecho_.key);
  ASSERT_TRUE(number);
  ASSERT_NE(ring_.find(*number), nullptr);
  EXPECT_EQ(*ring_.find(*number), derecho_);
  EXPECT_EQ(ring_.admit(derecho_.key), number);
  EXPECT_NE(ring_.admit(medicina_.key), number);
}

TEST_F(KeyRingTest, HasAMarkThatNoOneCanGuess) {
  EXPECT_EQ(ring_.mark().size(), 32U);
  EXPECT_NE(ring_.mark(), KeyRing{KeyList{}}.mark());
}

TEST_F(KeyRingTest, AnUnlistedKeyIsNotAdmittedAndNoOtherNumberIsFound) {
  EXPECT_EQ(ring_.admit(key("derecho").key), std::nullopt);
  EXPECT_EQ(ring_.find(0), nullptr);
  EXPECT_EQ(ring_.find(3), nullptr);
  EXPECT_EQ(ring_.find(~KeyNumber{0}), nullptr);
}

TEST_F(KeyRingTest, ARemovedKeyIsNeitherAdmittedNorFound) {
  const auto number = ring_.admit(derecho_.key).value();
  const auto changes = ring_.replace({medicina_});
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, Kind::kRemoved);
  EXPECT_EQ(changes[0].key, derecho_);
  EXPECT_EQ(ring_.admit(derecho_.key), std::nullopt);
  EXPECT_EQ(ring_.find(number), nullptr);
}

TEST_F(KeyRingTest, AKeyThatComesBackHasAnotherNumber) {
  const auto number = ring_.admit(derecho_.key).value();
  ring_.replace({medicina_});
  ring_.replace({derecho_, medicina_});
  const auto again = ring_.admit(derecho_.key);
  ASSERT_TRUE(again);
  EXPECT_NE(again, number);
  EXPECT_EQ(ring_.find(number), nullptr);
}

TEST_F(KeyRingTest, AChangedRoleAppliesToTheConnectionsThatExist) {
  const auto number = ring_.admit(derecho_.key).value();
  auto changed = derecho_;
  changed.role = {KeyRole::Kind::kOffice, {}};
  const auto changes = ring_.replace({medicina_, changed, key("new")});
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].kind, Kind::kChanged);
  EXPECT_EQ(changes[1].kind, Kind::kAdded);
  EXPECT_EQ(ring_.find(number)->role.kind, KeyRole::Kind::kOffice);
  EXPECT_FALSE(ring_.has_removed_connections());
}

TEST_F(KeyRingTest, OnlyARemovedKeyThatWasConnectedIsAReasonToCloseConnections) {
  static_cast<void>(ring_.admit(medicina_.key));
  ring_.replace({medicina_});
  EXPECT_FALSE(ring_.has_removed_connections());
  ring_.replace({});
  EXPECT_TRUE(ring_.has_removed_connections());
  ring_.on_closed();
  EXPECT_FALSE(ring_.has_removed_connections());
  ring_.replace({medicina_});
  ring_.replace({});
  EXPECT_FALSE(ring_.has_removed_connections());
}

}  // namespace
}  // namespace dti
