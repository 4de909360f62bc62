#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/lists/list_settings.hpp"
#include "dti/cli/settings.hpp"
#include "dti/domain/policies/policies.hpp"
#include "dti/domain/pool.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The options of `dtictl what-if`. Source: docs/settings.md, Flags.
struct WhatIfOptions {
  StoreAddress store;  // never a MemoryStoreAddress
  std::chrono::milliseconds store_timeout{10'000};
  std::optional<std::string> semester;  // none: the open one
  std::string file;                     // its name, for messages
  std::string bytes;                    // its content
  std::optional<Policy> policy;         // none: one request after the other
  std::optional<Capacity> capacity;     // none: that of the semester
  std::optional<std::uint64_t> lot;     // of which lots are drawn; none: the order of the file
  ListChoice list;
};

[[nodiscard]] AppDescription describe_what_if();

/// @param args  the command line after `dtictl what-if`
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<WhatIfOptions, UsageExit> parse_what_if_options(std::span<const std::string> args,
                                                                           const Surroundings& surroundings);

}  // namespace dti
