#include "domain/spreadsheet_text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "domain/code_points.hpp"
#include "dti/domain/name.hpp"

namespace dti {
namespace {

constexpr std::string_view kHowToSave = ": save it as \"CSV UTF-8\"";

unsigned char byte_at(std::string_view bytes, std::size_t index) { return static_cast<unsigned char>(bytes[index]); }

/// @param low  the index of the low byte in each pair: 0 or 1
std::optional<std::string> from_utf16(std::string_view bytes, std::size_t low) {
  if (bytes.size() % 2 != 0) return std::nullopt;
  const auto unit = [&](std::size_t index) {
    return static_cast<std::int32_t>(byte_at(bytes, index + low) | byte_at(bytes, index + 1 - low) << 8);
  };
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    auto value = unit(i);
    if (value >= 0xD800 && value <= 0xDFFF) {
      const auto next = value < 0xDC00 && i + 2 < bytes.size() ? unit(i + 2) : 0;
      if (next < 0xDC00 || next > 0xDFFF) return std::nullopt;
      value = 0x10000 + ((value - 0xD800) << 10) + (next - 0xDC00);
      i += 2;
    }
    append_code_point(text, value);
  }
  return text;
}

enum class Letter { kNone, kLower, kUpper };

/// The kind of letter that a byte is in Windows-1252, which includes ASCII. 0xFF, a y with two dots, does not count,
/// because texts hardly ever contain it.
Letter letter_of(unsigned char byte) {
  if ((byte >= 'a' && byte <= 'z') || (byte >= 0xDF && byte != 0xF7 && byte != 0xFF)) return Letter::kLower;
  if ((byte >= 'A' && byte <= 'Z') || (byte >= 0xC0 && byte < 0xDF && byte != 0xD7)) return Letter::kUpper;
  return Letter::kNone;
}

/// Punctuation of Windows-1252 that DOS or the Macintosh use for letters: í, ñ, ó and others.
struct Punctuation {
  char byte;
  std::int32_t code_point;
  char closing;  // what must follow in the line; 0: nothing, and it stands alone
};
constexpr Punctuation kPunctuation[] = {{'\xA1', 0xA1, '!'},    {'\xBF', 0xBF, '?'},    {'\x93', 0x201C, '\x94'},
                                        {'\x94', 0x201D, '\0'}, {'\x96', 0x2013, '\0'}, {'\x97', 0x2014, '\0'}};

const Punctuation* find_punctuation(char byte) {
  for (const auto& it : kPunctuation) {
    if (it.byte == byte) return &it;
  }
  return nullptr;
}

/// Tells whether it stands where no letter can: an opening one begins a word and is closed in its line; a closing one has
/// an opening one before it; a dash stands between blanks.
bool stands_as_punctuation(std::string_view bytes, std::size_t index, const Punctuation& it) {
  const auto at = [&](std::size_t place) {
    return place < bytes.size() ? byte_at(bytes, place) : static_cast<unsigned char>('\0');
  };
  const bool begins = index == 0 || letter_of(at(index - 1)) == Letter::kNone;
  const bool ends = letter_of(at(index + 1)) == Letter::kNone;
  constexpr std::size_t kReach = 200;  // a name has no more bytes
  auto after = bytes.substr(index, kReach);
  after = after.substr(0, after.find_first_of("\r\n"));
  if (it.closing != '\0') return begins && after.find(it.closing) != after.npos;
  auto before = bytes.substr(index - std::min(index, kReach), std::min(index, kReach));
  before.remove_prefix(before.find_last_of("\r\n") + 1);
  return ends && (it.byte == '\x94' ? before.find('\x93') != before.npos : begins);
}

/// Tells whether a byte beyond ASCII fits a text in Windows-1252. The encodings of DOS, the Macintosh and other
/// languages use the same bytes for other letters. Read as Windows-1252, such bytes are not letters, or are capitals
/// among small letters or small letters among capitals, or follow each other.
bool fits_windows_1252(std::string_view bytes, std::size_t index) {
  const auto byte = byte_at(bytes, index);
  constexpr std::string_view kOrdinary = "\xAA\xBA\xAB\xBB\xB0\xB7";  // ª º « » ° ·
  if (kOrdinary.find(bytes[index]) != kOrdinary.npos) return true;
  if (const auto* const found = find_punctuation(bytes[index])) return stands_as_punctuation(bytes, index, *found);
  const auto letter = letter_of(byte);
  if (letter == Letter::kNone) return false;
  const auto neighbour = [&](std::size_t distance) {
    return index + distance < bytes.size() ? byte_at(bytes, index + distance) : static_cast<unsigned char>('\0');
  };
  const auto before = index == 0 ? static_cast<unsigned char>('\0') : byte_at(bytes, index - 1);
  const auto after = neighbour(1);
  // 0xD6 among capitals is the Í of DOS (INGENIERÍA). On the Macintosh, these bytes begin words with Á, Í, Ó and Ú
  // (Óptica).
  constexpr std::string_view kMacintoshCapitals = "\xE7\xEA\xEE\xF2";
  const bool is_macintosh_capital = kMacintoshCapitals.find(bytes[index]) != kMacintoshCapitals.npos;
  if (byte == 0xD6 && (letter_of(before) == Letter::kUpper || letter_of(after) == Letter::kUpper)) return false;
  if (is_macintosh_capital && letter_of(before) == Letter::kNone) return false;
  if (before >= 0xC0 && after >= 0xC0) return false;
  const auto other = letter == Letter::kLower ? Letter::kUpper : Letter::kLower;
  const bool is_sharp_s = byte == 0xDF;  // it has no capital letter
  return is_sharp_s || letter_of(before) != other || letter_of(after) != other;
}

std::size_t line_of(std::string_view bytes, std::size_t index) {
  std::size_t line = 1;
  for (std::size_t i = 0; i < index; ++i) {
    line += bytes[i] == '\n' || (bytes[i] == '\r' && bytes[i + 1] != '\n') ? 1 : 0;
  }
  return line;
}

std::variant<SpreadsheetText, CatalogFault> from_windows_1252(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = byte_at(bytes, i);
    if (byte >= 0x80 && !fits_windows_1252(bytes, i)) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      return CatalogFault{line_of(bytes, i), 0,
                          std::string{"the file is not UTF-8 (byte 0x"} + kDigits[byte >> 4] + kDigits[byte & 0xF] +
                              "), and may not be Windows-1252 either" + std::string{kHowToSave}};
    }
    const auto* const punctuation = find_punctuation(bytes[i]);
    append_code_point(text, punctuation != nullptr ? punctuation->code_point : byte);  // from 0xA0 on, it is Unicode
  }
  return SpreadsheetText{std::move(text), true};
}

bool take_prefix(std::string_view& bytes, std::string_view prefix) {
  if (!bytes.starts_with(prefix)) return false;
  bytes.remove_prefix(prefix.size());
  return true;
}

std::variant<SpreadsheetText, CatalogFault> decode(std::string_view bytes) {
  using namespace std::string_view_literals;
  const auto fault = [](std::string_view reason) { return CatalogFault{1, 0, std::string{reason}}; };
  if (bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("\xD0\xCF\x11\xE0"sv)) {
    return fault("the file is a workbook, not CSV: save it as \"CSV UTF-8\"");
  }
  if (bytes.starts_with("\x1F\x8B"sv)) return fault("the file is compressed: decompress it first");
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) {
    return fault("the file is UTF-32: save it as \"CSV UTF-8\"");
  }
  if (const bool little = take_prefix(bytes, "\xFF\xFE"sv); little || take_prefix(bytes, "\xFE\xFF"sv)) {
    auto text = from_utf16(bytes, little ? 0 : 1);
    if (!text) return fault("the file begins as UTF-16 but is not valid: save it as \"CSV UTF-8\"");
    return SpreadsheetText{*std::move(text)};
  }
  const bool has_mark = take_prefix(bytes, "\xEF\xBB\xBF"sv);
  while (take_prefix(bytes, "\xEF\xBB\xBF"sv)) {
  }  // two programs may each have added one
  if (const auto nul = bytes.find('\0'); nul != bytes.npos) {
    return CatalogFault{line_of(bytes, nul), 0,
                        "the file has NUL bytes: it may be UTF-16 without byte order mark" + std::string{kHowToSave}};
  }
  if (is_utf8(bytes)) return SpreadsheetText{std::string{bytes}};
  if (has_mark) return fault("the file begins as UTF-8 but is not valid: save it as \"CSV UTF-8\"");
  return from_windows_1252(bytes);
}

}  // namespace

std::variant<SpreadsheetText, CatalogFault> read_spreadsheet_text(std::string_view bytes) {
  auto decoded = decode(bytes);
  if (auto* const read = std::get_if<SpreadsheetText>(&decoded)) {
    const auto last = read->text.find_last_not_of("\r\n");
    if (last != read->text.npos && read->text[last] == '\x1A') read->text.resize(last);
  }
  return decoded;
}

}  // namespace dti
