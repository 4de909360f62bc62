#pragma once

#include <chrono>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The options of `dtictl migrate`. Source: docs/settings.md, Flags.
struct MigrateOptions {
  StoreAddress store;  // never a MemoryStoreAddress
  std::chrono::milliseconds store_timeout{10'000};
};

[[nodiscard]] AppDescription describe_migrate();

/// @param args  the command line after `dtictl migrate`
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<MigrateOptions, UsageExit> parse_migrate_options(std::span<const std::string> args,
                                                                            const Surroundings& surroundings);

}  // namespace dti
