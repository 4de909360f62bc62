#include "dti/service/office/wait_text.hpp"

#include "dti/domain/wait_list.hpp"

namespace dti {

std::optional<std::string> passed_over_text(const Pool& left, const Holding& holding) {
  const auto why = passed_over(left, holding.grant, holding.want);
  if (!why) return std::nullopt;
  if (why->no_conversion) return "no lab is left, and no conversion for a classroom that is left";
  if (why->no_classroom && why->no_lab) return "no classroom and no lab is left";
  return why->no_classroom ? "no classroom is left" : "no lab is left";
}

}  // namespace dti
