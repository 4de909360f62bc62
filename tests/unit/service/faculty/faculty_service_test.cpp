#include "dti/service/faculty/faculty_service.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/service/faculty/faculty_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using namespace faculty_test;

TEST(FacultyServiceTest, ABatchIsSentWhenEnoughProgramsHaveAsked) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  EXPECT_TRUE(faculty.sent.empty());
  faculty.ask(2);
  ASSERT_EQ(faculty.sent.size(), 1u);
  const auto& request = faculty.sent[0].request;
  EXPECT_EQ(request.semester, "2025-10");
  EXPECT_EQ(request.faculty_name, "derecho");
  ASSERT_EQ(request.programs.size(), 2u);
  EXPECT_EQ(request.programs[0].name, "program-1");
  EXPECT_EQ(request.programs[1].name, "program-2");
  EXPECT_EQ(request.programs[1].want, (Want{7, 2}));
}

TEST(FacultyServiceTest, ABatchIsSentWhenItsOldestProgramHasWaitedLongEnough) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.pass(29'999ms);
  EXPECT_TRUE(faculty.sent.empty());
  faculty.pass(1ms);
  EXPECT_EQ(faculty.sent.size(), 1u);
}

TEST(FacultyServiceTest, NothingWakesAFacultyThatNobodyAsked) {
  EXPECT_EQ(Faculty(options_of_three_servers()).service.wake_at(), std::nullopt);
}

TEST(FacultyServiceTest, BatchesAreCountedForEachSemesterAndSeveralMayBeOut) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1, "2025-10");
  faculty.ask(2, "2025-30");
  EXPECT_TRUE(faculty.sent.empty());
  faculty.ask(3, "2025-30");
  faculty.ask(4, "2025-10");
  ASSERT_EQ(faculty.sent.size(), 2u);
  EXPECT_EQ(faculty.sent[0].request.semester, "2025-30");
  EXPECT_EQ(faculty.sent[1].request.semester, "2025-10");
  faculty.reply(0, granted(faculty.sent[1].request));
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
  EXPECT_FALSE(faculty.answers.contains(2));
  faculty.reply(0, granted(faculty.sent[0].request));
  EXPECT_EQ(faculty.status_of(2), Status::kOk);
  EXPECT_TRUE(faculty.exits.empty()) << "without a semester of its own it serves on";
}

TEST(FacultyServiceTest, AProgramThatAsksAgainDoesNotTakeThePlaceOfAnother) {
  Faculty faculty(options_of_three_servers());
  const auto ask = [&](Token token, const std::string& name) {
    faculty.ask({.program_name = name, .semester = "2025-10", .want = {7, 2}, .client_id = {}}, token);
  };
  ask(1, "derecho-civil");
  ask(2, "derecho-civil");
  ask(3, "Derecho Civil");
  EXPECT_TRUE(faculty.sent.empty());
  ask(4, "derecho-penal");
  ASSERT_EQ(faculty.sent.size(), 1u);
  EXPECT_EQ(faculty.sent[0].request.programs.size(), 4u);
  faculty.reply(0, granted(faculty.sent[0].request));
  for (const Token token : {1, 2, 3, 4}) EXPECT_EQ(faculty.status_of(token), Status::kOk) << token;
}

TEST(FacultyServiceTest, ProgramsThatOnlySeparatorsTellApartAreTwo) {
  Faculty faculty(options_of_three_servers());
  faculty.ask({.program_name = "MATH 1-11", .semester = "2025-10", .want = {7, 2}, .client_id = {}}, 1);
  faculty.ask({.program_name = "MATH 11-1", .semester = "2025-10", .want = {7, 2}, .client_id = {}}, 2);
  EXPECT_EQ(faculty.sent.size(), 1u);
}

TEST(FacultyServiceTest, AProgramIsToldTheDetailOfItsOwnEntry) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  auto reply = granted(faculty.sent[0].request);
  reply.programs[1].status = Status::kInvalidProgram;
  reply.programs[1].detail = "the name has a tab";
  faculty.reply(0, reply);
  EXPECT_EQ(faculty.answer_of(1).detail, "");
  EXPECT_EQ(faculty.answer_of(2).detail, "the name has a tab");
}

TEST(FacultyServiceTest, AnUnknownProgramIsToldWhatPeopleCannotSeeInItsName) {
  Faculty faculty(options_of_three_servers());
  faculty.ask({.program_name = "civil\r", .semester = "2025-10", .want = {7, 2}, .client_id = {}}, 1);
  faculty.ask({.program_name = "penal", .semester = "2025-10", .want = {7, 2}, .client_id = {}}, 2);
  auto reply = granted(faculty.sent[0].request);
  for (auto& program : reply.programs) program.status = Status::kInvalidProgram;
  faculty.reply(0, reply);
  EXPECT_EQ(faculty.answer_of(1).detail.find("the name has a carriage return (U+000D) at its end"), 0u);
  EXPECT_EQ(faculty.answer_of(2).detail, "");
}

TEST(FacultyServiceTest, ARequestHoldsAtMostAThousandEntriesAlsoOfOneProgram) {
  Faculty faculty(options_of_three_servers());
  const RoomRequest request{.program_name = "civil", .semester = "2025-10", .want = {7, 2}, .client_id = {}};
  for (Token token = 1; token <= 1'500; ++token) faculty.ask(request, token);
  ASSERT_EQ(faculty.sent.size(), 1u);
  EXPECT_EQ(faculty.sent[0].request.programs.size(), 1'000u);
}

TEST(FacultyServiceTest, ARequestHoldsAtMostAThousandPrograms) {
  auto options = options_of_three_servers();
  options.programs_min = 5'000;
  Faculty faculty(options);
  for (Token token = 1; token <= 2'500; ++token) faculty.ask(token);
  ASSERT_EQ(faculty.sent.size(), 2u);
  EXPECT_EQ(faculty.sent[0].request.programs.size(), 1'000u);
  EXPECT_EQ(faculty.sent[1].request.programs.size(), 1'000u);
  EXPECT_EQ(faculty.sent[1].request.programs[0].name, "program-1001");
}

TEST(FacultyServiceTest, EveryIdIsAFreshUuid) {
  Faculty faculty(options_of_three_servers());
  for (Token token = 1; token <= 200; ++token) faculty.ask(token);
  std::set<std::string> ids;
  for (const auto& send : faculty.sent) {
    ids.insert(send.request.request_id.value());
    for (const auto& program : send.request.programs) ids.insert(program.correlation_id);
  }
  EXPECT_EQ(ids.size(), 300u);
  for (const auto& id : ids) {
    ASSERT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '4') << id;
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string::npos) << id;
  }
}

TEST(FacultyServiceTest, EachProgramGetsTheEntryWithItsCorrelationIdInWhateverOrder) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  const auto& programs = faculty.sent[0].request.programs;
  AllocationReply reply;  // as an old server: no request-id
  reply.programs = {{programs[1].correlation_id, Status::kNotEnoughResources, {5, 0, 0}},
                    {programs[0].correlation_id, Status::kOk, {6, 1, 1}}};
  faculty.reply(0, reply);
  EXPECT_EQ(faculty.answer_of(1), (RoomAnswer{Status::kOk, {6, 1, 1}, ""}));
  EXPECT_EQ(faculty.answer_of(2), (RoomAnswer{Status::kNotEnoughResources, {5, 0, 0}, ""}));
}

TEST(FacultyServiceTest, AReplyThatLeavesProgramsOutAnswersThemAllTheSame) {
  struct Case {
    const char* claim;
    std::optional<RequestError> error;
    bool lists_first;
    Status status_of_second;
    std::string detail;
  };
  const Case cases[] = {
      {"an entry is missing", {}, true, Status::kUnavailable, ""},
      {"nothing is listed", {}, false, Status::kUnavailable, ""},
      {"nothing is listed, the error is one that we know", RequestError{Status::kInvalidSemester, "not open", {}, ""},
       false, Status::kInvalidSemester, "not open"},
      {"nothing is listed, the error is one that we do not know", RequestError{Status::kUnavailable, "", {}, ""}, false,
       Status::kUnavailable, ""},
      {"an entry is missing, the error is final",
       RequestError{Status::kInvalidRequest, "programs[1].labs: must be a whole number", {}, ""}, true,
       Status::kInvalidRequest, "programs[1].labs: must be a whole number"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.claim);
    Faculty faculty(options_of_three_servers());
    faculty.ask(1);
    faculty.ask(2);
    AllocationReply reply;
    reply.error = test.error;
    if (test.lists_first) {
      reply.programs = {
          {faculty.sent[0].request.programs[0].correlation_id, test.error ? test.error->status : Status::kOk, {}}};
    }
    faculty.reply(0, reply);
    ASSERT_EQ(faculty.answers.size(), 2u);
    EXPECT_EQ(faculty.answer_of(2), (RoomAnswer{test.status_of_second, {}, test.detail}));
    EXPECT_EQ(faculty.sent.size(), 1u);
  }
}

TEST(FacultyServiceTest, AnAnswerThatIsNotKnownSaysWhetherToAskAgain) {
  struct Case {
    const char* claim;
    int retries;
    bool is_sent;
    const char* part;
  };
  for (const auto& [claim, retries, is_sent, part] :
       {Case{"a server that knows repeats", 1, true, "ask again, it is safe"},
        Case{"perhaps an old server", 0, true, "look at the server's log"},
        Case{"a server that was never reached", 0, false, "nothing was asked of a server: ask again"}}) {
    SCOPED_TRACE(claim);
    auto options = options_of_three_servers();
    options.client.retries = retries;
    Faculty faculty(options);
    faculty.servers_are_there = is_sent;
    faculty.ask(1);
    faculty.ask(2);
    faculty.pass(25'000ms);
    for (const Token token : {1, 2}) EXPECT_EQ(faculty.status_of(token), Status::kUnavailable);
    EXPECT_EQ(faculty.service.waiting_count(), 0u);
    EXPECT_NE(faculty.answer_of(1).detail.find(part), std::string::npos) << faculty.answer_of(1).detail;
  }
}

TEST(FacultyServiceTest, AMalformedRequestCountsTowardsTheBatchAndIsNoPartOfIt) {
  struct Case {
    const char* claim;
    std::optional<std::string> of_faculty;
    std::vector<std::pair<std::optional<std::string>, std::string>> malformed;  // semester and asker
    bool is_sent_with_one_more;
  };
  const Case cases[] = {
      {"it names the semester", {}, {{"2025-10", "civil"}}, true},
      {"it names another semester", {}, {{"2025-30", "civil"}}, false},
      {"it names none, and the faculty has none", {}, {{std::nullopt, "civil"}}, false},
      {"it names none, and the faculty has one", "2025-10", {{std::nullopt, "civil"}}, true},
      {"it names another one than the faculty's", "2025-10", {{"2025-30", "civil"}}, false},
      {"the program that asks properly later counts once", {}, {{"2025-10", "Program_1"}}, false},
      {"a batch of malformed requests only is over", {}, {{"2025-10", "civil"}, {"2025-10", "penal"}}, false},
      {"nor does it end the faculty", "2025-10", {{"2025-10", "civil"}, {"2025-10", "penal"}}, false},
  };
  for (const auto& test : cases) {
    for (const bool comes_first : {true, false}) {
      if (!comes_first && test.malformed.size() > 1) continue;
      SCOPED_TRACE(test.claim);
      auto options = options_of_three_servers();
      options.semester = test.of_faculty;
      Faculty faculty(options);
      if (!comes_first) faculty.ask(1);
      for (const auto& [semester, asker] : test.malformed) faculty.ask_malformed(semester, asker);
      if (comes_first) faculty.ask(1);
      EXPECT_EQ(faculty.sent.size(), test.is_sent_with_one_more ? 1u : 0u);
      for (const auto& send : faculty.sent) EXPECT_EQ(send.request.programs.size(), 1u);
      EXPECT_TRUE(faculty.exits.empty());
    }
  }
}

TEST(FacultyServiceTest, AProgramWaitsItsOwnTimeWhateverMalformedRequestCameBefore) {
  auto options = options_of_three_servers();
  options.programs_min = 3;
  Faculty faculty(options);
  faculty.ask_malformed("2025-10", "penal");
  faculty.pass(29'000ms);
  faculty.ask_malformed("2025-30", "penal");
  faculty.ask(1, "2025-30");
  faculty.pass(29'999ms);
  EXPECT_TRUE(faculty.sent.empty());
  faculty.pass(1ms);
  EXPECT_EQ(faculty.sent.size(), 1u);
  EXPECT_EQ(faculty.service.wake_at(), faculty.now + 2'000ms) << "what gathered only malformed requests is forgotten";
}

TEST(FacultyServiceTest, ChangedLimitsOfBatchesApplyToTheBatchThatGathers) {
  auto options = options_of_three_servers();
  options.programs_min = 3;
  Faculty faculty(options);
  faculty.ask(1);
  faculty.ask(2);
  faculty.change_batches(2, 30'000ms);
  ASSERT_EQ(faculty.sent.size(), 1u) << "two programs are enough now";
  EXPECT_EQ(faculty.sent[0].request.programs.size(), 2u);

  Faculty other(options);
  other.ask(1);
  other.pass(5'000ms);
  other.change_batches(3, 6'000ms);
  other.pass(999ms);
  EXPECT_TRUE(other.sent.empty());
  other.pass(1ms);
  EXPECT_EQ(other.sent.size(), 1u) << "6 s after its first request";
}

TEST(FacultyServiceTest, MalformedRequestsOfManySemestersTakeLittleMemory) {
  Faculty faculty(options_of_three_servers());
  for (int i = 0; i < 10'000; ++i) faculty.ask_malformed("semester " + std::to_string(i), "civil");
  faculty.ask(1, "semester 9999");
  faculty.ask(2, "semester 9999");
  EXPECT_EQ(faculty.sent.size(), 1u);
  faculty.ask(3, "semester 5000");
  EXPECT_EQ(faculty.sent.size(), 1u) << "not so many are counted";
}

TEST(FacultyServiceTest, OfARefusedRequestTheEntriesThatAreAnsweredStand) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  auto reply = failed(faculty.sent[0].request, {Status::kUnavailable, "", {}, ""});
  reply.programs[0].status = Status::kOk;
  reply.programs[0].grant = {7, 2, 0};
  faculty.reply(0, reply);
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
  EXPECT_FALSE(faculty.answers.contains(2));
  faculty.pass(100ms);
  ASSERT_EQ(faculty.sent.size(), 2u);
  EXPECT_EQ(faculty.sent[1].request, faculty.sent[0].request) << "the whole request again, with the same ids";
  faculty.reply(1, granted(faculty.sent[1].request));
  EXPECT_EQ(faculty.status_of(2), Status::kOk);
  EXPECT_EQ(faculty.answers[1].size(), 1u);
}

TEST(FacultyServiceTest, TheLogNamesTheBatchAndTheServer) {
  Faculty faculty(options_of_three_servers());
  for (const Token token : {1, 2}) faculty.ask(token);
  faculty.reply(0, failed(faculty.sent[0].request, {Status::kOverloaded, "", 300ms, ""}));
  faculty.lose(0);
  faculty.pass(300ms);
  faculty.pass(2'000ms);
  faculty.reply(faculty.sent.back().endpoint, granted(faculty.sent[0].request));
  for (const Token token : {3, 4}) faculty.ask(token);
  faculty.pass(25'000ms);
  std::map<std::string, LogLevel> levels;
  for (const auto& event : faculty.logged) levels[event.event] = event.level;
  EXPECT_EQ(levels, (std::map<std::string, LogLevel>{{"batch-answered", LogLevel::kInfo},
                                                     {"batch-given-up", LogLevel::kWarning},
                                                     {"batch-sent", LogLevel::kInfo},
                                                     {"try-lost", LogLevel::kWarning},
                                                     {"try-refused", LogLevel::kWarning}}));
  using Fields = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(faculty.logged.at(0).fields, (Fields{{"request-id", faculty.sent[0].request.request_id.value()},
                                                 {"semester", "2025-10"},
                                                 {"programs", "2"},
                                                 {"server", "a:1"},
                                                 {"tries-left", "10"}}));
}

TEST(FacultyServiceTest, CountsItsBatchesAndWhatBecameOfTheirTries) {
  Faculty faculty(options_of_three_servers());
  for (const Token token : {1, 2}) faculty.ask(token);
  faculty.ask(3, "2026-10");
  EXPECT_EQ(faculty.service.gathering_count(), 1u);
  EXPECT_EQ(faculty.service.asked_count(), 1u);
  faculty.reply(0, failed(faculty.sent[0].request, {Status::kOverloaded, "", 300ms, ""}));
  faculty.pass(300ms);
  faculty.reply(0, granted(faculty.sent[0].request));
  EXPECT_EQ(faculty.service.client().preferred(), 0u);
  EXPECT_TRUE(faculty.service.client().is_connected(0));
  for (const Token token : {4, 5}) faculty.ask(token);
  faculty.pass(25'000ms);
  const auto& counts = faculty.service.counts();
  EXPECT_EQ(counts.batches_answered, 1u);
  EXPECT_EQ(counts.batches_given_up, 1u);
  EXPECT_EQ(counts.tries_refused, 1u);
  EXPECT_EQ(counts.tries_sent, faculty.sent.size());
  EXPECT_EQ(counts.tries_lost, faculty.sent.size() - 2) << "one was refused, one was answered";
  EXPECT_EQ(counts.batch_programs.sum(), 4) << "two batches of two; that of the other semester gathers";
  EXPECT_NEAR(counts.batch_seconds.sum(), 0.3, 1e-9) << "of the answered one";
  EXPECT_EQ(faculty.service.asked_count(), 0u);
  EXPECT_TRUE(faculty.service.takes_requests());
  faculty.stop();
  EXPECT_FALSE(faculty.service.takes_requests());
}

TEST(FacultyServiceTest, OneSemesterIsServedWithOneBatchAndThenTheFacultyEnds) {
  for (const auto status : {Status::kOk, Status::kInvalidFaculty}) {
    auto options = options_of_three_servers();
    options.semester = "2025-10";
    Faculty faculty(options);
    faculty.ask(1, "2025-30");
    EXPECT_EQ(faculty.status_of(1), Status::kInvalidSemester);
    faculty.pass(3'600'000ms);
    EXPECT_TRUE(faculty.exits.empty()) << "waiting for a first program has no bound";
    faculty.ask(2);
    faculty.ask(3);
    faculty.ask(4);
    EXPECT_EQ(faculty.status_of(4), Status::kUnavailable) << "after the one batch was sent";
    EXPECT_NE(faculty.answer_of(4).detail, "");
    EXPECT_TRUE(faculty.exits.empty());
    const auto& request = faculty.sent.at(0).request;
    faculty.reply(0, status == Status::kOk ? granted(request) : failed(request, {status, "unknown", {}, ""}));
    EXPECT_EQ(faculty.status_of(2), status);
    ASSERT_EQ(faculty.exits.size(), 1u);
    EXPECT_EQ(faculty.exits[0].code, 0);
    faculty.ask(5);
    EXPECT_EQ(faculty.status_of(5), Status::kUnavailable);
    EXPECT_EQ(faculty.sent.size(), 1u);
  }
}

TEST(FacultyServiceTest, OneSemesterEndsWithZeroAlsoWhenNoServerAnswered) {
  auto options = options_of_three_servers();
  options.semester = "2025-10";
  Faculty faculty(options);
  faculty.ask(1);
  faculty.ask(2);
  faculty.pass(25'000ms);
  EXPECT_EQ(faculty.status_of(1), Status::kUnavailable);
  ASSERT_EQ(faculty.exits.size(), 1u);
  EXPECT_EQ(faculty.exits[0].code, 0);
}

TEST(FacultyServiceTest, OverItsBoundTheFacultyAnswersOverloadedAtOnce) {
  auto options = options_of_three_servers();
  options.waiting_max = 3;
  options.programs_min = 2;
  Faculty faculty(options);
  for (const Token token : {1, 2, 3, 4}) faculty.ask(token);
  EXPECT_EQ(faculty.status_of(4), Status::kOverloaded);
  EXPECT_EQ(faculty.answers.size(), 1u);
  faculty.reply(0, granted(faculty.sent[0].request));
  faculty.ask(5);
  EXPECT_FALSE(faculty.answers.contains(5)) << "there is room again";
}

TEST(FacultyServiceTest, AStopWithNothingWaitingEndsAtOnce) {
  Faculty faculty(options_of_three_servers());
  faculty.stop();
  ASSERT_EQ(faculty.exits.size(), 1u);
  EXPECT_EQ(faculty.exits[0].code, 0);
}

TEST(FacultyServiceTest, AStopSendsWhatGathersAndEndsWhenItIsAnswered) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1, "2025-10");
  faculty.ask(2, "2025-30");
  faculty.stop();
  ASSERT_EQ(faculty.sent.size(), 2u);
  faculty.ask(3);
  EXPECT_EQ(faculty.status_of(3), Status::kUnavailable) << "asked too late";
  faculty.reply(0, granted(faculty.sent[0].request));
  EXPECT_TRUE(faculty.exits.empty());
  faculty.reply(0, granted(faculty.sent[1].request));
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
  EXPECT_EQ(faculty.status_of(2), Status::kOk);
  ASSERT_EQ(faculty.exits.size(), 1u);
  EXPECT_EQ(faculty.exits[0].code, 0);
}

TEST(FacultyServiceTest, AStopThatGetsNoAnswerEndsInTimeWithOne) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.stop();
  faculty.pass(1'299ms);
  EXPECT_TRUE(faculty.answers.empty());
  faculty.pass(1ms);
  EXPECT_EQ(faculty.status_of(1), Status::kUnavailable);
  ASSERT_EQ(faculty.exits.size(), 1u);
  EXPECT_EQ(faculty.exits[0].code, 1);
  EXPECT_NE(faculty.exits[0].reason, "");
  EXPECT_EQ(faculty.service.wake_at(), std::nullopt);
}

TEST(FacultyServiceTest, AProgramThatAReplyRefusesAndThenAnswersWaitsForTheNextTry) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  auto refusal = failed(faculty.sent[0].request, {Status::kUnavailable, "", {}, ""});
  refusal.programs.push_back({refusal.programs[0].correlation_id, Status::kOk, {7, 2, 0}});
  refusal.programs[1].status = Status::kOk;
  faculty.reply(0, refusal);
  EXPECT_EQ(faculty.status_of(2), Status::kOk);
  EXPECT_FALSE(faculty.answers.contains(1));
  faculty.pass(1s);
  ASSERT_EQ(faculty.sent.size(), 2u);
  faculty.reply(faculty.sent[1].endpoint, granted(faculty.sent[1].request));
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
  EXPECT_EQ(faculty.answer_of(1).grant, (Grant{7, 2, 0}));
}

}  // namespace
}  // namespace dti
