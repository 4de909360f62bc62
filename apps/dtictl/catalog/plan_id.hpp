#pragma once

#include <string>

#include "dti/domain/catalog_plan.hpp"

namespace dti {

/// The id of a plan: a hash of the store, the hash of its file, and its steps.
/// Source: docs/adr/0030-plans-of-the-catalogue.md
[[nodiscard]] std::string plan_id(const CatalogPlan& plan);

}  // namespace dti
