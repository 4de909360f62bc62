#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/seals/seal.hpp"
#include "dti/service/ledger/catalog_places.hpp"
#include "dti/service/ledger/storage_error.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// The semesters and the catalogue of a store at one moment.
struct StoreSurvey {
  std::vector<StoredSemester> semesters;    // open and closed, in order of id
  std::vector<CatalogProgram> catalog;      // in order of id, by the names with which they were added
  std::vector<ProgramChange> changes = {};  // of these programs, in order
};

/// Changes of programs that the registry has.
struct ProgramChanges {
  Seq registry_end = 0;                // the registry's last entry
  std::vector<ProgramChange> changes;  // in order of seq

  friend bool operator==(const ProgramChanges&, const ProgramChanges&) = default;
};

/// The server that holds the lead, if it is not the reader's server.
struct HeldBy {
  Epoch epoch = 0;
  std::string endpoint;                                // host:port for clients; empty: not known
  std::optional<std::chrono::milliseconds> remaining;  // of its lease, more than 0; none: it leads without a lease

  friend bool operator==(const HeldBy&, const HeldBy&) = default;
};

/// The last entry of a semester's ledger.
struct SemesterHead {
  SemesterId semester_id = 0;
  std::string name;
  Seq head = 0;
};

/// Those of all entries of a semester that LedgerReader::read_grant() passes.
[[nodiscard]] std::vector<StoredEntry> entries_of_grant(std::vector<StoredEntry> entries, ProgramId program,
                                                        std::int32_t generation);

/// The heads of the open semesters, in order of id.
[[nodiscard]] std::vector<SemesterHead> heads_of(const std::vector<StoredSemester>& semesters);

/// The history of a database to which its entries belong. A replica that is promoted begins a new one, and so does a
/// restored backup: up to its beginning, both have the same entries. Empty: the store has only one.
using History = std::string;

/// The lead and the heads of a store.
struct StoreWatch {
  std::optional<HeldBy> held;       // none: the lead may be taken
  std::vector<SemesterHead> heads;  // of the open semesters, in order of id
  History history = {};
};

/// The columns of a ledger's rows that a reading needs.
enum class Columns {
  kAll,
  kOfState,  // of a grant, the reader may leave out the status and the capacity: no state depends on them
};

/// The place of the catalogue in the registry, and those of commands in it.
struct CatalogState {
  StoreId store;
  Seq head = 0;  // the registry's last entry
  CatalogPlaces places;
  std::int64_t programs = 0;                // of the catalogue
  Seq written = 0;                          // the last entry of the command; 0: the registry has none of it
  std::vector<RegistryRange> earlier = {};  // the entries of each earlier command that the registry has

  friend bool operator==(const CatalogState&, const CatalogState&) = default;
};

/// Receives rows of a ledger, in order of seq. Returns false to end the reading.
using RowSink = std::function<bool(std::vector<LedgerRow>)>;

/// Receives entries of a ledger, in order of seq.
using EntrySink = std::function<void(std::vector<StoredEntry>)>;

/// Reads a store and changes nothing. The reader returns the rows as they are stored and does not check them: that is
/// the task of a LedgerReplay. tests/contract holds every store to this text.
/// Every call throws StorageError: kCorrupt if a row cannot be read, kUnavailable or kUnreachable.
/// Thread: any, one call at a time.
class LedgerReader {
 public:
  LedgerReader() = default;
  LedgerReader(const LedgerReader&) = delete;
  LedgerReader& operator=(const LedgerReader&) = delete;

  /// The semesters and the whole catalogue; empty if the store has no schema yet.
  /// @throws StorageError  also kRefused, for instance if the schema is newer than this program
  [[nodiscard]] virtual StoreSurvey survey() = 0;

  /// Passes the rows of the semester's ledger with first <= seq <= last to `sink`, in order of seq, in pieces of at most
  /// kLedgerPieceEntries. It does not report a row that is missing. `sink` must not use this object: PostgreSQL keeps a
  /// transaction open meanwhile.
  virtual void read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) = 0;

  /// Passes the entries about that generation of a program's grant to `sink`, in order of seq: granted, waiting-left,
  /// confirmed, hold-extended and released. If it was topped up, before them those about the last grant that was asked or
  /// amended, and those between that confirm or extend the hold; the top-ups between are not read, because there can be
  /// many. Does not call it if there are none.
  virtual void read_grant(SemesterId semester, ProgramId program, std::int32_t generation, const EntrySink& sink) = 0;

  /// The same as read_ledger() with all that is stored of each entry.
  virtual void read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) = 0;

 protected:
  ~LedgerReader() = default;
};

/// A reader that follows the store: it reads what it does not know yet.
class LedgerFollower : public LedgerReader {
 public:
  /// The lead and the heads. It reads the schema of the previous version, and of later ones as far as possible.
  /// @throws StorageError  also kRefused
  [[nodiscard]] virtual StoreWatch watch() = 0;

  /// The programs of the catalogue with ids above `after`, in order of id.
  [[nodiscard]] virtual std::vector<CatalogProgram> read_catalog(ProgramId after) = 0;

  /// The programs that were renamed or retired by entries of the registry above `after`.
  [[nodiscard]] virtual ProgramChanges read_program_changes(Seq after) = 0;

  /// The place of the catalogue in the registry, of a command, and of earlier ones.
  [[nodiscard]] virtual CatalogState read_catalog_state(const std::string& command_id,
                                                        const std::vector<std::string>& earlier) = 0;

 protected:
  ~LedgerFollower() = default;
};

inline constexpr std::int64_t kLedgerPieceEntries = 50'000;  // about 5 MB

}  // namespace dti
