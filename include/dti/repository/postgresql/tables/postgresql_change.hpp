#pragma once

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "dti/repository/common/chains.hpp"
#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

/// Adds entries to the ledger as they are: those of a change, and those of a copy of a store.
void insert_entries(pqxx::transaction_base& transaction, SemesterId semester, const std::vector<StoredEntry>& entries);

/// Adds the notes of the commands of a semester, or of the registry (kRegistryId).
void insert_notes(pqxx::transaction_base& transaction, SemesterId semester, const std::map<Seq, CommandNote>& notes);

/// Adds programs, and the faculties that they name, to the catalogue, within the caller's transaction, which has locked
/// the leadership. @return the number of faculties before
/// @throws StorageError  kInvariant: they do not continue the stored ids
[[nodiscard]] std::int64_t insert_programs(pqxx::transaction_base& transaction,
                                           const std::vector<CatalogProgram>& programs);

/// Writes a change within the caller's transaction, which has locked the leadership and compared its epoch.
/// @param sound  as of sound_session()
/// @return false, and nothing was written: the semester has another epoch or head, or the session is not sound
[[nodiscard]] bool write_change(pqxx::transaction_base& transaction, const Change& change, const SealedChange& sealed,
                                const std::string& sound);

}  // namespace dti
