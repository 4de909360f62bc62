#pragma once

#include <string>
#include <string_view>

namespace dti {

// A spreadsheet runs a cell that begins with a sign such as `=` as a formula. CSV that is written here has a `'` before such
// a text, and CSV that is read here may have it. A text that begins with `'` and would be one without it gets another `'`,
// so that each text is read as it was written.

/// The text for a cell.
[[nodiscard]] std::string with_formula_mark(std::string_view text);

/// The text of a cell. without_formula_mark(with_formula_mark(text)) is the text.
[[nodiscard]] std::string without_formula_mark(std::string_view cell);

}  // namespace dti
