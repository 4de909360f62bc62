#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <vector>

#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// A field that holds a whole number; NULL reads as 0.
[[nodiscard]] std::int64_t integer(const pqxx::field& field);

/// All of them, open and closed, in order of id.
/// @throws StorageError  kCorrupt
[[nodiscard]] std::vector<StoredSemester> read_semesters(pqxx::transaction_base& transaction);
/// Those with ids above `after`, in order of id.
[[nodiscard]] std::vector<CatalogProgram> read_programs(pqxx::transaction_base& transaction, ProgramId after);

/// Reads a row of kSelectEntries. What a kind does not have is 0.
/// @throws StorageError  kCorrupt
[[nodiscard]] LedgerEntry read_entry(SemesterId semester, const pqxx::row& row);

/// Is there no schema at all?
[[nodiscard]] bool is_empty(pqxx::transaction_base& transaction);
/// Reads a row of kSelectSemesterRows.
[[nodiscard]] SemesterRow read_semester_row(const pqxx::row& row);
/// Reads a row of kSelectLedgerRows.
[[nodiscard]] LedgerRow read_ledger_row(const pqxx::row& row);

/// Is there a schema that this program can read?
/// @throws StorageError  kRefused if it is a newer one
[[nodiscard]] bool has_schema(pqxx::transaction_base& transaction);

/// Brings the schema up to date, within the caller's transaction. Two servers that start at once take turns.
/// @throws StorageError  kRefused if it is a newer one
void migrate(pqxx::transaction_base& transaction, WallTime at);

}  // namespace dti
