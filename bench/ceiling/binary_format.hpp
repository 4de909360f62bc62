#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace dti::bench {

// PostgreSQL's binary formats: of values, of arrays of one dimension and of COPY. Whole numbers are big-endian.

inline constexpr unsigned kInt8Oid = 20;
inline constexpr unsigned kInt2Oid = 21;
inline constexpr unsigned kInt4Oid = 23;
inline constexpr unsigned kTextOid = 25;
inline constexpr unsigned kTimestamptzOid = 1184;
inline constexpr unsigned kInt2ArrayOid = 1005;
inline constexpr unsigned kInt4ArrayOid = 1007;
inline constexpr unsigned kTextArrayOid = 1009;

template <std::integral Value>
void put_integer(std::string& out, Value value) {
  const auto bits = static_cast<std::make_unsigned_t<Value>>(value);
  for (std::size_t left = sizeof bits; left-- > 0;) out += static_cast<char>((bits >> (8 * left)) & 0xff);
}

/// A value with its length in front, as arrays and COPY have it; none is NULL.
template <std::integral Value>
void put_field(std::string& out, Value value) {
  put_integer(out, static_cast<std::int32_t>(sizeof value));
  put_integer(out, value);
}
inline void put_field(std::string& out, const std::optional<std::string_view>& text) {
  put_integer(out, text ? static_cast<std::int32_t>(text->size()) : -1);
  if (text) out += *text;
}

/// What stands before the fields of an array.
inline void put_array_start(std::string& out, std::size_t count, unsigned element_oid, bool has_nulls = false) {
  put_integer(out, std::int32_t{1});  // dimension
  put_integer(out, std::int32_t{has_nulls});
  put_integer(out, static_cast<std::int32_t>(element_oid));
  put_integer(out, static_cast<std::int32_t>(count));
  put_integer(out, std::int32_t{1});  // the first index
}

/// What stands before and after the rows of a COPY; each row is its number of fields (16 bits), then its fields.
inline constexpr std::string_view kCopyStart{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view kCopyEnd{"\377\377", 2};

}  // namespace dti::bench
