#include "dti/protocol/room_codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

std::string fault(const std::string& body) {
  const auto decoded = decode_room_request(body);
  const auto* malformed = std::get_if<MalformedRoomRequest>(&decoded);
  return malformed == nullptr ? "none" : malformed->detail;
}

TEST(RoomRequest, OnlyTheProgramsOwnFieldsMatter) {
  const auto decoded = decode_room_request(
      R"({"x":[1.5,{"y":null}],"labs":0,"classrooms":1000000,"semester":"","program-name":"ñ","client-id":"c"})");
  ASSERT_TRUE(std::holds_alternative<RoomRequest>(decoded));
  EXPECT_EQ(std::get<RoomRequest>(decoded), (RoomRequest{"ñ", "", {1'000'000, 0}, "c"}));
}

TEST(RoomRequest, WhatIsWrongIsNamed) {
  const std::string whole = "must be a whole number from 0 to 1,000,000";
  const std::string name201 =
      R"({"semester":"s","classrooms":1,"labs":1,"program-name":")" + std::string(201, 'n') + "\"}";
  const std::string semester65 =
      R"({"program-name":"n","classrooms":1,"labs":1,"semester":")" + std::string(65, 's') + "\"}";
  const struct {
    std::string body;
    std::string fault;
  } kCases[] = {
      {"", "the message: is empty"},
      {"[]", "the message: must be a JSON object"},
      {"{}", "program-name: is missing"},
      {R"({"program-name":7})", "program-name: must be a text of at most 200 bytes"},
      {name201, "program-name: must be a text of at most 200 bytes"},
      {R"({"program-name":"n"})", "semester: is missing"},
      {semester65, "semester: must be a text of at most 64 bytes"},
      {R"({"program-name":"n","semester":"s","labs":1})", "classrooms: is missing"},
      {R"({"program-name":"n","semester":"s","classrooms":-0,"labs":1})", "classrooms: " + whole},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":7.0})", "labs: " + whole},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":1000001})", "labs: " + whole},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":1,"labs":1})", "labs: is given twice"},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":1,"client-id":""})",
       "client-id: must be a text of 1 to 64 bytes"},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":1,"client-id":5})",
       "client-id: must be a text of 1 to 64 bytes"},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":1,"hold-seconds":2592001})",
       "hold-seconds: must be a whole number from 1 to 2,592,000"},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":1,"hold-seconds":1})", "none"},
      {R"({"program-name":"n\u0000","semester":"s","classrooms":1,"labs":1})", "program-name: holds U+0000"},
      {R"({"program-name":"n","semester":"s","classrooms":1,"labs":1}x)", "the message: is not JSON (at byte 60)"},
  };
  for (const auto& c : kCases) EXPECT_EQ(fault(c.body), c.fault) << c.body;
}

TEST(RoomAnswer, OfAHoldHasItsEnd) {
  const RoomAnswer answer{Status::kOk, {7, 2, 0}, "", "2026-12-01T10:00:00.000000Z"};
  EXPECT_EQ(decode_room_answer(encode_room_answer(answer)), answer);
  const RoomRequest request{"n", "s", {7, 2}, {}, 60};
  EXPECT_EQ(std::get<RoomRequest>(decode_room_request(encode_room_request(request))), request);
}

TEST(RoomAnswer, EveryStatusReadsBack) {
  for (int i = 0; i < kStatusCount; ++i) {
    const RoomAnswer answer{static_cast<Status>(i), {}, i % 2 == 0 ? "" : "why"};
    EXPECT_EQ(decode_room_answer(encode_room_answer(answer)), answer) << wire_text(answer.status);
  }
}

TEST(RoomAnswer, WhatIsNoAnswerIsNone) {
  for (const auto* body : {"", "x", "[]", "{}", R"({"status":7})", R"({"status":null})", R"({"status":"OK"}x)"}) {
    EXPECT_EQ(decode_room_answer(body), std::nullopt) << body;
  }
}

TEST(RoomAnswer, AnUnknownStatusReadsAsUnavailableAndGrantsNothing) {
  EXPECT_EQ(decode_room_answer(R"({"status":"LATER","classrooms-assigned":7,"detail":"d"})"),
            (RoomAnswer{Status::kUnavailable, {}, "d"}));
}

TEST(RoomAnswer, AnOldServersSentenceForASemesterThatIsNotOpenIsFinal) {
  EXPECT_EQ(decode_room_answer(R"({"status":"Faculty semester is not the proccesed one"})"),
            (RoomAnswer{Status::kInvalidSemester, {}, ""}));
}

TEST(RoomAnswer, AGrantWithoutItsNumbersIsNotKnown) {
  for (const auto* body : {R"({"status":"OK"})", R"({"status":"OK","classrooms-assigned":7,"labs-assigned":2})",
                           R"({"status":"OK","classrooms-assigned":-7,"labs-assigned":2,"mobile-labs-assigned":0})"}) {
    const auto answer = decode_room_answer(body);
    ASSERT_TRUE(answer) << body;
    EXPECT_EQ(answer->status, Status::kUnavailable) << body;
    EXPECT_EQ(answer->grant, Grant{}) << body;
    EXPECT_NE(answer->detail.find("-assigned: "), std::string::npos) << answer->detail;
  }
}

TEST(RoomAnswer, ARefusalNeedsNoNumbers) {
  EXPECT_EQ(decode_room_answer(R"({"status":"INVALID-PROGRAM"})"), (RoomAnswer{Status::kInvalidProgram, {}, ""}));
}

}  // namespace
}  // namespace dti
