#pragma once

#include <cstddef>
#include <string_view>

namespace dti {

/// The longest beginning of a text that has at most that many bytes, and does not end within a character.
/// @param text  UTF-8; of other bytes, it is some beginning
/// @return a part of `text`, which must outlive it
[[nodiscard]] constexpr std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  auto size = bytes_max;
  // Bytes that continue a character are 10xxxxxx.
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace dti
