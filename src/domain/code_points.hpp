#pragma once

#include <utf8proc.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dti {

/// A code point, and the number of its bytes in the text.
struct CodePoint {
  std::int32_t value = -1;  // -1: the byte is not UTF-8
  std::size_t size = 1;
};

/// The first code point of a text. The text must not be empty.
[[nodiscard]] inline CodePoint first_code_point(std::string_view text) {
  if (const auto byte = static_cast<unsigned char>(text.front()); byte < 0x80) return {byte, 1};
  std::int32_t value = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &value);
  return length > 0 ? CodePoint{value, static_cast<std::size_t>(length)} : CodePoint{};
}

inline void append_code_point(std::string& text, std::int32_t value) {
  utf8proc_uint8_t encoded[4];
  const auto length = utf8proc_encode_char(value, encoded);
  text.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length));
}

}  // namespace dti
