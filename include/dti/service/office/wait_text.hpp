#pragma once

#include <optional>
#include <string>

#include "dti/service/office/semester_view.hpp"

namespace dti {

/// The reason why a program that waits is passed over, as a clause: `no lab is left`. None if it can use something.
[[nodiscard]] std::optional<std::string> passed_over_text(const Pool& left, const Holding& holding);

}  // namespace dti
