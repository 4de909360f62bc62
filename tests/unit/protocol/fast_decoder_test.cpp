// The faster decoder against the strict one: the same of everything, and really faster on what faculties send.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"
#include "unit/protocol/golden.hpp"

namespace dti {
namespace {

using namespace std::string_view_literals;

/// @return was the fast way taken?
bool expect_as_strict(AllocationRequestDecoder& decoder, std::string_view body) {
  const std::vector<char> exact{body.begin(), body.end()};  // the sanitizer sees who reads beyond its end
  const std::string_view view{exact.data(), exact.size()};
  const DecodedRequest strict = decode_allocation_request(body);
  const auto plain = decoder.decode_plain(view);
  EXPECT_TRUE(!plain || *plain == strict) << body;
  EXPECT_TRUE(decoder.decode(view) == strict) << body;
  return plain.has_value();
}

/// A request with this as one program's labs.
std::string with_labs(std::string_view labs) {
  return R"({"semester":"s","faculty-name":"f","programs":[{"program-id":"a","program-name":"n","classrooms":1,"labs":)" +
         std::string{labs} + "}]}";
}

/// A request with this in the place of the faculty's name; quotes belong to it.
std::string with_faculty(std::string_view name) {
  return R"({"semester":"s","faculty-name":)" + std::string{name} + R"(,"programs":[]})";
}

TEST(FastDecoder, TakesEveryGoldenRequestThatIsWellFormed) {
  AllocationRequestDecoder decoder;
  for (const auto* folder :
       {"case1", "case2", "mixed", "no-programs", "health-check", "error-invalid-faculty", "error-invalid-semester",
        "error-not-leader", "error-overloaded", "error-unauthorized", "error-unavailable"}) {
    EXPECT_TRUE(expect_as_strict(decoder, golden(std::string{folder} + "/request.json"))) << folder;
  }
  EXPECT_FALSE(expect_as_strict(decoder, golden("error-invalid-request/request.json")));
}

TEST(FastDecoder, TakesWhatIsWrittenInAnotherWay) {
  AllocationRequestDecoder decoder;
  const std::string bodies[] = {
      " \t\r\n{ \"programs\" : [ ] ,\n\"semester\":\"s\",\"faculty-name\" :\"f\" , \"request-id\":\"r\" } \n",
      R"({"programs":[{"labs":2,"classrooms":7,"program-name":"n","program-id":"a"}],"faculty-name":"f","semester":"s"})",
      R"({"semest\u0065r":"2025\u002d10","faculty-name":"\ud83d\ude00\/\b\f\n\r\t\\\"","programs":[]})",
      R"( {"health\u002dcheck" : true } )",
      with_faculty("\"Dise\u00f1o y Comunicaci\u00f3n 😀\""),
      with_faculty("\"" + std::string(kNameBytesMax, 'f') + "\""),
      with_labs("1000000"),
      with_faculty(R"("f","hold-seconds":2592000)"),
  };
  for (const std::string& body : bodies) EXPECT_TRUE(expect_as_strict(decoder, body)) << body;
}

TEST(FastDecoder, LeavesEverythingElseToTheStrictOne) {
  AllocationRequestDecoder decoder;
  const std::string bodies[] = {
      "",
      "\xEF\xBB\xBF" + with_labs("2"),
      with_labs("2") + std::string(1, '\0'),
      with_faculty(R"("\u0000")"),
      with_faculty(R"("a\u0000b")"),
      with_faculty("\"a\0b\""sv),
      with_faculty(R"("f","faculty-name":"f")"),
      with_faculty(R"("f","faculty-n\u0061me":"g")"),
      with_faculty(R"("f","x":1)"),
      with_faculty(R"("f","hold-seconds":0)"),
      with_faculty(R"("f","hold-seconds":2592001)"),
      with_faculty(R"("f","hold-seconds":1,"hold-seconds":1)"),
      with_faculty(R"("f","x":[-0,1.5,1e999,{"y":null}])"),
      with_faculty(R"("f","request-id":"r","request-id":"r")"),
      with_faculty(R"("f","request-id":"")"),
      with_faculty(R"("f","request-id":null)"),
      with_faculty("\"" + std::string(kNameBytesMax + 1, 'f') + "\""),
      with_faculty("7"),
      with_labs("1,\"labs\":1"),
      with_labs("1,\"labs\":-0"),
      with_labs("1,\"x\":1"),
      R"({"semester":"s","faculty-name":"f"})",
      R"({"semester":"s","faculty-name":"f","request-id":"r"})",
      R"({"semester":"s","semester":"s","programs":[]})",
      R"({"semester":"s","faculty-name":"f","programs":[{"program-id":"a","program-name":"n","labs":1,"labs":1}]})",
      R"({"semester":"s","faculty-name":"f","programs":[{"program-id":"","program-name":"n","labs":1,"classrooms":1}]})",
      R"({"semester":"s","faculty-name":"f","programs":[7]})",
      R"({"health-check":true,"health-check":true})",
      R"({"health-check":true,"x":1})",
      R"({"health-check":false})",
      R"({"health-check":1})",
      "[]",
      "{}",
      "7",
  };
  for (const std::string& body : bodies) EXPECT_FALSE(expect_as_strict(decoder, body)) << body;
}

TEST(FastDecoder, TakesANumberOnlyIfItIsPlain) {
  AllocationRequestDecoder decoder;
  for (const auto* plain : {"0", "1", " 0 ", "\n999999\t", "1000000"}) {
    EXPECT_TRUE(expect_as_strict(decoder, with_labs(plain))) << plain;
  }
  for (const auto* other : {"-0",
                            " -0",
                            "\n-0",
                            "\t-0 ",
                            "-0.0",
                            "-0e0",
                            "-1",
                            "+0",
                            "+1",
                            "00",
                            "01",
                            "1.0",
                            "1e0",
                            "1E+2",
                            "0e0",
                            "0.0",
                            "1.",
                            ".5",
                            "1e",
                            "0x1",
                            "1000001",
                            "9223372036854775807",
                            "9223372036854775808",
                            "18446744073709551615",
                            "18446744073709551616",
                            "1e999",
                            "-1e999",
                            "1e-999",
                            "NaN",
                            "Infinity",
                            "\"1\"",
                            "true",
                            "null",
                            "[]",
                            "{}",
                            "",
                            "1 1",
                            "1\f",
                            "1\v",
                            "1\x1a",
                            "1;"}) {
    EXPECT_FALSE(expect_as_strict(decoder, with_labs(other))) << other;
  }
}

TEST(FastDecoder, TakesAZeroBesideTextsThatHoldMinusZero) {
  const auto named = [](const char* id, const char* name) {
    return std::string{R"({"semester":"2025-0","faculty-name":"f","programs":[{"program-id":")"} + id +
           R"(","program-name":")" + name + R"(","classrooms":0,"labs":0}]})";
  };
  AllocationRequestDecoder decoder;
  EXPECT_TRUE(expect_as_strict(decoder, named("00389840-09ca-0ec5-0835-0745c6332c3c", "-0")));
  EXPECT_FALSE(expect_as_strict(decoder, named("a", "grade -0"))) << "it is told from a number by what stands before";
}

TEST(FastDecoder, ReadsEveryPairOfEscapesAsTheStrictOneDoes) {
  AllocationRequestDecoder decoder;
  const unsigned units[] = {0x0000, 0x0001, 0x001f, 0x0020, 0x0022, 0x005c, 0x007f, 0x0080, 0x07ff, 0x0800, 0xabcd,
                            0xd7ff, 0xd800, 0xd801, 0xdbff, 0xdc00, 0xdc01, 0xdfff, 0xe000, 0xfeff, 0xfffe, 0xffff};
  int taken = 0;
  for (const unsigned first : units) {
    for (const unsigned second : units) {
      for (const char* format : {R"("\u%04x\u%04x")", R"("\u%04X\u%04X")", R"("\u%04x \u%04x")"}) {
        char name[32];
        std::snprintf(name, sizeof name, format, first, second);
        taken += expect_as_strict(decoder, with_faculty(name)) ? 1 : 0;
      }
    }
  }
  // 15 units are neither U+0000 nor surrogates; three high ones go with three low ones, if nothing is between them.
  EXPECT_EQ(taken, 3 * 15 * 15 + 2 * 3 * 3);
  for (char c = 1; c > 0; ++c) {
    expect_as_strict(decoder, with_faculty(std::string{"\"\\"} + c + "\""));
    expect_as_strict(decoder, with_faculty(std::string{"\""} + c + "\""));
    expect_as_strict(decoder, with_faculty(std::string{"\"\\u00"} + c + "0\""));
  }
}

TEST(FastDecoder, TakesTheMostProgramsAndLeavesOneMoreToTheStrictOne) {
  const auto asking = [](std::size_t count) {
    return encode_allocation_request({"s", "f", std::vector<ProgramRequest>(count, {"a", "n", {7, 2}}), {}});
  };
  AllocationRequestDecoder decoder;
  EXPECT_TRUE(expect_as_strict(decoder, asking(kProgramsMax)));
  EXPECT_FALSE(expect_as_strict(decoder, asking(kProgramsMax + 1)));
}

TEST(FastDecoder, TakesTheLongestFrameAndLeavesALongerOneToTheStrictOne) {
  std::string body = with_labs("2");
  AllocationRequestDecoder decoder;
  body.resize(kFrameBytesMax, ' ');
  EXPECT_TRUE(expect_as_strict(decoder, body));
  body += ' ';
  EXPECT_FALSE(expect_as_strict(decoder, body));
}

TEST(FastDecoder, RemembersNothingOfTheBodyBefore) {
  const std::string body = golden("mixed/request.json");
  AllocationRequestDecoder decoder;
  for (std::size_t size = 0; size < body.size(); ++size) {
    ASSERT_TRUE(decoder.decode_plain(body));  // its end is what a cut one would find behind its own
    EXPECT_FALSE(expect_as_strict(decoder, body.substr(0, size))) << size;
  }
  // Longer and longer: memory that has to grow, and what was read in the smaller one.
  for (std::size_t size = body.size(); size <= 64 * body.size(); size += body.size()) {
    EXPECT_TRUE(expect_as_strict(decoder, std::string(size, ' ') + body)) << size;
  }
}

}  // namespace
}  // namespace dti
