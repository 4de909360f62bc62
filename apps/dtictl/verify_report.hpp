#pragma once

#include <string>
#include <string_view>

#include "dti/service/ledger/verify.hpp"

namespace dti {

/// The report for people: lines, the last of which says whether all fits.
[[nodiscard]] std::string text_report(const VerifyReport& report);

/// The report as one JSON object, with a line feed. Source: docs/operations.md, Checking a store.
/// @param store  the address as it may be shown
[[nodiscard]] std::string json_report(const VerifyReport& report, std::string_view store);

/// What json_report() gives for a store that could not be looked at.
[[nodiscard]] std::string json_failure(std::string_view why, std::string_view store);

}  // namespace dti
