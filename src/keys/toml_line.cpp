#include "keys/toml_line.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace dti {
namespace {

constexpr const char* kNotALine = "is neither [[key]] nor name = \"text\"";

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); }

/// Takes a key of small letters from the beginning of the text.
std::string take_key(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"), text.size());
  std::string key{text.substr(0, end)};
  text.remove_prefix(end);
  skip_blanks(text);
  return key;
}

/// Takes a text in quotes from the beginning. @return none if it does not end, or has an escape other than \" and \\.
std::optional<std::string> take_string(std::string_view& text) {
  const char quote = text.front();
  std::string value;
  value.reserve(text.size());  // no shorter copy of a secret stays in memory
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == quote) {
      text.remove_prefix(at + 1);
      skip_blanks(text);
      return value;
    }
    if (quote == '"' && text[at] == '\\') {
      if (++at == text.size() || (text[at] != '"' && text[at] != '\\')) return std::nullopt;
    }
    value += text[at];
  }
  return std::nullopt;
}

bool is_end(std::string_view text) { return text.empty() || text.front() == '#'; }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace

std::variant<TomlLine, std::string> read_toml_line(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (has_control(text)) return "has a control character";
  skip_blanks(text);
  if (is_end(text)) return TomlLine{};
  TomlLine line;
  if (text.starts_with("[[")) {
    text.remove_prefix(2);
    skip_blanks(text);
    line.kind = TomlLine::Kind::kTable;
    line.key = take_key(text);
    if (line.key.empty() || !text.starts_with("]]")) return kNotALine;
    text.remove_prefix(2);
    skip_blanks(text);
    if (!is_end(text)) return kNotALine;
    return line;
  }
  line.kind = TomlLine::Kind::kValue;
  line.key = take_key(text);
  if (line.key.empty() || !text.starts_with('=')) return kNotALine;
  text.remove_prefix(1);
  skip_blanks(text);
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return "needs a text in quotes after the =";
  auto value = take_string(text);
  if (!value) return "has a text that does not end, or a \\ before another character than \" and \\";
  if (!is_end(text)) return "has something else than a comment after its text";
  line.value = *std::move(value);
  return line;
}

std::string toml_line(std::string_view key, std::string_view value) {
  std::string line;
  line.reserve(key.size() + 2 * value.size() + 5);
  line.append(key).append(" = \"");
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  return line += '"';
}

}  // namespace dti
