#include "dti/keys/settings/key_settings.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "dti/keys/key_file.hpp"
#include "dti_server/options.hpp"
#include "faculty/options.hpp"
#include "program/options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;

const KeyPair kOwn = make_key_pair();
const KeyPair kServer = make_key_pair();
const std::string kServerKey = key_text(kServer.public_key);

Texts files() {
  return {{"own.key", key_file_text({"own", kOwn})},
          {"bad.key", "name = \"own\"\n"},
          {"keys.toml", "[[key]]\nname = \"derecho\"\nrole = \"faculty:Derecho\"\npublic = \"" + kServerKey + "\"\n"},
          {"bad.toml", "[[key]]\nname = \"derecho\"\nrole = \"admin\"\n"}};
}

template <class Options>
using Parse = std::variant<Options, UsageExit> (*)(std::span<const std::string>, const Surroundings&);

template <class Options>
Options good(Parse<Options> parse, const Args& args) {
  auto parsed = parse(args, fake_surroundings({{"HOME", "/home/u"}}, files()));
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) {
    ADD_FAILURE() << usage->text;
    return {};
  }
  return std::get<Options>(std::move(parsed));
}

template <class Options>
std::string bad(Parse<Options> parse, const Args& args) {
  const auto parsed = parse(args, fake_surroundings({{"HOME", "/home/u"}}, files()));
  const auto* usage = std::get_if<UsageExit>(&parsed);
  if (usage == nullptr) return "(it was accepted)";
  EXPECT_EQ(usage->code, 2);
  return usage->text;
}

constexpr auto kDti = &parse_dti_server_options;
constexpr auto kFaculty = &parse_faculty_options;
constexpr auto kProgram = &parse_program_options;

Args faculty(Args more) {
  more.insert(more.begin(), {"--name=derecho", "--dti-server=a:1,b:2"});
  return more;
}

Args program(Args more) {
  more.insert(more.begin(), {"--name=civil", "--semester=s", "--classrooms=1", "--labs=1", "--faculty-server=f:5000"});
  return more;
}

TEST(Doors, TheListReplacesThePlainEndpointUnlessThatIsGiven) {
  const ListenEndpoint other{false, "127.0.0.1", 7000};
  const std::pair<Args, std::vector<ListenEndpoint>> cases[] = {
      {{}, {{false, "127.0.0.1", 6000}}},
      {{"--listen=tcp://127.0.0.1:7000"}, {other}},
      {{"--listen=tcp://127.0.0.1:7000", "--port=6000"}, {{false, "127.0.0.1", 6000}, other}},
      {{"--listen=tcp://127.0.0.1:7000", "--bind=::1"}, {{false, "[::1]", 6000}, other}},
  };
  for (const auto& [args, endpoints] : cases) EXPECT_EQ(good<DtiServerOptions>(kDti, args).doors.endpoints, endpoints);
}

TEST(Doors, APlainEndpointForOtherMachinesNeedsToBeAllowed) {
  for (const std::string host : {"0.0.0.0", "*", "[::]", "192.0.2.1", "eth0", "127.0.0.1.example.org", "[::2]"}) {
    const auto endpoint = "--listen=tcp://" + host + ":6000";
    EXPECT_NE(bad<DtiServerOptions>(kDti, {endpoint}).find("dti_server: --listen: tcp://" + host + ":6000 is plain"),
              std::string::npos);
    EXPECT_NE(
        bad<DtiServerOptions>(kDti, {"--bind=" + host}).find("dti_server: --bind: tcp://" + host + ":6000 is plain"),
        std::string::npos);
    const auto allowed = good<DtiServerOptions>(kDti, {endpoint, "--allow-plaintext"});
    EXPECT_TRUE(allowed.doors.is_plaintext_exposed);
    EXPECT_EQ(plaintext_warning(allowed.doors).fields.at(0).second, "tcp://" + host + ":6000");
  }
  for (const std::string host : {"127.0.0.1", "127.1.2.3", "[::1]", "localhost", "lo"}) {
    EXPECT_FALSE(good<DtiServerOptions>(kDti, {"--listen=tcp://" + host + ":1"}).doors.is_plaintext_exposed) << host;
  }
}

TEST(Doors, ASecuredEndpointHasItsKeyAndItsList) {
  const auto options =
      good<DtiServerOptions>(kDti, {"--listen=curve://0.0.0.0:6000", "--key=own.key", "--keys=keys.toml"});
  EXPECT_TRUE(options.doors.is_secured);
  EXPECT_FALSE(options.doors.is_plaintext_exposed);
  ASSERT_EQ(options.doors.keys.size(), 1U);
  EXPECT_EQ(options.doors.keys[0].name, "derecho");
  const auto lock = port_lock(options.doors, options.key);
  ASSERT_TRUE(lock);
  EXPECT_EQ(public_half(lock->secret), kOwn.public_key);
  EXPECT_TRUE(lock->keys->admit(kServer.public_key));
  EXPECT_TRUE(listen_at(options.doors).at(0).is_secured);
}

TEST(Doors, BadUseIsRefusedWithItsReasonAndWithoutASecret) {
  const std::string curve = "--listen=curve://0.0.0.0:6000";
  const std::pair<Args, std::string> cases[] = {
      {{curve}, "--listen: a curve:// endpoint needs --key"},
      {{curve, "--key=own.key"}, "--listen: a curve:// endpoint needs --key"},
      {{curve, "--keys=keys.toml"}, "--listen: a curve:// endpoint needs --key"},
      {{curve, "--key=none.key", "--keys=keys.toml"}, "--key: cannot use \"none.key\": No such file"},
      {{curve, "--key=own.key", "--keys=none.toml"}, "--keys: cannot use \"none.toml\": No such file"},
      {{curve, "--key=bad.key", "--keys=keys.toml"}, "--key: bad.key is incomplete: it has no public"},
      {{curve, "--key=own.key", "--keys=bad.toml"}, "--keys: bad.toml:3: the role is not a role"},
      {{curve, "--key=" + key_text(kOwn.secret_key), "--keys=keys.toml"}, "--key: needs the path of a file, not a key"},
      {{"--key=own.key"}, "--key: needs a curve:// endpoint"},
      {{"--keys=keys.toml"}, "--keys: needs a curve:// endpoint"},
      {{curve, "--key=own.key", "--keys=keys.toml", "--proxy-server=p:1"}, "--listen: the old proxy"},
  };
  for (const auto& [args, part] : cases) {
    const auto text = bad<DtiServerOptions>(kDti, args);
    EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.find(key_text(kOwn.secret_key).substr(0, 8)), std::string::npos);
  }
}

TEST(ServerKeys, OneKeyIsForAllServersAndSeveralAreOneForEach) {
  const auto other = key_text(kOwn.public_key);
  EXPECT_EQ(good<FacultyAppOptions>(kFaculty, faculty({"--key=own.key", "--server-key=" + kServerKey})).server_keys,
            (std::vector<PublicKey>{kServer.public_key, kServer.public_key}));
  EXPECT_EQ(good<FacultyAppOptions>(kFaculty, faculty({"--key=own.key", "--server-key=" + kServerKey + ',' + other}))
                .server_keys,
            (std::vector<PublicKey>{kServer.public_key, kOwn.public_key}));
  const auto of_program = good<ProgramOptions>(kProgram, program({"--key=own.key", "--server-key=" + kServerKey}));
  EXPECT_EQ(of_program.server_key, kServer.public_key);
  const std::pair<std::string, std::string> cases[] = {
      {bad<FacultyAppOptions>(kFaculty, faculty({"--server-key=" + kServerKey})), "--server-key: needs --key"},
      {bad<FacultyAppOptions>(kFaculty, faculty({"--key=own.key"})),
       "--key: needs --server-key, or a curve:// endpoint"},
      {bad<FacultyAppOptions>(kFaculty,
                              faculty({"--key=own.key", "--server-key=" + kServerKey + ',' + other + ',' + other})),
       "--server-key: has 3 keys for 2 servers"},
      {bad<FacultyAppOptions>(kFaculty, faculty({"--key=own.key", "--server-key=" + std::string(64, '0')})),
       "--server-key: is not a public key"},
      {bad<ProgramOptions>(kProgram, program({"--key=own.key", "--server-key=" + key_text(kOwn.secret_key)})),
       "--server-key: is the secret key of this process"},
      {bad<ProgramOptions>(kProgram, program({"--server-key=" + kServerKey})), "--server-key: needs --key"},
      {bad<ProgramOptions>(kProgram, program({"--key=own.key"})), "--key: needs --server-key"},
  };
  for (const auto& [text, part] : cases) EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(OwnKey, AnotherOneInTheFileNeedsARestart) {
  const std::optional<OwnKey> in_use = OwnKey{"own", kOwn};
  EXPECT_FALSE(other_key_remark(in_use, in_use));
  EXPECT_FALSE(other_key_remark(std::nullopt, in_use));
  const auto remark = other_key_remark(in_use, OwnKey{"own", kServer});
  ASSERT_TRUE(remark);
  EXPECT_EQ(remark->event, "restart-needed");
}

TEST(KeysReadAgain, TheListOfTheSameFileReplacesTheOneInUse) {
  const Args args{"--listen=curve://127.0.0.1:0", "--key=own.key", "--keys=keys.toml"};
  const auto in_use = good<DtiServerOptions>(kDti, args);
  EXPECT_EQ(keys_read_again(in_use.settings, in_use.settings, in_use.doors), in_use.doors.keys);
  const auto plain = good<DtiServerOptions>(kDti, {});
  EXPECT_EQ(keys_read_again(in_use.settings, plain.settings, plain.doors), std::nullopt);
  EXPECT_EQ(keys_read_again(plain.settings, in_use.settings, in_use.doors), std::nullopt);
}

/// Surroundings in which files can be made, as those of a start.
struct Start {
  Texts made;
  Surroundings surroundings() {
    auto all = fake_surroundings({{"HOME", "/home/u"}}, files());
    const auto read = all.read_file;
    all.read_guarded_file = [this, read](const std::string& path, FileGuard) {
      return made.contains(path) ? made[path] : read(path);
    };
    all.is_missing = [this](const std::string& path) { return !made.contains(path) && !files().contains(path); };
    all.write_new_secret = [this](const std::string& path, std::string_view text) { made[path] = text; };
    return all;
  }
};

const Args kMakes{"--listen=curve://127.0.0.1:0", "--key=/var/lib/dti/new.key", "--make-key", "--keys=keys.toml"};

TEST(MakeKey, AStartMakesTheKeyFileOnceAndTellsItsPublicLine) {
  Start start;
  const auto first = std::get<DtiServerOptions>(parse_dti_server_options(kMakes, start.surroundings()));
  ASSERT_TRUE(first.key && first.key->was_made);
  EXPECT_EQ(first.key->name, "new");
  const auto remarks = key_remarks(first.settings, first.key, &first.doors);
  ASSERT_EQ(remarks.size(), 2U);
  EXPECT_EQ(remarks[0].event, "key-made");
  EXPECT_EQ(remarks[0].fields.at(1).second, public_line(first.key->pair.public_key, "new"));
  EXPECT_EQ(remarks[1].fields.at(0).second, key_text(first.key->pair.public_key));
  const auto second = std::get<DtiServerOptions>(parse_dti_server_options(kMakes, start.surroundings()));
  ASSERT_TRUE(second.key);
  EXPECT_FALSE(second.key->was_made);
  EXPECT_EQ(second.key->pair.public_key, first.key->pair.public_key);
  EXPECT_EQ(start.made.size(), 1U);
}

TEST(MakeKey, ACheckOfTheSettingsAndAReloadMakeNoFile) {
  Start start;
  auto args = kMakes;
  args.emplace_back("--check-config");
  const auto checked = parse_dti_server_options(args, start.surroundings());
  ASSERT_TRUE(std::holds_alternative<UsageExit>(checked));
  EXPECT_EQ(std::get<UsageExit>(checked).code, 0) << std::get<UsageExit>(checked).text;
  EXPECT_NE(bad<DtiServerOptions>(kDti, kMakes).find("--key: cannot use \"/var/lib/dti/new.key\""), std::string::npos);
  EXPECT_TRUE(start.made.empty());
}

TEST(MakeKey, ReplacesNoFileAndNeedsAPath) {
  Start start;
  auto damaged = kMakes;
  damaged[1] = "--key=bad.key";
  EXPECT_EQ(std::get<UsageExit>(parse_dti_server_options(damaged, start.surroundings())).code, 2);
  EXPECT_TRUE(start.made.empty());
  EXPECT_NE(bad<DtiServerOptions>(kDti, {"--make-key"}).find("--make-key: needs --key"), std::string::npos);
  auto odd = kMakes;
  odd[1] = "--key=/var/lib/dti/" + std::string(70, 'x') + ".key";
  const auto usage = std::get<UsageExit>(parse_dti_server_options(odd, start.surroundings()));
  EXPECT_NE(usage.text.find("is also that of the key, and "), std::string::npos) << usage.text;
}

TEST(MakeKey, AnEmptyListIsARemarkWithTheNextCommand) {
  Start start;
  start.made["empty.toml"] = "# no key yet\n";
  auto args = kMakes;
  args.back() = "--keys=empty.toml";
  const auto options = std::get<DtiServerOptions>(parse_dti_server_options(args, start.surroundings()));
  const auto remarks = key_remarks(options.settings, options.key, &options.doors);
  ASSERT_EQ(remarks.size(), 3U);
  EXPECT_EQ(remarks[2].event, "key-list-empty");
  EXPECT_NE(remarks[2].message.find("dtictl key add --keys=empty.toml"), std::string::npos) << remarks[2].message;
}

}  // namespace
}  // namespace dti
