#include "dtictl/commands.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dti {
namespace {

int run_nothing(std::span<const std::string> /*args*/) { return 0; }

const CommandSet kProgram{.name = "tool",
                          .purpose = "tool does things.",
                          .commands = {{"verify", "looks", &run_nothing}, {"export", "writes", &run_nothing}}};

std::variant<const Command*, UsageExit> find(const std::vector<std::string>& args) {
  return find_command(kProgram, args);
}

TEST(Commands, ACommandIsFoundByItsNameWhateverFollows) {
  const auto found = find({"export", "verify", "--help"});
  ASSERT_TRUE(std::holds_alternative<const Command*>(found));
  EXPECT_EQ(std::get<const Command*>(found), &kProgram.commands[1]);
}

TEST(Commands, HelpListsEachCommandOnStdout) {
  for (const auto* flag : {"--help", "-h"}) {
    const auto usage = std::get<UsageExit>(find({flag}));
    EXPECT_EQ(usage.code, 0);
    EXPECT_TRUE(usage.to_stdout);
    EXPECT_NE(usage.text.find("  verify\n      looks\n  export\n      writes\n"), std::string::npos) << usage.text;
  }
}

TEST(Commands, VersionIsTheProgramsOwn) {
  const auto usage = std::get<UsageExit>(find({"--version"}));
  EXPECT_EQ(usage.text, "tool " DTI_VERSION "\n");
  EXPECT_EQ(usage.code, 0);
}

TEST(Commands, AnythingElseIsBadUseInOneLineThatShowsNoPassword) {
  struct Case {
    std::vector<std::string> args;
    const char* line;
  };
  const Case cases[] = {
      {{}, "tool: a command is needed (commands: verify, export; see tool --help)\n"},
      {{"vrfy"}, "tool: unknown command \"vrfy\" (commands: verify, export; see tool --help)\n"},
      {{"Verify1"}, "tool: unknown command (commands: verify, export; see tool --help)\n"},
      {{"postgresql://u:s3cret@h/d"}, "tool: unknown command (commands: verify, export; see tool --help)\n"},
      {{""}, "tool: unknown command \"\" (commands: verify, export; see tool --help)\n"},
      {{"--store=x", "verify"}, "tool: the command must come first (commands: verify, export; see tool --help)\n"}};
  for (const auto& c : cases) {
    const auto found = find(c.args);
    ASSERT_TRUE(std::holds_alternative<UsageExit>(found)) << c.line;
    const auto& usage = std::get<UsageExit>(found);
    EXPECT_EQ(usage.code, 2);
    EXPECT_FALSE(usage.to_stdout);
    EXPECT_EQ(usage.text, c.line);
  }
}

}  // namespace
}  // namespace dti
