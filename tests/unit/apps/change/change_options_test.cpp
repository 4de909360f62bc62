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

std::variant<ChangeOptions, UsageExit> parse(OfficeVerb verb, const std::vector<std::string>& args,
                                             const Variables& variables = {}, const std::string& file = "") {
  Surroundings surroundings;
  surroundings.variable = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  surroundings.read_file = [&](const std::string&) { return file; };
  return parse_change_options({.verb = verb, .name = "dtictl test", .purpose = "", .examples = {}}, args, surroundings);
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
