#include "dti/service/office/wait_text.hpp"

#include "dti/domain/wait_list.hpp"

namespace dti {

namespace {

/// What the pool lacks; empty: only the quota is in the way.
std::string pool_text(const PassedOver& why) {
  if (why.no_conversion) return "no lab is left, and no conversion for a classroom that is left";
  if (why.no_classroom && why.no_lab) return "no classroom and no lab is left";
  if (why.no_classroom) return "no classroom is left";
  return why.no_lab ? "no lab is left" : "";
}

std::string quota_text(const PassedOver& why) {
  if (why.no_classroom_in_quota && why.no_lab_in_quota) return "its faculty has all that its quota admits";
  if (why.no_classroom_in_quota) return "its faculty has all classrooms that its quota admits";
  return why.no_lab_in_quota ? "its faculty has all labs that its quota admits" : "";
}

}  // namespace

std::optional<std::string> passed_over_text(const Pool& left, const Holding& holding, const QuotaRoom& room) {
  const auto why = passed_over(left, holding.grant, holding.want, room);
  if (!why) return std::nullopt;
  auto text = quota_text(*why);
  const auto rest = pool_text(*why);
  if (!text.empty() && !rest.empty()) text += ", and ";
  return text + rest;
}

std::optional<std::string> passed_over_text(const SemesterView& view, const Holding& holding) {
  return passed_over_text(view.left(), holding, view.quotas().room(view.faculty_of(holding.program)));
}

}  // namespace dti
