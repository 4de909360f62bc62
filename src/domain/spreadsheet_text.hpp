#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/catalog.hpp"

namespace dti {

/// The text of a file in UTF-8.
struct SpreadsheetText {
  std::string text;
  bool is_windows_1252 = false;
};

/// Converts the bytes of a text file to UTF-8. The file may be UTF-8 with or without byte order mark, UTF-16 with byte
/// order mark, or Windows-1252 if each byte beyond ASCII is a letter that fits its neighbours. A Ctrl-Z at the end is
/// removed.
/// @return the text; or the error, with advice for the operator
[[nodiscard]] std::variant<SpreadsheetText, CatalogFault> read_spreadsheet_text(std::string_view bytes);

}  // namespace dti
