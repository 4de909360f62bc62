#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/ledger_reader.hpp"
#include "dti/service/ledger/registry.hpp"

namespace dti {

struct CatalogCounts {
  std::size_t faculties = 0;
  std::size_t programs = 0;
};

/// From which of several hosts of one database to read. A replica can lack the newest commits.
enum class ReadFrom { kAnyHost, kWritableHost };

/// The lead of a store, as far as the store can tell. Times are in microseconds since 1970, UTC.
struct StoredLead {
  Epoch epoch = 0;
  std::string holder;                       // host:pid:id of the server that took the lead last; a new store has a text
  std::optional<std::int64_t> taken_at;     // none: no server has taken it
  std::optional<bool> is_held;              // that server, or the one that has the file, is alive; none: not known
  std::string endpoint;                     // host:port for clients; empty: not known
  std::optional<std::int64_t> lease_until;  // by the database's clock; none: there is no lease

  friend bool operator==(const StoredLead&, const StoredLead&) = default;
};

/// A whole store at one moment: it has nothing that a server commits later. It takes no lead, makes no schema, and does
/// not block a server. In addition to the reader's calls, it has those that only a verification or a copy needs.
/// Every call throws StorageError: kCorrupt if a row cannot be read, kUnavailable. Thread: one.
class LedgerSnapshot : public LedgerReader {
 public:
  virtual ~LedgerSnapshot() = default;

  /// The database's own check of its file: the faults that it found, a line each, at most 10. None: the database has no
  /// such check.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> check_file() = 0;

  /// A sentence about the store that no row can tell; none if there is nothing to say.
  [[nodiscard]] virtual std::optional<std::string> warning() const { return std::nullopt; }

  /// The epoch of the leadership.
  [[nodiscard]] virtual Epoch read_epoch() = 0;

  /// The version of the schema.
  [[nodiscard]] virtual int read_schema_version() = 0;

  /// Who leads.
  [[nodiscard]] virtual StoredLead read_lead() = 0;

  /// The number of rows that the catalogue has, including damaged ones. The survey has only programs of known
  /// faculties, with an id of at least 1.
  [[nodiscard]] virtual CatalogCounts count_catalog() = 0;

  /// The lowest semester id of a row of the ledger whose semester does not exist; none if there is no such row.
  [[nodiscard]] virtual std::optional<SemesterId> find_stray_ledger() = 0;

  /// The notes of the entries of the semester, or of the registry (kRegistryId), with first <= seq <= last, by seq;
  /// without those that were erased.
  [[nodiscard]] virtual std::map<Seq, CommandNote> read_notes(SemesterId semester, Seq first, Seq last) = 0;

  /// The ends of the chains of seals; none if the schema is too old to have any.
  [[nodiscard]] virtual std::optional<ChainHeads> read_chain_heads() = 0;

  /// The seal of an entry of a semester or of the registry, as SealReader.
  [[nodiscard]] virtual RowSeal read_seal(SemesterId chain, Seq seq) = 0;

  /// Passes the entries of the registry to `sink`, in order of seq, in pieces; none if the schema is too old.
  virtual void read_registry(const RegistrySink& sink) = 0;
};

}  // namespace dti
