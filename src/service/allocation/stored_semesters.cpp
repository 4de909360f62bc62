#include "dti/service/allocation/stored_semesters.hpp"

#include <algorithm>

#include "dti/domain/name.hpp"
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

std::string lookalike_text(const StoredSemester& stored, const std::string& gives, const std::string& name) {
  const auto text = "the store has a semester with almost the same name: " + escaped(stored.name) + ", and " + gives +
                    " " + escaped(name) + ". ";
  if (name_fault(stored.name, kSemesterBytesMax)) {
    return text +
           "The name of the store can no longer be given: stop all servers and rename that semester in the database "
           "(docs/operations.md, Semesters with a name that is refused)";
  }
  return text +
         "Use the name of the store, or choose one that differs in more than case, spaces, dashes, forms of letters "
         "and "
         "punctuation around it";
}

}  // namespace dti
