#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dti {

/// The key of a name. Spellings of the same name have the same key. The key is in NFC and simple lower case, has no
/// separators (space, `_`, `-`), and replaces characters that look alike: every kind of space and the tab by a space,
/// every dash by `-`, curly apostrophes, quotes and slashes by the plain ones, and other forms of a character (full
/// width, ligatures, mathematical letters) by that character. `º`, `ª`, `²` and fractions stay, and accents count:
/// "diseno" is not "diseño".
/// @return the key; empty if the name is not UTF-8 or has only separators. No program has such a name
/// Source: docs/protocol.md, Names.
[[nodiscard]] std::string name_key(std::string_view name);

/// name_key(), but each run of separators inside the name becomes one `-`. It distinguishes names such as "MATH 1-11"
/// and "MATH 11-1", which have the same name_key().
[[nodiscard]] std::string strict_key(std::string_view name);

/// The key for storing a name whose name_key() another name has already: strict_key(), followed by a `-` if it contains
/// none. No name_key() contains a `-`, so the two kinds of keys differ.
[[nodiscard]] std::string separated_key(std::string_view name);

/// The key that earlier versions computed for a name: they did not replace characters that look alike. Their stores
/// contain such keys.
/// @return none if it equals name_key()
[[nodiscard]] std::optional<std::string> legacy_key(std::string_view name);

/// name_key() without accents and without punctuation: it is the same for names
/// that may be one name in two spellings, such as "Ingenieria Civil" and "Ingeniería Civil". They are two names.
[[nodiscard]] std::string loose_key(std::string_view name);

/// Tells whether two strict keys with the same name_key() are spellings of one name. They are if one of them has all
/// separators of the other. A separator between two digits always counts ("1-11" is not "111").
[[nodiscard]] bool is_one_name(std::string_view strict_key, std::string_view other);

/// The name in the form for the store: in NFC, without white space at its ends, and with one space for each other run
/// of white space.
/// @param name  UTF-8
[[nodiscard]] std::string tidy_name(std::string_view name);

/// Tells whether the text is well-formed UTF-8, without surrogates and overlong forms.
[[nodiscard]] bool is_utf8(std::string_view text);

/// The text in double quotes, with an escape for every code point that is not printable ASCII (`\u00a0`). It shows the
/// difference between two texts that look alike.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace dti
