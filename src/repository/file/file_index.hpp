#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dti/repository/file/ledger_file.hpp"
#include "repository/file/ledger_lines.hpp"

namespace dti {

// A place in the file is kept for each 50,000 entries or notes, because compare() of two stores reads pieces of that size,
// and then skips no lines.
inline constexpr Seq kEntriesPerMark = kLedgerPieceEntries;

/// A line in the file.
struct LineMark {
  std::uint64_t offset = 0;
  std::size_t line = 0;  // from 1
};

struct NoteMark {
  Seq seq = 0;
  LineMark at;
};

/// The notes of a semester or of the registry.
struct NoteIndex {
  std::vector<NoteMark> marks;  // of the first note, and of one for each kEntriesPerMark notes after it
  Seq last = 0;                 // seq
  std::int64_t count = 0;
};

/// The part of a file with one semester.
struct SemesterIndex {
  StoredSemester semester;
  LineMark at;                    // its own line
  std::size_t first_line = 0;     // of the first entry, which is entry 1
  Seq last_entry = 0;             // the entries are 1 to this one
  std::vector<LineMark> entries;  // of the entries 1, 1 + kEntriesPerMark, …
  NoteIndex notes;
};

/// The result of reading all lines of a file.
struct LedgerFileIndex {
  std::optional<LedgerFileFaults> faults;
  std::optional<LedgerFileFault> hash_fault;
  LedgerFileHeader header;
  std::vector<FacultyLine> faculties;
  std::vector<CatalogProgram> programs;
  std::optional<LineMark> registry;  // of its first line
  NoteIndex registry_notes;
  std::vector<SemesterIndex> semesters;
  ChainHeads heads;
  LedgerFileCounts counts;  // of the lines

  [[nodiscard]] const SemesterIndex* find(SemesterId semester) const;
  /// @param semester  or kRegistryId @return null: the file has no such semester
  [[nodiscard]] const NoteIndex* find_notes(SemesterId semester) const;
};

[[nodiscard]] LedgerFileIndex index_of_file(const ReadBytes& read,
                                            const std::function<void(const VerifyProgress&)>& progress);

}  // namespace dti
