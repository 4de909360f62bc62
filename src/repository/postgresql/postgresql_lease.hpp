#pragma once

#include <chrono>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "dti/service/ledger/repository.hpp"

namespace dti {

/// Who keeps the server with this holder's text off the lead, by the database's clock; none: it may be taken.
/// Reads a schema of the version before this one too.
/// @throws StorageError  kCorrupt
[[nodiscard]] std::optional<HeldBy> held_by_another(pqxx::transaction_base& transaction, const std::string& holder);

/// Lets the lease last for so long from now on, or gives it up.
/// @param backend_pid  of the session
/// @throws StorageError  kRefused: another session answered, or settings or tables can now lose committed data
[[nodiscard]] CommitResult change_lease(pqxx::transaction_base& transaction, int backend_pid, Epoch epoch,
                                        std::optional<std::chrono::milliseconds> duration);

/// Who leads, and the heads of the open semesters. Of a database without a schema: nobody, and none.
[[nodiscard]] StoreWatch read_watch(pqxx::transaction_base& transaction, const std::string& holder);

}  // namespace dti
