#include "dti/cli/config_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <string>
#include <variant>

#include "cli/help.hpp"
#include "dti_server/options.hpp"
#include "faculty/options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;

struct Program {
  AppDescription description;
  UsageExit (*run)(const Args& args, const Surroundings& surroundings);
};

template <class Options>
UsageExit usage_of(std::variant<Options, UsageExit> parsed) {
  const auto* usage = std::get_if<UsageExit>(&parsed);
  return usage == nullptr ? UsageExit{0, "(it would start)", false} : *usage;
}

const Program kServer{describe_dti_server(), [](const Args& args, const Surroundings& surroundings) {
                        return usage_of(parse_dti_server_options(args, surroundings));
                      }};
const Program kFaculty{describe_faculty(), [](const Args& args, const Surroundings& surroundings) {
                         return usage_of(parse_faculty_options(args, surroundings));
                       }};

const Texts kHome{{"HOME", "/home/u"}};
const std::string kCatalog = "faculty,program\nDerecho,Derecho Civil\n";
// UTF-8 with all that TOML or a shell gives a meaning.
const std::string kAwkward = "ñ 漢 \U0001F600 \"a\" 'b' \\u0041 \\ #= [x] {y} $1 %41";

Args with(Args args, const std::string& more) {
  args.push_back(more);
  return args;
}

std::string print(const Program& program, const Args& args, Texts variables = kHome, Texts files = {}) {
  files.emplace("catalog.csv", kCatalog);
  files.emplace(kAwkward + ".csv", kCatalog);
  const auto usage =
      program.run(with(args, "--print-config"), fake_surroundings(std::move(variables), std::move(files)));
  EXPECT_EQ(usage.code, 0) << usage.text;
  EXPECT_TRUE(usage.to_stdout);
  return usage.text;
}

std::string print_file(const Program& program, const std::string& text, Texts variables = kHome) {
  return print(program, {"--config=printed.toml"}, std::move(variables), {{"printed.toml", text}});
}

// What a printed file prints when the flags and the DTI_ variables are gone: their values are then in the config file.
std::string with_origins_in_file(const std::string& text) {
  static const std::regex kOrigin{"  # (--|DTI_)\\S+\n"};
  return std::regex_replace(text, kOrigin, "  # config file\n");
}

std::string line_of(const std::string& text, const std::string& name) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    for (const auto* begin : {"", "#"}) {
      if (line.starts_with(begin + name + " = ")) return line;
    }
    if (line.starts_with("# " + name + ": ")) return line;
  }
  return "(no line of " + name + ")";
}

Texts without_settings(Texts variables) {
  std::erase_if(variables, [](const auto& variable) { return variable.first.starts_with("DTI_"); });
  return variables;
}

void expect_same_when_fed_back(const Program& program, const Args& args, const Texts& variables = kHome) {
  SCOPED_TRACE(testing::PrintToString(args));
  const auto first = print(program, args, variables);
  EXPECT_EQ(print(program, with(args, "--config=printed.toml"), variables, {{"printed.toml", first}}), first);
  const auto second = print_file(program, first, without_settings(variables));
  EXPECT_EQ(second, with_origins_in_file(first));
  EXPECT_EQ(print_file(program, second, without_settings(variables)), second);
}

const Args kNeeded{"--name=Derecho", "--dti-server=h:1"};

TEST(PrintConfig, NamesEachSettingWithItsValueAndOrigin) {
  const Texts variables{{"STATE_DIRECTORY", "/var/lib/dti"}, {"DTI_STORE_TIMEOUT", "2.50"}, {"DTI_CONFIG", "/e.toml"}};
  const auto text = print(kServer, {"--port=0"}, variables, {{"/e.toml", "\nlease-seconds = 3\nport = 1"}});
  EXPECT_EQ(line_of(text, "port"), "port = 0  # --port");
  EXPECT_EQ(line_of(text, "store-timeout"), "store-timeout = 2.5  # DTI_STORE_TIMEOUT");
  EXPECT_EQ(line_of(text, "lease-seconds"), "lease-seconds = 3  # config file");
  EXPECT_EQ(line_of(text, "bind"), "#bind = \"127.0.0.1\"  # default");
  EXPECT_EQ(line_of(text, "store"), "#store = \"sqlite:/var/lib/dti/dti.db\"  # default, from STATE_DIRECTORY");
  EXPECT_EQ(line_of(text, "semester"), "# semester: not set (the open semesters of the store)");
  EXPECT_TRUE(text.starts_with("# The settings of dti_server, as a config file.")) << text;
}

TEST(PrintConfig, HasALineForEverySettingOfTheProgram) {
  for (const auto& [program, args] : {std::pair{kServer, Args{}}, std::pair{kFaculty, kNeeded}}) {
    const auto text = print(program, args);
    for (const auto& setting : with_common_settings(program.description).settings) {
      EXPECT_FALSE(line_of(text, setting.name).starts_with("(")) << setting.name;
    }
  }
}

TEST(PrintConfig, FedBackPrintsTheSameText) {
  struct Case {
    Program program;
    Args args;
    Texts variables = kHome;
  };
  const Case cases[] = {
      {kServer, {}},
      {kServer,
       {"--semester=Otoño 2025", "--classrooms=0", "--labs=1000000", "--mobile-labs=7", "--catalog=catalog.csv",
        "--store=memory:", "--store-timeout=0.001", "--lease-seconds=299.999", "--bind=[::1]", "--port=65535",
        "--advertise=[fe80::1%eth0]:6000", "--memory-max=0", "--num-faculties=3", "--fail-seconds=1000000",
        "--log-level=DEBUG", "--log-format=json"}},
      {kServer, {"--catalog=" + kAwkward + ".csv", "--store=sqlite:/" + kAwkward + "/a.db"}},
      {kServer, {"--bind=*", "--allow-plaintext", "--proxy-server=old-proxy:1"}},
      {kServer, {"--store=postgresql://u@h/d?application_name=%22%5C"}},
      {kServer, {"--store=postgresql:host=h options='-c a=\\'\"'"}},
      {kServer, {"--port=6000", "--bind=127.0.0.1", "--log-level=info"}},  // a default that was given is no default
      {kServer, {"--port=0"}, {{"DTI_PORT", "1"}, {"DTI_SEMESTER", "S"}, {"STATE_DIRECTORY", "/a:/b"}}},
      {kServer, {}, {{"DTI_STORE_TIMEOUT", "0.1"}, {"DTI_LEASE_SECONDS", "1.05"}, {"HOME", "/home/" + kAwkward}}},
      {kFaculty, kNeeded},
      {kFaculty,
       {"--name=Ingeniería \"A\" \\ 'B' #", "--dti-server=a:1,[::1]:2,c-d_e.f:3", "--semester=ñ=1", "--min-programs=1",
        "--batch-seconds=0", "--request-timeout=999999.999", "--retries=0", "--bind=0.0.0.0", "--listen-port=0",
        "--allow-plaintext", "--listen=tcp://[::1]:0,tcp://*:7000"}},
  };
  for (const auto& each : cases) expect_same_when_fed_back(each.program, each.args, each.variables);
}

TEST(PrintConfig, FedBackPrintsTheSameTextIfAllValuesAreInAConfigFile) {
  const auto text =
      print(kServer, {"--config=/etc/dti.toml"}, kHome,
            {{"/etc/dti.toml", "\n\nport = 1 # an old one\nstore='postgresql://u:s3cret@h/d'\nbind='::1'"}});
  EXPECT_EQ(print_file(kServer, text), text);
  EXPECT_EQ(line_of(text, "port"), "port = 1  # config file");
}

TEST(PrintConfig, FedBackReproducesEverySecondsValueWithThreeDecimals) {
  for (int thousandths = 1; thousandths < 1'000; ++thousandths) {
    const auto decimals = std::to_string(1'000 + thousandths).substr(1);
    for (const std::string whole : {"0", "999999"}) {
      const auto flag = "--store-timeout=" + whole + '.' + decimals;
      const auto first = print(kServer, {flag});
      ASSERT_EQ(print_file(kServer, first), with_origins_in_file(first)) << flag;
    }
  }
}

TEST(PrintConfig, KeepsTheAddressOfAStoreAndLeavesItsPasswordOut) {
  struct Case {
    std::string store;
    std::string line;
  };
  const std::string origin = "  # DTI_STORE";
  const Case cases[] = {
      {"postgresql://dti:s3cret@db:1/d", "store = \"postgresql:dbname='d' host='db' port='1' user='dti'\"" + origin},
      {"postgres://dti:s3cre%74@db/d", "store = \"postgresql:dbname='d' host='db' user='dti'\"" + origin},
      {"postgresql:host=db password='s3cret' user='o\\'x'", "store = \"postgresql:host='db' user='o\\\\'x'\"" + origin},
      {"postgresql:host=db sslpassword=s3cret", "store = \"postgresql:host='db'\"" + origin},
      {"postgresql://db/d?password=s3cret", "store = \"postgresql:dbname='d' host='db'\"" + origin},
      {"postgresql:password=s3cret", "store = \"postgresql:\"" + origin},
      {"postgresql://dti@db/d", "store = \"postgresql://dti@db/d\"" + origin},
      {"postgresql:host=db password=''", "store = \"postgresql:host=db password=''\"" + origin},
  };
  for (const auto& each : cases) {
    const auto text = print(kServer, {}, {{"DTI_STORE", each.store}});
    EXPECT_EQ(line_of(text, "store"), each.line);
    EXPECT_EQ(text.find("s3cre"), std::string::npos) << text;
    EXPECT_NE(text.find("passwords are left out"), std::string::npos) << text;
    expect_same_when_fed_back(kServer, {}, {{"DTI_STORE", each.store}});
  }
}

TEST(PrintConfig, SaysThatAConfigFileCannotContainAValue) {
  const auto text = print(kServer, {"--catalog=\xff.csv"}, kHome, {{"\xff.csv", kCatalog}});
  EXPECT_EQ(line_of(text, "catalog"), "# catalog: \"\\xff.csv\"  # --catalog; a config file cannot contain it");
  EXPECT_EQ(line_of(print_file(kServer, text), "catalog"), "# catalog: not set (10 faculties, if the store has none)");
  const Texts odd_home{{"HOME", "/a\nport = 1"}};
  const auto odd_text = print(kServer, {}, odd_home);
  EXPECT_EQ(line_of(odd_text, "store"),
            "# store: \"sqlite:/a\\nport = 1/.local/state/dti/dti.db\"  # default, from HOME; a config file cannot "
            "contain it");
  EXPECT_EQ(print_file(kServer, odd_text, odd_home), odd_text);
}

TEST(PrintConfig, DoesNotDependOnTheNameOfTheConfigFile) {
  const std::string name = "/e\nport = 1\x1b[31m  # .toml";
  EXPECT_EQ(print(kServer, {"--config=" + name}, kHome, {{name, "port = 2"}}), print_file(kServer, "port = 2"));
}

TEST(CheckConfig, ChecksTheDefaultStoreLikeAnyOther) {
  EXPECT_EQ(kServer.run({"--check-config"}, fake_surroundings({{"HOME", "/home/$USER"}})).text,
            "--store (default): the path of the store has a variable ($): the server does not replace it, write its "
            "value\n");
}

TEST(CheckConfig, AcceptsWhatAStartWouldAccept) {
  for (const auto& args : {Args{}, Args{"--semester=S", "--classrooms=1", "--labs=0", "--catalog=catalog.csv"},
                           Args{"--store=postgresql://nobody@nowhere.invalid/d"}}) {
    const auto usage = kServer.run(with(args, "--check-config"), fake_surroundings(kHome, {{"catalog.csv", kCatalog}}));
    EXPECT_EQ(usage.code, 0);
    EXPECT_EQ(usage.text, "dti_server: the configuration is valid\n");
    EXPECT_TRUE(usage.to_stdout);
  }
  EXPECT_EQ(kFaculty.run(with(kNeeded, "--check-config"), fake_surroundings()).text,
            "faculty: the configuration is valid\n");
  EXPECT_EQ(kServer.run({"--check-config=false"}, fake_surroundings(kHome)).text, "(it would start)");
}

TEST(CheckConfig, NamesThePlaceOfAFaultFirst) {
  struct Case {
    Args args;
    std::string file;
    std::string line;
  };
  const Case cases[] = {
      {{},
       "port = 1\nport = 2",
       "f.toml:2: not valid TOML at column 8 (write key = value, each key once, and texts in quotes)"},
      {{}, "\nprot = 1", "f.toml:2: unknown key \"prot\"; did you mean port?"},
      {{}, "port = 70000", "f.toml:1: port: \"70000\" is not a whole number from 0 to 65535"},
      {{}, "\nlease-seconds = 0.5", "f.toml:2: lease-seconds: must be between 1 and 300 seconds"},
      {{}, "\n\nlabs = 2", "f.toml:3: labs: needs --semester too"},
      {{},
       "store = \"postgresql:host\"",
       "f.toml:1: store: the PostgreSQL address cannot be read: a keyword in it has no = (quote a value that has "
       "spaces: "
       "'a b')"},
      {{},
       "\nhttp = \"localhost:6080\"",
       "f.toml:2: http: \"localhost:6080\" is not an IP address and a port (such as 127.0.0.1:6080 or [::1]:6080)"},
      {{}, "catalog = \"bad.csv\"", "f.toml:1: catalog: bad.csv:2:2: the program is missing"},
      {{"--port=x"}, "", "--port: \"x\" is not a whole number from 0 to 65535"},
      {{"--prot=1"}, "", "dti_server: --prot: unknown flag; did you mean --port? (see --help)"},
      {{"--check-config=x"}, "", "dti_server: --check-config: \"x\" is not true or false"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.line);
    auto args = with(each.args, "--config=f.toml");
    if (each.args != Args{"--check-config=x"}) args.emplace_back("--check-config");
    const auto usage = kServer.run(
        args, fake_surroundings(kHome, {{"f.toml", each.file}, {"bad.csv", "faculty,program\nDerecho,\n"}}));
    EXPECT_EQ(usage.code, 2);
    EXPECT_FALSE(usage.to_stdout);
    EXPECT_EQ(usage.text, each.line + '\n');
  }
  const auto missing = kFaculty.run({"--check-config"}, fake_surroundings());
  EXPECT_TRUE(missing.text.starts_with("--name, --dti-server are needed")) << missing.text;
}

}  // namespace
}  // namespace dti
