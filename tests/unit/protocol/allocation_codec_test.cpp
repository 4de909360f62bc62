#include "dti/protocol/allocation_codec.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace dti {
namespace {

MalformedRequest malformed(const std::string& body) {
  auto decoded = decode_allocation_request(body);
  EXPECT_TRUE(std::holds_alternative<MalformedRequest>(decoded)) << body;
  return std::get<MalformedRequest>(std::move(decoded));
}

TEST(AllocationRequest, AMalformedOneKeepsWhatCouldBeReadForItsReply) {
  const auto request = malformed(R"({"semester":7,"faculty-name":"f","request-id":"r","programs":[
      {"program-id":"a","program-name":5,"classrooms":7,"labs":-1},
      {"program-id":null,"program-name":"gone","classrooms":1,"labs":1},
      {"program-id":"c"},
      7,
      {"program-id":"","program-name":"e","classrooms":1000001,"labs":3}]})");
  EXPECT_EQ(request.detail, "semester: must be a text of at most 64 bytes");
  EXPECT_EQ(request.readable,
            (AllocationRequest{"", "f", {{"a", "", {7, 0}}, {"c", "", {0, 0}}, {"", "e", {0, 3}}}, "r"}));
}

TEST(AllocationRequest, AnInvalidRequestIdIsNotEchoed) {
  EXPECT_EQ(malformed(R"({"semester":"s","faculty-name":"f","programs":[],"request-id":""})").readable.request_id,
            std::nullopt);
}

TEST(AllocationRequest, OneThatIsCutKeepsWhatWasReadBefore) {
  const auto request =
      malformed(R"({"semester":"s","faculty-name":"f","programs":[)"
                R"({"program-id":"a","program-name":"n","classrooms":7,"labs":2},{"program-id":"b","prog)");
  EXPECT_EQ(request.readable, (AllocationRequest{"s", "f", {{"a", "n", {7, 2}}, {"b", "", {0, 0}}}, {}}));
}

TEST(AllocationRequest, OfAKeyGivenTwiceTheFirstIsListed) {
  const auto request = malformed(R"({"semester":"s","semester":"t","faculty-name":"f","programs":[)"
                                 R"({"program-id":"a","program-id":"b","program-name":"n","classrooms":1,"labs":1}]})");
  EXPECT_EQ(request.readable, (AllocationRequest{"s", "f", {{"a", "n", {1, 1}}}, {}}));
}

TEST(AllocationRequest, OfAHoldHasItsLengthInSeconds) {
  const std::string start = R"({"semester":"s","faculty-name":"f","programs":[],"hold-seconds":)";
  for (const auto* const seconds : {"1", "2592000"}) {
    const auto decoded = decode_allocation_request(start + seconds + "}");
    ASSERT_TRUE(std::holds_alternative<AllocationRequest>(decoded));
    const auto& request = std::get<AllocationRequest>(decoded);
    EXPECT_EQ(request.hold_seconds, std::stoll(seconds));
    EXPECT_EQ(encode_allocation_request(request), start + seconds + "}");
  }
  for (const auto* const seconds : {"0", "-1", "2592001", "1.0", "1e1", "\"1\"", "null", "true"}) {
    EXPECT_EQ(malformed(start + seconds + "}").detail, "hold-seconds: must be a whole number from 1 to 2,592,000")
        << seconds;
  }
}

TEST(AllocationReply, AnEntryAboutAHoldHasItsEnd) {
  const AllocationRequest request{"s", "f", {{"a", "n", {1, 2}}, {"b", "m", {1, 2}}}, {}, 60};
  const Outcome outcome{
      {}, {{Status::kOk, {1, 2, 0}, 1'796'119'200'000'001}, {Status::kOk, {1, 2, 0}}}, {{0, "a sentence"}}};
  const auto body = encode_allocation_reply(request, outcome);
  EXPECT_NE(body.find(R"("status-message":"OK","expires-at":"2026-12-01T10:00:00.000001Z","detail":"a sentence"})"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find(R"("status-message":"OK"}])"), std::string::npos) << body;
  const auto reply = decode_allocation_reply(body);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->programs.at(0).expires_at, "2026-12-01T10:00:00.000001Z");
  EXPECT_EQ(reply->programs.at(1).expires_at, "");
}

TEST(AllocationReply, AnErrorGivesEveryProgramItsStatusAndNoRooms) {
  const AllocationRequest request{"s", "f", {{"a", "n", {1, 2}}}, {}};
  EXPECT_EQ(encode_allocation_reply(request, {RequestError{Status::kOverloaded, "", {}, ""}, {}}),
            R"({"semester":"s","error-found":true,"error-message":"OVERLOADED","programs":[{"program-id":"a",)"
            R"("program-name":"n","requested-classrooms":1,"requested-labs":2,"classrooms":0,"labs":0,"mobile-labs":0,)"
            R"("status-message":"OVERLOADED"}]})");
}

TEST(AllocationReply, StaysWithinItsBoundForTheMostProgramsThatAMalformedRequestCanList) {
  std::string body = R"({"request-id":"r","programs":[)";
  while (body.size() < kFrameBytesMax - 20) body += R"({"program-id":"a"},)";
  body.back() = ']';
  body += '}';
  ASSERT_LE(body.size(), kFrameBytesMax);
  const auto request = malformed(body);
  ASSERT_GT(request.readable.programs.size(), 50'000u);

  const Outcome outcome{RequestError{Status::kInvalidRequest, request.detail, {}, ""}, {}};
  const std::string reply = encode_allocation_reply(request.readable, outcome);
  EXPECT_LE(reply.size(), kReplyBytesMax);
  EXPECT_GT(reply.size(), kReplyBytesMax - 200) << "no more is left out than needed";
  const auto decoded = decode_allocation_reply(reply);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->request_id, "r");
  EXPECT_EQ(decoded->error, outcome.error);
}

TEST(AllocationReply, AnEntryIsLeftOutAtOneByteTooMuchAndNotBefore) {
  AllocationRequest request{"s", "f", {{"a", "", {}}, {"b", "", {}}}, "r"};
  const Outcome outcome{RequestError{Status::kInvalidRequest, "d", {}, ""}, {}};
  request.programs[0].name.assign(kReplyBytesMax - encode_allocation_reply(request, outcome).size(), 'n');
  EXPECT_EQ(encode_allocation_reply(request, outcome).size(), kReplyBytesMax);
  request.programs[0].name += 'n';
  const auto reply = decode_allocation_reply(encode_allocation_reply(request, outcome));
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->programs.size(), 1u);
  EXPECT_EQ(reply->programs[0].correlation_id, "a");
}

TEST(AllocationReply, IsPutBehindWhatTheStringHoldsAndBoundedApartFromIt) {
  AllocationRequest request{"s", "f", {{"a", "n", {1, 2}}, {"b", "m", {3, 4}}}, "r"};
  const Outcome outcome{RequestError{Status::kUnavailable, "d", std::chrono::milliseconds{5}, "h:1"}, {}};
  const std::string before = "[{";
  for (const std::size_t name_size : {std::size_t{1}, kReplyBytesMax - 400, kReplyBytesMax}) {
    request.programs[0].name.assign(name_size, 'n');
    std::string out = before;
    append_allocation_reply(out, request, outcome);
    EXPECT_TRUE(out == before + encode_allocation_reply(request, outcome)) << name_size;
  }
}

TEST(AllocationReply, AFullRequestsReplyIsComplete) {
  AllocationRequest request{std::string(64, '\x01'), std::string(200, 'f'), {}, std::string(64, '"')};
  request.programs.assign(kProgramsMax, {std::string(64, '\x01'), std::string(200, '\x01'), {1'000'000, 1'000'000}});
  Outcome outcome{
      {}, std::vector<ProgramOutcome>(kProgramsMax, {Status::kAlreadyHasResources, {1'000'000, 1'000'000, 1'000'000}})};
  for (std::size_t i = 0; i < kProgramsMax; ++i) outcome.details.push_back({i, std::string(1'024, '"')});
  const auto reply = decode_allocation_reply(encode_allocation_reply(request, outcome));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->programs.size(), kProgramsMax);
}

TEST(AllocationReply, AProgramsDetailIsThereOnlyWhereThereIsSomethingToSay) {
  const AllocationRequest request{"s", "f", {{"a", "x", {}}, {"b", "y", {}}, {"c", "z", {}}}, {}};
  const Outcome outcome{
      {}, {{Status::kInvalidProgram, {}}, {Status::kInvalidProgram, {}}, {Status::kOk, {}}}, {{1, "why"}}};
  const auto bytes = encode_allocation_reply(request, outcome);
  EXPECT_NE(bytes.find(R"("status-message":"INVALID-PROGRAM"},{"program-id":"b")"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find(R"("status-message":"INVALID-PROGRAM","detail":"why"},{"program-id":"c")"), std::string::npos);
  const auto reply = decode_allocation_reply(bytes);
  ASSERT_TRUE(reply && reply->programs.size() == 3);
  EXPECT_EQ(reply->programs[0].detail + "|" + reply->programs[1].detail + "|" + reply->programs[2].detail, "|why|");
}

struct ReplyCase {
  const char* name;
  const char* body;
  std::optional<AllocationReply> expected;
};

RequestError error(Status status, std::string detail = {}) { return {status, std::move(detail), {}, {}}; }

TEST(AllocationReply, IsReadFromAnyServer) {
  const ReplyCase kCases[] = {
      {"not JSON", "OK", {}},
      {"empty", "", {}},
      {"an array", "[]", {}},
      {"a byte", "\x01", {}},
      {"cut", R"({"semester":"s")", {}},
      {"a key twice", R"({"programs":[],"programs":[]})", {}},
      {"an empty object", "{}", AllocationReply{}},
      {"no programs", R"({"semester":"s","error-found":false,"error-message":"","programs":null})",
       AllocationReply{{}, {}, {}, "s"}},
      {"an old server's error",
       R"({"semester":"s","error-found":true,"error-message":"INVALID-FACULTY","programs":null})",
       AllocationReply{error(Status::kInvalidFaculty), {}, {}, "s"}},
      {"an old server's sentence for a semester that is not open",
       R"({"semester":"s","error-found":true,"error-message":"Faculty semester is not the proccesed one","programs":null})",
       AllocationReply{error(Status::kInvalidSemester), {}, {}, "s"}},
      {"the same in lower case",
       R"({"error-found":true,"error-message":"faculty semester is not the proccesed one","programs":null})",
       AllocationReply{error(Status::kInvalidSemester), {}, {}}},
      {"more than that sentence",
       R"({"error-found":true,"error-message":"faculty semester is not the proccesed one?","programs":null})",
       AllocationReply{error(Status::kUnavailable), {}, {}}},
      {"an error in other words", R"({"error-found":true,"error-message":"it broke","detail":"d"})",
       AllocationReply{error(Status::kUnavailable, "d"), {}, {}}},
      {"an error without a code", R"({"error-found":true})", AllocationReply{error(Status::kUnavailable), {}, {}}},
      {"an error that is one program's own", R"({"error-found":true,"error-message":"INVALID-PROGRAM"})",
       AllocationReply{error(Status::kUnavailable), {}, {}}},
      {"an error called OK", R"({"error-found":true,"error-message":"OK"})",
       AllocationReply{error(Status::kUnavailable), {}, {}}},
      {"a message without an error", R"({"error-found":false,"error-message":"OVERLOADED"})", AllocationReply{}},
      {"a leader",
       R"({"error-found":true,"error-message":"NOT-LEADER","leader":"h:1","retry-after-ms":5,"request-id":"r"})",
       AllocationReply{RequestError{Status::kNotLeader, "", std::chrono::milliseconds{5}, "h:1"}, "r", {}}},
      {"a wait that makes no sense",
       R"({"error-found":true,"error-message":"OVERLOADED","retry-after-ms":-5,"leader":7})",
       AllocationReply{error(Status::kOverloaded), {}, {}}},
      {"entries that make no sense",
       R"({"programs":[7,null,{},{"program-id":7,"status-message":"OK","classrooms":1,"labs":1,"mobile-labs":0},
           {"program-id":"","status-message":"OK","classrooms":1,"labs":1,"mobile-labs":0},
           {"program-id":"a","classrooms":1,"labs":1,"mobile-labs":0},
           {"program-id":"b","status-message":"OK","classrooms":-1,"labs":1,"mobile-labs":0},
           {"program-id":"c","status-message":"OK","classrooms":1,"labs":"1","mobile-labs":0},
           {"program-id":"d","status-message":"OK","classrooms":1,"labs":1},
           {"program-id":"e","status-message":"INVALID-PROGRAM","classrooms":1.5,"labs":1,"mobile-labs":0},
           {"program-id":"z","status-message":"OK","classrooms":1,"labs":2,"mobile-labs":3,"new":[]}]})",
       AllocationReply{{}, {}, {{"z", Status::kOk, {1, 2, 3}}}}},
      {"an unknown status",
       R"({"programs":[{"program-id":"a","status-message":"LATER","classrooms":1,"labs":1,"mobile-labs":0}]})",
       AllocationReply{{}, {}, {{"a", Status::kUnavailable, {}}}}},
      {"a refusal without numbers", R"({"programs":[{"program-id":"a","status-message":"INVALID-PROGRAM"}]})",
       AllocationReply{{}, {}, {{"a", Status::kInvalidProgram, {}}}}},
      {"a grant that stands",
       R"({"programs":[{"program-id":"a","status-message":"PROGRAM-ALREADY-HAS-RESOURCES-FOR-SEMESTER",)"
       R"("classrooms":1,"labs":1,"mobile-labs":0}]})",
       AllocationReply{{}, {}, {{"a", Status::kAlreadyHasResources, {1, 1, 0}}}}},
  };
  for (const ReplyCase& c : kCases) EXPECT_EQ(decode_allocation_reply(c.body), c.expected) << c.name;
}

}  // namespace
}  // namespace dti
