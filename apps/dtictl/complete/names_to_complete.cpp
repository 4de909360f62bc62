#include "dtictl/complete/names_to_complete.hpp"

#include <unordered_map>
#include <unordered_set>

#include "dti/domain/name.hpp"

namespace dti {

std::optional<CompletedNames> completed_names(std::string_view text) {
  if (text == "semesters") return CompletedNames::kSemesters;
  if (text == "faculties") return CompletedNames::kFaculties;
  if (text == "programs") return CompletedNames::kPrograms;
  return std::nullopt;
}

std::vector<std::string> names_to_complete(const StoreSurvey& survey, CompletedNames names, std::string_view faculty,
                                           std::string_view prefix) {
  std::vector<std::string> found;
  std::unordered_set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (name.starts_with(prefix) && found.size() < kCompletedMax && seen.insert(name).second) found.push_back(name);
  };
  if (names == CompletedNames::kSemesters) {
    for (const auto& semester : survey.semesters) add(semester.name);
    return found;
  }
  const auto key = name_key(faculty);
  std::unordered_map<ProgramId, std::string> renamed;
  for (const auto& change : survey.changes) renamed[change.program] = change.name;
  for (const auto& program : survey.catalog) {
    if (names == CompletedNames::kFaculties) {
      add(program.faculty_name);
    } else if (faculty.empty() || name_key(program.faculty_name) == key) {
      const auto now = renamed.find(program.id);
      add(now == renamed.end() ? program.name : now->second);
    }
  }
  return found;
}

}  // namespace dti
