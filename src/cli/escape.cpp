#include "dti/cli/escape.hpp"

#include <cstddef>
#include <cstdint>

namespace dti {
namespace {

// One code point of a text, or one byte that is not UTF-8.
struct Piece {
  std::uint32_t value = 0;
  std::string_view bytes;
  bool is_utf8 = false;
};

Piece first_piece(std::string_view text) {
  const auto byte = [text](std::size_t index) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[index]));
  };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, text.substr(0, 1), true};
  const Piece bad{lead, text.substr(0, 1), false};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return bad;
  auto value = lead & (0xffU >> (size + 1));
  for (std::size_t index = 1; index < size; ++index) {
    if ((byte(index) & 0xc0) != 0x80) return bad;
    value = value << 6 | (byte(index) & 0x3f);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (overlong || surrogate || value > 0x10ffff) return bad;
  return {value, text.substr(0, size), true};
}

// Code points that would end a line, control a terminal, or change the direction of the text. All are below U+10000.
bool is_unsafe(std::uint32_t value) {
  return value < 0x20 || (value >= 0x7f && value <= 0x9f) || (value >= 0x2028 && value <= 0x202e) ||
         (value >= 0x2066 && value <= 0x2069) || value == 0xfeff;
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> shift & 0xf];
}

void append_piece(std::string& out, const Piece& piece) {
  if (piece.is_utf8 && !is_unsafe(piece.value)) {
    out += piece.bytes;
  } else if (piece.value == '\n' || piece.value == '\r' || piece.value == '\t') {
    out += piece.value == '\n' ? "\\n" : piece.value == '\r' ? "\\r" : "\\t";
  } else if (!piece.is_utf8 || piece.value < 0x80) {
    out += "\\x";
    append_hex(out, piece.value, 2);
  } else {
    out += "\\u";
    append_hex(out, piece.value, 4);
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto piece = first_piece(text);
    append_piece(out, piece);
    text.remove_prefix(piece.bytes.size());
  }
  return out;
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto piece = first_piece(text);
    if (piece.value == '"' || piece.value == '\\') out += '\\';
    append_piece(out, piece);
    text.remove_prefix(piece.bytes.size());
  }
  return out += '"';
}

bool needs_escapes(std::string_view text) { return quoted_text(text).size() != text.size() + 2; }

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto piece = first_piece(text);
    if (!piece.is_utf8 || is_unsafe(piece.value)) {
      out += "\\u";
      append_hex(out, piece.is_utf8 ? piece.value : 0xfffd, 4);
    } else {
      if (piece.value == '"' || piece.value == '\\') out += '\\';
      out += piece.bytes;
    }
    text.remove_prefix(piece.bytes.size());
  }
  return out += '"';
}

}  // namespace dti
