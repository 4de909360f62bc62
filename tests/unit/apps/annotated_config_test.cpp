// packaging/dti.toml, the config file that the package installs: each setting of dti_server with its help.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "cli/help.hpp"
#include "dti_server/options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::fake_surroundings;

std::string content_of(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The help of each setting from --help, as comments: name -> comment.
std::map<std::string, std::string> comments() {
  std::map<std::string, std::string> found;
  std::istringstream lines{help_text(describe_dti_server())};
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  --")) {
      name = line.substr(4, line.find('=') - 4);
    } else if (line.starts_with("      ") && !name.empty()) {
      found[name] += "# " + line.substr(6) + '\n';
    } else {
      name.clear();
    }
  }
  return found;
}

std::string line_for(const Setting& setting) {
  const bool is_bare = std::holds_alternative<IntegerKind>(setting.kind) ||
                       std::holds_alternative<SecondsKind>(setting.kind) ||
                       std::holds_alternative<SwitchKind>(setting.kind);
  const auto value = setting.default_value.value_or(placeholder(setting.kind));
  return setting.name + " = " + (is_bare ? value : '"' + value + '"') + '\n';
}

/// @param is_active  whether to give each setting that has a default this default, instead of a comment
std::string annotated_config(bool is_active = false) {
  std::string text =
      "# The settings of dti_server. Each line \"#key = value\" has the default of its setting, or the kind of its\n"
      "# value if it has no default. To change a setting, remove the \"#\" and write the value.\n"
      "#\n"
      "# A flag (--port) has priority over its environment variable (DTI_PORT), and the variable over this file.\n"
      "# Check a changed file with:  dti_server --check-config --config=FILE\n"
      "# See all values in use with: dti_server --print-config --config=FILE\n";
  std::string group;
  auto help = comments();
  for (const auto& setting : with_common_settings(describe_dti_server()).settings) {
    if (setting.group != group) text += "\n\n## " + (setting.group == "Log and help" ? "Log" : setting.group) + '\n';
    group = setting.group;
    text += '\n' + help[setting.name] + (is_active && setting.default_value ? "" : "#") + line_for(setting);
  }
  return text;
}

std::string print(const std::string& file) {
  const std::vector<std::string> args{"--print-config", "--config=dti.toml"};
  const auto parsed =
      parse_dti_server_options(args, fake_surroundings({{"STATE_DIRECTORY", "/s"}}, {{"dti.toml", file}}));
  return std::get<UsageExit>(parsed).text;
}

TEST(AnnotatedConfig, HasEverySettingOfTheServerWithItsHelpAndItsDefault) {
  const auto expected = annotated_config();
  const auto copy = testing::TempDir() + "dti.toml";
  if (content_of(DTI_ANNOTATED_CONFIG) == expected) return;
  std::ofstream{copy} << expected;
  FAIL() << DTI_ANNOTATED_CONFIG " differs from the settings in apps/dti_server/options.cpp. Correct it with:\n  cp "
         << copy << " " DTI_ANNOTATED_CONFIG;
}

TEST(AnnotatedConfig, ChangesNothingUntilALineIsChanged) {
  EXPECT_EQ(print(content_of(DTI_ANNOTATED_CONFIG)), print(""));
  EXPECT_EQ(print("").find("dti.toml"), std::string::npos);
}

TEST(AnnotatedConfig, ShowsDefaultsThatAreValidValues) {
  const std::regex default_line{"#(.*  # )default\n"};
  EXPECT_EQ(print(annotated_config(true)), std::regex_replace(print(""), default_line, "$1config file\n"));
}

}  // namespace
}  // namespace dti
