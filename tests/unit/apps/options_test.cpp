#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/keys/key_file.hpp"
#include "dti_server/options.hpp"
#include "dtictl/verify/verify_options.hpp"
#include "faculty/options.hpp"
#include "program/options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;
using namespace std::chrono_literals;

const Texts kHome{{"HOME", "/home/u"}};

template <class Options>
using Parse = std::variant<Options, UsageExit> (*)(std::span<const std::string>, const Surroundings&);

template <class Options>
Options good(Parse<Options> parse, const Args& args, Texts variables = kHome, Texts files = {}) {
  auto parsed = parse(args, fake_surroundings(std::move(variables), std::move(files)));
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) {
    ADD_FAILURE() << usage->text;
    return {};
  }
  return std::get<Options>(std::move(parsed));
}

template <class Options>
std::string bad(Parse<Options> parse, const Args& args, Texts variables = kHome, Texts files = {}) {
  const auto parsed = parse(args, fake_surroundings(std::move(variables), std::move(files)));
  const auto* usage = std::get_if<UsageExit>(&parsed);
  if (usage == nullptr) return "(it was accepted)";
  EXPECT_EQ(usage->code, 2);
  EXPECT_FALSE(usage->to_stdout);
  EXPECT_EQ(std::count(usage->text.begin(), usage->text.end(), '\n'), 1) << usage->text;
  return usage->text.substr(0, usage->text.size() - 1);
}

constexpr auto kServer = &parse_dti_server_options;
constexpr auto kFaculty = &parse_faculty_options;
constexpr auto kProgram = &parse_program_options;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

Args with(Args args, const Args& more) {
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

TEST(DtiServerOptions, DefaultsAreThoseOfTheProtocol) {
  const auto options = good<DtiServerOptions>(kServer, {});
  EXPECT_FALSE(options.start.semester);
  EXPECT_TRUE(options.start.catalog.empty());
  EXPECT_FALSE(options.start.default_catalog.empty());
  EXPECT_EQ(options.pipeline.store_timeout, 10s);
  EXPECT_EQ(options.pipeline.faculties_to_answer, 0U);
  EXPECT_EQ(options.doors.endpoints, (std::vector<ListenEndpoint>{{false, "127.0.0.1", 6000}}));
  EXPECT_FALSE(options.doors.is_plaintext_exposed);
  EXPECT_FALSE(options.key);
  EXPECT_FALSE(options.advertise);
  EXPECT_FALSE(options.proxy);
  EXPECT_FALSE(options.http);
  EXPECT_EQ(options.memory_max, 1024U * 1024 * 1024);
  EXPECT_EQ(options.fail_after, 0s);
  EXPECT_EQ(options.pipeline.lease.duration, 5s);
  EXPECT_EQ(options.log.level, LogLevel::kInfo);
  EXPECT_EQ(options.log.format, LogFormat::kText);
}

TEST(DtiServerOptions, EveryFlagReachesItsOption) {
  const auto options = good<DtiServerOptions>(kServer,
                                              {"--semester=2025-10",
                                               "--classrooms=380",
                                               "--labs=60",
                                               "--mobile-labs=5",
                                               "--store=memory:",
                                               "--store-timeout=0.5",
                                               "--lease-seconds=7",
                                               "--bind=0.0.0.0",
                                               "--port=0",
                                               "--allow-plaintext",
                                               "--listen=tcp://127.0.0.1:7001",
                                               "--listen",
                                               "tcp://[::1]:7002,tcp://*:0",
                                               "--advertise=[2001:db8::1]:6000",
                                               "--catalog=c.csv",
                                               "--num-faculties=10",
                                               "--fail-seconds=2.5",
                                               "--proxy-server=proxy:7000",
                                               "--http=[::1]:0",
                                               "--memory-max=64",
                                               "--log-level=error",
                                               "--log-format=json"},
                                              {}, {{"c.csv", "faculty,program\nderecho,derecho civil\n"}});
  ASSERT_TRUE(options.start.semester);
  EXPECT_EQ(options.start.semester->name, "2025-10");
  EXPECT_EQ(options.start.semester->classrooms, 380);
  EXPECT_EQ(options.start.semester->labs, 60);
  EXPECT_EQ(options.start.semester->conversions, 5);
  EXPECT_EQ(options.start.names.semester, "--semester");
  EXPECT_EQ(options.start.names.classrooms, "--classrooms");
  EXPECT_EQ(options.start.names.labs, "--labs");
  EXPECT_EQ(options.start.names.conversions, "--mobile-labs");
  EXPECT_EQ(options.start.catalog, (std::vector<CatalogRow>{{"derecho", "derecho civil"}}));
  EXPECT_TRUE(std::holds_alternative<MemoryStoreAddress>(options.store));
  EXPECT_EQ(options.pipeline.store_timeout, 500ms);
  EXPECT_EQ(options.pipeline.faculties_to_answer, 10U);
  EXPECT_EQ(options.pipeline.lease.duration, 7s);
  EXPECT_EQ(options.doors.endpoints,
            (std::vector<ListenEndpoint>{
                {false, "0.0.0.0", 0}, {false, "127.0.0.1", 7001}, {false, "[::1]", 7002}, {false, "*", 0}}));
  EXPECT_TRUE(options.doors.is_plaintext_exposed);
  ASSERT_TRUE(options.advertise);
  EXPECT_EQ(to_string(*options.advertise), "[2001:db8::1]:6000");
  EXPECT_EQ(options.proxy, (HostPort{"proxy", 7000}));
  EXPECT_EQ(options.http, (HostPort{"[::1]", 0}));
  EXPECT_EQ(options.memory_max, 64U * 1024 * 1024);
  EXPECT_EQ(options.fail_after, 2500ms);
  EXPECT_EQ(options.log.level, LogLevel::kError);
  EXPECT_EQ(options.log.format, LogFormat::kJson);
}

TEST(DtiServerOptions, TheDefaultStoreIsInTheFirstStateDirectoryThatIsSet) {
  const std::pair<Texts, std::string> cases[] = {
      {{{"STATE_DIRECTORY", "/s"}, {"XDG_STATE_HOME", "/x"}, {"HOME", "/h"}}, "/s/dti.db"},
      {{{"STATE_DIRECTORY", "/s1:/s2"}}, "/s1/dti.db"},
      {{{"STATE_DIRECTORY", ":/s2"}}, "/s2/dti.db"},
      {{{"STATE_DIRECTORY", ":"}, {"HOME", "/h"}}, "/h/.local/state/dti/dti.db"},
      {{{"XDG_STATE_HOME", "/x"}, {"HOME", "/h"}}, "/x/dti/dti.db"},
      {{{"STATE_DIRECTORY", ""}, {"XDG_STATE_HOME", "relative"}, {"HOME", "/h"}}, "/h/.local/state/dti/dti.db"},
      {{{"HOME", "/h"}}, "/h/.local/state/dti/dti.db"},
  };
  for (const auto& [variables, path] : cases) {
    const auto options = good<DtiServerOptions>(kServer, {}, variables);
    ASSERT_TRUE(std::holds_alternative<SqliteStoreAddress>(options.store));
    EXPECT_EQ(std::get<SqliteStoreAddress>(options.store).path, path);
  }
  for (const auto& variables : {Texts{}, Texts{{"HOME", "/"}}, Texts{{"HOME", ""}}, Texts{{"XDG_STATE_HOME", "s"}}}) {
    EXPECT_HAS(bad(kServer, {}, variables), "dti_server: --store: is needed: none of STATE_DIRECTORY");
  }
}

TEST(FacultyAndProgramOptions, TheNameOfADockerLinkIsNoNameOfTheirs) {
  const Texts link{{"DTI_NAME", "/web/dti"}};
  for (const auto& line :
       {bad(kFaculty, {"--dti-server=h:1"}, link),
        bad(kProgram, {"--semester=s", "--classrooms=1", "--labs=1", "--faculty-server=h:1"}, link)}) {
    EXPECT_HAS(line, ": --name is needed");
    EXPECT_HAS(line, "Docker sets DTI_NAME");
  }
}

TEST(DtiServerOptions, AnOldProxyIsReachedAndReachesTheServerOverIpv4) {
  const std::pair<Args, std::string> refused[] = {
      {{"--proxy-server=[::1]:7000"}, "dti_server: --proxy-server: the old proxy supports IPv4 only"},
      {{"--proxy-server=[::ffff:127.0.0.1]:7000"}, "dti_server: --proxy-server: the old proxy supports IPv4 only"},
      {{"--proxy-server=[::]:7000"}, "dti_server: --proxy-server: the old proxy supports IPv4 only"},
      {{"--proxy-server=proxy:7000", "--bind=::1"}, "dti_server: --bind: the old proxy (--proxy-server) reaches"},
      {{"--proxy-server=proxy:7000", "--allow-plaintext", "--bind=[fe80::1]"},
       "dti_server: --bind: the old proxy (--proxy-server) reaches"},
  };
  for (const auto& [args, said] : refused) EXPECT_HAS(bad(kServer, args, kHome), said);
  for (const auto* bind : {"127.0.0.1", "0.0.0.0", "*", "::", "[::]", "eth0"}) {
    EXPECT_TRUE(good<DtiServerOptions>(
                    kServer, {"--proxy-server=proxy:7000", "--allow-plaintext", std::string{"--bind="} + bind}, kHome)
                    .proxy);
  }
  EXPECT_FALSE(good<DtiServerOptions>(kServer, {"--bind=::1"}, kHome).proxy);
}

TEST(DtiServerOptions, APasswordIsRefusedAsAFlagOnlyAndNeverShown) {
  for (const std::string store : {"postgresql://u:s3cret@h/d", "postgresql:host=h password=s3cret dbname=d"}) {
    for (const auto& args : {Args{"--store=" + store}, Args{"--store", store}}) {
      const auto line = bad(kServer, args);
      EXPECT_HAS(line, "dti_server: --store: a password does not belong on a command line");
      for (const auto* remedy : {"DTI_STORE", "PGPASSFILE", "config file"}) EXPECT_HAS(line, remedy);
      EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
    }
    const auto by_variable = good<DtiServerOptions>(kServer, {}, {{"DTI_STORE", store}});
    const auto by_file = good<DtiServerOptions>(kServer, {"--config=f"}, {}, {{"f", "store = '" + store + "'"}});
    EXPECT_TRUE(std::holds_alternative<PostgresqlStoreAddress>(by_variable.store));
    EXPECT_TRUE(std::holds_alternative<PostgresqlStoreAddress>(by_file.store));
  }
  EXPECT_TRUE(std::holds_alternative<PostgresqlStoreAddress>(
      good<DtiServerOptions>(kServer, {"--store=postgresql://u@h/d"}).store));
}

TEST(DtiServerOptions, AMalformedStoreAddressNamesItsOriginAndShowsNothingOfIt) {
  const auto flag = bad(kServer, {"--store=orakle:s3cret"});
  EXPECT_TRUE(flag.starts_with("dti_server: --store: ")) << flag;
  const auto variable = bad(kServer, {}, {{"DTI_STORE", "orakle:s3cret"}});
  EXPECT_TRUE(variable.starts_with("dti_server: DTI_STORE: ")) << variable;
  const auto file = bad(kServer, {"--config=f"}, {}, {{"f", "store = 'orakle:s3cret'"}});
  EXPECT_TRUE(file.starts_with("dti_server: f:1: store: ")) << file;
  EXPECT_EQ((flag + variable + file).find("s3cret"), std::string::npos);
}

TEST(DtiServerOptions, BadUseIsRefusedWithItsReason) {
  const std::pair<Args, std::string> cases[] = {
      {{"--classrooms=380"}, "dti_server: --classrooms: needs --semester"},
      {{"--labs=60"}, "dti_server: --labs: needs --semester"},
      {{"--semester=2025-10 # next", "--classrooms=1", "--labs=1"}, "dti_server: --semester: has a comment (\" # \")"},
      {{"--mobile-labs=1"}, "dti_server: --mobile-labs: needs --semester"},
      {{"--semester="}, "dti_server: --semester: \"\" must not be empty"},
      {{"--semester=" + std::string(65, 'x')}, "has 65 bytes; 64 are allowed"},
      {{"--semester=\xff"}, "dti_server: --semester: \"\\xff\" is not UTF-8: it has the byte 0xFF"},
      {{"--semester=2025-10\r"}, "dti_server: --semester: \"2025-10\\r\" has a carriage return (U+000D) at its end"},
      {{"--semester=2025\u200B-10"}, "has a zero-width space (U+200B) as character 5"},
      {{"--catalog=c.csv\r"}, "dti_server: --catalog: \"c.csv\\r\" has a carriage return (U+000D) at its end"},
      {{"--store=sqlite:s.db\r"}, "dti_server: --store: the value has a carriage return (U+000D) at its end"},
      {{"--semester=s", "--classrooms=1000000001"}, "whole number from 0 to 1000000000"},
      {{"--semester=s", "--classrooms=-0"}, "dti_server: --classrooms: \"-0\" is not a whole number"},
      {{"--semester=s", "--labs=7.0"}, "dti_server: --labs: \"7.0\" is not a whole number"},
      {{"--semester=s", "--mobile-labs=007"}, "dti_server: --mobile-labs: \"007\" is not a whole number"},
      {{"--port=65536"}, "dti_server: --port: \"65536\" is not a whole number from 0 to 65535"},
      {{"--bind="}, "dti_server: --bind: \"\" is not an address"},
      {{"--proxy-server=host"}, "dti_server: --proxy-server: \"host\" is not HOST:PORT"},
      {{"--num-faculties=-1"}, "dti_server: --num-faculties: \"-1\" is not a whole number"},
      {{"--fail-seconds=-1"}, "dti_server: --fail-seconds: \"-1\" is not a number of seconds"},
      {{"--store-timeout=0"}, "dti_server: --store-timeout: \"0\" must be more than 0 seconds"},
      {{"--lease-seconds=nan"}, "dti_server: --lease-seconds: \"nan\" is not a number of seconds"},
      {{"--lease-seconds=0.999"}, "dti_server: --lease-seconds: must be between 1 and 300 seconds"},
      {{"--lease-seconds=300.001"}, "dti_server: --lease-seconds: must be between 1 and 300 seconds"},
      {{"--advertise=host"}, "dti_server: --advertise: \"host\" is not HOST:PORT"},
      {{"--log-level=loud"}, "dti_server: --log-level: \"loud\" is not one of debug, info, warning, error"},
      {{"--log-format=xml"}, "dti_server: --log-format: \"xml\" is not one of text, json"},
  };
  for (const auto& [args, part] : cases) EXPECT_HAS(bad(kServer, args), part);
}

TEST(DtiServerOptions, ASemesterOfTheStoreNeedsNoQuantities) {
  const auto options = good<DtiServerOptions>(kServer, {"--semester=2025"});
  ASSERT_TRUE(options.start.semester);
  EXPECT_FALSE(options.start.semester->classrooms || options.start.semester->labs ||
               options.start.semester->conversions);
}

TEST(DtiServerOptions, ABadCatalogueNamesItsFileAndLine) {
  EXPECT_EQ(bad(kServer, {"--catalog=no.csv"}),
            "dti_server: --catalog: cannot read \"no.csv\": No such file or directory");
  const Texts files{{"c.csv", "faculty,program\nderecho,civil\nderecho\n"}};
  EXPECT_EQ(bad(kServer, {"--catalog=c.csv"}, kHome, {{"c.csv", "faculty,program\n"}}),
            "dti_server: --catalog: c.csv: it has a header and no program");
  EXPECT_TRUE(bad(kServer, {"--catalog=c.csv"}, kHome, files).starts_with("dti_server: --catalog: c.csv:3:2: "))
      << bad(kServer, {"--catalog=c.csv"}, kHome, files);
  EXPECT_HAS(bad(kServer, {}, {{"HOME", "/h"}, {"DTI_CATALOG", "c.csv"}}, files),
             "dti_server: DTI_CATALOG: c.csv:3:2: ");
}

const Args kFacultyNeeds{"--name=derecho", "--dti-server=a:1"};

TEST(DtiServerOptions, ABadCatalogueHasALineForEachFault) {
  std::string text = "faculty,program\n";
  for (int i = 0; i < 52; ++i) text += "derecho,\n";
  const auto parsed = parse_dti_server_options(Args{"--catalog=c.csv"}, fake_surroundings(kHome, {{"c.csv", text}}));
  const auto said = std::get<UsageExit>(parsed).text;
  EXPECT_TRUE(
      said.starts_with("dti_server: --catalog: c.csv:2:2: the program is missing\n"
                       "dti_server: --catalog: c.csv:3:2: the program is missing\n"))
      << said;
  EXPECT_TRUE(said.ends_with("\ndti_server: --catalog: c.csv: and 2 more faults\n")) << said;
}

TEST(DtiServerOptions, ACatalogueInWindows1252IsReadAndSaidToBe) {
  const Texts files{{"c.csv", "faculty;program\r\nArtes;Dise\xF1o\r\n"}, {"u.csv", "faculty,program\nArtes,Diseño\n"}};
  const auto options = good<DtiServerOptions>(kServer, {"--catalog=c.csv"}, kHome, files);
  EXPECT_EQ(options.start.catalog, (std::vector<CatalogRow>{{"Artes", "Diseño"}}));
  EXPECT_TRUE(options.catalog_is_windows_1252);
  EXPECT_FALSE(good<DtiServerOptions>(kServer, {"--catalog=u.csv"}, kHome, files).catalog_is_windows_1252);
}

TEST(FacultyOptions, DefaultsAreThoseOfTheProtocol) {
  const auto options = good<FacultyAppOptions>(kFaculty, kFacultyNeeds);
  EXPECT_EQ(options.faculty.name, "derecho");
  EXPECT_EQ(options.faculty.client.endpoints, std::vector<std::string>{"a:1"});
  EXPECT_FALSE(options.faculty.semester);
  EXPECT_EQ(options.faculty.programs_min, 5U);
  EXPECT_EQ(options.faculty.batch_wait, 30s);
  EXPECT_EQ(options.faculty.client.request_timeout, 2s);
  EXPECT_EQ(options.faculty.client.retries, 10);
  EXPECT_EQ(options.faculty.client.budget, 25s);
  EXPECT_EQ(options.doors.endpoints, (std::vector<ListenEndpoint>{{false, "127.0.0.1", 5000}}));
  EXPECT_TRUE(options.server_keys.empty());
  EXPECT_EQ(options.memory_max, 1024U * 1024 * 1024);
}

TEST(FacultyOptions, EveryFlagReachesItsOption) {
  const auto options = good<FacultyAppOptions>(
      kFaculty, {"--name=derecho", "--dti-server=a:1,[::1]:2", "--semester=2025", "--min-programs=3",
                 "--batch-seconds=0", "--request-timeout=0.1", "--retries=0", "--bind=*", "--listen-port=0",
                 "--allow-plaintext", "--memory-max=64", "--log-level=debug"});
  EXPECT_EQ(options.memory_max, 64U * 1024 * 1024);
  EXPECT_EQ(faculty_changes(options.settings).memory_max, options.memory_max);
  EXPECT_EQ(options.servers, (std::vector<HostPort>{{"a", 1}, {"[::1]", 2}}));
  EXPECT_EQ(options.faculty.client.endpoints, (std::vector<std::string>{"a:1", "[::1]:2"}));
  EXPECT_EQ(options.faculty.semester, "2025");
  EXPECT_EQ(options.faculty.programs_min, 3U);
  EXPECT_EQ(options.faculty.batch_wait, 0s);
  EXPECT_EQ(options.faculty.client.request_timeout, 100ms);
  EXPECT_EQ(options.faculty.client.retries, 0);
  EXPECT_EQ(options.doors.endpoints, (std::vector<ListenEndpoint>{{false, "*", 0}}));
  EXPECT_EQ(options.log.level, LogLevel::kDebug);
  EXPECT_EQ(
      good<FacultyAppOptions>(kFaculty, {}, {{"DTI_NAME", "n"}, {"DTI_DTI_SERVER", "b:2"}}).faculty.client.endpoints,
      std::vector<std::string>{"b:2"});
}

TEST(FacultyOptions, BadUseIsRefusedWithItsReason) {
  EXPECT_EQ(bad(kFaculty, {}),
            "faculty: --name, --dti-server are needed (or DTI_NAME, or \"name\" in the config file, and so on)");
  EXPECT_EQ(bad(kFaculty, {"--name=", "--dti-server=a:1"}), "faculty: --name: \"\" must not be empty");
  const std::pair<Args, std::string> cases[] = {
      {{"--semester="}, "faculty: --semester: \"\" must not be empty"},
      {{"--min-programs=0"}, "faculty: --min-programs: \"0\" is not a whole number from 1 to 1000"},
      {{"--min-programs=1001"}, "from 1 to 1000"},
      {{"--request-timeout=0"}, "faculty: --request-timeout: \"0\" must be more than 0 seconds"},
      {{"--retries=-1"}, "faculty: --retries: \"-1\" is not a whole number"},
      {{"--listen-port=x"}, "faculty: --listen-port: \"x\" is not a whole number"},
      {{"--port=5000"}, "faculty: --port: unknown flag"},
  };
  for (const auto& [args, part] : cases) EXPECT_HAS(bad(kFaculty, with(kFacultyNeeds, args)), part);
  EXPECT_HAS(bad(kFaculty, {"--name=x", "--dti-server=a:1,"}),
             "faculty: --dti-server: \"a:1,\" is not a list of HOST:PORT");
  EXPECT_HAS(bad(kFaculty, {"--name=" + std::string(201, 'x'), "--dti-server=a:1"}), "has 201 bytes; 200 are allowed");
}

TEST(FacultyOptions, HelpSaysHowToRunAgainstAnOldServer) { EXPECT_HAS(help_text(describe_faculty()), "--retries=0"); }

const Args kProgramNeeds{"--name=civil", "--semester=2025-10", "--classrooms=7", "--labs=2", "--faculty-server=f:5000"};

TEST(ProgramOptions, DefaultsAreThoseOfTheProtocol) {
  const auto options = good<ProgramOptions>(kProgram, kProgramNeeds);
  EXPECT_EQ(options.request, (RoomRequest{"civil", "2025-10", {7, 2}, std::nullopt}));
  EXPECT_EQ(options.faculty_server, (HostPort{"f", 5000}));
  EXPECT_EQ(options.timeout, 60s);
  EXPECT_EQ(options.output_dir, ".");
  EXPECT_FALSE(options.json);
}

TEST(ProgramOptions, EveryFlagReachesItsOption) {
  const auto options = good<ProgramOptions>(
      kProgram, with(kProgramNeeds, {"--timeout=0.25", "--output-dir", "/out", "--json", "--log-format=json"}));
  EXPECT_EQ(options.timeout, 250ms);
  EXPECT_EQ(options.output_dir, "/out");
  EXPECT_TRUE(options.json);
  EXPECT_EQ(options.log.format, LogFormat::kJson);
}

TEST(ProgramOptions, BadUseIsRefusedWithItsReason) {
  EXPECT_HAS(bad(kProgram, {}), "program: --name, --semester, --classrooms, --labs, --faculty-server are needed");
  // The last ones of each kind decide what the needed flags were, so each case changes one of them.
  const std::pair<std::pair<std::size_t, std::string>, std::string> cases[] = {
      {{0, "--name="}, "program: --name: \"\" must not be empty"},
      {{0, "--name= a"}, "program: --name: \" a\" has a space (U+0020) at its start"},
      {{0, "--name=Art\u0435s"}, "has a Cyrillic letter (U+0435) as character 4, in a word with Latin letters"},
      {{0, "--name=" + std::string(201, 'x')}, "has 201 bytes; 200 are allowed"},
      {{1, "--semester="}, "program: --semester: \"\" must not be empty"},
      {{1, "--semester=" + std::string(65, 'x')}, "has 65 bytes; 64 are allowed"},
      {{2, "--classrooms=1000001"}, "program: --classrooms: \"1000001\" is not a whole number from 0 to 1000000"},
      {{3, "--labs=x"}, "program: --labs: \"x\" is not a whole number from 0 to 1000000"},
      {{4, "--faculty-server=f"}, "program: --faculty-server: \"f\" is not HOST:PORT"},
  };
  for (const auto& [change, part] : cases) {
    auto args = kProgramNeeds;
    args[change.first] = change.second;
    EXPECT_HAS(bad(kProgram, args), part);
  }
  EXPECT_HAS(bad(kProgram, with(kProgramNeeds, {"--timeout=0"})),
             "program: --timeout: \"0\" must be more than 0 seconds");
  EXPECT_HAS(bad(kProgram, with(kProgramNeeds, {"--output-dir="})), "program: --output-dir: \"\" is not a path");
}

TEST(ProgramOptions, ARepeatOfAChangeNeedsItsIdAndTheNumberThatItHadBefore) {
  const std::pair<Args, std::string> cases[] = {
      {{"--change=release", "--command-id=once"}, "program: --command-id: needs --expects too"},
      {{"--change=release", "--command-id=once", "--expects=2"}, "needs --key and --server-key"},
      {{"--change=release", "--expects=2"}, "needs --key and --server-key"},
      {{"--classrooms=1", "--labs=1", "--command-id=once", "--expects=2"}, "program: --command-id: needs --change"},
      {{"--classrooms=1", "--labs=1", "--accept-part"}, "program: --accept-part: needs --change=amend"},
  };
  const Args needed{"--name=civil", "--semester=2025-10", "--faculty-server=f:5000"};
  for (const auto& [args, part] : cases) EXPECT_HAS(bad(kProgram, with(needed, args)), part);
}

TEST(ProgramOptions, EveryNameThatTheServerAcceptsIsTaken) {
  for (const auto& name : {std::string(200, 'x'), std::string{"F\u00EDsica/Qu\u00EDmica"},
                           std::string{"Bellas\u00A0Artes"}, std::string{"-1"}, std::string{"."}, std::string{".."}}) {
    auto args = kProgramNeeds;
    args[0] = "--name=" + name;
    args[1] = "--semester=2025/" + std::string(59, 'y');
    EXPECT_EQ(good<ProgramOptions>(kProgram, args).request.program_name, name);
  }
}

// Splits a command line like a shell: a line that ends in a backslash continues.
std::string joined(const std::string& text) { return std::regex_replace(text, std::regex{" \\\\\n +"}, " "); }

TEST(Help, MentionsEveryFlagWithItsVariableAndItsDefault) {
  for (const auto& app : {describe_dti_server(), describe_faculty(), describe_program()}) {
    const auto help = help_text(app);
    EXPECT_TRUE(help.starts_with("Usage: " + app.name));
    for (const auto& setting : app.settings) {
      const auto start =
          help.find("\n  --" + setting.name + (std::holds_alternative<SwitchKind>(setting.kind) ? "\n" : "="));
      ASSERT_NE(start, std::string::npos) << app.name << " --" << setting.name;
      std::string block = help.substr(start + 1, help.find("\n  --", start + 1) - start);
      EXPECT_HAS(block, variable_name(setting.name));
      if (setting.needed) {
        EXPECT_HAS(block, "(needed;");
      } else {
        auto shown = setting.default_value.value_or(setting.default_shown.substr(0, 10));
        if (std::holds_alternative<SwitchKind>(setting.kind)) shown = shown == "true" ? "on" : "off";
        EXPECT_HAS(block, "(default: " + shown);
      }
    }
    for (const auto* flag : {"--help", "--version", "--config=", "--log-level=", "--log-format="}) {
      EXPECT_HAS(help, flag);
    }
    for (const auto& [code, meaning] : app.exit_codes) {
      EXPECT_HAS(help, "\n  " + std::to_string(code) + "  " + meaning.substr(0, 10));
    }
    EXPECT_GE(app.examples.size(), 2U);
    for (const auto& [what, command] : app.examples) EXPECT_HAS(joined(help), command);
  }
}

TEST(Help, FitsATerminalOf80Columns) {
  for (const auto& app : {describe_dti_server(), describe_faculty(), describe_program()}) {
    std::istringstream help{help_text(app)};
    for (std::string line; std::getline(help, line);) {
      const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
      EXPECT_LE(columns, 80) << app.name << ": " << line;
    }
  }
}

TEST(Help, SaysOfDaemonsOnlyThatSighupReloadsASettingBecauseItEndsTheOthers) {
  for (const auto& app : {describe_dti_server(), describe_faculty()}) EXPECT_HAS(help_text(app), "SIGHUP reloads it");
  for (const auto& app : {describe_program(), describe_verify()}) {
    EXPECT_EQ(help_text(app).find("SIGHUP"), std::string::npos) << app.name;
  }
}

TEST(Help, SaysWhatASemesterNeedsAndWhatALeaseIsFor) {
  const auto help = std::regex_replace(help_text(describe_dti_server()), std::regex{"\\s+"}, " ");
  for (const std::string name : {"--classrooms", "--labs"}) {
    const auto start = help.find(' ' + name + "=N");
    ASSERT_NE(start, std::string::npos) << name;
    EXPECT_HAS(help.substr(start, 200), "default: none; required to open a semester");
  }
  EXPECT_HAS(help.substr(help.find("--lease-seconds")), "a standby may take over");
}

TEST(Help, IsAnsweredWithoutTheNeededFlags) {
  const auto parsed = parse_program_options(Args{"--help"}, fake_surroundings());
  EXPECT_EQ(std::get<UsageExit>(parsed).code, 0);
  const auto version = parse_dti_server_options(Args{"--version"}, fake_surroundings());
  EXPECT_EQ(std::get<UsageExit>(version).text, "dti_server " DTI_VERSION "\n");
}

// What the examples of --help show must work: they are read as a shell would split them.
TEST(Help, ItsExamplesAreGoodUse) {
  const auto check = [](const AppDescription& app, auto parse) {
    for (const auto& [what, command] : app.examples) {
      Args args;
      Texts variables = kHome;
      for (std::size_t at = 0; at < command.size();) {
        const auto end = std::min(command.find(' ', at), command.size());
        const auto word = command.substr(at, end - at);
        if (word.starts_with("--")) args.push_back(word);
        if (word.starts_with("DTI_")) variables[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
        at = end + 1;
      }
      const Texts files{{"dti.key", key_file_text({"dti", make_key_pair()})}, {"keys.toml", ""}};
      const auto parsed = parse(args, fake_surroundings(variables, files));
      EXPECT_EQ(parsed.index(), 0U) << command;
    }
  };
  check(describe_dti_server(), kServer);
  check(describe_faculty(), kFaculty);
  check(describe_program(), kProgram);
}

}  // namespace
}  // namespace dti
