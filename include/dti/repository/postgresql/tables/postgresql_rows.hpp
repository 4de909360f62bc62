#pragma once

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/schema_change.hpp"

namespace dti {

/// A field that holds a whole number; NULL reads as 0.
[[nodiscard]] std::int64_t integer(const pqxx::field& field);

/// All semesters, open and closed, in order of id.
[[nodiscard]] std::vector<StoredSemester> read_semesters(pqxx::transaction_base& transaction);
/// The programs with ids above `after`, in order of id.
[[nodiscard]] std::vector<CatalogProgram> read_programs(pqxx::transaction_base& transaction, ProgramId after);
/// Implements LedgerReader::read_ledger().
void read_rows(pqxx::transaction_base& transaction, SemesterId semester, Seq first, Seq last, Columns columns,
               const RowSink& sink);
/// Implements LedgerReader::read_entries(), read_grant() and LedgerSnapshot::read_notes().
void read_entries(pqxx::transaction_base& transaction, SemesterId semester, Seq first, Seq last, const EntrySink& sink);
void read_grant(pqxx::transaction_base& transaction, SemesterId semester, ProgramId program, std::int32_t generation,
                const EntrySink& sink);
[[nodiscard]] std::map<Seq, CommandNote> read_notes(pqxx::transaction_base& transaction, SemesterId semester, Seq first,
                                                    Seq last);

/// The version of the stored schema; 0: there is none.
[[nodiscard]] int schema_version(pqxx::transaction_base& transaction);

/// Tells whether there is no schema at all.
[[nodiscard]] bool is_empty(pqxx::transaction_base& transaction);

/// Tells whether there is a schema that this program can read.
/// @throws StorageError  kRefused if it is a newer one
[[nodiscard]] bool has_schema(pqxx::transaction_base& transaction);

/// The migration that brings the schema up to date.
/// @throws StorageError  kRefused if it is a newer one
[[nodiscard]] SchemaChange due_migration(pqxx::transaction_base& transaction);

/// Does nothing if the schema is up to date, or if the role of this session may migrate it.
/// @throws StorageError  kRefused, naming the command that migrates it, and its owner
void refuse_unmigrated(pqxx::transaction_base& transaction);

/// Brings the schema up to date, within the caller's transaction. Two servers that start at once take turns.
/// @throws StorageError  kRefused if it is a newer one, or as refuse_unmigrated()
SchemaChange migrate(pqxx::transaction_base& transaction, WallTime at);

}  // namespace dti
