#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "unit/service/faculty/faculty_harness.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using namespace faculty_test;

OfficeCommand release(const std::string& id, const std::string& program = "civil") {
  OfficeCommand command;
  command.id = id;
  command.expects = 2;
  command.actor = "program/" + program;
  command.semester = "2025-10";
  command.change = ReleaseGrant{{"derecho", program}};
  return command;
}

CommandReply done(const OfficeCommand& command, std::int64_t seq = 3) {
  CommandReply reply{command.id, command.is_dry_run, {}, true};
  reply.outcome.seq = seq;
  return reply;
}

CommandReply refused(const OfficeCommand& command, RequestError error) {
  CommandReply reply{command.id, command.is_dry_run, {}, false};
  reply.outcome.error = std::move(error);
  return reply;
}

Status status_of(const CommandReply& reply) { return reply.outcome.error ? reply.outcome.error->status : Status::kOk; }

TEST(FacultyCommands, ACommandIsSentAtOnceAndItsProgramGetsTheReplyOfTheServer) {
  Faculty faculty(options_of_three_servers());
  const auto command = release("c");
  faculty.command(1, command);
  ASSERT_EQ(faculty.commands.size(), 1U) << "it waits for no batch";
  EXPECT_EQ(faculty.commands[0].command, command);
  EXPECT_TRUE(faculty.command_replies.empty());
  faculty.reply_to_command(0, done(command));
  EXPECT_EQ(faculty.command_replies.at(1), (std::vector{done(command)}));
  EXPECT_EQ(faculty.service.waiting_count(), 0U);
  faculty.reply_to_command(0, done(command));
  EXPECT_EQ(faculty.command_replies.at(1).size(), 1U) << "a late copy of the reply";
}

TEST(FacultyCommands, ARetryHasTheSameIdAndExpectation) {
  Faculty faculty(options_of_three_servers());
  const auto command = release("c");
  faculty.command(1, command);
  faculty.reply_to_command(0, refused(command, {Status::kNotLeader, "", {}, "c:3"}));
  faculty.pass(0ms);
  ASSERT_EQ(faculty.commands.size(), 2U);
  EXPECT_EQ(faculty.commands[1].endpoint, 2U) << "the server that leads";
  faculty.lose(2);
  faculty.pass(2s);
  ASSERT_GE(faculty.commands.size(), 3U);
  for (const auto& sent : faculty.commands) EXPECT_EQ(sent.command, command);
  faculty.reply_to_command(faculty.commands.back().endpoint, done(command));
  EXPECT_EQ(status_of(faculty.command_replies.at(1).at(0)), Status::kOk);
}

TEST(FacultyCommands, ACopyGetsTheReplyOfTheFirstAndIsNotSentAgain) {
  Faculty faculty(options_of_three_servers());
  const auto command = release("c");
  faculty.command(1, command);
  faculty.command(2, command);
  EXPECT_EQ(faculty.commands.size(), 1U);
  faculty.reply_to_command(0, done(command));
  EXPECT_EQ(faculty.command_replies.at(1), faculty.command_replies.at(2));
}

TEST(FacultyCommands, AProgramHasOneCommandAtATimeAndCannotTakeTheReplyOfAnother) {
  Faculty faculty(options_of_three_servers());
  const auto command = release("c");
  faculty.command(1, command);
  auto other = command;
  other.expects = 9;
  faculty.command(2, other);
  faculty.command(3, release("d"));
  faculty.command(4, release("c", "penal"));
  for (const Token token : {2U, 3U, 4U}) {
    EXPECT_EQ(status_of(faculty.command_replies.at(token).at(0)), Status::kOverloaded) << token;
  }
  auto dry_run = release("c", "laboral");
  dry_run.is_dry_run = true;
  faculty.command(5, dry_run);
  faculty.reply_to_command(0, done(command));
  EXPECT_EQ(faculty.command_replies.at(1).size(), 1U);
  EXPECT_FALSE(faculty.command_replies.contains(5)) << "a dry run is another message";
}

TEST(FacultyCommands, TooManyCommandsAreRefusedForNow) {
  Faculty faculty(options_of_three_servers());
  for (Token token = 1; token <= 17; ++token) {
    const auto id = std::to_string(token);
    faculty.command(token, release("c" + id, "program-" + id));
  }
  EXPECT_EQ(faculty.commands.size(), 16U);
  EXPECT_EQ(status_of(faculty.command_replies.at(17).at(0)), Status::kOverloaded);
}

TEST(FacultyCommands, WithoutAReplyTheOutcomeIsNotKnown) {
  Faculty faculty(options_of_three_servers());
  faculty.command(1, release("c"));
  faculty.pass(26s);
  const auto& reply = faculty.command_replies.at(1).at(0);
  EXPECT_EQ(status_of(reply), Status::kUnavailable);
  EXPECT_NE(reply.outcome.error->detail.find("repeat the command with its command-id"), std::string::npos);
  EXPECT_FALSE(reply.has_facts);
}

TEST(FacultyCommands, CommandsAndBatchesDoNotDisturbEachOther) {
  Faculty faculty(options_of_three_servers());
  const auto command = release("c");
  faculty.ask(1);
  faculty.command(2, command);
  faculty.ask(3);
  ASSERT_EQ(faculty.sent.size(), 1U);
  faculty.reply(0, granted(faculty.sent[0].request));
  EXPECT_EQ(faculty.status_of(1), Status::kOk);
  EXPECT_FALSE(faculty.command_replies.contains(2));
  faculty.reply_to_command(0, done(command));
  EXPECT_EQ(faculty.service.waiting_count(), 0U);
  EXPECT_EQ(faculty.service.counts().batches_answered, 1U);
}

TEST(FacultyCommands, AServerOfAnEarlierVersionEndsTheCommand) {
  // It takes the command for a malformed request, or for a request without programs.
  AllocationReply malformed;
  malformed.error = RequestError{Status::kInvalidRequest, "programs: is missing", {}, {}};
  malformed.semester = "";
  AllocationReply empty;
  empty.semester = "2025-10";
  for (const auto& reply : {malformed, empty}) {
    Faculty faculty(options_of_three_servers());
    faculty.command(1, release("c"));
    faculty.reply(0, reply);
    EXPECT_EQ(status_of(faculty.command_replies.at(1).at(0)), Status::kInvalidRequest);
    EXPECT_EQ(faculty.service.waiting_count(), 0U);
  }
}

TEST(FacultyCommands, AFacultyOfOneSemesterThatStopsWaitsForTheCommandInProgress) {
  auto options = options_of_three_servers();
  options.semester = "2025-10";
  Faculty faculty(options);
  auto elsewhere = release("a");
  elsewhere.semester = "2026-10";
  faculty.command(1, elsewhere);
  EXPECT_EQ(status_of(faculty.command_replies.at(1).at(0)), Status::kInvalidSemester);
  const auto command = release("c");
  faculty.command(2, command);
  faculty.stop();
  EXPECT_TRUE(faculty.exits.empty());
  faculty.command(3, release("d", "penal"));
  EXPECT_EQ(status_of(faculty.command_replies.at(3).at(0)), Status::kUnavailable);
  faculty.reply_to_command(0, done(command));
  ASSERT_EQ(faculty.exits.size(), 1U);
  EXPECT_EQ(faculty.exits[0].code, 0);
}

}  // namespace
}  // namespace dti
