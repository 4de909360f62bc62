#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/catalog_plan.hpp"

namespace dti {

/// The text of a file with a plan: JSON in one line.
[[nodiscard]] std::string encode_catalog_plan(const CatalogPlan& plan);

/// Reads such a text. It does not check that the id fits.
/// @return the plan; or the first fault, as a sentence that begins with the field
[[nodiscard]] std::variant<CatalogPlan, std::string> decode_catalog_plan(std::string_view text);

}  // namespace dti
