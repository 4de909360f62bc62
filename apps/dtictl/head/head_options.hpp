#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/seals/signature.hpp"

namespace dti {

/// The options of `dtictl head`. Source: docs/settings.md, Flags.
struct HeadOptions {
  StoreAddress store;  // never a MemoryStoreAddress
  std::chrono::milliseconds store_timeout{10'000};
  SigningSecretKey key;
  std::optional<std::string> witness_file;  // to which the line is added; none: stdout
};

[[nodiscard]] AppDescription describe_head();

/// @param args  the command line after `dtictl head`
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<HeadOptions, UsageExit> parse_head_options(std::span<const std::string> args,
                                                                      const Surroundings& surroundings);

}  // namespace dti
