#pragma once

#include <cstddef>
#include <string_view>

namespace dti {

/// How many columns a terminal uses for the text: none for a combining character, two for a wide one (CJK, emoji).
/// Terminals differ for emoji that consist of several; here each of these counts.
/// @param text  as printable() returns it
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace dti
