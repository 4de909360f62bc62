// Random requests, and random damage to them. The seed is fixed; a failure prints the round and the bytes.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "dti/domain/name.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/room_codec.hpp"
#include "unit/protocol/random_requests.hpp"

namespace dti {
namespace {

constexpr std::uint32_t kSeed = 20251;

TEST(CodecProperty, ARequestIsReadAsItWasWritten) {
  Random random{kSeed};
  for (int round = 0; round < 2'000; ++round) {
    const AllocationRequest request = random.request();
    const auto decoded = decode_allocation_request(encode_allocation_request(request));
    ASSERT_TRUE(std::holds_alternative<AllocationRequest>(decoded))
        << "round " << round << ": " << std::get<MalformedRequest>(decoded).detail;
    ASSERT_EQ(std::get<AllocationRequest>(decoded), request) << "round " << round;
  }
}

TEST(CodecProperty, ARoomsRequestAndAnswerAreReadAsTheyWereWritten) {
  Random random{kSeed};
  for (int round = 0; round < 2'000; ++round) {
    RoomRequest request{random.text(0, kNameBytesMax), random.text(0, kSemesterBytesMax), random.want(), {}};
    if (random.below(2) == 0) request.client_id = random.text(1, kIdBytesMax);
    const auto decoded = decode_room_request(encode_room_request(request));
    ASSERT_TRUE(std::holds_alternative<RoomRequest>(decoded)) << "round " << round;
    ASSERT_EQ(std::get<RoomRequest>(decoded), request) << "round " << round;

    const Want rooms = random.want();
    const RoomAnswer answer{Status::kOk, {rooms.classrooms, rooms.labs, random.want().labs}, random.text(0, 100)};
    ASSERT_EQ(decode_room_answer(encode_room_answer(answer)), answer) << "round " << round;
  }
}

/// What holds of any bytes at all.
void expect_sound(const std::string& bytes) {
  const auto decoded = decode_allocation_request(bytes);
  if (const auto* request = std::get_if<AllocationRequest>(&decoded)) {
    const auto again = decode_allocation_request(encode_allocation_request(*request));
    ASSERT_TRUE(std::holds_alternative<AllocationRequest>(again));
    EXPECT_EQ(std::get<AllocationRequest>(again), *request);
    EXPECT_TRUE(is_utf8(bytes));
  } else if (const auto* malformed = std::get_if<MalformedRequest>(&decoded)) {
    EXPECT_NE(malformed->detail.find(": "), std::string::npos);
    const Outcome outcome{RequestError{Status::kInvalidRequest, malformed->detail, {}, ""}, {}};
    const std::string reply = encode_allocation_reply(malformed->readable, outcome);
    EXPECT_TRUE(is_utf8(reply));
    // Only an echoed U+0000 makes a reply that a strict reader refuses.
    EXPECT_TRUE(decode_allocation_reply(reply) || reply.find("\\u0000") != reply.npos) << reply;
  }
  static_cast<void>(decode_allocation_reply(bytes));
  static_cast<void>(decode_room_request(bytes));
  static_cast<void>(decode_room_answer(bytes));
}

TEST(CodecProperty, DamagedRequestsAreEitherReadOrRefusedAndAnswerable) {
  Random random{kSeed};
  int sound = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = encode_allocation_request(random.request());
    random.damage(bytes);
    SCOPED_TRACE("round " + std::to_string(round) + ": " + bytes);
    expect_sound(bytes);
    if (HasFailure()) return;
    sound += std::holds_alternative<AllocationRequest>(decode_allocation_request(bytes)) ? 1 : 0;
  }
  EXPECT_GT(sound, 500) << "the damage leaves too little to be read";
  EXPECT_LT(sound, 19'500) << "the damage harms nothing";
}

TEST(CodecProperty, ARequestCutAtAnyByteIsRefusedAndListsWhatCameBefore) {
  const AllocationRequest request{"s", "f", {{"a", "n", {1, 2}}, {"b", "ñ", {3, 4}}, {"c", "o", {5, 6}}}, "r"};
  const std::string bytes = encode_allocation_request(request);
  std::size_t listed = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode_allocation_request(bytes.substr(0, size));
    ASSERT_TRUE(std::holds_alternative<MalformedRequest>(decoded)) << size;
    const auto& programs = std::get<MalformedRequest>(decoded).readable.programs;
    ASSERT_GE(programs.size(), listed) << size;
    listed = programs.size();
    for (std::size_t i = 0; i < listed; ++i) {
      EXPECT_EQ(programs[i].correlation_id, request.programs[i].correlation_id) << size;
    }
  }
  EXPECT_EQ(listed, 3u);
}

}  // namespace
}  // namespace dti
