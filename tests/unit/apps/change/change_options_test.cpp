#include "dtictl/change/change_options.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "dtictl/change/change_text.hpp"

namespace dti {
namespace {

using Variables = std::map<std::string, std::string>;

std::variant<ChangeOptions, UsageExit> parse(const ChangeVerb& verb, const std::vector<std::string>& args,
                                             const Variables& variables = {}, const std::string& file = "") {
  Surroundings surroundings;
  surroundings.variable = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  surroundings.read_file = [&](const std::string&) { return file; };
  return parse_change_options(verb, args, surroundings);
}

std::variant<ChangeOptions, UsageExit> parse(OfficeVerb verb, const std::vector<std::string>& args,
                                             const Variables& variables = {}, const std::string& file = "") {
  return parse(ChangeVerb{.verb = verb, .name = "dtictl test", .purpose = "", .examples = {}}, args, variables, file);
}

/// The line about incorrect usage; empty if there is none.
std::string fault(const std::variant<ChangeOptions, UsageExit>& parsed) {
  const auto* const usage = std::get_if<UsageExit>(&parsed);
  return usage == nullptr ? "" : usage->text;
}

const std::vector<std::string> kRelease{"--semester=s", "--faculty=f", "--program=p", "--admin=/run/dti"};

std::vector<std::string> release_with(const std::string& flag) {
  auto args = kRelease;
  args.push_back(flag);
  return args;
}

TEST(ChangeOptions, ACommandForTheSocketFileNamesItsUserAndHasAnIdOfItsOwn) {
  const auto parsed = parse(OfficeVerb::kReleaseGrant, kRelease);
  ASSERT_EQ(fault(parsed), "");
  const auto& options = std::get<ChangeOptions>(parsed);
  EXPECT_EQ(options.client.servers, std::vector<std::string>{"ipc:///run/dti/admin"});
  const auto& command = options.message.command;
  EXPECT_EQ(command.actor, "local/" + std::to_string(::getuid()));
  EXPECT_EQ(command.change, OfficeCommand::Change{(ReleaseGrant{{"f", "p"}})});
  EXPECT_EQ(command.id.size(), 36U);
  EXPECT_NE(command.id, std::get<ChangeOptions>(parse(OfficeVerb::kReleaseGrant, kRelease)).message.command.id);
}

TEST(ChangeOptions, TheWaitListIsTurnedOnOrOffByTheCommandAndNotByAFlag) {
  const std::vector<std::string> args{"--semester=s", "--admin=/run/dti", "--yes"};
  for (const bool is_on : {true, false}) {
    const ChangeVerb verb{
        .verb = OfficeVerb::kSetWaitList, .name = "dtictl test", .purpose = "", .examples = {}, .turns_on = is_on};
    const auto parsed = parse(verb, args);
    ASSERT_EQ(fault(parsed), "");
    const auto& options = std::get<ChangeOptions>(parsed);
    EXPECT_EQ(options.message.command.change, OfficeCommand::Change{SetWaitList{is_on}});
    EXPECT_TRUE(options.is_confirmed);
  }
  const auto leaves = parse(OfficeVerb::kLeaveWaitList, kRelease);
  ASSERT_EQ(fault(leaves), "");
  EXPECT_EQ(std::get<ChangeOptions>(leaves).message.command.change, OfficeCommand::Change{(LeaveWaitList{{"f", "p"}})});
}

TEST(ChangeText, TellsWhoWaitsAndHowManyGetMoreAtOnce) {
  OfficeMessage message;
  message.command.semester = "s";
  message.command.change = SetWaitList{true};
  OfficeOutcome outcome;
  EXPECT_EQ(facts_text(message, outcome), "the wait list of s is off; left: 0 classrooms, 0 labs and 0 mobile labs");
  outcome.seq = 7;
  outcome.has_wait_list = true;
  outcome.waiting = WaitListSize{12, 3};
  EXPECT_EQ(
      facts_text(message, outcome),
      "the wait list of s is on since entry 7; 12 programs wait, and 3 of them get more at once; left: 0 classrooms, "
      "0 labs and 0 mobile labs");
  message.command.change = LeaveWaitList{{"f", "p"}};
  outcome.grant = HeldGrant{{2, 0}, {1, 0, 0}};
  EXPECT_EQ(
      facts_text(message, outcome),
      "p of f holds 1 classrooms, 0 labs and 0 mobile labs and wants 2 classrooms and 0 labs in s since entry 7, and "
      "does not wait; left: 0 classrooms, 0 labs and 0 mobile labs, for the wait list first");
  outcome.waits_since = 5;
  EXPECT_NE(facts_text(message, outcome).find(", and waits since entry 5; "), std::string::npos);
}

TEST(ChangeOptions, ACommandForServersNamesNoActor) {
  const auto parsed = parse(OfficeVerb::kCloseSemester, {"--semester=s", "--server=a:1,b:2"});
  ASSERT_EQ(fault(parsed), "");
  const auto& options = std::get<ChangeOptions>(parsed);
  EXPECT_EQ(options.client.servers, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(options.message.command.actor, "");
}

TEST(ChangeOptions, TheSocketFileIsBesideTheStore) {
  const auto parsed = parse(OfficeVerb::kCloseSemester, {"--semester=s", "--store=sqlite:/var/lib/dti/dti.db"});
  ASSERT_EQ(fault(parsed), "");
  EXPECT_EQ(std::get<ChangeOptions>(parsed).client.servers.front(), "ipc:///var/lib/dti/dti.db.admin/admin");
}

TEST(ChangeOptions, ANewSemesterMayConvertAllClassrooms) {
  const std::vector<std::string> args{"--semester=s", "--classrooms=9", "--labs=2", "--admin=/run/dti"};
  EXPECT_EQ(std::get<ChangeOptions>(parse(OfficeVerb::kOpenSemester, args)).message.opens, (Capacity{9, 2, 9}));
}

TEST(ChangeOptions, WhatIsChangedComesFromFlagsOnly) {
  const std::vector<std::string> args{"--semester=s", "--faculty=f", "--program=p", "--labs=1", "--admin=/run/dti"};
  EXPECT_NE(fault(parse(OfficeVerb::kAmendGrant, args, {{"DTI_CLASSROOMS", "380"}})).find("give the flag --classrooms"),
            std::string::npos);
  auto with_file = args;
  with_file.push_back("--config=dti.toml");
  EXPECT_NE(
      fault(parse(OfficeVerb::kAmendGrant, with_file, {}, "classrooms = 380\n")).find("give the flag --classrooms"),
      std::string::npos);
}

TEST(ChangeOptions, IncorrectUsageIsNamed) {
  const struct {
    std::vector<std::string> args;
    std::string part;
  } kCases[] = {
      {release_with("--command-id=c"), "needs --expects too"},
      {release_with("--admin=off"), "--admin"},
      {release_with("--expects=-1"), "--expects"},
      {release_with("--note=" + std::string(501, 'n')), "--note"},
      {release_with("--confirm=s"), "--confirm"},
      {{"--semester=s", "--faculty=f", "--program=p", "--admin=/" + std::string(120, 'x')}, "may have 107"},
      {{"--semester=s", "--faculty=f", "--program=p", "--server=a:1", "--server-key=" + std::string(64, 'a')}, "--key"},
      {{"--semester=s", "--faculty=f", "--program=p", "--store=postgresql://h/d"}, "or --server"},
  };
  for (const auto& c : kCases) {
    const auto text = fault(parse(OfficeVerb::kReleaseGrant, c.args));
    EXPECT_NE(text.find(c.part), std::string::npos) << c.args.back() << ": " << text;
  }
}

TEST(ChangeText, AnExitCodeTellsWhetherToRepeatOrToGiveUp) {
  EXPECT_EQ(exit_code_of(Status::kConflict), 1);
  EXPECT_EQ(exit_code_of(Status::kRefused), 1);
  EXPECT_EQ(exit_code_of(Status::kInvalidProgram), 2);
  EXPECT_EQ(exit_code_of(Status::kInvalidRequest), 2);
  EXPECT_EQ(exit_code_of(Status::kUnauthorized), 4);
}

}  // namespace
}  // namespace dti
