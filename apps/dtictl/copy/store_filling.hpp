#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "dti/base/time.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"

namespace dti {

/// An empty store that a command fills, and how its messages call it.
struct StoreFilling {
  StoreAddress to;  // not a MemoryStoreAddress
  std::chrono::milliseconds timeout{10'000};
  std::string result;  // `copy`: messages call the filled store "the copy"
  std::string source;  // `source`: messages call the other one "the source"
};

/// verify() with its progress on a terminal.
[[nodiscard]] VerifyReport look_at(LedgerSnapshot& snapshot, const std::string& task);

/// Opens the host that hold_store() and open_filler() lock: a replica can lack what was committed there.
[[nodiscard]] std::unique_ptr<LedgerSnapshot> open_locked(const StoreAddress& address,
                                                          std::chrono::milliseconds timeout);

/// Prints a report with differences. @throws std::runtime_error  with `failure`, if there are any
void refuse_differences(const VerifyReport& report, const std::string& failure);

/// Shows a warning on stderr.
void warn_of(const std::string& warning);

/// Fills the store with the content of `source`, and compares the two afterwards. Prints a report.
/// @param source  a consistent store: verify() finds no difference
/// @param check_unchanged  called before the commit; throws if the source has changed since it was verified
/// @throws StorageError or std::runtime_error: with a sentence that says whether the content is stored
void fill_and_compare(const StoreFilling& filling, LedgerSnapshot& source,
                      const std::function<void()>& check_unchanged);

}  // namespace dti
