#pragma once

#include <vector>

#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// Compares each semester's row with the first and the last entry of its ledger, before any entry is read. Every store
/// calls it before it raises the epoch: a server that would refuse the store must not end another server's service.
/// Pure.
/// @throws StorageError  kCorrupt if the ledger of an open semester has no first entry that opens it, or if a ledger has
///                       an entry after the one that the semester's row names as the last
void check_extents(const std::vector<StoredSemester>& semesters);

}  // namespace dti
