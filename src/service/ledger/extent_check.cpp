#include "dti/service/ledger/extent_check.hpp"

#include <optional>
#include <string>

#include "dti/service/ledger/ledger_replay.hpp"
#include "dti/service/ledger/storage_error.hpp"

namespace dti {

void check_extents(const std::vector<StoredSemester>& semesters) {
  const auto refuse = [](const StoredSemester& semester, const StoreDifference& difference) {
    throw StorageError{StorageError::Kind::kCorrupt, "semester \"" + semester.name + "\": " + to_string(difference)};
  };
  for (const auto& semester : semesters) {
    if (semester.is_open && !semester.opened_with) {
      refuse(semester, {1, std::nullopt, "the entry is missing, or does not open the semester", {}, {}});
    }
    if (semester.last_entry > semester.head) refuse(semester, wrong_head(semester.head, semester.last_entry));
  }
}

}  // namespace dti
