// Any bytes have a key that is UTF-8, is its own key, has no separator, and does not change with canonical spelling,
// the case of ASCII letters, or separators between ASCII letters. is_utf8() is RFC 3629. The short way for ASCII is the
// long one.
#include "dti/domain/name.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "fuzz/claim.hpp"

namespace dti {
namespace {

/// The syntax of RFC 3629, section 4, byte by byte.
bool is_utf8_by_the_rfc(std::string_view text) {
  const auto within = [&](std::size_t at, int low, int high) {
    return at < text.size() && static_cast<unsigned char>(text[at]) >= low &&
           static_cast<unsigned char>(text[at]) <= high;
  };
  const auto tail = [&](std::size_t at) { return within(at, 0x80, 0xBF); };
  for (std::size_t i = 0; i < text.size();) {
    if (within(i, 0x00, 0x7F)) {
      i += 1;
    } else if (within(i, 0xC2, 0xDF) && tail(i + 1)) {
      i += 2;
    } else if (((within(i, 0xE0, 0xE0) && within(i + 1, 0xA0, 0xBF)) || (within(i, 0xE1, 0xEC) && tail(i + 1)) ||
                (within(i, 0xED, 0xED) && within(i + 1, 0x80, 0x9F)) || (within(i, 0xEE, 0xEF) && tail(i + 1))) &&
               tail(i + 2)) {
      i += 3;
    } else if (((within(i, 0xF0, 0xF0) && within(i + 1, 0x90, 0xBF)) || (within(i, 0xF1, 0xF3) && tail(i + 1)) ||
                (within(i, 0xF4, 0xF4) && within(i + 1, 0x80, 0x8F))) &&
               tail(i + 2) && tail(i + 3)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* bytes = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &bytes, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{bytes, &std::free};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool is_separator(char c) { return c == ' ' || c == '_' || c == '-' || c == '\t'; }

void check_ascii(std::string_view name, const std::string& key) {
  std::string shouted, spread;
  for (const char c : name) {
    shouted += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    spread.append(1, c).append("- _");
  }
  claim(name_key(shouted) == key, "case does not count", name);
  claim(name_key(spread) == key, "separators do not count", name);
  claim(name_key(std::string{name} + "中") == key + "中", "the short way for ASCII is the long one", name);
  const bool has_more = std::any_of(name.begin(), name.end(), [](char c) { return !is_separator(c); });
  claim(key.empty() != has_more, "a name has a key if it is more than separators", name);
}

void check(std::string_view name) {
  const std::string key = name_key(name);
  claim(is_utf8(name) == is_utf8_by_the_rfc(name), "is_utf8() is RFC 3629", name);
  if (!is_utf8(name)) return claim(key.empty(), "what is not UTF-8 has no key", key);

  claim(is_utf8_by_the_rfc(key), "a key is UTF-8", key);
  claim(std::none_of(key.begin(), key.end(), is_separator), "a key has no separators", key);
  claim(name_key(key) == key, "a key is its own key", key);
  const auto strict = strict_key(name);
  claim(name_key(strict) == key && strict_key(strict) == strict, "a strict key is its own, and has the same key",
        strict);
  claim(is_one_name(strict, strict), "a name is one with itself", strict);
  const auto separated = separated_key(name);
  claim(separated.find('-') != separated.npos && name_key(separated) == key, "a separated key is no key", separated);
  claim(legacy_key(name) != key, "an earlier version's key is told only if it is another", key);
  claim(key == mapped(key, UTF8PROC_STABLE | UTF8PROC_COMPOSE), "a key is NFC", key);
  claim(name_key(mapped(name, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE)) == key, "NFD has the same key", key);
  claim(name_key(mapped(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE)) == key, "NFC has the same key", key);
  if (std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    check_ascii(name, key);
  }
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
