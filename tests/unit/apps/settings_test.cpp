#include "dti/cli/settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;
using namespace std::chrono_literals;

std::string without_password(const std::string& /*value*/) { return "***"; }

const AppDescription kApp{
    .name = "app",
    .purpose = "Tests settings.",
    .settings = {{.name = "port", .kind = IntegerKind{0, 65'535}, .help = "A port.", .default_value = "6000"},
                 {.name = "wait-seconds", .kind = SecondsKind{}, .help = "A time.", .default_value = "1.5"},
                 {.name = "name", .kind = TextKind{200}, .help = "A name."},
                 {.name = "store", .kind = TextKind{50}, .help = "A store.", .without_password = without_password},
                 {.name = "json", .kind = SwitchKind{}, .help = "A switch.", .default_value = "false"}},
    .examples = {},
    .exit_codes = {{2, "bad use"}},
};

std::variant<Settings, UsageExit> resolve_app(const Args& args, Texts variables = {}, Texts files = {}) {
  return resolve(kApp, args, fake_surroundings(std::move(variables), std::move(files)));
}

Settings good(const Args& args, Texts variables = {}, Texts files = {}) {
  auto resolved = resolve_app(args, std::move(variables), std::move(files));
  if (const auto* usage = std::get_if<UsageExit>(&resolved)) {
    ADD_FAILURE() << usage->text;
    return std::get<Settings>(resolve_app({}));
  }
  return std::get<Settings>(std::move(resolved));
}

// The line that incorrect usage prints, without its line feed.
std::string bad(const Args& args, Texts variables = {}, Texts files = {}) {
  const auto resolved = resolve_app(args, std::move(variables), std::move(files));
  const auto* usage = std::get_if<UsageExit>(&resolved);
  if (usage == nullptr) return "(it was accepted)";
  EXPECT_EQ(usage->code, 2);
  EXPECT_FALSE(usage->to_stdout);
  EXPECT_EQ(std::count(usage->text.begin(), usage->text.end(), '\n'), 1) << usage->text;
  EXPECT_TRUE(usage->text.ends_with('\n'));
  return usage->text.substr(0, usage->text.size() - 1);
}

TEST(Settings, FlagsWinOverVariablesOverFilesOverDefaults) {
  const Texts files{{"/f.toml", "# comment\nport = 3\n"}};
  const Texts config{{"DTI_CONFIG", "/f.toml"}};
  const Texts both{{"DTI_CONFIG", "/f.toml"}, {"DTI_PORT", "2"}};
  struct Case {
    Args args;
    Texts variables;
    std::int64_t port;
    std::string origin;
    Source source;
  };
  const Case cases[] = {
      {{"--port=1"}, both, 1, "--port", Source::kFlag},
      {{"--port", "1"}, both, 1, "--port", Source::kFlag},
      {{"--port=1"}, {}, 1, "--port", Source::kFlag},
      {{}, both, 2, "DTI_PORT", Source::kVariable},
      {{}, {{"DTI_PORT", "2"}}, 2, "DTI_PORT", Source::kVariable},
      {{}, config, 3, "/f.toml:2", Source::kFile},
      {{"--config=/f.toml"}, {}, 3, "/f.toml:2", Source::kFile},
      {{"--config", "/f.toml"}, {{"DTI_CONFIG", "/missing"}}, 3, "/f.toml:2", Source::kFile},
      {{}, {}, 6000, "default", Source::kDefault},
      {{}, {{"DTI_PORT", ""}}, 6000, "default", Source::kDefault},
  };
  for (const auto& test : cases) {
    const auto settings = good(test.args, test.variables, files);
    EXPECT_EQ(settings.integer("port"), test.port);
    EXPECT_EQ(settings.origin("port").text, test.origin);
    EXPECT_EQ(settings.origin("port").source, test.source);
  }
}

TEST(Settings, ABadValueIsReportedUnderTheNameOfItsOrigin) {
  const std::string reason = "\"70000\" is not a whole number from 0 to 65535";
  EXPECT_EQ(bad({"--port=70000"}), "app: --port: " + reason);
  EXPECT_EQ(bad({}, {{"DTI_PORT", "70000"}}), "app: DTI_PORT: " + reason);
  EXPECT_EQ(bad({"--config=/e/f.toml"}, {}, {{"/e/f.toml", "\n\nport = 70000"}}), "app: /e/f.toml:3: port: " + reason);
  EXPECT_EQ(bad({}, {{"DTI_CONFIG", "f"}}, {{"f", "wait-seconds = nan"}}),
            "app: f:1: wait-seconds: \"nan\" is not a number of seconds (such as 2 or 0.5)");
  EXPECT_EQ(good({"--port=1"}, {{"DTI_PORT", "70000"}}).integer("port"), 1);

  auto broken = kApp;
  broken.settings[0].default_value = "x";
  const auto resolved = resolve(broken, Args{}, fake_surroundings());
  EXPECT_EQ(std::get<UsageExit>(resolved).text, "app: --port (default): \"x\" is not a whole number from 0 to 65535\n");
}

TEST(Settings, AVariableThatAPlatformSetsForItselfIsIgnoredAndTold) {
  struct Case {
    std::string variable;
    std::string value;
    bool is_ignored;
  };
  const Case cases[] = {
      {"DTI_PORT", "tcp://10.96.0.12:6000", true},
      {"DTI_PORT", "udp://10.96.0.12:6000", true},
      {"DTI_PORT", "sctp://[fd00::1]:6000", true},
      {"DTI_WAIT_SECONDS", "tcp://10.96.0.12:6000", true},
      {"DTI_NAME", "/web/dti", true},
      {"DTI_NAME", "/web/DTI", true},
      {"DTI_NAME", "/web/db", false},
      {"DTI_NAME", "/dti", false},
      {"DTI_NAME", "//dti", false},
      {"DTI_NAME", "/a/web/dti", false},
      {"DTI_NAME", "web/dti", false},
      {"DTI_NAME", "tcp://10.96.0.12:6000", false},
      {"DTI_PORT", "7", false},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.variable + '=' + test.value);
    const auto settings = good({}, {{test.variable, test.value}});
    EXPECT_EQ(settings.ignored().size(), test.is_ignored ? 1U : 0U);
    if (!test.is_ignored) continue;
    EXPECT_EQ(settings.integer("port"), 6000);
    EXPECT_EQ(settings.duration("wait-seconds"), 1500ms);
    EXPECT_FALSE(settings.has("name"));
    EXPECT_EQ(settings.ignored()[0].event, "variable-ignored");
    EXPECT_NE(settings.ignored()[0].message.find(test.variable), std::string::npos);
  }
  const Texts file{{"f", "port = 3\n"}};
  EXPECT_EQ(good({"--config=f"}, {{"DTI_PORT", "tcp://1.2.3.4:5"}}, file).integer("port"), 3);
  EXPECT_EQ(good({"--port=4"}, {{"DTI_PORT", "tcp://1.2.3.4:5"}}).integer("port"), 4);
  EXPECT_EQ(bad({}, {{"DTI_PORT", "http://1.2.3.4:5"}}),
            "app: DTI_PORT: \"http://1.2.3.4:5\" is not a whole number from 0 to 65535");

  auto needy = kApp;
  needy.settings[2].needed = true;
  const auto resolved = resolve(needy, Args{}, fake_surroundings({{"DTI_NAME", "/web/dti"}}));
  const auto& text = std::get<UsageExit>(resolved).text;
  EXPECT_TRUE(text.starts_with("app: --name is needed ")) << text;
  EXPECT_NE(text.find("Docker sets DTI_NAME"), std::string::npos) << text;
}

TEST(Settings, LaterFaultsOfAValueNameItsOriginToo) {
  EXPECT_EQ(good({"--name=x"}).bad("name", "is odd").text, "app: --name: is odd\n");
  EXPECT_EQ(good({}, {{"DTI_NAME", "x"}}).bad("name", "is odd").text, "app: DTI_NAME: is odd\n");
  EXPECT_EQ(good({"--config=f"}, {}, {{"f", "name = 'x'"}}).bad("name", "is\nodd").text, "app: f:1: name: is\\nodd\n");
  EXPECT_EQ(good({}).bad("name", "is needed").text, "app: --name: is needed\n");
}

TEST(Settings, FlagsTakeTheirValueBehindAnEqualsSignOrAsTheNextArgument) {
  const auto settings = good({"--name", "a=b", "--wait-seconds=0.25", "--json", "--port", "7"});
  EXPECT_EQ(settings.text("name"), "a=b");
  EXPECT_EQ(settings.duration("wait-seconds"), 250ms);
  EXPECT_TRUE(settings.is_on("json"));
  EXPECT_EQ(settings.integer("port"), 7);
  EXPECT_FALSE(settings.has("store"));
  EXPECT_EQ(good({"--name=--json"}).text("name"), "--json");
  EXPECT_EQ(good({"--name=[a,b]"}).text("name"), "[a,b]");
  EXPECT_EQ(good({"--name", "-5"}).text("name"), "-5");
  EXPECT_EQ(good({"--name={}"}).text("name"), "{}");
}

TEST(Settings, AnEmptyValueIsAValueAndTakesNoOtherArgument) {
  const auto settings = good({"--name=", "--port=7"});
  EXPECT_EQ(settings.text("name"), "");
  EXPECT_EQ(settings.integer("port"), 7);
  EXPECT_EQ(good({"--name", ""}).text("name"), "");
  EXPECT_EQ(bad({"--port="}), "app: --port: \"\" is not a whole number from 0 to 65535");
}

TEST(Settings, ASwitchCanBeTurnedOffAgain) {
  EXPECT_TRUE(good({}, {{"DTI_JSON", "true"}}).is_on("json"));
  EXPECT_FALSE(good({"--json=false"}, {{"DTI_JSON", "true"}}).is_on("json"));
  EXPECT_TRUE(good({"--config=f"}, {}, {{"f", "json = true"}}).is_on("json"));
  EXPECT_EQ(bad({"--json="}), "app: --json: \"\" is not true or false");
}

TEST(Settings, CommandLinesThatMakeNoSenseSayWhatIsWrong) {
  struct Case {
    Args args;
    std::string line;
  };
  const Case cases[] = {
      {{"--prot=1"}, "app: --prot: unknown flag; did you mean --port? (see --help)"},
      {{"--wait=1"}, "app: --wait: unknown flag; did you mean --wait-seconds? (see --help)"},
      {{"-port", "1"}, "app: -port: unknown flag; did you mean --port? (see --help)"},
      {{"--zzzzzzzz", "1"}, "app: --zzzzzzzz: unknown flag (see --help)"},
      {{"-x"}, "app: -x: unknown flag (see --help)"},
      {{"--port=1", "--port=2"}, "app: --port: given 2 times; once is allowed"},
      {{"--port", "1", "--json", "--json"}, "app: --json: given 2 times; once is allowed"},
      {{"--json", "--port"}, "app: --port: needs a value"},
      {{"--name", "--port=7"}, "app: --name: needs a value"},
      {{"--port", "--store=s3cret"}, "app: --port: needs a value"},
      {{"--name", "derecho", "civil"},
       "app: unexpected argument \"civil\": it does not belong to a flag (a value with spaces needs quotes)"},
      {{"--store=x", "postgresql://u:s3cret@h"},
       "app: unexpected argument: it does not belong to a flag (a value with spaces needs quotes)"},
      {{"--stroe=postgresql://u:s3cret@h"}, "app: --stroe: unknown flag; did you mean --store? (see --help)"},
      {{"--", "--port=1"}, "app: --: unknown flag (see --help)"},
      {{"--od\nd"}, "app: --od\\nd: unknown flag (see --help)"},
  };
  for (const auto& test : cases) EXPECT_EQ(bad(test.args), test.line);
}

TEST(Settings, ConfigFilesThatMakeNoSenseNameTheFileAndTheLine) {
  struct Case {
    std::string file;
    std::string part;
  };
  const Case cases[] = {
      {"name = 'x'\nprot = 1\n", "app: f.toml:2: unknown key \"prot\"; did you mean port?"},
      {"help = true", "app: f.toml:1: unknown key \"help\""},
      {"config = 'g.toml'", "app: f.toml:1: unknown key \"config\""},
      {"\n[table]\nport = 1", "app: f.toml:2: unknown key \"table\""},
      {"wait.seconds = 1", "app: f.toml:1: unknown key \"wait\""},
      {"zz = 1\naa = 2\n", "app: f.toml:1: unknown key \"zz\""},
      {"\"od\\nd\" = 1", "app: f.toml:1: unknown key \"od\\nd\""},
      {"port = '6000'", "app: f.toml:1: port: needs a whole number without quotes"},
      {"port = 6000.0", "app: f.toml:1: port: needs a whole number without quotes"},
      {"port = [6000]", "app: f.toml:1: port: needs a whole number without quotes"},
      {"port = 2026-01-01", "app: f.toml:1: port: needs a whole number without quotes"},
      {"wait-seconds = '1'", "app: f.toml:1: wait-seconds: needs a number without quotes"},
      {"wait-seconds = true", "app: f.toml:1: wait-seconds: needs a number without quotes"},
      {"json = 'true'", "app: f.toml:1: json: needs true or false without quotes"},
      {"json = 1", "app: f.toml:1: json: needs true or false without quotes"},
      {"name = 5", "app: f.toml:1: name: needs a text in quotes"},
      {"[name]", "app: f.toml:1: name: needs a text in quotes"},
      {"name = { a = 1 }", "app: f.toml:1: name: needs a text in quotes"},
      {"port = -1", "app: f.toml:1: port: \"-1\" is not a whole number"},
      {"wait-seconds = 1e-9", "app: f.toml:1: wait-seconds: \"0.000000001\" has more than three decimals"},
      {"wait-seconds = 1e300", "is more than 1000000 seconds"},
      {"wait-seconds = -inf", "\"-inf\" is not a number of seconds"},
      {"name = \"a\\u0000\"", "app: f.toml:1: name: \"a\\x00\" has a NUL (U+0000) at its end"},
      {"port = 1\nport = 2", "app: f.toml:2: not valid TOML at column"},
      {"\nport == 1", "app: f.toml:2: not valid TOML at column"},
      {"name = \"a\nb\"", "app: f.toml:1: not valid TOML at column"},
      {"name = '\xff'", "app: f.toml:1: not valid TOML at column"},
      {"port", "app: f.toml:1: not valid TOML at column"},
      {std::string(100'000, '['), "app: f.toml: not valid TOML"},
      {"[=]", "app: f.toml: not valid TOML"},
      {"port = 1\nñ = 1", "app: f.toml:2: not valid TOML"},
      {"port = ñ", "app: f.toml:1: not valid TOML"},
      {"port = 1\nname = 0\"ñ\"", "app: f.toml:2: not valid TOML (write key"},  // no text, but a part of the value 0"ñ"
      {"name = 0='ñ'", "app: f.toml:1: not valid TOML (write key"},
      {"name = ['ñ']", "app: f.toml:1: not valid TOML (write key"},
      {"name = \"\"\"a\"ñ\nb\"\"\"\" # ñ\nport = 1\u00a0", "app: f.toml:3: not valid TOML"},
      {"port = 1\nname = \"\"\"a\\ñ\"\"\"", "app: f.toml:2: not valid TOML (write key"},
      {"name = \"\"\"a\\ \n ñ\"\"\"", "app: f.toml:1: not valid TOML (write key"},
      {"name = " + std::string(100'000, '['), "app: f.toml:1: not valid TOML at column"},
  };
  for (const auto& test : cases) {
    const auto line = bad({"--config=f.toml"}, {}, {{"f.toml", test.file}});
    EXPECT_NE(line.find(test.part), std::string::npos) << line << "\nexpected: " << test.part;
  }
}

TEST(Settings, ConfigFilesGiveEachKindOfValue) {
  const auto settings =
      good({"--config=f"}, {}, {{"f", "\xef\xbb\xbfport = 7\nwait-seconds = 0.25\nname = 'ñ'\njson = true\r\n"}});
  EXPECT_EQ(settings.integer("port"), 7);
  EXPECT_EQ(settings.duration("wait-seconds"), 250ms);
  EXPECT_EQ(settings.text("name"), "ñ");
  EXPECT_TRUE(settings.is_on("json"));
  EXPECT_EQ(good({"--config=f"}, {}, {{"f", "name = \"\"\"a\"ñ\\\\\"\"\" # ñ"}}).text("name"), "a\"ñ\\");
  EXPECT_EQ(good({"--config=f"}, {}, {{"f", "wait-seconds = 3"}}).duration("wait-seconds"), 3000ms);
  EXPECT_EQ(good({"--config=f"}, {}, {{"f", ""}}).origin("port").text, "default");
}

TEST(Settings, AConfigFileThatCannotBeReadNamesWhoAskedForIt) {
  EXPECT_EQ(bad({"--config=/no"}), "app: --config: cannot read \"/no\": No such file or directory");
  EXPECT_EQ(bad({}, {{"DTI_CONFIG", "/no"}}), "app: DTI_CONFIG: cannot read \"/no\": No such file or directory");
  EXPECT_EQ(bad({"--config="}, {{"DTI_CONFIG", "/no"}}), "app: --config: \"\" is not a path");
}

TEST(Settings, ASecretValueIsNeverShown) {
  const std::string secret = "postgresql://u:s3cret@h/" + std::string(50, 'x');
  const Texts file{{"f", "store = \"" + secret + "\"\n"}};
  const Texts broken{{"f", "store = \"postgresql://u:s3cret\\q@h\"\n"}};
  const Texts unquoted{{"f", "store = s3cret\n"}};
  for (const auto& line :
       {bad({"--store=" + secret}), bad({"--store", secret}), bad({}, {{"DTI_STORE", secret}}),
        bad({"--config=f"}, {}, file), bad({"--config=f"}, {}, broken), bad({"--config=f"}, {}, unquoted)}) {
    EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
  }
  EXPECT_EQ(bad({}, {{"DTI_STORE", secret}}), "app: DTI_STORE: the value has 74 bytes; 50 are allowed");
}

TEST(Settings, NeededSettingsThatAreMissingAreNamedTogether) {
  auto app = kApp;
  app.settings[2].needed = true;
  const auto one = resolve(app, Args{}, fake_surroundings());
  EXPECT_EQ(std::get<UsageExit>(one).text, "app: --name is needed (or DTI_NAME, or \"name\" in the config file)\n");
  EXPECT_EQ(std::get<UsageExit>(one).code, 2);
  app.settings[3].needed = true;
  const auto two = resolve(app, Args{}, fake_surroundings());
  EXPECT_TRUE(std::get<UsageExit>(two).text.starts_with("app: --name, --store are needed"))
      << std::get<UsageExit>(two).text;
  EXPECT_TRUE(
      std::holds_alternative<Settings>(resolve(app, Args{"--name=x"}, fake_surroundings({{"DTI_STORE", "memory:"}}))));
}

TEST(Settings, HelpAndVersionGoToStdoutWithExitCodeZeroWhateverElseIsWrong) {
  for (const auto& args : {Args{"--help"}, Args{"-h"}, Args{"--port", "-h"}, Args{"--help", "--port"},
                           Args{"--bogus", "--help"}, Args{"--config=/no", "--help"}, Args{"--", "--help"}}) {
    const auto resolved = resolve_app(args);
    const auto& usage = std::get<UsageExit>(resolved);
    EXPECT_EQ(usage.code, 0);
    EXPECT_TRUE(usage.to_stdout);
    EXPECT_EQ(usage.text, help_text(kApp));
  }
  const auto resolved = resolve_app({"--version"});
  const auto& usage = std::get<UsageExit>(resolved);
  EXPECT_EQ(usage.code, 0);
  EXPECT_TRUE(usage.to_stdout);
  EXPECT_EQ(usage.text, "app " DTI_VERSION "\n");
}

TEST(Settings, LongValuesAreCutInMessages) {
  const auto line = bad({"--port=" + std::string(5'000, '9')});
  EXPECT_LT(line.size(), 250U);
  EXPECT_NE(line.find("999…\" is not a whole number"), std::string::npos) << line;
}

}  // namespace
}  // namespace dti
