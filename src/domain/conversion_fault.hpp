#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dti {

/// Reports traces of a failed conversion in a cell of a file, such as `#REF!` or `Ã±`, as the rest of a sentence; none
/// if there are none.
[[nodiscard]] std::optional<std::string> conversion_fault(std::string_view cell);

}  // namespace dti
