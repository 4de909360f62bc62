#include "dti/base/formula_mark.hpp"

#include <algorithm>
#include <array>

namespace dti {
namespace {

/// Tells whether the text begins as a formula, after any number of marks.
bool is_formula_after_marks(std::string_view text) {
  constexpr std::array<std::string_view, 11> kSigns = {
      "=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n"};  // the long ones are full-width
  text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
  return std::any_of(kSigns.begin(), kSigns.end(), [text](std::string_view sign) { return text.starts_with(sign); });
}

}  // namespace

std::string with_formula_mark(std::string_view text) {
  return (is_formula_after_marks(text) ? "'" : "") + std::string{text};
}

std::string without_formula_mark(std::string_view cell) {
  if (cell.starts_with('\'') && is_formula_after_marks(cell)) cell.remove_prefix(1);
  return std::string{cell};
}

}  // namespace dti
