#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "dti/base/check.hpp"

namespace dti {

/// Appends the bytes of a number, most significant first, as PostgreSQL's binary formats have it.
template <std::signed_integral Number>
void append_big_endian(std::string& bytes, Number number) {
  const auto bits = static_cast<std::make_unsigned_t<Number>>(number);
  char text[sizeof number];
  for (std::size_t i = 0; i < sizeof number; ++i) {
    text[i] = static_cast<char>(bits >> (8 * (sizeof number - 1 - i)));
  }
  bytes.append(text, sizeof text);
}

/// Builds a one-dimensional PostgreSQL array in its binary form, which the server reads with no parsing.
/// Source: array_recv() in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
class BinaryArray {
 public:
  /// The types of pg_type that a batch needs, by their oids, which never change.
  enum class Element : std::uint32_t { kSmallint = 21, kInteger = 23, kText = 25 };

  /// @param count  how many elements will be added
  BinaryArray(Element element, std::size_t count) : missing_(count) {
    constexpr std::size_t kHeaderBytes = 20;
    bytes_.reserve(kHeaderBytes + count * (element == Element::kText ? 44 : 8));
    put32(1);  // dimensions
    put32(0);  // holds no NULL, so far
    put32(static_cast<std::uint32_t>(element));
    put32(static_cast<std::uint32_t>(count));
    put32(1);  // lower bound
  }

  void add_integer(std::int32_t value) {
    --missing_;
    put32(sizeof value);
    put32(static_cast<std::uint32_t>(value));
  }

  void add_smallint(std::int16_t value) {
    --missing_;
    put32(sizeof value);
    append_big_endian(bytes_, value);
  }

  void add_text(const std::optional<std::string>& value) {
    --missing_;
    if (value) {
      put32(static_cast<std::uint32_t>(value->size()));
      bytes_ += *value;
    } else {
      put32(0xFFFF'FFFF);  // the length -1 is NULL
      bytes_[kHasNullAt] = 1;
    }
  }

  /// Stops the process unless as many elements were added as were said.
  [[nodiscard]] std::string_view bytes() const {
    DTI_CHECK(missing_ == 0);
    return bytes_;
  }

 private:
  static constexpr std::size_t kHasNullAt = 7;  // the low byte of the header's second word

  void put32(std::uint32_t value) { append_big_endian(bytes_, static_cast<std::int32_t>(value)); }

  std::string bytes_;
  std::size_t missing_;  // elements that are still to be added
};

}  // namespace dti
