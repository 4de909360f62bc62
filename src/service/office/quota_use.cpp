#include "dti/service/office/quota_use.hpp"

#include <algorithm>
#include <map>

#include "dti/domain/wait_list.hpp"

namespace dti {
namespace {

void append_limit(std::string& text, const QuotaLimit& limit, Quantity held, const char* what) {
  if (limit.rooms < 0) return;
  text += (text.empty() ? "" : ", ") + std::to_string(held) + " of " + std::to_string(limit.rooms) + ' ' + what +
          (limit.is_soft ? " (soft)" : "");
}

}  // namespace

std::vector<QuotaUse> quota_uses(const SemesterView& view) {
  const auto& quotas = view.quotas();
  std::map<FacultyId, std::int64_t> blocked;
  for (const auto& holding : view.waiting()) {
    const auto faculty = view.faculty_of(holding.program);
    const auto why = passed_over(view.left(), holding.grant, holding.want, quotas.room(faculty));
    if (why && (why->no_classroom_in_quota || why->no_lab_in_quota)) ++blocked[faculty];
  }
  std::vector<QuotaUse> uses;
  for (FacultyId faculty = 1; faculty <= quotas.last(); ++faculty) {
    const auto& quota = quotas.quota(faculty);
    if (quota != Quota{}) uses.push_back({faculty, quota, quotas.held(faculty), blocked[faculty]});
  }
  return uses;
}

std::int64_t blocked_places(const std::vector<QuotaUse>& uses) {
  std::int64_t places = 0;
  for (const auto& use : uses) places += use.blocked;
  return places;
}

std::string quota_use_text(const std::string& faculty, const QuotaUse& use) {
  std::string text;
  append_limit(text, use.quota.classrooms, use.held.classrooms, "classrooms");
  append_limit(text, use.quota.labs, use.held.labs, "labs");
  if (use.blocked > 0)
    text += ", " + std::to_string(use.blocked) + (use.blocked == 1 ? " place" : " places") + " blocked";
  return faculty + ' ' + text;
}

std::string quota_uses_text(const std::vector<QuotaUse>& uses, const StoreNames& names, std::size_t shown_max) {
  std::string text;
  const auto shown = std::min(uses.size(), shown_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& use = uses[i];
    const bool is_known = use.faculty <= names.faculties();
    const auto faculty =
        is_known ? names.catalog().faculty_name(use.faculty) : "faculty " + std::to_string(use.faculty);
    text += (text.empty() ? "" : "; ") + quota_use_text(faculty, use);
  }
  return shown == uses.size() ? text : text + "; quotas of " + std::to_string(uses.size() - shown) + " more faculties";
}

}  // namespace dti
