#pragma once

#include <string>
#include <string_view>

#include "dti/service/ledger/verify.hpp"

namespace dti {

/// The report for people, as lines. The last line gives the number of differences.
[[nodiscard]] std::string text_report(const VerifyReport& report);

/// The report as one JSON object, with a line feed. Source: docs/operations.md, Checking a store.
/// @param store  the address of the store, without a password
[[nodiscard]] std::string json_report(const VerifyReport& report, std::string_view store);

/// The JSON report for a store that could not be opened or read.
/// @param why  the reason, for people
[[nodiscard]] std::string json_failure(std::string_view why, std::string_view store);

}  // namespace dti
