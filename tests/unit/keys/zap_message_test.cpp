#include "dti/keys/zap_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dti {
namespace {

using Frames = std::vector<std::string_view>;
using namespace std::string_literals;

const std::string kKey(32, 'k');
const Frames kCurve{"1.0", "1", "dti", "127.0.0.1", "", "CURVE", kKey};
const Frames kNull{"1.0", "1", "dti", "127.0.0.1", "", "NULL"};

TEST(ZapRequest, AQuestionOfLibzmqIsRead) {
  const auto curve = parse_zap_request(kCurve);
  ASSERT_TRUE(curve);
  EXPECT_EQ(curve->request_id, "1");
  EXPECT_EQ(curve->address, "127.0.0.1");
  ASSERT_TRUE(curve->key);
  EXPECT_EQ(std::string(curve->key->bytes.begin(), curve->key->bytes.end()), kKey);
  const auto null = parse_zap_request(kNull);
  ASSERT_TRUE(null);
  EXPECT_FALSE(null->key);
}

TEST(ZapRequest, AnythingElseIsNone) {
  const auto with = [](Frames frames, std::size_t at, std::string_view frame) {
    frames[at] = frame;
    return frames;
  };
  const std::string longer(256, 'x');
  for (std::size_t size = 0; size < kCurve.size(); ++size) {
    EXPECT_FALSE(parse_zap_request(Frames(kCurve.begin(), kCurve.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
  }
  for (std::size_t size = 0; size < kNull.size(); ++size) {
    EXPECT_FALSE(parse_zap_request(Frames(kNull.begin(), kNull.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
  }
  auto more = kCurve;
  more.emplace_back("more");
  const Frames cases[] = {more,
                          with(kCurve, 0, "2.0"),
                          with(kCurve, 0, "1.0\0"s),
                          with(kCurve, 1, longer),
                          with(kCurve, 2, ""),
                          with(kCurve, 2, "other"),
                          with(kCurve, 3, longer),
                          with(kCurve, 4, longer),
                          with(kCurve, 5, "NULL"),
                          with(kCurve, 5, "PLAIN"),
                          with(kCurve, 5, "curve"),
                          with(kCurve, 6, ""),
                          with(kCurve, 6, std::string_view{kKey}.substr(1)),
                          with(kCurve, 6, longer),
                          with(kNull, 5, "CURVE"),
                          with(kNull, 5, "")};
  for (const auto& frames : cases) EXPECT_FALSE(parse_zap_request(frames));
}

TEST(IssuedId, IsAnotherOneEachTimeAndBeginsAsTheIdsThatLibzmqMakes) {
  const IssuedId one;
  const IssuedId other;
  EXPECT_NE(one.routing_id(), other.routing_id());
  EXPECT_EQ(one.routing_id().front(), '\0');
  EXPECT_EQ(one.routing_id().size(), 33U);
}

TEST(IssuedId, GivesTheKeyOfAMessageOnlyTogetherWithItsRoutingId) {
  const IssuedId id;
  const IssuedId other;
  const auto key = [](std::string_view user_id, std::string_view routing_id) {
    return key_of(user_id, "mark", routing_id);
  };
  EXPECT_EQ(key(id.user_id("mark", 7), id.routing_id()), 7U);
  EXPECT_EQ(key(id.user_id("mark", 4'294'967'295), id.routing_id()), 4'294'967'295U);
  EXPECT_EQ(key(id.user_id("mark", 7), other.routing_id()), 0U);
  const auto digits = id.routing_id().substr(1);
  for (const auto& end : {""s, "plain"s, digits, digits + ':', digits + ":x", digits + ":7x", digits + ":-7",
                          digits + ":4294967296", digits + ";7", id.user_id("", 7).substr(1)}) {
    EXPECT_EQ(key("mark" + end, id.routing_id()), 0U) << end;
  }
  for (const auto& routing_id : {""s, digits, '\1' + digits, "\0\0\0\0\1"s, id.routing_id() + 'x'}) {
    EXPECT_EQ(key(id.user_id("mark", 7), routing_id), 0U);
  }
}

TEST(IssuedId, AUserIdThatAPeerClaimsWithoutTheMarkIsWorthNothing) {
  const IssuedId id;
  for (const auto& mark : {""s, "m"s, "mar"s, "marK"s, "other"s}) {
    EXPECT_EQ(key_of(id.user_id(mark, 7), "mark", id.routing_id()), 0U) << mark;
    EXPECT_NE(plain_user_id(mark), plain_user_id("mark"));
  }
}

TEST(ZapAnswer, HasTheFramesOfTheProtocol) {
  const auto allowed = allow("1", "user", "\0id"s);
  EXPECT_EQ(allowed, (std::array<std::string, 6>{"1.0", "1", "200", "OK", "user", "\x08Identity\0\0\0\x03\0id"s}));
  EXPECT_EQ(allow("1", "plain", {})[5], "");
  EXPECT_EQ(refuse("9"), (std::array<std::string, 6>{"1.0", "9", "400", "refused", "", ""}));
}

}  // namespace
}  // namespace dti
