#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "dti/repository/common/chains.hpp"
#include "dti/service/ledger/ledger_writer.hpp"
#include "repository/sqlite/sqlite_handle.hpp"

namespace dti {

/// Adds entries to the ledger as they are: those of a change, and those of a copy of a store.
class SqliteEntryInsert {
 public:
  explicit SqliteEntryInsert(SqliteConnection& connection);

  void add(SemesterId semester, const StoredEntry& entry);

 private:
  SqliteStatement statement_;
};

/// Adds the notes of the commands of a semester, or of the registry (kRegistryId).
void insert_notes(SqliteConnection& connection, SemesterId semester, const std::map<Seq, CommandNote>& notes);

/// Adds programs, and the faculties that they name, to the catalogue, within the caller's transaction.
/// @return the number of faculties before
/// @throws StorageError  kInvariant: they do not continue the stored ids
[[nodiscard]] std::int64_t insert_programs(SqliteConnection& connection, const std::vector<CatalogProgram>& programs);

/// Writes a change within the caller's transaction, which has compared the epoch of the leadership.
/// @return false, and nothing was written: the semester has another epoch or head, or a program is not in the catalogue
[[nodiscard]] bool write_change(SqliteConnection& connection, const Change& change, const SealedChange& sealed);

}  // namespace dti
