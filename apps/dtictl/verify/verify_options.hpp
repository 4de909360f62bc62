#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/seals/signature.hpp"
#include "dti/service/ledger/head_line.hpp"

namespace dti {

/// The options of `dtictl verify`. Source: docs/settings.md, Flags.
struct VerifyOptions {
  StoreAddress store;  // never a MemoryStoreAddress
  std::chrono::milliseconds store_timeout{10'000};
  bool json = false;
  std::optional<WitnessFile> witness;          // lines of dtictl head
  std::vector<SigningPublicKey> witness_keys;  // that may have signed them
};

[[nodiscard]] AppDescription describe_verify();

/// @param args  the command line after `dtictl verify`
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<VerifyOptions, UsageExit> parse_verify_options(std::span<const std::string> args,
                                                                          const Surroundings& surroundings);

}  // namespace dti
