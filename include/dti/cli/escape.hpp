#pragma once

#include <string>
#include <string_view>

namespace dti {

/// The text on one line that a terminal shows as it is: control characters, line separators, direction overrides and
/// bytes that are not UTF-8 are written as escapes (`\n`, `\x1b`, `\u2028`).
[[nodiscard]] std::string printable(std::string_view text);

/// The text in double quotes, as printable() writes it, with `"` and `\` escaped too.
[[nodiscard]] std::string quoted_text(std::string_view text);

/// Would quoted_text() escape something in it?
[[nodiscard]] bool needs_escapes(std::string_view text);

/// The text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace dti
