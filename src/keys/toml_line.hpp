#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace dti {

/// One line of a file in the part of TOML that key files and key lists need. Any TOML parser reads the same from it;
/// the part is small, so that a fault of a parser cannot let a key in, and a tool can change a list and keep its
/// comments.
struct TomlLine {
  enum class Kind { kNothing, kTable, kValue };  // kNothing: empty, or only a comment

  Kind kind = Kind::kNothing;
  std::string key;    // of a value; kTable: `key` for `[[key]]`
  std::string value;  // kValue
};

/// @param text  UTF-8 without its line feed
/// @return the line; or why it cannot be read, as the rest of a sentence. The reason contains no part of the line
[[nodiscard]] std::variant<TomlLine, std::string> read_toml_line(std::string_view text);

/// A line `key = "value"`, without a line feed.
[[nodiscard]] std::string toml_line(std::string_view key, std::string_view value);

}  // namespace dti
