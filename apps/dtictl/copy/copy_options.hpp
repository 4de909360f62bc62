#pragma once

#include <chrono>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The options of `dtictl copy`. Source: docs/settings.md, Flags.
struct CopyOptions {
  StoreAddress store;  // the source. Neither is a MemoryStoreAddress
  StoreAddress to;
  std::chrono::milliseconds store_timeout{10'000};
};

[[nodiscard]] AppDescription describe_copy();

/// @param args  the command line after `dtictl copy`
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<CopyOptions, UsageExit> parse_copy_options(std::span<const std::string> args,
                                                                      const Surroundings& surroundings);

}  // namespace dti
