#pragma once

#include <cstdint>
#include <string_view>

namespace dti {

/// The alphabets that have letters which look like Latin ones, and Latin itself.
enum class Alphabet { kOther, kLatin, kGreek, kCyrillic, kArmenian, kCherokee };

[[nodiscard]] Alphabet alphabet_of(std::int32_t code_point);

/// `Latin`, `Greek` … @param alphabet  not kOther
[[nodiscard]] std::string_view name_of(Alphabet alphabet);

/// The Latin letter that a letter of another alphabet looks like; 0 if there is none.
[[nodiscard]] char latin_twin(std::int32_t code_point);

}  // namespace dti
