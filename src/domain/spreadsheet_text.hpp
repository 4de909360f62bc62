#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/catalog.hpp"

namespace dti {

/// A file's text as UTF-8.
struct SpreadsheetText {
  std::string text;
  bool is_windows_1252 = false;
};

/// Reads the bytes of a text file: UTF-8 with or without byte order mark, UTF-16 with one, or Windows-1252 if each byte
/// beyond ASCII is a letter there that fits where it stands. A Ctrl-Z at the end is left out.
/// @return the text; or what is wrong, with what to do
[[nodiscard]] std::variant<SpreadsheetText, CatalogFault> read_spreadsheet_text(std::string_view bytes);

}  // namespace dti
