#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The options of `dtictl explain`. Source: docs/settings.md, Flags.
struct ExplainOptions {
  StoreAddress store;  // never a MemoryStoreAddress
  std::chrono::milliseconds store_timeout{10'000};
  std::optional<std::string> semester;  // none: the open one
  std::optional<std::string> faculty;   // none: the only one that has the program
  std::string program;
  bool json = false;
};

[[nodiscard]] AppDescription describe_explain();

/// @param args  the command line after `dtictl explain`
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<ExplainOptions, UsageExit> parse_explain_options(std::span<const std::string> args,
                                                                            const Surroundings& surroundings);

}  // namespace dti
