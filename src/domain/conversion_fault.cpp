#include "domain/conversion_fault.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "domain/code_points.hpp"
#include "dti/domain/name.hpp"

namespace dti {
namespace {

/// Tells whether the text is an error value of a spreadsheet, in English or Spanish.
bool is_spreadsheet_error(std::string_view name) {
  if (!name.starts_with('#')) return false;
  return name == "#N/A" || name == "#N/D" || name.ends_with('!') || name.ends_with('?') ||
         name.find_first_not_of('#') == name.npos;
}

/// Tells whether the text is what a database or a program writes for a missing value.
bool is_missing_value(std::string_view name) {
  constexpr std::array<std::string_view, 9> kWords = {"null", "(null)", "<null>",    "[null]", "\\n",
                                                      "nan",  "none",   "undefined", "n/a"};
  return std::find(kWords.begin(), kWords.end(), name_key(name)) != kWords.end();
}

/// Tells whether the text is a long number, or a code such as 2E10, that a spreadsheet has shortened: 1.23E+11.
bool is_shortened_number(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto exponent = name.find("E+");
  return exponent != name.npos && exponent > 0 && exponent + 2 < name.size() && is_digit(name.front()) &&
         name.substr(0, exponent).find_first_not_of("0123456789.,") == name.npos &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(exponent) + 2, name.end(), is_digit);
}

/// The first character that has the form of a web page (`&ntilde;`, `&#241;`); empty if there is none.
std::string_view character_reference(std::string_view name) {
  for (auto at = name.find('&'); at != name.npos; at = name.find('&', at + 1)) {
    const auto end = name.find(';', at);
    if (end == name.npos) return {};
    const auto word = name.substr(at + 1, end - at - 1);
    const bool is_word =
        word.size() > 1 && std::all_of(word.begin(), word.end(), [](char c) {
          return c == '#' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        });
    if (is_word) return name.substr(at, end + 1 - at);
  }
  return {};
}

/// The first UTF-8 letter with an accent that another program read as Windows-1252 (`Ã±` for `ñ`); empty if there is
/// none.
std::string_view misread_letter(std::string_view name) {
  std::int32_t before = 0;
  std::size_t size_before = 0;
  for (auto rest = name; !rest.empty();) {
    const auto c = first_code_point(rest);
    const bool is_rest = (c.value > 0xA0 && c.value <= 0xBF && c.value != 0xBB) || c.value == 0x2018 ||
                         c.value == 0x201C || c.value == 0x2030 || c.value == 0x0161;
    if (is_rest && (before == 0xC2 || before == 0xC3)) return {rest.data() - size_before, size_before + c.size};
    before = c.value;
    size_before = c.size;
    rest.remove_prefix(c.size);
  }
  return {};
}

}  // namespace

std::optional<std::string> conversion_fault(std::string_view name) {
  if (is_spreadsheet_error(name)) return "is an error of the spreadsheet: " + std::string{name};
  if (is_missing_value(name)) return "is not a name but a missing value: " + std::string{name};
  if (is_shortened_number(name)) {
    return "is a number that the spreadsheet has shortened (" + std::string{name} + "): make the column text";
  }
  if (const auto reference = character_reference(name); !reference.empty()) {
    return "has \"" + std::string{reference} + "\", which is how a web page writes a character: export the file again";
  }
  const auto letter = misread_letter(name);
  if (letter.empty()) return std::nullopt;
  return "has \"" + std::string{letter} + "\", which is how an accented letter of UTF-8 looks when it is read as " +
         "Windows-1252: export the file again";
}

}  // namespace dti
