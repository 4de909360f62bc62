#pragma once

#include <span>
#include <string>

namespace dti {

/// `dtictl complete`, which the completion of bash calls: prints names of the store, a line each. @return the exit code
[[nodiscard]] int run_complete(std::span<const std::string> args);

}  // namespace dti
