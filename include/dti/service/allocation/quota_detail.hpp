#pragma once

#include <optional>
#include <string>

#include "dti/domain/quotas.hpp"

namespace dti {

/// What the reply to a program tells about the quota of its faculty, as a sentence: a hard limit is the reason why it got
/// no more, or a soft one is exceeded. None if there is nothing to tell.
/// @param grant  what the program holds, which `quotas` has counted
[[nodiscard]] std::optional<std::string> quota_detail(const Quotas& quotas, FacultyId faculty, const std::string& name,
                                                      const Want& want, const Grant& grant);

}  // namespace dti
