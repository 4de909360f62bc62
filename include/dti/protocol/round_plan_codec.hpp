#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/round_plan.hpp"

namespace dti {

/// The text of a file with a plan.
[[nodiscard]] std::string encode_round_plan(const RoundPlan& plan);

/// Reads such a text. @return the plan; or the first fault, such as `programs: is missing`
[[nodiscard]] std::variant<RoundPlan, std::string> decode_round_plan(std::string_view text);

}  // namespace dti
