#pragma once

#include <chrono>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dtictl/office/office_options.hpp"

namespace dti {

/// The options of `dtictl ledger import`. Source: docs/settings.md, Flags.
struct LedgerImportOptions {
  StoreAddress store;  // not a MemoryStoreAddress
  std::chrono::milliseconds store_timeout{10'000};
  std::string file;
};

[[nodiscard]] AppDescription describe_ledger_export();
[[nodiscard]] AppDescription describe_ledger_import();

/// @param args  the command line after the command's name
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<OfficeOptions, UsageExit> parse_ledger_export_options(std::span<const std::string> args,
                                                                                 const Surroundings& surroundings);
[[nodiscard]] std::variant<LedgerImportOptions, UsageExit> parse_ledger_import_options(
    std::span<const std::string> args, const Surroundings& surroundings);

}  // namespace dti
