#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dti/cli/lists/list_settings.hpp"
#include "dti/cli/settings.hpp"
#include "dti/domain/policies/policies.hpp"
#include "dti/domain/pool.hpp"
#include "dtictl/office/office_options.hpp"

namespace dti {

/// The options of `dtictl what-if`, beside those of OfficeOptions. Source: docs/settings.md, Flags.
struct WhatIfOptions {
  std::string file;                   // its name, for messages
  std::string bytes;                  // its content
  std::optional<Policy> policy;       // none: one request after the other
  std::optional<Capacity> capacity;   // none: that of the semester
  std::optional<std::uint64_t> lot;   // of which lots are drawn; none: the order of the file
  bool has_provisional_lots = false;  // instead: those of a round without a secret
  ListChoice list;
};

/// A choice among the policies, without a default.
[[nodiscard]] Setting policy_setting(std::string help);
[[nodiscard]] Setting capacity_setting();

[[nodiscard]] ReadCommand what_if_command();

/// @param options  of that command, which has the settings of what_if_command(), or some of them
/// @throws Unanswerable  a value that cannot be used, or a file that cannot be read
[[nodiscard]] WhatIfOptions read_what_if_options(const ReadCommand& command, const OfficeOptions& options,
                                                 const Surroundings& surroundings);

}  // namespace dti
