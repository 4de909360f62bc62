#pragma once

#include <optional>
#include <string>

#include "dtictl/change/change_options.hpp"

namespace dti {

/// Reads the plan and the secret of `dtictl round open` or `run`. The secret is in a file beside the plan; `open` makes it.
/// @return how to end, if they cannot be used
[[nodiscard]] std::optional<UsageExit> read_round(const Settings& settings, const ChangeVerb& kind,
                                                  const Surroundings& surroundings, ChangeOptions& options);

/// The file with the secret of a plan.
[[nodiscard]] std::string secret_file_of(const std::string& plan);

}  // namespace dti
