#include "dti/domain/name.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "dti/domain/check.hpp"

namespace dti {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

constexpr bool is_separator(utf8proc_int32_t c) { return c == ' ' || c == '_' || c == '-'; }

/// @return none if the text is not UTF-8
std::optional<std::string> nfc(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{mapped, &std::free};
  if (length == UTF8PROC_ERROR_INVALIDUTF8) return std::nullopt;
  DTI_CHECK(length >= 0);  // the other errors: no memory, or more than 2 GiB of text
  return std::string{reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)};
}

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

}  // namespace

std::string name_key(std::string_view name) {
  if (is_ascii(name)) return ascii_key(name);  // the same result, without the tables
  const auto composed = nfc(name);
  if (!composed) return {};
  std::string lower;
  lower.reserve(composed->size());
  auto rest = std::string_view{*composed};
  while (!rest.empty()) {
    utf8proc_int32_t code_point = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                         static_cast<utf8proc_ssize_t>(rest.size()), &code_point);
    DTI_CHECK(length > 0);
    rest.remove_prefix(static_cast<std::size_t>(length));
    if (is_separator(code_point)) continue;
    utf8proc_uint8_t encoded[4];
    const auto encoded_length = utf8proc_encode_char(utf8proc_tolower(code_point), encoded);
    lower.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(encoded_length));
  }
  // Lower case can leave NFC (J + U+030C), and a removed '-' can bring an accent next to its letter.
  const auto key = nfc(lower);
  DTI_CHECK(key.has_value());
  return *key;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t code_point = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    if (length <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
  return true;
}

}  // namespace dti
