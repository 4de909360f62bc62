#pragma once

#include <string_view>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/protocol/json_writer.hpp"
#include "protocol/fields.hpp"
#include "protocol/strict_json.hpp"

namespace dti {

/// Writes programs as a list of faculties: `"add":[{"faculty":"…","programs":["…"]}]`. Rows of one faculty that follow each
/// other are one element.
void write_catalog_rows(JsonWriter& writer, std::string_view key, const std::vector<CatalogRow>& rows);

/// Reads such a list of 1 to kCatalogRowsMax programs, with the lengths of names that requests have. It ends at the first
/// fault.
[[nodiscard]] std::vector<CatalogRow> read_catalog_rows(JsonValue root, std::string_view key, FieldReader& reader);

}  // namespace dti
