#pragma once

#include "dtictl/office/office_store.hpp"

namespace dti {

/// Prints the entries of the semester after `since`, and then each new one, until a signal asks for the end. While the
/// store cannot be reached, it says so once and tries again. StopSignals::block() must have been called.
/// @return the exit code: 0 after the signal, 1 if stdout can no longer be written
/// @throws StorageError  the store cannot be used again: its history was rewritten, or it contradicts itself
[[nodiscard]] int follow(const ReadCommand& command, const OfficeOptions& options, const OfficeStore& store,
                         StoreNames names, const StoredSemester& semester, Seq since);

}  // namespace dti
