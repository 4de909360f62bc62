#include "dtictl/migrate/migrate_options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;
using namespace std::chrono_literals;

const Texts kHome{{"HOME", "/home/u"}};

MigrateOptions good(const Args& args, Texts variables = kHome, Texts files = {}) {
  auto parsed = parse_migrate_options(args, fake_surroundings(std::move(variables), std::move(files)));
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) {
    ADD_FAILURE() << usage->text;
    return {};
  }
  return std::get<MigrateOptions>(std::move(parsed));
}

std::string bad(const Args& args, Texts files = {}) {
  const auto parsed = parse_migrate_options(args, fake_surroundings(kHome, std::move(files)));
  const auto* usage = std::get_if<UsageExit>(&parsed);
  if (usage == nullptr) return "(it was accepted)";
  EXPECT_EQ(usage->code, 2);
  return usage->text;
}

std::string path_of(const MigrateOptions& options) { return std::get<SqliteStoreAddress>(options.store).path.string(); }

TEST(MigrateOptions, TheStoreIsFoundAsTheServerFindsIt) {
  EXPECT_EQ(path_of(good({})), "/home/u/.local/state/dti/dti.db");
  EXPECT_EQ(good({}).store_timeout, 10s);
  const Texts file{{"f", "store = 'sqlite:/file.db'\nstore-timeout = 2.5"}};
  const Texts variable{{"DTI_STORE", "sqlite:/variable.db"}};
  EXPECT_EQ(path_of(good({"--config=f"}, kHome, file)), "/file.db");
  EXPECT_EQ(good({"--config=f"}, kHome, file).store_timeout, 2500ms);
  EXPECT_EQ(path_of(good({"--config=f"}, variable, file)), "/variable.db");
  EXPECT_EQ(path_of(good({"--config=f", "--store=sqlite:/flag.db"}, variable, file)), "/flag.db");
}

TEST(MigrateOptions, AServersConfigFileIsReadWithAllThatItHas) {
  const Texts file{{"f", "semester = '2025-10'\nport = 7000\nstore = 'sqlite:/x.db'\nlog-level = 'debug'"}};
  EXPECT_EQ(path_of(good({"--config=f"}, kHome, file)), "/x.db");
  EXPECT_NE(bad({"--config=f"}, {{"f", "semster = '2025-10'"}}).find("f:1: unknown key \"semster\""),
            std::string::npos);
  EXPECT_NE(bad({"--semester=2025-10"}).find("--semester: unknown flag"), std::string::npos) << "a flag is no key";
}

TEST(MigrateOptions, APasswordInAFlagIsRefusedAndNotShown) {
  const auto line = bad({"--store=postgresql://u:s3cret@h/d"});
  EXPECT_NE(line.find("dtictl migrate: --store: a password does not belong on a command line"), std::string::npos)
      << line;
  EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
  EXPECT_TRUE(
      std::holds_alternative<PostgresqlStoreAddress>(good({}, {{"DTI_STORE", "postgresql://u:s3cret@h/d"}}).store));
}

TEST(MigrateOptions, AStoreInMemoryIsBadUse) {
  EXPECT_NE(bad({"--store=memory:"}).find("exists only inside its server"), std::string::npos);
}

TEST(MigrateOptions, HelpNamesTheExitCodes) {
  const auto usage = std::get<UsageExit>(parse_migrate_options(Args{"--help"}, fake_surroundings()));
  EXPECT_NE(usage.text.find("0  the schema is up to date\n"), std::string::npos) << usage.text;
  EXPECT_NE(usage.text.find("1  nothing was changed"), std::string::npos);
  EXPECT_EQ(usage.text.find("--semester"), std::string::npos) << "the server's settings are not its own";
  EXPECT_EQ(usage.text.find("memory:"), std::string::npos) << "such a store exists only inside its server";
}

}  // namespace
}  // namespace dti
