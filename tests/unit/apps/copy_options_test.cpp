#include "dtictl/copy/copy_options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;

CopyOptions good(const Args& args, Texts variables = {}, Texts files = {}) {
  variables.insert({"HOME", "/home/u"});
  auto parsed = parse_copy_options(args, fake_surroundings(std::move(variables), std::move(files)));
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) {
    ADD_FAILURE() << usage->text;
    return {};
  }
  return std::get<CopyOptions>(std::move(parsed));
}

std::string bad(const Args& args) {
  const auto parsed = parse_copy_options(args, fake_surroundings({{"HOME", "/home/u"}}, {}));
  const auto* usage = std::get_if<UsageExit>(&parsed);
  if (usage == nullptr) return "(it was accepted)";
  EXPECT_EQ(usage->code, 2);
  return usage->text;
}

TEST(CopyOptions, TheSourceIsFoundAsTheServerFindsItAndTheTargetIsNamed) {
  EXPECT_EQ(describe(good({"--to=sqlite:/b.db"}).store), "sqlite:/home/u/.local/state/dti/dti.db");
  const Texts file{{"f", "store = 'sqlite:/a.db'\nsemester = '2025-10'"}};
  const auto options = good({"--config=f"}, {{"DTI_TO", "postgresql://u:s3cret@h/d"}}, file);
  EXPECT_EQ(describe(options.store), "sqlite:/a.db");
  EXPECT_EQ(std::get<PostgresqlStoreAddress>(options.to).conninfo, "postgresql://u:s3cret@h/d");
  EXPECT_NE(bad({}).find("--to"), std::string::npos) << "it has no default";
}

TEST(CopyOptions, AStoreInMemoryAndTheSourceItselfAreNoTargets) {
  EXPECT_NE(bad({"--to=memory:"}).find("--to: a memory: store exists only inside its server"), std::string::npos);
  EXPECT_NE(bad({"--store=memory:", "--to=sqlite:/b.db"}).find("--store: a memory: store"), std::string::npos);
  EXPECT_NE(bad({"--store=sqlite:/b.db", "--to=sqlite:/b.db"}).find("--to: is the source itself"), std::string::npos);
}

TEST(CopyOptions, APasswordInAFlagIsRefusedAndNotShown) {
  const std::string secret = "postgresql://u:s3cret@h/d";
  const std::pair<Args, const char*> cases[] = {
      {{"--to=" + secret}, "use PGPASSFILE, DTI_TO, or"},
      {{"--to=sqlite:/b.db", "--store=" + secret}, "use PGPASSFILE, DTI_STORE, or"}};
  for (const auto& [args, remedy] : cases) {
    const auto line = bad(args);
    EXPECT_NE(line.find("a password does not belong on a command line"), std::string::npos) << line;
    EXPECT_NE(line.find(remedy), std::string::npos) << line;
    EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace dti
