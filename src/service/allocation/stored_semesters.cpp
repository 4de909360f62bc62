#include "service/allocation/stored_semesters.hpp"

#include <algorithm>

#include "dti/domain/name_fault.hpp"

namespace dti {

const StoredSemester* find_semester(const std::vector<StoredSemester>& semesters, const std::string& name) {
  const auto found =
      std::find_if(semesters.begin(), semesters.end(), [&](const StoredSemester& s) { return s.name == name; });
  return found == semesters.end() ? nullptr : &*found;
}

const StoredSemester* find_lookalike(const std::vector<StoredSemester>& semesters, const std::string& name) {
  const auto key = semester_key(name);
  const auto found = std::find_if(semesters.begin(), semesters.end(),
                                  [&](const StoredSemester& s) { return semester_key(s.name) == key; });
  return found == semesters.end() ? nullptr : &*found;
}

}  // namespace dti
