#include "dti/domain/name_fault.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "domain/alphabets.hpp"
#include "domain/code_points.hpp"
#include "dti/domain/name.hpp"

namespace dti {
namespace {

struct Named {
  std::int32_t code_point;
  std::string_view name;
};

// The names of the most frequent characters, with their articles.
constexpr Named kNamed[] = {
    {0x00, "a NUL"},
    {0x09, "a tab"},
    {0x0A, "a line feed"},
    {0x0D, "a carriage return"},
    {0x1B, "an escape character"},
    {0x20, "a space"},
    {0xA0, "a no-break space"},
    {0xAD, "a soft hyphen"},
    {0x200B, "a zero-width space"},
    {0x200C, "a zero-width non-joiner"},
    {0x200D, "a zero-width joiner"},
    {0x2028, "a line separator"},
    {0x2029, "a paragraph separator"},
    {0x2060, "a word joiner"},
    {0xFEFF, "a byte order mark"},
    {0xFFFC, "an object replacement character"},
    {0xFFFD, "a replacement character"},
};

std::string hexadecimal(std::int32_t value, int digits_min) {
  std::string digits;
  for (; value > 0 || static_cast<int>(digits.size()) < digits_min; value /= 16)
    digits += "0123456789ABCDEF"[value % 16];
  std::reverse(digits.begin(), digits.end());
  return digits;
}

constexpr bool is_printable_ascii(std::int32_t c) { return c >= 0x20 && c < 0x7F; }

bool is_mark(utf8proc_category_t category) {
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

bool is_letter(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_number(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool is_direction_mark(std::int32_t c) {
  return c == 0x200E || c == 0x200F || c == 0x061C || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// Tells whether a code point is invisible although Unicode does not list it as a format character: fillers, variation
/// selectors, an empty braille cell.
bool is_invisible(std::int32_t c) { return utf8proc_get_property(c)->ignorable != 0 || c == 0x2800; }

std::string kind_of(std::int32_t c) {
  const auto* const named =
      std::find_if(std::begin(kNamed), std::end(kNamed), [&](const Named& entry) { return entry.code_point == c; });
  if (named != std::end(kNamed)) return std::string{named->name};
  if (is_direction_mark(c)) return "an invisible mark of writing direction";
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC: return "a control character";
    case UTF8PROC_CATEGORY_CN: return "a code point without a character";
    case UTF8PROC_CATEGORY_CO: return "a private-use character";
    case UTF8PROC_CATEGORY_ZS: return "a space";
    default: return is_invisible(c) ? "an invisible character" : "a character";
  }
}

std::string described(std::int32_t c) { return kind_of(c) + " (U+" + hexadecimal(c, 4) + ")"; }

struct Place {
  std::size_t index = 0;  // of the code point, from 0
  bool is_last = false;
};

std::string text_of(const Place& place) {
  if (place.is_last) return " at its end";
  return place.index == 0 ? " at its start" : " as character " + std::to_string(place.index + 1);
}

std::string hint(std::int32_t c, const Place& place) {
  if (c == '\r' && place.is_last) return ": was it read from a file with Windows line ends?";
  if (c == '\n' && place.is_last) return ": was it read from a file together with its line end?";
  if (c == 0xFEFF && place.index == 0) return ": was it read from a file with such a mark?";
  if (c == 0xFFFD) return ": a letter was lost when the text was converted";
  return "";
}

/// Tells whether a name must not contain the code point in any position.
bool is_never_allowed(std::int32_t c) {
  if (is_printable_ascii(c)) return false;  // the usual case, which needs no table
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    default: return is_invisible(c) || c == 0xFFFC || c == 0xFFFD;
  }
}

/// Reads a name from its start and reports the first fault.
class NameReader {
 public:
  std::optional<std::string> read(std::string_view text) {
    for (Place place; !text.empty(); ++place.index) {
      const auto c = first_code_point(text);
      const auto byte = static_cast<unsigned char>(text.front());
      text.remove_prefix(c.size);
      place.is_last = text.empty();
      if (c.value < 0) return "is not UTF-8: it has the byte 0x" + hexadecimal(byte, 2) + text_of(place);
      if (auto fault = add(c.value, place)) return fault;
      before_ = c.value;
    }
    if (!has_latin_ || !twin_ || has_other_letter_) return std::nullopt;
    return "has " + with_article(alphabet_of(twin_->first)) + " letter (U+" + hexadecimal(twin_->first, 4) + ")" +
           text_of(twin_->second) + ", which looks like a Latin one, among Latin words";
  }

 private:
  std::optional<std::string> add(std::int32_t c, const Place& place) {
    const auto category = utf8proc_category(c);
    const bool is_space = category == UTF8PROC_CATEGORY_ZS;
    if (is_never_allowed(c) || (is_space && (place.index == 0 || place.is_last))) {
      return "has " + described(c) + text_of(place) + hint(c, place);
    }
    if (is_mark(category) && !is_after_visible_) {
      return "has an accent without a letter (U+" + hexadecimal(c, 4) + ")" + text_of(place);
    }
    if (c == 0x0307 && (before_ == 'i' || before_ == 'j')) {
      return "has a dot (U+0307)" + text_of(place) + ", which cannot be seen above its letter";
    }
    is_after_visible_ = !is_space && category != UTF8PROC_CATEGORY_PD && category != UTF8PROC_CATEGORY_PC;
    if (is_letter(category)) return add_letter(c, place);
    if (!is_mark(category) && !is_number(category)) word_ = Alphabet::kOther;
    return std::nullopt;
  }

  std::optional<std::string> add_letter(std::int32_t c, const Place& place) {
    const auto alphabet = alphabet_of(c);
    if (alphabet == Alphabet::kLatin) {
      has_latin_ = true;
    } else if (latin_twin(c) == '\0') {
      has_other_letter_ = has_other_letter_ || alphabet != Alphabet::kOther;
    } else if (!twin_) {
      twin_.emplace(c, place);
    }
    if (alphabet == Alphabet::kOther || alphabet == word_) return std::nullopt;
    if (word_ == Alphabet::kOther || (word_ != Alphabet::kLatin && alphabet != Alphabet::kLatin)) {
      word_ = alphabet;
      return std::nullopt;
    }
    return "has " + with_article(alphabet) + " letter (U+" + hexadecimal(c, 4) + ")" + text_of(place) +
           ", in a word with " + std::string{name_of(word_)} +
           " letters: letters that look alike are different letters";
  }

  static std::string with_article(Alphabet alphabet) {
    return (alphabet == Alphabet::kArmenian ? "an " : "a ") + std::string{name_of(alphabet)};
  }

  std::int32_t before_ = 0;           // the code point before
  bool is_after_visible_ = false;     // an accent could join the character before
  Alphabet word_ = Alphabet::kOther;  // of the letters of the word so far
  bool has_latin_ = false;
  bool has_other_letter_ = false;                         // of another alphabet, and no Latin letter looks like it
  std::optional<std::pair<std::int32_t, Place>> twin_{};  // the first letter of another alphabet that looks Latin
};

/// Tells whether every character is printable ASCII and the ends are not spaces. A NameReader finds no fault in such a
/// text.
bool is_plain(std::string_view text) {
  return text.front() != ' ' && text.back() != ' ' && std::all_of(text.begin(), text.end(), is_printable_ascii);
}

/// Tells whether the text has quotes around it. Environment files of Docker keep the quotes around a value, and word
/// processors make them curly.
bool is_in_quotes(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
      {"\"", "\""},         {"'", "'"},           {"`", "`"},           {"\u201C", "\u201D"},
      {"\u201D", "\u201D"}, {"\u201E", "\u201C"}, {"\u201E", "\u201D"}, {"\u2018", "\u2019"},
      {"\u2019", "\u2019"}, {"\u00B4", "\u00B4"}, {"\u00AB", "\u00BB"}};
  return std::any_of(std::begin(kQuotes), std::end(kQuotes), [&](const auto& quotes) {
    const auto& [opening, closing] = quotes;
    if (text.size() <= opening.size() + closing.size()) return false;
    if (!text.starts_with(opening) || !text.ends_with(closing)) return false;
    const auto within = text.substr(opening.size(), text.size() - opening.size() - closing.size());
    return within.find(opening) == within.npos && within.find(closing) == within.npos;  // "A" and "B"
  });
}

/// Tells whether the whole text is a variable that a template, Kubernetes, a service manager or a shell should have
/// replaced.
bool is_placeholder(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kPlaceholders[] = {
      {"${", "}"}, {"$(", ")"}, {"{{", "}}"}, {"%", "%"}, {"<", ">"}};
  const auto is_word = [](std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](char c) { return c == '_' || (c >= 'A' && c <= 'Z'); });
  };
  if (text.size() > 1 && text.front() == '$' && is_word(text.substr(1))) return true;
  return std::any_of(std::begin(kPlaceholders), std::end(kPlaceholders), [&](const auto& around) {
    return text.size() > around.first.size() + around.second.size() && text.starts_with(around.first) &&
           text.ends_with(around.second);
  });
}

/// Tells whether a code point is a space, or a mark that people leave around a text by mistake: punctuation or a symbol,
/// but not the `+` of "2025+".
bool is_around_texts(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS ||
         (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_SO && c != '+');
}

/// The text without the spaces, the punctuation and the symbols around it; all of it if it has nothing else.
std::string_view without_punctuation_around(std::string_view text) {
  std::size_t first = text.size();
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = first_code_point(text.substr(at));
    if (c.value < 0 || !is_around_texts(c.value)) {
      first = std::min(first, at);
      end = at + c.size;
    }
    at += c.size;
  }
  return end == 0 ? text : text.substr(first, end - first);
}

/// The text without a comment, which a file of variables keeps: " # …" or " #a…", but not the number in "2025 #1".
std::string_view without_comment(std::string_view text) {
  for (std::size_t at = text.find(" #"); at != text.npos; at = text.find(" #", at + 1)) {
    const auto c = at + 2 < text.size() ? first_code_point(text.substr(at + 2)).value : ' ';
    if (c == ' ' || (c >= 0 && is_letter(utf8proc_category(c)))) return text.substr(0, at);
  }
  return text;
}

}  // namespace

std::optional<std::string> name_fault(std::string_view text, std::size_t bytes_max) {
  if (text.empty()) return "must not be empty";
  if (!is_plain(text)) {
    if (auto fault = NameReader{}.read(text)) return fault;
  }
  if (is_in_quotes(text)) return "is in quotes: was it read from a file that needs none?";
  if (is_placeholder(text)) return "is a placeholder that was not replaced by its value";
  if (name_key(text).empty()) return "has no character but spaces, \"_\" and dashes";
  if (text.size() > bytes_max) {
    return "has " + std::to_string(text.size()) + " bytes; " + std::to_string(bytes_max) + " are allowed";
  }
  return std::nullopt;
}

std::optional<std::string> control_fault(std::string_view text) {
  const auto is_refused = [](std::int32_t c) {
    const auto category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
  };
  // Arabic letters and all behind them in Unicode; a joiner between Latin letters would be invisible.
  const auto may_be_joined = [](std::int32_t c) { return c >= 0x0600 && is_letter(utf8proc_category(c)); };
  std::int32_t before = -1;
  for (Place place; !text.empty(); ++place.index) {
    const auto c = first_code_point(text);
    text.remove_prefix(c.size);
    place.is_last = text.empty();
    const bool is_joiner = (c.value == 0x200C || c.value == 0x200D) && before >= 0 && may_be_joined(before) &&
                           !text.empty() && may_be_joined(first_code_point(text).value);
    if (c.value >= 0 && is_refused(c.value) && !is_joiner) {
      return "has " + described(c.value) + text_of(place) + hint(c.value, place);
    }
    before = c.value;
  }
  return std::nullopt;
}

std::string without_invisible(std::string_view text) {
  std::string visible;
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (c.value < 0 || !is_never_allowed(c.value)) visible += text.substr(0, c.size);
    text.remove_prefix(c.size);
  }
  return visible;
}

std::string semester_key(std::string_view name) {
  const auto visible = without_invisible(without_comment(name));
  const auto latin = latin_lookalike(visible);
  auto key = strict_key(without_punctuation_around(latin ? *latin : visible));
  return key.empty() ? std::string{name} : key;
}

std::optional<std::string> latin_lookalike(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return std::nullopt;
  std::string latin;
  bool changes = false;
  while (!text.empty()) {
    const auto c = first_code_point(text);
    const char twin = c.value < 0x80 ? '\0' : latin_twin(c.value);
    changes = changes || twin != '\0';
    latin += twin != '\0' ? std::string_view{&twin, 1} : text.substr(0, c.size);
    text.remove_prefix(c.size);
  }
  if (!changes) return std::nullopt;
  return latin;
}

}  // namespace dti
