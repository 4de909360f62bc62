#pragma once

#include <string>

#include "load/load_run.hpp"

namespace dti::bench {

/// The result as one line for each figure.
[[nodiscard]] std::string text_report(const LoadOptions& options, const LoadResult& result);
/// The result as a JSON object, with a line feed at its end.
[[nodiscard]] std::string json_report(const LoadOptions& options, const LoadResult& result);

}  // namespace dti::bench
