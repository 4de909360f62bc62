#include "dtictl/ledger/ledger_options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "unit/apps/fake_surroundings.hpp"

namespace dti {
namespace {

using testing_support::Args;
using testing_support::fake_surroundings;
using testing_support::Texts;

/// The options, as text; or the line about incorrect usage.
std::string export_options(const Args& args, Texts files = {}) {
  const auto parsed = parse_ledger_export_options(args, fake_surroundings({{"HOME", "/h"}}, std::move(files)));
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return usage->text;
  const auto& options = std::get<OfficeOptions>(parsed);
  return describe(options.store) + ' ' + options.text("only-semester").value_or("-") + ' ' +
         options.text("output").value_or("-");
}

std::string import_options(const Args& args) {
  const auto parsed = parse_ledger_import_options(args, fake_surroundings({{"HOME", "/h"}}));
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return usage->text;
  const auto& options = std::get<LedgerImportOptions>(parsed);
  return describe(options.store) + ' ' + options.file;
}

TEST(LedgerOptions, TheSemesterOfAServersConfigFileDoesNotLeaveOutTheOthers) {
  const Texts file{{"f", "semester = '2025-10'\nstore = 'sqlite:/a.db'\nport = 7000"}};
  EXPECT_EQ(export_options({"--config=f"}, file), "sqlite:/a.db - -");
  EXPECT_EQ(export_options({"--config=f", "--only-semester=2025-10", "--output=x.jsonl"}, file),
            "sqlite:/a.db 2025-10 x.jsonl");
}

TEST(LedgerOptions, AnImportNeedsAFileAndAStoreOnDisk) {
  EXPECT_EQ(import_options({"--store=sqlite:/a.db", "x.jsonl"}), "sqlite:/a.db x.jsonl");
  EXPECT_NE(import_options({"--store=sqlite:/a.db"}).find("FILE"), std::string::npos);
  EXPECT_NE(import_options({"--store=memory:", "x"}).find("--store: a memory: store"), std::string::npos);
  EXPECT_NE(export_options({"--store=memory:"}).find("--store: a memory: store"), std::string::npos);
}

TEST(LedgerOptions, APasswordInAFlagIsRefusedAndNotShown) {
  const std::string flag = "--store=postgresql://u:s3cret@h/d";
  for (const auto& line : {export_options({flag}), import_options({flag, "x"})}) {
    EXPECT_NE(line.find("a password does not belong on a command line"), std::string::npos) << line;
    EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace dti
