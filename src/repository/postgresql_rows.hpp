#pragma once

#include <cstdint>
#include <pqxx/pqxx>

#include "dti/service/repository.hpp"

namespace dti {

/// A field that holds a whole number; NULL reads as 0.
[[nodiscard]] std::int64_t integer(const pqxx::field& field);

/// Read a row of kSelectSemesters, of kSelectEntries. What a kind does not have is 0.
/// @throws StorageError  kCorrupt
[[nodiscard]] StoredSemester read_semester(const pqxx::row& row);
[[nodiscard]] LedgerEntry read_entry(SemesterId semester, const pqxx::row& row);

/// Is there a schema that this program can read?
/// @throws StorageError  kRefused if it is a newer one
[[nodiscard]] bool has_schema(pqxx::transaction_base& transaction);

/// Brings the schema up to date, within the caller's transaction. Two servers that start at once take turns.
/// @throws StorageError  kRefused if it is a newer one
void migrate(pqxx::transaction_base& transaction, WallTime at);

}  // namespace dti
