#pragma once

#include <string>
#include <string_view>

namespace dti {

/// What two spellings of one name have in common: NFC, simple lower case, without ' ', '_' and '-', NFC again.
/// Accents count: "diseno" is not "diseño". "ß" is not "ss".
/// @return the key; empty for a name that is not UTF-8 or of which nothing is left (it is nobody's)
/// Source: docs/protocol.md, Names.
[[nodiscard]] std::string name_key(std::string_view name);

/// Is the text well-formed UTF-8, without surrogates and overlong forms?
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace dti
