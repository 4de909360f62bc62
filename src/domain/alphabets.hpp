#pragma once

#include <cstdint>
#include <string_view>

namespace dti {

/// Latin, and the alphabets with letters that look like Latin letters.
enum class Alphabet { kOther, kLatin, kGreek, kCyrillic, kArmenian, kCherokee };

[[nodiscard]] Alphabet alphabet_of(std::int32_t code_point);

/// The name of the alphabet: `Latin`, `Greek` …
/// @param alphabet  not kOther
[[nodiscard]] std::string_view name_of(Alphabet alphabet);

/// The Latin letter that a letter of another alphabet looks like; 0 if there is none.
[[nodiscard]] char latin_twin(std::int32_t code_point);

}  // namespace dti
