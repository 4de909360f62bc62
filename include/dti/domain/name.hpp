#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dti {

/// What the spellings of one name have in common: characters that look alike folded, simple lower case, without
/// separators (space, `_`, `-`), NFC. Folded are: every kind of space and the tab to a space, every dash to `-`, curly
/// apostrophes, quotes and slashes to the plain ones, and what is only another form of a character (full width,
/// ligatures, mathematical letters). `º`, `ª`, `²` and fractions stay as they are, and accents count: "diseno" is not
/// "diseño".
/// @return the key; empty for a name that is not UTF-8 or that consists of separators only: nothing has that name
/// Source: docs/protocol.md, Names.
[[nodiscard]] std::string name_key(std::string_view name);

/// name_key(), but each run of separators inside the name is one `-`. Tells apart names such as "MATH 1-11" and
/// "MATH 11-1", whose name_key() is the same.
[[nodiscard]] std::string strict_key(std::string_view name);

/// The key under which a later one of several names with the same name_key() is stored. It has a `-`, as no name_key()
/// has: strict_key(), with a `-` behind it if it has none.
[[nodiscard]] std::string separated_key(std::string_view name);

/// The name's key as earlier versions made it, which folded nothing. Stores of these versions hold such keys.
/// @return none if it is that of name_key()
[[nodiscard]] std::optional<std::string> legacy_key(std::string_view name);

/// Do two strict keys with the same name_key() spell one name? They do if one has all separators of the other; but a
/// separator between two digits always counts ("1-11" is not "111").
[[nodiscard]] bool is_one_name(std::string_view strict_key, std::string_view other);

/// The name as it is best stored: NFC, white space at its ends removed, other runs of white space as one space.
/// @param name  UTF-8
[[nodiscard]] std::string tidy_name(std::string_view name);

/// Is the text well-formed UTF-8, without surrogates and overlong forms?
[[nodiscard]] bool is_utf8(std::string_view text);

/// The text in double quotes, with every code point beyond printable ASCII as an escape (`\u00a0`): two texts that look
/// alike differ in it.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace dti
