// Requests with random damage, told by the faster decoder and by the strict one: never do they differ.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"
#include "unit/protocol/random_requests.hpp"

namespace dti {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kSeed = 20252;
constexpr int kRounds = 20'000;

/// A request as faculties write them, in which nearly every byte matters.
AllocationRequest plain_request(Random& random) {
  AllocationRequest request{"2025-10", random.below(2) == 0 ? "derecho" : "Diseño", {}, {}};
  const std::size_t count = random.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = static_cast<Quantity>(random.below(12));
    request.programs.push_back({"00389840-09ca-" + std::to_string(i), "derecho-civil", {number, number / 2}});
  }
  if (random.below(2) == 0) request.request_id = "r-0";
  return request;
}

template <std::size_t kSize>
std::string_view one_of(Random& random, const std::string_view (&words)[kSize]) {
  return words[random.below(kSize)];
}

/// The place of one of the occurrences of `what`; npos if there is none.
std::size_t place_of(Random& random, const std::string& bytes, std::string_view what) {
  std::vector<std::size_t> places;
  for (auto at = bytes.find(what); at != bytes.npos; at = bytes.find(what, at + 1)) places.push_back(at);
  return places.empty() ? bytes.npos : places[random.below(places.size())];
}

void put_number(Random& random, std::string& bytes) {
  static constexpr std::string_view kNumbers[] = {"-0",
                                                  " -0",
                                                  "\n-0",
                                                  "-0.0",
                                                  "01",
                                                  "1.0",
                                                  "1e0",
                                                  "0e0",
                                                  "-1",
                                                  "+1",
                                                  "1E+2",
                                                  "1000000",
                                                  "1000001",
                                                  "1e999",
                                                  "18446744073709551615",
                                                  "18446744073709551616",
                                                  "0",
                                                  "00",
                                                  "",
                                                  "\"7\"",
                                                  "true",
                                                  "null",
                                                  "[]",
                                                  "{}",
                                                  "7 ",
                                                  "7 7"};
  static constexpr std::string_view kKeys[] = {"\"labs\":", "\"classrooms\":"};
  const auto key = one_of(random, kKeys);
  const std::size_t at = place_of(random, bytes, key);
  if (at == bytes.npos) return;
  const std::size_t begin = at + key.size();
  const std::size_t end = bytes.find_first_not_of("0123456789", begin);
  if (end != bytes.npos) bytes.replace(begin, end - begin, one_of(random, kNumbers));
}

/// Puts a member in front of the others of an object; some of them make one that is there given twice.
void put_member(Random& random, std::string& bytes) {
  static constexpr std::string_view kKeys[] = {
      "semester",     "faculty-name", "programs", "request-id",     "program-id", "program-name", "classrooms", "labs",
      "health-check", "l\\u0061bs",   "x",        "\\u0073emester", "",           "Labs"};
  static const std::string kDeep = std::string(28, '[') + "0" + std::string(28, ']');
  static const std::string kTooDeep = std::string(40, '[') + std::string(40, ']');
  const std::string_view values[] = {
      "1",           "-0",          "1e999",    "1.5", "true",   "null",   "\"s\"", "[]", "{}", "[{\"y\":1,\"y\":2}]",
      "\"\\u0000\"", "\"\\ud800\"", "\"\xff\"", kDeep, kTooDeep, "[[],[]", "tru",   "'s'"};
  const std::size_t at = place_of(random, bytes, "{");
  if (at == bytes.npos) return;
  const std::string key{one_of(random, kKeys)};
  bytes.insert(at + 1, "\"" + key + "\":" + std::string{one_of(random, values)} + (random.below(8) == 0 ? "" : ","));
}

void put_into_text(Random& random, std::string& bytes) {
  static constexpr std::string_view kParts[] = {"\\ud800",
                                                "\\udc00",
                                                "\\ud83d\\ude00",
                                                "\\ude00\\ud83d",
                                                "\\u0000",
                                                "\\u00f1",
                                                "\\u002d0",
                                                "\\n",
                                                "\\q",
                                                "\\",
                                                "\x01",
                                                "\x1f"sv,
                                                "\0"sv,
                                                "\x7f",
                                                "\x80",
                                                "\xc0\x80",
                                                "\xed\xa0\x80",
                                                "\xf4\x90\x80\x80",
                                                "\xf5",
                                                "\xc3",
                                                "\xc3\xb1",
                                                "\xef\xbb\xbf",
                                                "\"",
                                                " -0"};
  static constexpr std::string_view kBefore[] = {"derecho", "2025", "00389840", "r-", "semester", "labs", "program-id"};
  const std::size_t at = place_of(random, bytes, one_of(random, kBefore));
  if (at != bytes.npos) bytes.insert(at + random.below(3), one_of(random, kParts));
}

void swap_tokens(Random& random, std::string& bytes) {
  static constexpr std::string_view kTokens[] = {"{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 ",",
                                                 ":",
                                                 "\"semester\"",
                                                 "\"labs\"",
                                                 "\"programs\"",
                                                 "\"program-id\"",
                                                 "\"classrooms\"",
                                                 "\"request-id\""};
  const auto token = one_of(random, kTokens);
  const std::size_t at = place_of(random, bytes, token);
  if (at != bytes.npos) bytes.replace(at, token.size(), one_of(random, kTokens));
}

void put_around(Random& random, std::string& bytes) {
  static constexpr std::string_view kBefore[] = {"\xEF\xBB\xBF", " ", "\n\t", "\0"sv, "[", "\f", "7 "};
  static constexpr std::string_view kAfter[] = {" ", "\n", "\0"sv, "\0x"sv, "x",    "}",
                                                "]", "{}", ",",    "\f",    "\x1a", "\xff"};
  if (random.below(2) == 0) {
    bytes.insert(0, one_of(random, kBefore));
  } else {
    bytes.append(one_of(random, kAfter));
  }
}

void mutate(Random& random, std::string& bytes) {
  switch (random.below(8)) {
    case 0: put_number(random, bytes); break;
    case 1: put_member(random, bytes); break;
    case 2: put_into_text(random, bytes); break;
    case 3: swap_tokens(random, bytes); break;
    case 4: put_around(random, bytes); break;
    case 5: break;
    default: random.damage(bytes);
  }
}

TEST(FastDecoderProperty, TellsOfAnyBytesWhatTheStrictOneTells) {
  Random random{kSeed};
  AllocationRequestDecoder decoder;
  int taken = 0, left_though_sound = 0, refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string body = encode_allocation_request(random.below(4) == 0 ? random.request() : plain_request(random));
    for (std::size_t times = 1 + random.below(2); times > 0; --times) mutate(random, body);
    const DecodedRequest strict = decode_allocation_request(body);
    const auto plain = decoder.decode_plain(body);
    ASSERT_TRUE(!plain || *plain == strict) << "seed " << kSeed << ", round " << round << ": " << body;
    ASSERT_TRUE(decoder.decode(body) == strict) << "seed " << kSeed << ", round " << round << ": " << body;
    const bool is_refused = std::holds_alternative<MalformedRequest>(strict);
    taken += plain ? 1 : 0;
    refused += is_refused ? 1 : 0;
    left_though_sound += !plain && !is_refused ? 1 : 0;
  }
  EXPECT_GT(taken, kRounds / 10) << "the damage leaves too little for the fast way";
  EXPECT_GT(refused, kRounds / 3) << "the damage harms too little";
  EXPECT_GT(left_though_sound, 0) << "no body was odd and sound";
  EXPECT_LT(left_though_sound, kRounds / 10) << "too much is left to the strict one";
}

}  // namespace
}  // namespace dti
