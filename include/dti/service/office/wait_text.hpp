#pragma once

#include <optional>
#include <string>

#include "dti/service/office/semester_view.hpp"

namespace dti {

/// The reason why a program that waits is passed over, as a clause: `no lab is left`. None if it can use something.
/// @param room  what the quota of its faculty leaves
[[nodiscard]] std::optional<std::string> passed_over_text(const Pool& left, const Holding& holding,
                                                          const QuotaRoom& room = {});
/// The same at the end of a view.
[[nodiscard]] std::optional<std::string> passed_over_text(const SemesterView& view, const Holding& holding);

}  // namespace dti
