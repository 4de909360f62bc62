#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>

namespace dti {

/// Appends the bytes of a number, most significant first: how PostgreSQL's binary forms have it.
template <std::signed_integral Number>
void append_big_endian(std::string& bytes, Number number) {
  const auto bits = static_cast<std::make_unsigned_t<Number>>(number);
  char text[sizeof number];
  for (std::size_t i = 0; i < sizeof number; ++i) {
    text[i] = static_cast<char>(bits >> (8 * (sizeof number - 1 - i)));
  }
  bytes.append(text, sizeof text);
}

}  // namespace dti
