#pragma once

#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dti {

/// Hexadecimal digits in lower case.
inline std::string hex_of(std::span<const std::uint8_t> bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

/// Reads 2 * kSize hexadecimal digits. @return none if the text is something else
template <std::size_t kSize>
std::optional<std::array<std::uint8_t, kSize>> parse_hex(std::string_view text) {
  std::array<std::uint8_t, kSize> bytes{};
  std::size_t size = 0;
  if (text.size() != 2 * kSize) return std::nullopt;
  if (sodium_hex2bin(bytes.data(), kSize, text.data(), text.size(), nullptr, &size, nullptr) != 0) return std::nullopt;
  return size == kSize ? std::optional{bytes} : std::nullopt;
}

}  // namespace dti
