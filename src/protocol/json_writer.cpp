#include "protocol/json_writer.hpp"

#include <array>
#include <charconv>
#include <cstddef>

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

}  // namespace

void JsonWriter::open_object() {
  separate();
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

void JsonWriter::number(std::string_view key, std::int64_t value) {
  name(key);
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out_.append(digits.data(), end);
}

void JsonWriter::boolean(std::string_view key, bool value) {
  name(key);
  out_ += value ? "true" : "false";
}

// What was just opened ends in its bracket; nothing else that is written does.
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
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out_ += text.substr(written, i - written);
    append_escape(out_, text[i]);
    written = i + 1;
  }
  out_ += text.substr(written);
  out_ += '"';
}

}  // namespace dti
