#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// A semester's own row, as it is stored: nothing in it is believed.
struct SemesterRow {
  SemesterId id = 0;
  std::string name;
  Epoch epoch = 0;
  Seq head = 0;
  Capacity capacity;
  Pool left;
  bool is_open = true;

  friend bool operator==(const SemesterRow&, const SemesterRow&) = default;
};

/// A row of the ledger, as it is stored: whatever a column holds, and none for NULL.
struct LedgerRow {
  using Number = std::optional<std::int64_t>;

  Seq seq = 0;
  std::int64_t kind = 0;  // the code
  Number program_id = {};
  Number generation = {};
  Number classrooms_wanted = {};
  Number labs_wanted = {};
  Number classrooms_granted = {};
  Number labs_granted = {};
  Number mobile_labs_granted = {};
  Number classrooms_capacity = {};
  Number labs_capacity = {};
  Number conversions_capacity = {};
  Number status = {};  // the code

  friend bool operator==(const LedgerRow&, const LedgerRow&) = default;
};

struct CatalogCounts {
  std::size_t faculties = 0;
  std::size_t programs = 0;
};

/// A whole store at one moment, to be read and never changed: what a server commits meanwhile is not in it. Takes no
/// lead, makes no schema, and keeps no server waiting.
/// Every call throws StorageError: kCorrupt if what is stored cannot be read, kUnavailable. Thread: one.
class LedgerSnapshot {
 public:
  LedgerSnapshot() = default;
  LedgerSnapshot(const LedgerSnapshot&) = delete;
  LedgerSnapshot& operator=(const LedgerSnapshot&) = delete;
  virtual ~LedgerSnapshot() = default;

  /// The database's own check of its file, for one that has such a check: what it found, a line each; at most 10.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> check_file() = 0;

  /// What a reader of the store should know that none of its rows can tell, as a sentence; none if there is nothing.
  [[nodiscard]] virtual std::optional<std::string> warning() const { return std::nullopt; }

  /// The leadership's epoch.
  [[nodiscard]] virtual Epoch read_epoch() = 0;

  /// The programs of known faculties, from 1 on, in order of id.
  [[nodiscard]] virtual std::vector<CatalogProgram> read_catalog() = 0;
  /// How many rows the catalogue has, whatever is in them.
  [[nodiscard]] virtual CatalogCounts count_catalog() = 0;

  /// All of them, in order of id.
  [[nodiscard]] virtual std::vector<SemesterRow> read_semesters() = 0;

  /// Gives all of the semester's rows to `sink`, in order of seq, in pieces of at most 50,000, until it returns false.
  virtual void read_ledger(SemesterId semester, const std::function<bool(const std::vector<LedgerRow>&)>& sink) = 0;

  /// The least semester id of a row of the ledger that is no semester's; none if there is none.
  [[nodiscard]] virtual std::optional<SemesterId> find_stray_ledger() = 0;
};

}  // namespace dti
