#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/pool.hpp"

namespace dti {

/// Reads a whole number from a cell of a spreadsheet: digits, also with decimals that are zero (`12.0`, `12,00`), which
/// programs write that calculate with fractions.
/// @param cell  without white space around
/// @return the number; or the reason why it is none, as the rest of a sentence
[[nodiscard]] std::variant<Quantity, std::string> read_cell_number(std::string_view cell, Quantity min, Quantity max);

}  // namespace dti
