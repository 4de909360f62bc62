#include "dti/domain/name.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include "domain/code_points.hpp"
#include "dti/base/check.hpp"

namespace dti {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The first comparison is enough for nearly all code points.
constexpr bool is_separator(std::int32_t c) { return c <= '_' && (c == ' ' || c == '_' || c == '-' || c == '\t'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// @return none if the text is not UTF-8
std::optional<std::string> normalized(std::string_view text, int form) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | form));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{mapped, &std::free};
  if (length == UTF8PROC_ERROR_INVALIDUTF8) return std::nullopt;
  DTI_CHECK(length >= 0);  // the other errors: no memory, or more than 2 GiB of text
  return std::string{reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)};
}

/// Tells without Unicode's tables whether the text is UTF-8 and surely in NFC. That is so if all code points are below
/// U+0300, the first combining accent. English and the languages of western Europe need no other code points.
bool is_surely_nfc(std::string_view text) {
  for (auto rest = text; !rest.empty();) {
    const auto c = first_code_point(rest);
    if (c.value < 0 || c.value >= 0x300) return false;
    rest.remove_prefix(c.size);
  }
  return true;
}

/// @return none if the text is not UTF-8
std::optional<std::string> nfc(std::string_view text) {
  return is_surely_nfc(text) ? std::string{text} : normalized(text, UTF8PROC_COMPOSE);
}

/// The usual character that a code point looks like, if the difference does not change the meaning of a name; otherwise
/// the code point itself.
std::int32_t plain_form(std::int32_t c) {
  switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201B:
    case 0x02BC:
    case 0x02BB:
    case 0x02B9:
    case 0xA78C:
    case 0x2032:
    case 0x00B4: return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x201F: return '"';
    case 0x2044:
    case 0x2215:
    case 0x29F8: return '/';
    case 0x2212:
    case 0x2043:
    case 0x02D7: return '-';
    case 0x201A: return ',';
    case 0xA789:
    case 0x2236: return ':';
    case 0x0251: return 'a';
    case 0x0261: return 'g';
    case 0x0649:
    case 0x064A: return 0x06CC;  // Arabic and Persian keyboards have different letters yeh and kaf
    case 0x0643: return 0x06A9;
    case 0x00B0: return 0x00BA;  // many keyboards have the degree sign instead of the ordinal
    case 0x2022:
    case 0x2027:
    case 0x2219:
    case 0x22C5: return 0x00B7;
    default: break;
  }
  if (c >= 0x06F0 && c <= 0x06F9) return c - 0x06F0 + 0x0660;  // the digits also differ
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS ? ' ' : category == UTF8PROC_CATEGORY_PD ? '-' : c;
}

/// Tells whether the code point is only another form of other code points, with the same meaning for people. Raised,
/// lowered and framed characters have another meaning: "1º" is not "1o".
bool is_another_form(std::int32_t c) {
  switch (utf8proc_get_property(c)->decomp_type) {
    case UTF8PROC_DECOMP_TYPE_FONT:
    case UTF8PROC_DECOMP_TYPE_NOBREAK:
    case UTF8PROC_DECOMP_TYPE_INITIAL:
    case UTF8PROC_DECOMP_TYPE_MEDIAL:
    case UTF8PROC_DECOMP_TYPE_FINAL:
    case UTF8PROC_DECOMP_TYPE_ISOLATED:
    case UTF8PROC_DECOMP_TYPE_VERTICAL:
    case UTF8PROC_DECOMP_TYPE_WIDE:
    case UTF8PROC_DECOMP_TYPE_NARROW:
    case UTF8PROC_DECOMP_TYPE_SMALL:
    case UTF8PROC_DECOMP_TYPE_COMPAT: return true;
    default: return false;
  }
}

/// Tells whether fold() may change a text with this code point.
bool may_fold(std::int32_t c) {
  if (c < 0x80 || (c >= 0xC0 && c <= 0x131)) return false;  // ASCII, and the letters with accents of western Europe
  return plain_form(c) != c || is_another_form(c) ||
         (c > 0x24F && utf8proc_get_property(c)->decomp_seqindex != UINT16_MAX);
}

void append_folded(std::string& out, std::int32_t c) {
  if (const auto plain = plain_form(c); plain != c) return append_code_point(out, plain);
  std::array<utf8proc_int32_t, 32> forms{};  // the longest decomposition has 18 code points
  int last_boundclass = 0;
  constexpr auto kForms = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  const auto count =
      is_another_form(c) ? utf8proc_decompose_char(c, forms.data(), forms.size(), kForms, &last_boundclass) : 0;
  // An accent without a letter decomposes to a space and that accent. Without the space, it would join the letter
  // before.
  if (count <= 0 || (count > 1 && forms[0] == ' ')) return append_code_point(out, c);
  for (utf8proc_ssize_t i = 0; i < count; ++i) append_code_point(out, plain_form(forms[static_cast<std::size_t>(i)]));
}

/// The text with one character in place of those that look alike; none if that changes nothing, or if the text is not
/// UTF-8.
std::optional<std::string> fold(std::string_view text) {
  bool changes = false;
  for (auto rest = text; !rest.empty();) {
    const auto c = first_code_point(rest);
    if (c.value < 0) return std::nullopt;
    changes = changes || may_fold(c.value);
    rest.remove_prefix(c.size);
  }
  if (!changes) return std::nullopt;
  const auto decomposed = normalized(text, UTF8PROC_DECOMPOSE);
  DTI_CHECK(decomposed.has_value());
  std::string folded;
  for (std::string_view rest = *decomposed; !rest.empty();) {
    const auto c = first_code_point(rest);
    append_folded(folded, c.value);
    rest.remove_prefix(c.size);
  }
  return folded;
}

enum class Separators { kRemoved, kAsDash };

std::string ascii_key(std::string_view name) {
  std::string key(name.size(), '\0');
  std::size_t length = 0;
  for (const char c : name) {
    if (is_separator(c)) continue;
    key[length++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  key.resize(length);
  return key;
}

std::string key_of(std::string_view name, Separators separators) {
  const auto composed = nfc(name);
  if (!composed) return {};
  std::string lower;
  lower.reserve(composed->size());
  bool pending = false;
  for (std::string_view rest = *composed; !rest.empty();) {
    const auto c = first_code_point(rest);
    DTI_CHECK(c.value >= 0);
    rest.remove_prefix(c.size);
    if (is_separator(c.value)) {
      pending = separators == Separators::kAsDash && !lower.empty();
      continue;
    }
    if (std::exchange(pending, false)) lower += '-';
    append_code_point(lower, utf8proc_tolower(c.value));
  }
  // Lower case may not be in NFC (J + U+030C), and after a removed '-' an accent can be next to a letter.
  auto key = nfc(lower);
  DTI_CHECK(key.has_value());
  return *std::move(key);
}

}  // namespace

std::string name_key(std::string_view name) {
  if (is_ascii(name)) return ascii_key(name);  // the same result, without the tables
  const auto folded = fold(name);
  return key_of(folded ? *folded : name, Separators::kRemoved);
}

std::string strict_key(std::string_view name) {
  const auto folded = fold(name);
  return key_of(folded ? *folded : name, Separators::kAsDash);
}

std::string separated_key(std::string_view name) {
  auto key = strict_key(name);
  if (key.find('-') == key.npos) key += '-';
  return key;
}

std::string loose_key(std::string_view name) {
  const auto key = name_key(name);
  const auto bare = is_ascii(key) ? key : normalized(key, UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK).value_or(key);
  std::string loose;
  for (std::string_view rest = bare; !rest.empty();) {
    const auto c = first_code_point(rest);
    const auto category = utf8proc_category(c.value);
    const bool counts = category <= UTF8PROC_CATEGORY_NO;  // letters, marks and numbers
    if (counts) loose += rest.substr(0, c.size);
    rest.remove_prefix(c.size);
  }
  return loose;
}

std::optional<std::string> legacy_key(std::string_view name) {
  if (is_ascii(name) || !fold(name)) return std::nullopt;
  auto key = key_of(name, Separators::kRemoved);
  if (key == name_key(name)) return std::nullopt;
  return key;
}

bool is_one_name(std::string_view strict_key, std::string_view other) {
  bool lacks = false;        // `strict_key` lacks a separator that `other` has
  bool other_lacks = false;  // `other` lacks a separator that `strict_key` has
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < strict_key.size() && j < other.size()) {
    if (strict_key[i] == other[j]) {
      ++i, ++j;
      continue;
    }
    const bool is_here = strict_key[i] == '-';
    if (!is_here && other[j] != '-') return false;
    const auto text = is_here ? strict_key : other;
    const auto at = is_here ? i : j;
    if (at > 0 && at + 1 < text.size() && is_digit(text[at - 1]) && is_digit(text[at + 1])) return false;
    (is_here ? other_lacks : lacks) = true;
    ++(is_here ? i : j);
  }
  return !(lacks && other_lacks) && i == strict_key.size() && j == other.size();
}

std::string tidy_name(std::string_view name) {
  const auto composed = nfc(name);
  DTI_CHECK(composed.has_value());
  std::string tidy;
  bool pending = false;
  for (std::string_view rest = *composed; !rest.empty();) {
    const auto c = first_code_point(rest);
    const auto bytes = rest.substr(0, c.size);
    rest.remove_prefix(c.size);
    const bool is_space = (c.value >= 0x09 && c.value <= 0x0D) || c.value == 0x85 || c.value == 0x2028 ||
                          c.value == 0x2029 || c.value == ' ' ||
                          (c.value >= 0x80 && utf8proc_category(c.value) == UTF8PROC_CATEGORY_ZS);
    if (is_space) {
      pending = !tidy.empty();
      continue;
    }
    if (std::exchange(pending, false)) tidy += ' ';
    tidy += bytes;
  }
  return tidy;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (c.value < 0) return false;
    text.remove_prefix(c.size);
  }
  return true;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto append_hex = [&](std::string& out, std::int32_t value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
      out += kDigits[static_cast<std::size_t>(value >> shift & 0xF)];
  };
  std::string out = "\"";
  for (auto rest = text; !rest.empty();) {
    const auto c = first_code_point(rest);
    if (c.value < 0) {
      append_hex(out += "\\x", static_cast<unsigned char>(rest.front()), 2);
    } else if (c.value >= 0x10000) {
      append_hex(out += "\\U", c.value, 8);
    } else if (c.value < 0x20 || c.value >= 0x7F) {
      append_hex(out += "\\u", c.value, 4);
    } else {
      if (c.value == '"' || c.value == '\\') out += '\\';
      out += rest.front();
    }
    rest.remove_prefix(c.size);
  }
  return out += '"';
}

}  // namespace dti
