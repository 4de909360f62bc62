#pragma once

#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_fixture.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"

namespace dti::contract {

/// A store that the office changes.
class OfficeTest : public StoreTest {
 protected:
  std::vector<StoredEntry> entries(Seq first = 1, Seq last = std::numeric_limits<Seq>::max()) {
    std::vector<StoredEntry> all;
    repository_->read_entries(1, first, last, [&](const std::vector<StoredEntry>& piece) {
      all.insert(all.end(), piece.begin(), piece.end());
    });
    return all;
  }

  std::vector<StoredEntry> entries_of_grant(ProgramId program, std::int32_t generation) {
    std::vector<StoredEntry> found;
    repository_->read_grant(1, program, generation, [&](std::vector<StoredEntry> read) { found = std::move(read); });
    return found;
  }

  /// Without seals, which another test recomputes.
  static std::vector<StoredEntry> unsealed(std::vector<StoredEntry> entries) {
    for (auto& entry : entries) entry.seal.reset();
    return entries;
  }

  // Of the databases.

  bool is_sqlite() const { return !backend_->takes_two_servers(); }
  std::string database() const { return is_sqlite() ? "sqlite" : "postgresql"; }

  std::unique_ptr<LedgerSnapshot> snapshot() const {
    if (is_sqlite()) return open_snapshot(SqliteStoreAddress{backend_->where()}, std::chrono::seconds{5});
    return open_snapshot(PostgresqlStoreAddress{backend_->where()}, std::chrono::seconds{5});
  }

  VerifyReport look() const {
    return verify(*snapshot(), [](const VerifyProgress&) {});
  }

  static std::string faults(const VerifyReport& report) {
    std::string text = report.unreadable.value_or("");
    for (const auto& semester : report.semesters) {
      for (const auto& found : {semester.difference, semester.seal_difference, semester.note_difference}) {
        if (found) text += found->what + '\n';
      }
    }
    for (const auto& difference : report.differences) text += difference.what + '\n';
    return text;
  }
};

}  // namespace dti::contract
