#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "dti/service/office/ledger_tail.hpp"
#include "dti/service/office/semester_view.hpp"
#include "dti/service/office/store_names.hpp"
#include "dtictl/office/office_options.hpp"
#include "dtictl/office/office_run.hpp"

namespace dti {

/// The store that a command reads, always in short transactions. Every call throws StorageError.
class OfficeStore {
 public:
  OfficeStore(const ReadCommand& command, const OfficeOptions& options) : command_(command), options_(options) {}

  [[nodiscard]] std::unique_ptr<LedgerSnapshot> open() const;

  /// The semesters and the catalogue at one moment. Says on stderr what the store warns of.
  [[nodiscard]] StoreNames read_names() const;

  /// The ledger of the semester after that entry.
  [[nodiscard]] LedgerTail tail(const StoredSemester& semester, Seq after) const;

  /// The semester's state at the entry that its row names as the last one.
  /// @param names  must live as long as the view
  [[nodiscard]] SemesterView read_view(const StoredSemester& semester, const StoreNames& names) const;

  /// Takes entries in order, and their notes.
  using Sink = std::function<void(const std::vector<StoredEntry>& entries, const Notes& notes)>;
  /// Passes the entries after `after`, up to the semester's last one, to `sink`. No transaction is open meanwhile.
  void read(const StoredSemester& semester, Seq after, const Sink& sink) const;

  /// How often a reader that follows the ledger should read while there is nothing new.
  [[nodiscard]] std::chrono::milliseconds idle_pause() const;

 private:
  [[nodiscard]] bool is_file() const { return std::holds_alternative<SqliteStoreAddress>(options_.store); }

  const ReadCommand& command_;
  const OfficeOptions& options_;
};

/// Compares the state at the semester's last entry with the semester's row.
/// @throws StorageError  kCorrupt: they differ
void check_state(const StoredSemester& semester, const SemesterView& view);

/// The semester that the options name. @throws Unanswerable
[[nodiscard]] StoredSemester find_semester(const OfficeOptions& options, const StoreNames& names);
/// The faculty that the options name; 0: they name none. @throws Unanswerable
[[nodiscard]] FacultyId find_faculty(const OfficeOptions& options, const StoreNames& names);

}  // namespace dti
