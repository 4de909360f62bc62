#include "dti/protocol/json_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dti {
namespace {

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escape(std::string& out, char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xF];
    }
  }
}

constexpr std::uint64_t each_byte(std::uint8_t byte) { return 0x0101'0101'0101'0101u * byte; }

/// Tells whether one of the eight bytes needs an escape. A byte below b has its highest bit set after b is subtracted
/// from it. Bytes of 0x80 and above need no escape and are masked out.
bool some_need_escape(const char* eight) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, eight, sizeof bytes);
  const std::uint64_t below_space = bytes - each_byte(0x20);
  const std::uint64_t quotes = (bytes ^ each_byte('"')) - each_byte(1);
  const std::uint64_t backslashes = (bytes ^ each_byte('\\')) - each_byte(1);
  return ((below_space | quotes | backslashes) & ~bytes & each_byte(0x80)) != 0;
}

bool some_need_escape(std::string_view text) {
  const char* const data = text.data();
  if (text.size() < 8) return std::any_of(text.begin(), text.end(), needs_escape);
  for (std::size_t i = 0; i + 8 < text.size(); i += 8) {
    if (some_need_escape(data + i)) return true;
  }
  return some_need_escape(data + text.size() - 8);
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  if (!some_need_escape(text)) {
    out += text;
    return;
  }
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out += text.substr(written, i - written);
    append_escape(out, text[i]);
    written = i + 1;
  }
  out += text.substr(written);
}

void JsonWriter::open_object() {
  separate();
  out_ += '{';
}

void JsonWriter::open_object(std::string_view key) {
  name(key);
  out_ += '{';
}

void JsonWriter::open_array(std::string_view key) {
  name(key);
  out_ += '[';
}

void JsonWriter::text(std::string_view key, std::string_view value) {
  name(key);
  quote(value);
}

void JsonWriter::element(std::string_view text) {
  separate();
  quote(text);
}

void JsonWriter::element(std::int64_t number) {
  separate();
  append_digits(number);
}

void JsonWriter::number(std::string_view key, std::int64_t value) {
  name(key);
  append_digits(value);
}

void JsonWriter::append_digits(std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out_.append(digits.data(), end);
}

void JsonWriter::boolean(std::string_view key, bool value) {
  name(key);
  out_ += value ? "true" : "false";
}

void JsonWriter::null(std::string_view key) {
  name(key);
  out_ += "null";
}

// The text ends in `{` or `[` only after an object or an array was opened.
void JsonWriter::separate() {
  if (!out_.empty() && out_.back() != '{' && out_.back() != '[') out_ += ',';
}

void JsonWriter::name(std::string_view key) {
  separate();
  quote(key);
  out_ += ':';
}

void JsonWriter::quote(std::string_view text) {
  out_ += '"';
  append_escaped(out_, text);
  out_ += '"';
}

}  // namespace dti
