#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dti {

/// Builds the text of a PostgreSQL array, such as `{1,2}` or `{"a","\"",NULL}`: libpqxx 6.4 takes no arrays.
class ArrayText {
 public:
  void add(std::int64_t value) {
    separate();
    text_ += std::to_string(value);
  }

  /// Always quoted, so that NULL, commas, braces and the empty text are only text.
  void add(std::string_view value) {
    separate();
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        text_ += '\\';
      }
      text_ += c;
    }
    text_ += '"';
  }

  void add(const std::optional<std::string>& value) {
    if (value) {
      add(std::string_view{*value});
    } else {
      separate();
      text_ += "NULL";
    }
  }

  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  void separate() {
    if (text_.size() > 1) {
      text_ += ',';
    }
  }

  std::string text_ = "{";
};

}  // namespace dti
