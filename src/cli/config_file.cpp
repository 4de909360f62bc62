#include "cli/config_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

// toml++ 3.3 has assertions that a malformed file can violate (a line `[[[`), and with NDEBUG the compiler assumes that
// they hold. Here such a file is reported as one that cannot be read.
namespace {
[[noreturn]] void refuse_toml() { throw std::logic_error{"malformed in a way that toml++ does not expect"}; }
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : refuse_toml())
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "dti/cli/escape.hpp"

namespace dti {
namespace {

constexpr const char* kAdvice = " (write key = value, each key once, and texts in quotes)";

bool is_number(const ValueKind& kind) {
  return std::holds_alternative<IntegerKind>(kind) || std::holds_alternative<SecondsKind>(kind);
}

std::string_view toml_type(const ValueKind& kind) {
  if (std::holds_alternative<IntegerKind>(kind)) return "a whole number without quotes";
  if (std::holds_alternative<SecondsKind>(kind)) return "a number without quotes";
  if (std::holds_alternative<SwitchKind>(kind)) return "true or false without quotes";
  return "a text in quotes";
}

// Not std::to_string, which rounds: parse_value() must see all decimals of the number.
std::string digits(double value) {
  std::array<char, 1200> text{};  // the longest double has 1,077 characters
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

// The value as text; none if the TOML type is not the setting's.
std::optional<std::string> flag_text(const ValueKind& kind, const toml::node& node) {
  if (std::holds_alternative<SwitchKind>(kind)) {
    if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
    return std::nullopt;
  }
  if (is_number(kind)) {
    if (const auto* value = node.as_integer()) return std::to_string(value->get());
    const auto* value = node.as_floating_point();
    if (value != nullptr && std::holds_alternative<SecondsKind>(kind)) return digits(value->get());
    return std::nullopt;
  }
  if (const auto* value = node.as_string()) return value->get();
  return std::nullopt;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Tells whether a value begins after this part of a line: it ends in a key and the first `=`.
bool ends_before_value(std::string_view line) {
  const auto last = line.find_last_not_of(" \t");
  return last != std::string_view::npos && line.find('=') == last;
}

// Tells whether a character beyond ASCII follows a `\` in a multi-line text, where toml++ skips white space.
bool skips_to_stray_letter(std::string_view text) {
  const auto next = text.find_first_not_of(" \t\r\n");
  return next != std::string_view::npos && !is_ascii(text.substr(next, 1));
}

std::size_t line_of(std::string_view text, std::size_t at) {
  const auto begin = text.begin();
  return 1 + static_cast<std::size_t>(std::count(begin, begin + static_cast<std::ptrdiff_t>(at), '\n'));
}

// The first line with a character beyond ASCII that is neither in a comment nor in the text of a key's value. toml++
// 3.3 has undefined behaviour when it looks for white space at such a character. No setting needs one there.
std::optional<std::size_t> line_with_stray_letter(std::string_view text) {
  std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  std::size_t line = at;  // where the line began; in a multi-line text, where its first line began
  while (at < text.size()) {
    const std::size_t before = at;
    const char c = text[at];
    const bool is_text = c == '"' || c == '\'';
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (is_text) {
      const std::string three(3, c);
      const std::string_view quotes = std::string_view{three}.substr(0, text.substr(at).starts_with(three) ? 3 : 1);
      at += quotes.size();
      while (at < text.size() && !text.substr(at).starts_with(quotes)) {
        if (c != '"' || text[at] != '\\') {
          ++at;
        } else if (quotes.size() == 3 && skips_to_stray_letter(text.substr(at + 1))) {
          return line_of(text, at);
        } else {
          at += 2;
        }
      }
      at += quotes.size();
      // A text in three quotes may end in quotes of its own.
      while (quotes.size() == 3 && at < text.size() && text[at] == c) ++at;
      at = std::min(at, text.size());
    } else {
      ++at;
      if (c == '\n') line = at;
    }
    if (c == '#' || is_ascii(text.substr(before, at - before))) continue;
    if (!is_text || !ends_before_value(text.substr(line, before - line))) {
      return line_of(text, before);
    }
  }
  return std::nullopt;
}

std::string place(const std::string& path, std::size_t line) { return printable(path) + ':' + std::to_string(line); }

}  // namespace

std::variant<std::map<std::string, ConfigValue>, ReadFault> read_config(std::span<const Setting> settings,
                                                                        const std::string& path,
                                                                        std::string_view text) {
  if (const auto line = line_with_stray_letter(text)) {
    return ReadFault{place(path, *line) + ": not valid TOML" + kAdvice};
  }
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    // The parser's own message may quote the file, and with it a password.
    return ReadFault{place(path, error.source().begin.line) + ": not valid TOML at column " +
                     std::to_string(error.source().begin.column) + kAdvice};
  } catch (const std::logic_error&) {
    return ReadFault{printable(path) + ": not valid TOML" + kAdvice};
  }

  struct Item {
    std::size_t line;
    std::string key;
    const toml::node* node;
  };
  std::vector<Item> items;  // by line, so that the first fault in the file is reported
  for (const auto& [key, node] : table) items.push_back({key.source().begin.line, std::string{key.str()}, &node});
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.line < b.line; });

  std::map<std::string, ConfigValue> values;
  for (const auto& [line, key, node] : items) {
    const auto setting =
        std::find_if(settings.begin(), settings.end(), [name = key](const auto& it) { return it.name == name; });
    if (setting == settings.end()) {
      return ReadFault{place(path, line) + ": unknown key " + quoted_text(key) + suggest(settings, key, "")};
    }
    auto value = flag_text(setting->kind, *node);
    if (!value) return ReadFault{place(path, line) + ": " + key + ": needs " + std::string{toml_type(setting->kind)}};
    values.emplace(key, ConfigValue{std::move(*value), line});
  }
  return values;
}

}  // namespace dti
