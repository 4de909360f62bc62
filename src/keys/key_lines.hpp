#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "dti/keys/key_fault.hpp"
#include "keys/toml_line.hpp"

namespace dti {

/// Reads a file line by line.
class KeyLines {
 public:
  explicit KeyLines(std::string_view text);

  /// The next line, or its fault; none at the end of the file.
  [[nodiscard]] std::optional<std::variant<TomlLine, KeyFault>> next();
  /// The number of the line that next() returned last, from 1.
  [[nodiscard]] std::size_t number() const { return number_; }
  /// Where the next line begins in the text.
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  const std::string_view text_;
  std::size_t position_ = 0;
  std::size_t number_ = 0;
};

}  // namespace dti
