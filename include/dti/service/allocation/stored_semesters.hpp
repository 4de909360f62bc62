#pragma once

#include <string>
#include <vector>

#include "dti/service/ledger/repository.hpp"

namespace dti {

/// The semester of that name, byte for byte; null if there is none.
[[nodiscard]] const StoredSemester* find_semester(const std::vector<StoredSemester>& semesters,
                                                  const std::string& name);

/// A semester that people may confuse with one of this name (semester_key()); null if there is none.
[[nodiscard]] const StoredSemester* find_lookalike(const std::vector<StoredSemester>& semesters,
                                                   const std::string& name);

/// Why no semester of this name is opened beside `stored`, which looks like it. It has no full stop, and ends with what to
/// do.
/// @param gives  the name's source, with its verb: `--semester says`, `the command has`
[[nodiscard]] std::string lookalike_text(const StoredSemester& stored, const std::string& gives,
                                         const std::string& name);

}  // namespace dti
