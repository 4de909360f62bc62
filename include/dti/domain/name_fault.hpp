#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dti {

inline constexpr std::size_t kNameBytesMax = 200;  // of a faculty or program
inline constexpr std::size_t kSemesterBytesMax = 64;

/// Why a text cannot be the name of a faculty, a program or a semester, as the rest of a sentence about it: `has a
/// carriage return (U+000D) at its end: …`. Refused is what people cannot see, or cannot tell from something else: what
/// is not UTF-8; control, format and other invisible characters; white space at its ends; code points without a meaning;
/// an accent without a letter; letters of other alphabets that look like Latin ones beside Latin letters; a replacement
/// character; quotes around the whole; a placeholder that was not replaced, such as `${NAME}`; a name of separators
/// only; one that is too long.
/// @return none if it can be one
/// Source: docs/protocol.md, Names.
[[nodiscard]] std::optional<std::string> name_fault(std::string_view text, std::size_t bytes_max);

/// The first control character or invisible format character of a text, as the rest of a sentence; none if it has none.
/// Bytes that are not UTF-8 are let pass.
[[nodiscard]] std::optional<std::string> control_fault(std::string_view text);

/// The text without the invisible characters that name_fault() refuses.
[[nodiscard]] std::string without_invisible(std::string_view text);

/// The text with each Cyrillic, Greek, Armenian or Cherokee letter that looks like a Latin one replaced by that.
/// @return none if there is no such letter
[[nodiscard]] std::optional<std::string> latin_lookalike(std::string_view text);

/// Equal for semesters that people may take for one: strict_key() with look-alike letters as Latin ones, without the
/// invisible characters that name_fault() refuses, a comment (` # …`), and the punctuation around the whole.
/// Semesters themselves are compared byte for byte.
[[nodiscard]] std::string semester_key(std::string_view name);

}  // namespace dti
