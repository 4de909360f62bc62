#pragma once

#include <chrono>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// What `dtictl verify` was told.
struct VerifyOptions {
  StoreAddress store;  // not one in memory
  std::chrono::milliseconds store_timeout{10'000};
  bool json = false;
};

[[nodiscard]] AppDescription describe_verify();

/// @param args  the command line behind `dtictl verify`
[[nodiscard]] std::variant<VerifyOptions, UsageExit> parse_verify_options(std::span<const std::string> args,
                                                                          const Surroundings& surroundings);

}  // namespace dti
