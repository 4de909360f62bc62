#include "dti/cli/reload.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "dti_server/options.hpp"
#include "faculty/options.hpp"
#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;

std::variant<Settings, UsageExit> read(const std::string& file, const Args& args = {}, Texts variables = {}) {
  auto all = args;
  all.emplace_back("--config=f.toml");
  variables.emplace("HOME", "/home/u");
  auto options = read_dti_server_again(all, fake_surroundings(std::move(variables), {{"f.toml", file}}));
  if (auto* usage = std::get_if<UsageExit>(&options)) return std::move(*usage);
  return std::get<DtiServerOptions>(std::move(options)).settings;
}

Settings settings_of(const std::string& file, const Args& args = {}, Texts variables = {}) {
  return std::get<Settings>(read(file, args, std::move(variables)));
}

TEST(FindChanges, NamesEachSettingThatDiffersWithBothValuesAndWhetherItNeedsARestart) {
  struct Change {
    std::string name;
    std::string in_use;
    std::string read;
    std::string origin;
    bool needs_restart;
  };
  struct Case {
    std::string name;
    std::string before;
    std::string after;
    std::vector<Change> changes;
    Args args = {};
    Texts variables = {};
  };
  const std::string store = "store = \"postgresql://u:old@h/d\"";
  const Case cases[] = {
      {"the same text", "port = 1\nlease-seconds = 2", "port = 1\nlease-seconds = 2", {}},
      {"the same values, written differently", "lease-seconds = 2", "# a comment\n\nlease-seconds = 2.0 # two", {}},
      {"a default that is written down", "", "lease-seconds = 5\nlog-level = \"INFO\"", {}},
      {"a new value", "lease-seconds = 2", "\nlease-seconds = 2.5", {{"lease-seconds", "2", "2.5", "f.toml:2", false}}},
      {"back to the default", "memory-max = 2", "", {{"memory-max", "2", "1024", "default", false}}},
      {"in the order of the table",
       "",
       "log-level = \"debug\"\nmemory-max = 7\nlease-seconds = 9",
       {{"lease-seconds", "5", "9", "f.toml:3", false},
        {"memory-max", "1024", "7", "f.toml:2", false},
        {"log-level", "info", "debug", "f.toml:1", false}}},
      {"one that needs a restart", "", "port = 7", {{"port", "6000", "7", "f.toml:1", true}}},
      {"a setting that had no value", "", "semester = \"ñ\"", {{"semester", "not set", "ñ", "f.toml:1", true}}},
      {"a setting that has no value any more",
       "http = \"127.0.0.1:1\"",
       "",
       {{"http", "127.0.0.1:1", "not set", "default", true}}},
      {"a flag keeps precedence", "lease-seconds = 2", "lease-seconds = 3", {}, {"--lease-seconds=4"}},
      {"a variable keeps precedence", "lease-seconds = 2", "lease-seconds = 3", {}, {}, {{"DTI_LEASE_SECONDS", "4"}}},
      {"another address with a password",
       store,
       "store = \"postgresql://u:new@i/d\"",
       {{"store", "postgresql:dbname='d' host='h' user='u'", "postgresql:dbname='d' host='i' user='u'", "f.toml:1",
         true}}},
      {"another password",
       store,
       "store = \"postgresql://u:new@h/d\"",
       {{"store", "postgresql:dbname='d' host='h' user='u'",
         "postgresql:dbname='d' host='h' user='u' (with another password)", "f.toml:1", true}}},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    const auto changes = find_changes(describe_dti_server(), settings_of(each.before, each.args, each.variables),
                                      settings_of(each.after, each.args, each.variables));
    ASSERT_EQ(changes.size(), each.changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
      EXPECT_EQ(changes[i].name, each.changes[i].name);
      EXPECT_EQ(changes[i].in_use, each.changes[i].in_use);
      EXPECT_EQ(changes[i].read, each.changes[i].read);
      EXPECT_EQ(changes[i].origin.text, each.changes[i].origin);
      EXPECT_EQ(changes[i].needs_restart, each.changes[i].needs_restart);
    }
  }
}

class ApplyChanges : public testing::Test {
 protected:
  bool apply(const std::string& file) {
    events_.clear();
    return apply_changes(describe_dti_server(), in_use_, read(file),
                         [this](const LogEvent& event) { events_.push_back(event); });
  }
  [[nodiscard]] std::vector<std::string> event_names() const {
    std::vector<std::string> names;
    for (const auto& event : events_) names.push_back(event.event);
    return names;
  }

  Settings in_use_ = settings_of("lease-seconds = 2\nport = 1");
  std::vector<LogEvent> events_;
};

using Names = std::vector<std::string>;

TEST_F(ApplyChanges, TakesWhatCanChangeAndKeepsTellingWhatNeedsARestart) {
  EXPECT_TRUE(apply("lease-seconds = 3\nport = 2"));
  EXPECT_EQ(event_names(), (Names{"setting-changed", "restart-needed", "settings-reloaded"}));
  EXPECT_EQ(in_use_.duration("lease-seconds"), std::chrono::seconds{3});
  EXPECT_EQ(in_use_.origin("lease-seconds").text, "f.toml:1");
  EXPECT_EQ(in_use_.integer("port"), 1);
  EXPECT_EQ(server_changes(in_use_).lease, std::chrono::seconds{3});

  EXPECT_FALSE(apply("lease-seconds = 3\nport = 2"));
  EXPECT_EQ(event_names(), (Names{"restart-needed", "settings-reloaded"}));
  EXPECT_FALSE(apply("lease-seconds = 3\nport = 1"));
  EXPECT_EQ(event_names(), (Names{"settings-reloaded"}));
}

TEST_F(ApplyChanges, ChangesNothingIfAnyLineIsWrong) {
  for (const auto& [file, fault] :
       {std::pair<std::string, std::string>{"lease-seconds = 3\nport = 70000",
                                            "f.toml:2: port: \"70000\" is not a whole number from 0 to 65535"},
        {"lease-seconds = 3\nlog-level = 5", "f.toml:2: log-level: needs a text in quotes"},
        {"lease-seconds = 3\nlabs = 5", "f.toml:2: labs: needs --semester too"},
        {"lease-seconds = 0.5", "f.toml:1: lease-seconds: must be between 1 and 300 seconds"},
        {"lease-seconds = 3\n[", "f.toml:2: not valid TOML"}}) {
    EXPECT_FALSE(apply(file));
    ASSERT_EQ(event_names(), Names{"reload-refused"});
    EXPECT_TRUE(events_[0].message.starts_with("all settings stay as they are: " + fault)) << events_[0].message;
    EXPECT_EQ(in_use_.duration("lease-seconds"), std::chrono::seconds{2});
  }
}

TEST_F(ApplyChanges, ReadsNoCatalogueFileBecauseOnlyAStartUsesIt) {
  EXPECT_FALSE(apply("lease-seconds = 2\nport = 1\ncatalog = \"/missing.csv\""));
  EXPECT_EQ(event_names(), (Names{"restart-needed", "settings-reloaded"}));
}

TEST(ReloadSurroundings, ReadARegularFileAndRefuseAPipe) {
  const auto folder = testing::TempDir();
  const auto file = folder + "reload.toml";
  std::ofstream{file} << "port = 1\n";
  EXPECT_EQ(reload_surroundings().read_file(file), "port = 1\n");
  const auto pipe = folder + "reload.pipe";
  unlink(pipe.c_str());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW((void)reload_surroundings().read_file(pipe), std::runtime_error);
  unlink(pipe.c_str());
  unlink(file.c_str());
}

}  // namespace
}  // namespace dti
