#pragma once

#include <string>
#include <vector>

#include "dti/domain/ask.hpp"
#include "dti/protocol/json_writer.hpp"
#include "protocol/fields.hpp"
#include "protocol/strict_json.hpp"

namespace dti {

/// Writes the asks of a round as lists of equal length, which need less room than an object for each ask:
/// `"programs":[…],"classrooms":[…],"labs":[…]`, and `classes`, `weights` and `floors` if one is not the default.
void write_asks(JsonWriter& writer, const std::vector<Ask>& asks);

/// Reads such lists, of 1 to kRoundAsksMax asks, each program once. It ends at the first fault.
[[nodiscard]] std::vector<Ask> read_asks(JsonValue root, FieldReader& reader);

/// Reads 64 hexadecimal digits in lower case.
[[nodiscard]] std::string read_hash(JsonValue root, FieldReader& reader, std::string_view key);

}  // namespace dti
