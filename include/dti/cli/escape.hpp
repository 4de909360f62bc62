#pragma once

#include <string>
#include <string_view>

namespace dti {

/// The text as one line that cannot control a terminal: control characters, line separators, direction overrides and
/// bytes that are not UTF-8 become escapes (`\n`, `\x1b`, `\u2028`).
[[nodiscard]] std::string printable(std::string_view text);

/// The text as printable() returns it, in double quotes and with `"` and `\` escaped.
[[nodiscard]] std::string quoted_text(std::string_view text);

/// Tells whether quoted_text() would escape a part of the text.
[[nodiscard]] bool needs_escapes(std::string_view text);

/// The text as a JSON string, with its quotes. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace dti
