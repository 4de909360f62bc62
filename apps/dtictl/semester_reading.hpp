#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"

namespace dti {

/// The store has no such semester, faculty or program: a sentence for people.
struct NotFound : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One semester of a store, and the catalogue, at one moment.
struct SemesterReading {
  StoredSemester semester;
  Catalog catalog;
  std::vector<FacultyId> faculty_of;  // by ProgramId - 1
};

/// @param name  of a semester, open or closed; none: the open semester, if there is only one
/// @throws NotFound
[[nodiscard]] StoredSemester choose_semester(const std::vector<StoredSemester>& semesters,
                                             const std::optional<std::string>& name);

/// @throws NotFound, StorageError
[[nodiscard]] SemesterReading read_semester(LedgerReader& reader, const std::optional<std::string>& name);

/// Reads the ledger of the semester up to its head.
/// @param add  receives the entries in order. @return why an entry cannot be the next one; the reading ends then
/// @throws StorageError  kCorrupt with that reason; and those of the reader
void read_entries_of(LedgerReader& reader, const StoredSemester& semester,
                     const std::function<std::optional<std::string>(const LedgerRow&)>& add);

/// Compares the result of a ledger with the row of the semester.
/// @throws StorageError  kCorrupt: they differ
void check_semester(const StoredSemester& semester, Seq head, const Pool& left);

/// @param faculty  none: any, if only one has a program with that name
/// @throws NotFound
[[nodiscard]] ProgramId choose_program(const SemesterReading& reading, const std::optional<std::string>& faculty,
                                       const std::string& program);

}  // namespace dti
