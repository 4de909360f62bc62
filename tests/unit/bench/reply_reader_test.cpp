#include "core/reply_reader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "core/request_maker.hpp"
#include "dti/protocol/allocation_codec.hpp"

namespace dti::bench {
namespace {

using Counts = std::map<std::string, std::uint64_t>;

// A request with names that try to look like what is looked for.
AllocationRequest request_of(std::uint64_t number) {
  AllocationRequest request{
      .semester = R"("error-found":true,)", .faculty_name = "Faculty", .programs = {}, .request_id = {}};
  for (const auto* name : {"one", R"("status-message":"OK")", R"("request-id":"x")"}) {
    request.programs.push_back({"id", name, {1, 1}});
  }
  request.request_id = request_id(number);
  return request;
}

TEST(ReplyReader, CountsTheStatusesOfAServersReplyAndFindsItsRequest) {
  const Outcome outcome{
      .error = {}, .programs = {{Status::kOk, {1, 1, 0}}, {Status::kNotEnoughResources, {0, 1, 0}}, {Status::kOk, {}}}};
  const auto reply = encode_allocation_reply(request_of(42), outcome);
  StatusCounts counts;
  EXPECT_EQ(number_of_reply(reply), 42u);
  EXPECT_FALSE(error_of_reply(reply));
  EXPECT_FALSE(count_statuses(reply, counts));
  EXPECT_EQ(counts.by_name(), (Counts{{"OK", 2}, {"NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT", 1}}));
}

TEST(ReplyReader, TellsWhetherEveryProgramGotAllThatItWanted) {
  const Outcome outcome{.error = {}, .programs = {{Status::kOk, {}}, {Status::kOk, {}}, {Status::kOk, {}}}};
  StatusCounts counts;
  EXPECT_TRUE(count_statuses(encode_allocation_reply(request_of(0), outcome), counts));
  EXPECT_EQ(counts.by_name(), (Counts{{"OK", 3}}));
}

TEST(ReplyReader, ReadsAnErrorOfTheWholeAndWhenToAskAgain) {
  struct Case {
    RequestError error;
    std::string name;
  };
  const Case cases[] = {
      {{Status::kOverloaded, "too much", std::chrono::milliseconds{100}, {}}, "OVERLOADED"},
      {{Status::kInvalidSemester, "a \"detail\"", {}, {}}, "INVALID-SEMESTER"},
      {{Status::kNotLeader, "", std::chrono::milliseconds{0}, "host:1"}, "NOT-LEADER"},
  };
  for (const auto& c : cases) {
    const auto reply = encode_allocation_reply(request_of(7), Outcome{.error = c.error, .programs = {}});
    const auto error = error_of_reply(reply);
    ASSERT_TRUE(error) << reply;
    EXPECT_EQ(error->name, c.name);
    EXPECT_EQ(error->retry_after, c.error.retry_after);
    EXPECT_EQ(number_of_reply(reply), 7u);
  }
}

TEST(ReplyReader, CountsAStatusThatItDoesNotKnowByItsName) {
  StatusCounts counts;
  EXPECT_FALSE(count_statuses(R"({"programs":[{"status-message":"OKAY"},{"status-message":"OK"}]})", counts));
  EXPECT_EQ(counts.by_name(), (Counts{{"OKAY", 1}, {"OK", 1}}));
}

TEST(ReplyReader, FindsNoRequestInWhatIsNoReplyToOurs) {
  for (const auto* body : {"", "\x01", "{}", R"({"request-id":"7"})", R"({"request-id":")", R"("request-id":)"}) {
    EXPECT_EQ(number_of_reply(body), std::nullopt) << body;
    EXPECT_FALSE(error_of_reply(body)) << body;
  }
}

}  // namespace
}  // namespace dti::bench
