#include "dti/service/ledger/ledger_reader.hpp"

namespace dti {

std::vector<SemesterHead> heads_of(const std::vector<StoredSemester>& semesters) {
  std::vector<SemesterHead> heads;
  for (const auto& semester : semesters) {
    if (semester.is_open) heads.push_back({semester.id, semester.name, semester.head});
  }
  return heads;
}

}  // namespace dti
