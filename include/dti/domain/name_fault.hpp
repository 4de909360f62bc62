#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dti {

inline constexpr std::size_t kNameBytesMax = 200;  // of a faculty or program
inline constexpr std::size_t kSemesterBytesMax = 64;

/// Checks whether a text can be the name of a faculty, a program or a semester. It rejects text that people cannot see
/// or can confuse with other text: bytes that are not UTF-8; control, format and other invisible characters; white
/// space at the ends; code points without a meaning; an accent without a letter; letters of other alphabets that look
/// like Latin letters, next to Latin letters; the replacement character; quotes around the whole name; a placeholder
/// that was not replaced, such as `${NAME}`; a name that has only separators; and a name of more than `bytes_max`
/// bytes.
/// @return the reason as the rest of a sentence (`has a carriage return (U+000D) at its end: …`); none if it can be a
///   name
/// Source: docs/protocol.md, Names.
[[nodiscard]] std::optional<std::string> name_fault(std::string_view text, std::size_t bytes_max);

/// Reports the first control character or invisible format character of a text, as the rest of a sentence; none if
/// there is no such character. A joiner between letters of scripts that join is accepted. It ignores bytes that are not UTF-8.
[[nodiscard]] std::optional<std::string> control_fault(std::string_view text);

/// The text without the invisible characters that name_fault() rejects.
[[nodiscard]] std::string without_invisible(std::string_view text);

/// The text in which a Latin letter replaces each Cyrillic, Greek, Armenian or Cherokee letter that looks like it.
/// @return none if there is no such letter
[[nodiscard]] std::optional<std::string> latin_lookalike(std::string_view text);

/// A key that is equal for semester names that people may confuse: strict_key() with Latin letters in place of those
/// that look like them, and without the invisible characters that name_fault() rejects, a comment (` # …`) and the
/// punctuation around the whole name. The server compares semester names themselves byte by byte.
[[nodiscard]] std::string semester_key(std::string_view name);

}  // namespace dti
