#include "domain/alphabets.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace dti {
namespace {

struct Range {
  std::int32_t first;
  std::int32_t last;
  Alphabet alphabet;
};

// The Unicode blocks of these alphabets. The caller passes letters only.
constexpr Range kRanges[] = {
    {'A', 'Z', Alphabet::kLatin},          {'a', 'z', Alphabet::kLatin},          {0x00C0, 0x024F, Alphabet::kLatin},
    {0x0370, 0x03FF, Alphabet::kGreek},    {0x0400, 0x052F, Alphabet::kCyrillic}, {0x0531, 0x0588, Alphabet::kArmenian},
    {0x13A0, 0x13FF, Alphabet::kCherokee}, {0x1C80, 0x1C8F, Alphabet::kCyrillic}, {0x1E00, 0x1EFF, Alphabet::kLatin},
    {0x1F00, 0x1FFF, Alphabet::kGreek},    {0x2C60, 0x2C7F, Alphabet::kLatin},    {0x2DE0, 0x2DFF, Alphabet::kCyrillic},
    {0xA640, 0xA69F, Alphabet::kCyrillic}, {0xA722, 0xA7FF, Alphabet::kLatin},    {0xAB30, 0xAB64, Alphabet::kLatin},
    {0xAB70, 0xABBF, Alphabet::kCherokee}, {0xFF21, 0xFF3A, Alphabet::kLatin},    {0xFF41, 0xFF5A, Alphabet::kLatin},
};

struct Twin {
  std::int32_t code_point;
  char latin;
};

// The letters in Unicode's confusables.txt that look the same in most typefaces, by code point.
constexpr Twin kTwins[] = {
    {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'}, {0x039A, 'K'},
    {0x039C, 'M'}, {0x039D, 'N'}, {0x039F, 'O'}, {0x03A1, 'P'}, {0x03A4, 'T'}, {0x03A5, 'Y'}, {0x03A7, 'X'},
    {0x03BF, 'o'}, {0x03BD, 'v'}, {0x03F3, 'j'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'},
    {0x0412, 'B'}, {0x0415, 'E'}, {0x041A, 'K'}, {0x041C, 'M'}, {0x041D, 'H'}, {0x041E, 'O'}, {0x0420, 'P'},
    {0x0421, 'C'}, {0x0422, 'T'}, {0x0423, 'Y'}, {0x0425, 'X'}, {0x0430, 'a'}, {0x0435, 'e'}, {0x043E, 'o'},
    {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'},
    {0x04AE, 'Y'}, {0x04BB, 'h'}, {0x04C0, 'I'}, {0x0501, 'd'}, {0x051A, 'Q'}, {0x051B, 'q'}, {0x051C, 'W'},
    {0x051D, 'w'}, {0x054D, 'U'}, {0x054F, 'S'}, {0x0555, 'O'}, {0x0570, 'h'}, {0x0578, 'n'}, {0x057D, 'u'},
    {0x0581, 'g'}, {0x0585, 'o'}, {0x13A0, 'D'}, {0x13A1, 'R'}, {0x13A2, 'T'}, {0x13AA, 'A'}, {0x13AB, 'J'},
    {0x13AC, 'E'}, {0x13B3, 'W'}, {0x13B7, 'M'}, {0x13BB, 'H'}, {0x13C0, 'G'}, {0x13C3, 'Z'}, {0x13D9, 'V'},
    {0x13DA, 'S'}, {0x13DE, 'L'}, {0x13DF, 'C'}, {0x13E2, 'P'}, {0x13E6, 'K'}, {0x13F4, 'B'},
};

}  // namespace

Alphabet alphabet_of(std::int32_t code_point) {
  const auto* const found = std::find_if(std::begin(kRanges), std::end(kRanges), [&](const Range& range) {
    return range.first <= code_point && code_point <= range.last;
  });
  return found == std::end(kRanges) ? Alphabet::kOther : found->alphabet;
}

std::string_view name_of(Alphabet alphabet) {
  constexpr std::array<std::string_view, 6> kNames = {"other", "Latin", "Greek", "Cyrillic", "Armenian", "Cherokee"};
  return kNames[static_cast<std::size_t>(alphabet)];
}

char latin_twin(std::int32_t code_point) {
  const auto* const found = std::find_if(std::begin(kTwins), std::end(kTwins),
                                         [&](const Twin& twin) { return twin.code_point == code_point; });
  return found == std::end(kTwins) ? '\0' : found->latin;
}

}  // namespace dti
