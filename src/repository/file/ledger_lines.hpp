#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dti/domain/catalog.hpp"
#include "dti/repository/file/ledger_file_writer.hpp"
#include "dti/seals/seal.hpp"
#include "dti/service/ledger/registry.hpp"
#include "dti/service/ledger/stored_rows.hpp"
#include "repository/file/flat_object.hpp"

namespace dti {

// The lines of a ledger file. Source: docs/ledger-files.md

inline constexpr std::string_view kLedgerFileFormat = "dti-ledger 1";
inline constexpr std::int64_t kLedgerFileSchemaMax =
    8;  // the newest schema: a later one may have other columns and kinds
inline constexpr std::size_t kLineBytesMax =
    64 * 1024;  // the longest text of a store has some kilobytes with its escapes

struct FacultyLine {
  FacultyId id = 0;
  std::string name;
  std::string key;
};

struct ProgramLine {
  ProgramId id = 0;
  FacultyId faculty = 0;
  std::string name;
  std::string key;
};

struct EntryLine {
  SemesterId semester = 0;
  StoredEntry entry;
};

struct NoteLine {
  SemesterId semester = 0;  // or kRegistryId
  Seq seq = 0;
  CommandNote note;
};

struct ChainLine {
  SemesterId chain = 0;  // the semester, or kRegistryId
  SealedHead end;
};

struct EndLine {
  LedgerFileCounts counts;
  Seal hash;  // of all lines between the first and this one, with their line feeds
};

/// `registry` is a RegistryEntry, and `semester` a StoredSemester without what its reader takes from the entries.
using LedgerLine = std::variant<LedgerFileHeader, FacultyLine, ProgramLine, RegistryEntry, StoredSemester, EntryLine,
                                NoteLine, ChainLine, EndLine>;

/// The type of a line, such as `entry`.
[[nodiscard]] std::string_view type_text(const LedgerLine& line);

/// Why a line is none: a clause, such as `entry: "seq" is missing`.
struct LineFault {
  std::string reason;
};

/// Reads lines. It checks each line on its own: the types of the members, and that the numbers fit a store. Thread: one.
class LineParser {
 public:
  /// @param line  without its line feed; any bytes
  [[nodiscard]] std::variant<LedgerLine, LineFault> parse(std::string_view line);

 private:
  FlatObject object_;
};

/// Appends the line with its line feed.
/// @throws StorageError  kCorrupt: the store has a text or a number that the format does not know
void append_line(std::string& out, const LedgerLine& line);

/// The first line for the hash of the file: as append_line(), but `exported-at` is empty.
[[nodiscard]] std::string hashed_text(LedgerFileHeader header);

/// The same for an entry, without a copy of it.
void append_entry(std::string& out, SemesterId semester, const StoredEntry& entry);

}  // namespace dti
