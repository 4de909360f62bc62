#include "dti/service/faculty/faculty_service.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/service/faculty_harness.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;
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

TEST(FacultyServiceTest, AReplyThatListsNothingIsNotGuessedToBeAnyOneOfSeveralRequests) {
  Faculty faculty(options_of_three_servers());
  for (const Token token : {1, 2}) faculty.ask(token, "2025-10");
  for (const Token token : {3, 4}) faculty.ask(token, "2025-30");
  AllocationReply reply;
  reply.error = RequestError{Status::kInvalidSemester, "", {}, ""};
  faculty.reply(0, reply);
  EXPECT_TRUE(faculty.answers.empty());
  reply.request_id = faculty.sent[1].request.request_id;
  faculty.reply(0, reply);
  EXPECT_EQ(faculty.status_of(3), Status::kInvalidSemester);
  EXPECT_FALSE(faculty.answers.contains(1));
  for (const Token token : {5, 6}) faculty.ask(token, "2026-10");
  reply.request_id.reset();
  reply.semester = "2025-10";  // as an old server says it
  faculty.reply(0, reply);
  EXPECT_EQ(faculty.status_of(1), Status::kInvalidSemester);
  EXPECT_FALSE(faculty.answers.contains(5));
}

TEST(FacultyServiceTest, RepliesThatAreForeignLateOrRepeatedChangeNothing) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  AllocationReply foreign;
  foreign.request_id = faculty.sent[0].request.request_id;  // alone it proves nothing when the programs are others
  foreign.programs = {{"somebody-else", Status::kOk, {1, 1, 0}}};
  faculty.reply(0, foreign);
  EXPECT_TRUE(faculty.answers.empty());
  faculty.reply(0, granted(faculty.sent[0].request));
  faculty.reply(0, granted(faculty.sent[0].request));
  faculty.reply(1, failed(faculty.sent[0].request, {Status::kInvalidFaculty, "", {}, ""}));
  EXPECT_EQ(faculty.answers[1].size(), 1u);
  EXPECT_EQ(faculty.answers[2].size(), 1u);
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
}

TEST(FacultyServiceTest, ALostTryIsMadeAgainAtTheNextServerWithTheSameIds) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  faculty.pass(1'999ms);
  EXPECT_EQ(faculty.sent.size(), 1u);
  faculty.pass(1ms);
  ASSERT_EQ(faculty.sent.size(), 2u);
  EXPECT_EQ(faculty.resets, (std::vector<std::size_t>{0}));
  EXPECT_EQ(faculty.sent[0].endpoint, 0u);
  EXPECT_EQ(faculty.sent[1].endpoint, 1u);
  EXPECT_EQ(faculty.sent[1].request, faculty.sent[0].request);
  faculty.reply(1, granted(faculty.sent[1].request));
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
  faculty.ask(3);
  faculty.ask(4);
  EXPECT_EQ(faculty.sent.back().endpoint, 1u) << "the next batch starts at the server that answered";
}

TEST(FacultyServiceTest, ARefusalForNowIsFollowedByAPauseAndAnotherTry) {
  struct Case {
    const char* claim;
    RequestError error;
    std::size_t endpoint_next;
    milliseconds pause_min;
    milliseconds pause_max;
    bool resets = false;  // a new connection, which a balancer may give to another server
  };
  const Case cases[] = {
      {"not the leader, leader not known", {Status::kNotLeader, "", {}, ""}, 1, 50ms, 100ms, true},
      {"not the leader, leader in the list", {Status::kNotLeader, "", {}, "c:3"}, 2, 0ms, 0ms},
      {"not the leader, and names itself", {Status::kNotLeader, "", {}, "a:1"}, 0, 50ms, 100ms, true},
      {"not the leader, leader elsewhere", {Status::kNotLeader, "", {}, "d:4"}, 1, 50ms, 100ms, true},
      {"overloaded", {Status::kOverloaded, "", 300ms, ""}, 0, 300ms, 300ms},
      {"unavailable", {Status::kUnavailable, "", 10ms, ""}, 1, 50ms, 100ms},
      {"a retry-after beyond reason", {Status::kOverloaded, "", 3'600'000ms, ""}, 0, 5'000ms, 5'000ms},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.claim);
    Faculty faculty(options_of_three_servers());
    faculty.ask(1);
    faculty.ask(2);
    faculty.reply(0, failed(faculty.sent[0].request, test.error));
    EXPECT_TRUE(faculty.answers.empty());
    EXPECT_EQ(faculty.sent.size(), 1u);
    faculty.pass(test.pause_max);
    ASSERT_EQ(faculty.sent.size(), 2u);
    EXPECT_GE(faculty.sent_at[1] - faculty.sent_at[0], test.pause_min);
    EXPECT_EQ(faculty.sent[1].endpoint, test.endpoint_next);
    EXPECT_EQ(faculty.sent[1].request, faculty.sent[0].request);
    EXPECT_EQ(faculty.resets, std::vector<std::size_t>(test.resets ? 1 : 0, 0));
  }
}

TEST(FacultyServiceTest, TwoServersThatNameEachOtherAreAskedWithAPause) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  faculty.reply(0, failed(faculty.sent[0].request, {Status::kNotLeader, "", {}, "b:2"}));
  faculty.pass(0ms);
  ASSERT_EQ(faculty.sent.size(), 2u);
  EXPECT_EQ(faculty.sent[1].endpoint, 1u);
  faculty.reply(1, failed(faculty.sent[0].request, {Status::kNotLeader, "", {}, "a:1"}));
  faculty.pass(49ms);
  EXPECT_EQ(faculty.sent.size(), 2u);
  faculty.pass(51ms);
  ASSERT_EQ(faculty.sent.size(), 3u);
  EXPECT_EQ(faculty.sent[2].endpoint, 0u);
}

TEST(FacultyServiceTest, ServersThatDoNotLeadAreAskedAgainUntilOneDoesOrTheBudgetEnds) {
  for (const bool one_leads : {true, false}) {
    auto options = options_of_three_servers();
    options.client.retries = 1;
    Faculty faculty(options);
    faculty.ask(1);
    faculty.ask(2);
    for (std::size_t i = 0; faculty.now - kStart < (one_leads ? 20s : 30s) && i < faculty.sent.size(); ++i) {
      faculty.reply(faculty.sent[i].endpoint, failed(faculty.sent[i].request, {Status::kNotLeader, "", {}, ""}));
      if (faculty.answers.empty()) faculty.pass(1'000ms);
    }
    if (one_leads) faculty.reply(faculty.sent.back().endpoint, granted(faculty.sent[0].request));
    EXPECT_EQ(faculty.status_of(1), one_leads ? Status::kOk : Status::kUnavailable);
    EXPECT_EQ(faculty.answers[1].size(), 1u);
    EXPECT_LE(faculty.now - kStart, 25s);
    EXPECT_LE(faculty.sent.size(), 60u);
  }
}

TEST(FacultyServiceTest, AConnectionThatIsLostSendsItsBatchesToAnotherServerSoon) {
  Faculty faculty(options_of_three_servers());
  faculty.ask(1);
  faculty.ask(2);
  faculty.lose(0);
  faculty.pass(100ms);
  ASSERT_EQ(faculty.sent.size(), 2u);
  EXPECT_EQ(faculty.sent[1].endpoint, 1u);
  EXPECT_EQ(faculty.sent[1].request, faculty.sent[0].request);
  faculty.lose(2);  // nothing is under way there
  faculty.reply(1, granted(faculty.sent[0].request));
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
}

TEST(FacultyServiceTest, AStandbyIsAskedAgainWhileTheLeaderThatItNamesIsNotThere) {
  auto options = options_of_three_servers();
  options.client.endpoints.resize(2);
  Faculty faculty(options);
  faculty.ask(1);
  faculty.ask(2);
  faculty.lose(0);
  faculty.pass(100ms);
  std::size_t sent = 2;
  for (; faculty.now - kStart < 1s; ++sent) {
    ASSERT_EQ(faculty.sent.size(), sent);
    EXPECT_EQ(faculty.sent.back().endpoint, 1u);
    faculty.reply(1, failed(faculty.sent[0].request, {Status::kNotLeader, "", {}, "a:1"}));
    faculty.pass(1'000ms);
  }
  EXPECT_GE(sent, 3u);
  faculty.reply(1, failed(faculty.sent[0].request, {Status::kNotLeader, "", {}, "a:1"}));
  faculty.pass(0ms);
  ASSERT_EQ(faculty.sent.size(), sent + 1);
  EXPECT_EQ(faculty.sent.back().endpoint, 0u) << "by now it may be there again";
}

TEST(FacultyServiceTest, WhenNoServerCanBeReachedNothingCountsAsATryUntilOneIsThereOrTheBudgetEnds) {
  for (const std::size_t servers : {1u, 2u}) {
    for (const int retries : {0, 1}) {
      for (const bool one_comes : {true, false}) {
        SCOPED_TRACE(std::to_string(servers) + " servers, " + std::to_string(retries) + " retries");
        auto options = options_of_three_servers();
        options.client.endpoints.resize(servers);
        options.client.retries = retries;
        Faculty faculty(options);
        faculty.servers_are_there = false;
        faculty.ask(1);
        faculty.ask(2);
        for (std::size_t i = 0; faculty.answers.empty() && i < faculty.sent.size(); ++i) {
          const auto& send = faculty.sent[i];
          if (one_comes && faculty.now - kStart > 20s) {
            faculty.connect(send.endpoint);
            faculty.reply(send.endpoint, granted(send.request));
          } else {
            faculty.lose(send.endpoint);
            faculty.pass(1'000ms);
          }
        }
        EXPECT_EQ(faculty.status_of(1), one_comes ? Status::kOk : Status::kUnavailable);
        if (one_comes) continue;
        EXPECT_GE(faculty.now - kStart, 23s);
        EXPECT_LE(faculty.now - kStart, 25s);
        EXPECT_LE(faculty.sent.size(), 60u);
        EXPECT_NE(faculty.answer_of(1).detail.find("nothing was asked"), std::string::npos);
      }
    }
  }
}

TEST(FacultyServiceTest, WithoutRetriesARequestWhoseConnectionBreaksIsNotSentAgain) {
  auto options = options_of_three_servers();
  options.client.retries = 0;
  Faculty faculty(options);
  faculty.ask(1);
  faculty.ask(2);
  faculty.lose(0);
  EXPECT_EQ(faculty.status_of(1), Status::kUnavailable) << "its answer cannot come any more";
  EXPECT_NE(faculty.answer_of(1).detail.find("may have been granted"), std::string::npos) << "the server may be an old one";
  faculty.pass(60'000ms);
  EXPECT_EQ(faculty.sent.size(), 1u);
}

TEST(FacultyServiceTest, TheTimeOfATryBeginsWhenItsConnectionStands) {
  Faculty faculty(options_of_three_servers());
  faculty.servers_are_there = false;
  faculty.ask(1);
  faculty.ask(2);
  faculty.pass(10'000ms);
  faculty.connect(0);
  faculty.pass(1'999ms);
  EXPECT_EQ(faculty.sent.size(), 1u);
  faculty.pass(1ms);
  EXPECT_EQ(faculty.sent.size(), 2u);
}

TEST(FacultyServiceTest, StandbysBehindABalancerAreLeftForNewConnectionsUntilTheLeaderIsFound) {
  for (const auto status : {Status::kNotLeader, Status::kUnavailable}) {
    SCOPED_TRACE(wire_text(status));
    auto options = options_of_three_servers();
    options.client.endpoints = {"balancer:1"};
    options.client.retries = status == Status::kNotLeader ? 1 : 10;
    Faculty faculty(options);
    faculty.ask(1);
    faculty.ask(2);
    for (std::size_t refusals = 1; refusals <= 8; ++refusals) {
      faculty.reply(0, failed(faculty.sent.back().request, {status, "", {}, "d:4"}));
      EXPECT_EQ(faculty.resets.size(), refusals);
      faculty.pass(1'000ms);
      ASSERT_EQ(faculty.sent.size(), refusals + 1);
    }
    faculty.reply(0, granted(faculty.sent.back().request));
    EXPECT_EQ(faculty.status_of(1), Status::kOk);
  }
}

TEST(FacultyServiceTest, RequestsThatShareAConnectionToAStandbyAreAskedAgainAtOnceAndForFree) {
  for (const auto status : {Status::kNotLeader, Status::kUnavailable}) {
    SCOPED_TRACE(wire_text(status));
    auto options = options_of_three_servers();
    options.client.endpoints = {"balancer:1"};
    options.client.retries = 1;
    Faculty faculty(options);
    for (const Token token : {1, 2}) faculty.ask(token);
    for (const Token token : {3, 4}) faculty.ask(token);
    ASSERT_EQ(faculty.sent.size(), 2u);
    faculty.reply(0, failed(faculty.sent[0].request, {status, "", {}, ""}));
    faculty.pass(100ms);
    if (status == Status::kNotLeader) {
      EXPECT_EQ(faculty.resets, std::vector<std::size_t>{0});
      ASSERT_EQ(faculty.sent.size(), 4u);
    } else {
      EXPECT_TRUE(faculty.resets.empty()) << "that server may still answer the other request";
      ASSERT_EQ(faculty.sent.size(), 3u);
    }
    faculty.reply(0, granted(faculty.sent[0].request));
    faculty.reply(0, granted(faculty.sent[1].request));
    for (const Token token : {1, 2, 3, 4}) EXPECT_EQ(faculty.status_of(token), Status::kOk) << token;
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
    EXPECT_EQ(faculty.status_of(1), Status::kUnavailable);
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

TEST(FacultyServiceTest, MalformedRequestsOfManySemestersTakeLittleMemory) {
  Faculty faculty(options_of_three_servers());
  for (int i = 0; i < 10'000; ++i) faculty.ask_malformed("semester " + std::to_string(i), "civil");
  faculty.ask(1, "semester 9999");
  faculty.ask(2, "semester 9999");
  EXPECT_EQ(faculty.sent.size(), 1u);
  faculty.ask(3, "semester 5000");
  EXPECT_EQ(faculty.sent.size(), 1u) << "not so many are counted";
}

TEST(FacultyServiceTest, PausesGrowToASecondWithJitter) {
  std::set<milliseconds> first_pauses;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Faculty faculty(options_of_three_servers(), seed);
    faculty.ask(1);
    faculty.ask(2);
    for (std::size_t i = 0; i < 10; ++i) {
      const auto refused_at = faculty.now;
      faculty.reply(faculty.sent[i].endpoint, failed(faculty.sent[i].request, {Status::kUnavailable, "", {}, ""}));
      faculty.pass(1'000ms);
      ASSERT_EQ(faculty.sent.size(), i + 2);
      const auto pause = std::chrono::duration_cast<milliseconds>(faculty.sent_at[i + 1] - refused_at);
      const auto longest = std::min<milliseconds>(1'000ms, 100ms * (1 << i));
      EXPECT_GE(pause, longest / 2) << "seed " << seed << ", pause " << i;
      EXPECT_LE(pause, longest) << "seed " << seed << ", pause " << i;
      if (i == 0) first_pauses.insert(pause);
    }
  }
  EXPECT_GT(first_pauses.size(), 5u) << "faculties must not come back as one";
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
  faculty.reply(1, granted(faculty.sent[1].request));
  EXPECT_EQ(faculty.status_of(2), Status::kOk);
  EXPECT_EQ(faculty.answers[1].size(), 1u);
}

TEST(FacultyServiceTest, ALateRefusalLeavesTheTryUnderWayAloneButALateGrantIsTaken) {
  auto options = options_of_three_servers();
  Faculty faculty(options);
  faculty.ask(1);
  faculty.ask(2);
  faculty.pass(2'000ms);
  ASSERT_EQ(faculty.sent.size(), 2u);
  faculty.reply(0, failed(faculty.sent[0].request, {Status::kNotLeader, "", {}, "c:3"}));
  faculty.pass(1'999ms);
  EXPECT_EQ(faculty.sent.size(), 2u);
  faculty.reply(0, granted(faculty.sent[0].request));
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
  faculty.pass(60'000ms);
  EXPECT_EQ(faculty.sent.size(), 2u);
}

TEST(FacultyServiceTest, WhenTheTriesAreUsedUpEveryProgramIsToldUnavailable) {
  struct Case {
    const char* claim;
    int retries;
    milliseconds budget;
    std::size_t tries;
    milliseconds took;
  };
  const Case cases[] = {
      {"no retries, as an old server needs it", 0, 25'000ms, 1, 2'000ms},
      {"a negative number is none", -1, 25'000ms, 1, 2'000ms},
      {"three retries", 3, 25'000ms, 4, 8'000ms},
      {"ten retries", 10, 25'000ms, 11, 22'000ms},
      {"the budget ends it", 100, 25'000ms, 13, 25'000ms},
      {"the budget cuts the first try", 10, 500ms, 1, 500ms},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.claim);
    auto options = options_of_three_servers();
    options.client.retries = test.retries;
    options.client.budget = test.budget;
    Faculty faculty(options);
    faculty.ask(1);
    faculty.ask(2);
    faculty.pass(test.took - 1ms);
    EXPECT_TRUE(faculty.answers.empty());
    faculty.pass(1ms);
    EXPECT_EQ(faculty.sent.size(), test.tries);
    ASSERT_EQ(faculty.answers.size(), 2u);
    EXPECT_EQ(faculty.status_of(1), Status::kUnavailable);
    EXPECT_EQ(faculty.status_of(2), Status::kUnavailable);
    EXPECT_NE(faculty.answer_of(1).detail, "");
    EXPECT_EQ(faculty.service.waiting_count(), 0u);
    EXPECT_EQ(faculty.service.wake_at(), std::nullopt);
  }
}

TEST(FacultyServiceTest, WithoutRetriesARefusalIsToldAtOnceAndNothingIsSentAgain) {
  auto options = options_of_three_servers();
  options.client.retries = 0;
  Faculty faculty(options);
  faculty.ask(1);
  faculty.ask(2);
  faculty.reply(0, failed(faculty.sent[0].request, {Status::kOverloaded, "", {}, ""}));
  EXPECT_EQ(faculty.status_of(1), Status::kUnavailable);
  faculty.pass(60'000ms);
  EXPECT_EQ(faculty.sent.size(), 1u);
}

TEST(FacultyServiceTest, ABatchThatIsGivenUpLetsTheNextOneBeginAtTheNextServer) {
  for (const bool refuses : {false, true}) {
    SCOPED_TRACE(refuses ? "the servers refuse" : "the servers are silent");
    auto options = options_of_three_servers();
    options.client.retries = 0;
    Faculty faculty(options);
    for (const std::size_t server : {0u, 1u, 2u, 0u}) {
      faculty.ask(Token{10 * faculty.sent.size() + 1});
      faculty.ask(Token{10 * faculty.sent.size() + 2});
      ASSERT_EQ(faculty.sent.back().endpoint, server);
      if (refuses) faculty.reply(server, failed(faculty.sent.back().request, {Status::kNotLeader, "", {}, ""}));
      faculty.pass(2'000ms);
    }
  }
}

TEST(FacultyServiceTest, WithoutRetriesAConnectionIsNotMadeAnewUnderAnotherRequest) {
  auto options = options_of_three_servers();
  options.client.endpoints = {"a:1"};
  options.client.retries = 0;
  Faculty faculty(options);
  for (const Token token : {1, 2}) faculty.ask(token);
  faculty.pass(1'000ms);
  for (const Token token : {3, 4}) faculty.ask(token);
  faculty.pass(1'500ms);
  EXPECT_EQ(faculty.status_of(1), Status::kUnavailable);
  for (const Token token : {5, 6}) faculty.ask(token);
  EXPECT_TRUE(faculty.resets.empty());
  faculty.reply(0, granted(faculty.sent[1].request));
  EXPECT_EQ(faculty.status_of(3), Status::kOk);
}

TEST(FacultyServiceTest, AConnectionOnWhichAnotherRequestWasAnsweredIsKept) {
  Faculty faculty(options_of_three_servers());
  for (const Token token : {1, 2}) faculty.ask(token);
  faculty.pass(1'000ms);
  for (const Token token : {3, 4}) faculty.ask(token);
  faculty.pass(1'000ms);
  ASSERT_EQ(faculty.sent.size(), 3u);
  EXPECT_EQ(faculty.sent[2].endpoint, 1u) << "the first request was lost";
  faculty.reply(1, granted(faculty.sent[2].request));
  faculty.reply(0, granted(faculty.sent[1].request));
  for (const Token token : {5, 6}) faculty.ask(token);
  EXPECT_EQ(faculty.sent.back().endpoint, 0u);
  EXPECT_TRUE(faculty.resets.empty());
  faculty.pass(2'000ms);
  EXPECT_EQ(faculty.resets, (std::vector<std::size_t>{0})) << "nothing else was under way on it";
}

TEST(FacultyServiceTest, RequestsThatShareAConnectionDoNotEndEachOthersTriesForEver) {
  auto options = options_of_three_servers();
  options.client.endpoints = {"a:1"};
  Faculty faculty(options);
  // A server that takes 1.5 s for each answer; the first two are lost, a second apart.
  for (const Token token : {1, 2}) faculty.ask(token);
  faculty.pass(1'000ms);
  for (const Token token : {3, 4}) faculty.ask(token);
  std::size_t seen = 2;
  std::size_t resets_seen = 0;
  std::vector<std::pair<SteadyTime, AllocationReply>> on_the_way;
  for (int step = 0; step < 100; ++step) {
    faculty.pass(100ms);
    if (faculty.resets.size() > resets_seen) on_the_way.clear();  // a connection made anew loses what was on it
    resets_seen = faculty.resets.size();
    for (; seen < faculty.sent.size(); ++seen) {
      on_the_way.emplace_back(faculty.now + 1'500ms, granted(faculty.sent[seen].request));
    }
    for (std::size_t i = 0; i < on_the_way.size(); ++i) {
      if (on_the_way[i].first == faculty.now) faculty.reply(0, on_the_way[i].second);
    }
  }
  ASSERT_EQ(faculty.answers.size(), 4u);
  for (const Token token : {1, 2, 3, 4}) EXPECT_EQ(faculty.status_of(token), Status::kOk) << token;
  EXPECT_GE(faculty.resets.size(), 1u);
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

}  // namespace
}  // namespace dti
