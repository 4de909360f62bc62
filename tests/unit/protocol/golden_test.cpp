// Every message on the wire, byte for byte: what is written, and what is read from the same bytes.
#include "unit/protocol/golden.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/result_file.hpp"
#include "dti/protocol/room_codec.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr ProgramOutcome kNone{Status::kInvalidProgram, {}};

struct Exchange {
  const char* folder;
  Outcome outcome;
};

const std::vector<Exchange>& exchanges() {
  static const std::vector<Exchange> kExchanges = {
      {"case1", {{}, std::vector<ProgramOutcome>(5, {Status::kOk, {7, 2, 0}})}},
      {"case2", {{}, std::vector<ProgramOutcome>(5, {Status::kOk, {10, 4, 0}})}},
      {"no-programs", {}},
      {"mixed",
       {{},
        {{Status::kOk, {7, 2, 0}},
         {Status::kOk, {3, 1, 2}},
         {Status::kNotEnoughResources, {0, 0, 0}},
         kNone,
         {Status::kAlreadyHasResources, {7, 2, 0}},
         {Status::kOk, {7, 2, 0}}}}},
      {"error-unauthorized", {RequestError{Status::kUnauthorized, "the key may not speak for derecho", {}, ""}, {}}},
      {"error-not-leader",
       {RequestError{Status::kNotLeader, "another server leads", milliseconds{250}, "10.0.0.2:6000"}, {}}},
      {"error-overloaded", {RequestError{Status::kOverloaded, "too many requests wait", milliseconds{1000}, ""}, {}}},
      {"error-unavailable",
       {RequestError{Status::kUnavailable, "the store cannot be reached", milliseconds{500}, ""}, {}}},
      {"error-invalid-semester",
       {RequestError{Status::kInvalidSemester, "2025-10 is not an open semester", {}, ""}, {}}},
      {"error-invalid-faculty", {RequestError{Status::kInvalidFaculty, "derecho is not a faculty", {}, ""}, {}}},
  };
  return kExchanges;
}

/// What a faculty is to read from the reply to `request`.
AllocationReply reply_to(const AllocationRequest& request, const Outcome& outcome) {
  AllocationReply reply{outcome.error, request.request_id, {}, request.semester};
  for (std::size_t i = 0; i < request.programs.size(); ++i) {
    const ProgramOutcome answer = outcome.error ? ProgramOutcome{outcome.error->status, {}} : outcome.programs[i];
    reply.programs.push_back({request.programs[i].correlation_id, answer.status, answer.grant});
  }
  return reply;
}

TEST(Golden, ARequestIsReadAndWrittenAgainByteForByte) {
  for (const Exchange& exchange : exchanges()) {
    SCOPED_TRACE(exchange.folder);
    const std::string bytes = golden(std::string{exchange.folder} + "/request.json");
    const auto decoded = decode_allocation_request(bytes);
    ASSERT_TRUE(std::holds_alternative<AllocationRequest>(decoded));
    EXPECT_EQ(encode_allocation_request(std::get<AllocationRequest>(decoded)), bytes);
  }
}

TEST(Golden, ARequestSaysWhatItsBytesSay) {
  const auto decoded = decode_allocation_request(golden("mixed/request.json"));
  const auto& request = std::get<AllocationRequest>(decoded);
  EXPECT_EQ(request.semester, "2025-10");
  EXPECT_EQ(request.faculty_name, "Derecho");
  EXPECT_EQ(request.request_id, "retry-7");
  ASSERT_EQ(request.programs.size(), 6u);
  EXPECT_EQ(request.programs[3],
            (ProgramRequest{"8d47e6b2-1c35-4a9f-b0d8-6e5f4a3c2b03", "derecho \"romano\"\\\t", {1, 1}}));
  EXPECT_EQ(request.programs[4].want, (Want{8, 2}));
}

TEST(Golden, AReplyIsWrittenByteForByteAndReadsBack) {
  for (const Exchange& exchange : exchanges()) {
    SCOPED_TRACE(exchange.folder);
    const std::string folder = exchange.folder;
    const auto decoded = decode_allocation_request(golden(folder + "/request.json"));
    const auto& request = std::get<AllocationRequest>(decoded);
    const std::string bytes = golden(folder + "/reply.json");
    EXPECT_EQ(encode_allocation_reply(request, exchange.outcome), bytes);
    EXPECT_EQ(decode_allocation_reply(bytes), reply_to(request, exchange.outcome));
  }
}

TEST(Golden, AMalformedRequestIsAnsweredByteForByteWithAllThatCouldBeRead) {
  const auto decoded = decode_allocation_request(golden("error-invalid-request/request.json"));
  ASSERT_TRUE(std::holds_alternative<MalformedRequest>(decoded));
  const auto& malformed = std::get<MalformedRequest>(decoded);
  const Outcome outcome{RequestError{Status::kInvalidRequest, malformed.detail, {}, ""}, {}};
  const std::string bytes = golden("error-invalid-request/reply.json");
  EXPECT_EQ(encode_allocation_reply(malformed.readable, outcome), bytes);
  EXPECT_EQ(decode_allocation_reply(bytes), reply_to(malformed.readable, outcome));
}

TEST(Golden, AHealthCheckIsOneAndItsAnswerIsOneByte) {
  EXPECT_TRUE(std::holds_alternative<HealthCheck>(decode_allocation_request(golden("health-check/request.json"))));
  EXPECT_EQ(kHealthy, golden("health-check/reply.bin"));
}

struct RoomExchange {
  const char* folder;
  RoomRequest request;
  RoomAnswer answer;
  milliseconds elapsed;
};

TEST(Golden, ARoomsExchangeIsWrittenByteForByteAndReadsBack) {
  const RoomExchange room_exchanges[] = {
      {"room", {"derecho-civil", "2025-10", {7, 2}, {}}, {Status::kOk, {7, 2, 0}, ""}, milliseconds{35}},
      {"room-hold",
       {"derecho-civil", "2025-10", {7, 2}, {}, 172'800},
       {Status::kOk, {7, 2, 0}, "", "2026-12-01T10:00:00.000000Z"},
       milliseconds{35}},
      {"room-partial",
       {"diseño-grafico", "2025-10", {10, 4}, "00389840-39ca-4ec5-8835-a745c6332c3c"},
       {Status::kNotEnoughResources, {5, 1, 3}, "5 of 10 classrooms and 4 of 4 labs could be given"},
       milliseconds{1200}},
  };
  for (const RoomExchange& exchange : room_exchanges) {
    SCOPED_TRACE(exchange.folder);
    const std::string folder = exchange.folder;
    const std::string request = golden(folder + "/request.json");
    const std::string reply = golden(folder + "/reply.json");
    EXPECT_EQ(encode_room_request(exchange.request), request);
    const auto decoded = decode_room_request(request);
    ASSERT_TRUE(std::holds_alternative<RoomRequest>(decoded));
    EXPECT_EQ(std::get<RoomRequest>(decoded), exchange.request);
    EXPECT_EQ(encode_room_answer(exchange.answer), reply);
    EXPECT_EQ(decode_room_answer(reply), exchange.answer);
    EXPECT_EQ(result_file_text(exchange.request, exchange.answer, exchange.elapsed), golden(folder + "/result.txt"));
  }
}

}  // namespace
}  // namespace dti
