#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/service/ledger/ledger_reader.hpp"
#include "dti/service/ledger/registry.hpp"

namespace dti {

/// The result of a take-over.
struct Leadership {
  Epoch epoch = 0;                        // of this server, from now on
  std::vector<StoredSemester> semesters;  // open and closed, in order of id, under that epoch
  std::size_t program_count = 0;          // of the stored catalogue
  History history = {};
  WallTime newest_at{};                        // of the last entries of all semesters
  std::optional<WallTime> database_time = {};  // by the clock of the database; none: it is that of this machine
};

/// The terms on which a server leads. Until the lease runs out, by the clock of the store, no other server takes the
/// lead. The epoch and the heads protect every write, not the lease. Source: docs/adr/0015-leases.md
struct Lease {
  std::string endpoint;  // host:port to which the other servers refer clients; empty: not known
  std::chrono::milliseconds duration{5'000};
};

/// Entries of a version without seals that seal_older() has read.
struct UnsealedPart {
  SemesterId semester = 0;
  std::string name;
  Seq first = 0;
  Seq last = 0;
};

/// The entries of one request within a batch.
struct BatchMessage {
  std::optional<std::string> request_id;
  std::uint32_t entry_count = 0;
};

/// Whole messages of one semester that become durable together.
struct Batch {
  SemesterId semester_id = 0;
  Epoch epoch = 0;
  Seq base = 0;                        // the head on which the batch rests; its first entry has seq base + 1
  Pool charged;                        // all that its entries take from the pool
  std::vector<LedgerEntry> entries;    // granted as they were asked, seq base + 1, base + 2, …; at least one
  std::vector<BatchMessage> messages;  // the sum of their entry counts is the number of entries
  WallTime at{};
};

/// A change of one semester, of any size: by the office, by the server itself, or by a request that concerns holds.
/// Source: docs/adr/0027-the-office.md, docs/adr/0031-holds.md
struct Change {
  SemesterId semester_id = 0;
  Epoch epoch = 0;
  Seq base = 0;  // the head on which it rests; its first entry has seq base + 1
  // The semester's row after the change.
  Capacity capacity;
  Pool left;
  bool is_open = true;
  std::vector<StoredEntry> entries;       // at least one, without seals and note_hash
  CommandNote note;                       // of the command of the last entry, which keeps its hash; unused without one
  std::vector<RegistryEntry> registered;  // added to the registry in the same transaction; often none
  WallTime at{};                          // of the entries and of the registry
};

/// Programs that the office adds to the catalogue, renames or retires by a command.
/// Source: docs/adr/0030-plans-of-the-catalogue.md, docs/adr/0034-renamed-and-retired-programs.md
struct CatalogChange {
  Epoch epoch = 0;
  Seq base = 0;                             // the registry's last entry
  std::vector<CatalogProgram> programs;     // added: in order of id, continuing the stored ids
  std::vector<ProgramChange> changes = {};  // at least one, if no program is added
  std::string command_id;
  CommandNote note;
  WallTime at{};
};

/// The semester and the head on which replies without entries depend.
struct SemesterGuard {
  SemesterId semester_id = 0;
  Seq head = 0;
};

enum class CommitResult {
  kCommitted,  // durable
  kReplaced,   // nothing written: a higher epoch leads
  kBaseMoved,  // nothing written: the store's head is not the base
};

enum class OpenResult {
  kOpened,     // durable
  kExists,     // nothing written: the store has a semester of that name, open or closed
  kReplaced,   // nothing written: a higher epoch leads
  kBaseMoved,  // nothing written: a lower epoch leads (the store was set back)
};

/// The result of opening a semester.
struct Opening {
  OpenResult result = OpenResult::kReplaced;
  SemesterId id = 0;  // kOpened: its number
};

/// The event for which a started call waits: its descriptor can be read, or also written.
struct PollFor {
  int descriptor = -1;
  bool writable = false;
};

/// Commits and guards of a store that answers through a descriptor. A thread with a poll set makes these calls there
/// and wakes no other thread. They promise and throw the same as LedgerWriter::commit() and guard().
/// Thread: any, one call at a time. Source: docs/adr/0014-commits-in-the-poll-set.md
class PollableCommits {
 public:
  PollableCommits() = default;
  PollableCommits(const PollableCommits&) = delete;
  PollableCommits& operator=(const PollableCommits&) = delete;

  virtual void start_commit(std::shared_ptr<const Batch> batch) = 0;
  virtual void start_guard(Epoch epoch, std::vector<SemesterGuard> semesters) = 0;
  /// Continues the started call as far as possible without waiting. Spurious calls do no harm.
  /// @return none: call again when waits_for() is fulfilled
  [[nodiscard]] virtual std::optional<CommitResult> resume() = 0;
  [[nodiscard]] virtual PollFor waits_for() const = 0;

 protected:
  ~PollableCommits() = default;
};

/// Writes the ledger, as the server that leads. tests/contract holds every store to this text.
/// Wherever kUnavailable is named, it may be kUnreachable. After one of them or kInDoubt was thrown, the next call is
/// take_over(), or survey() or watch() of the reader, which make a new connection too.
/// Only a store that several servers can use has leases; in the others, renew() and resign() do nothing.
/// Thread: any, one call at a time, except for interrupt().
class LedgerWriter {
 public:
  LedgerWriter() = default;
  LedgerWriter(const LedgerWriter&) = delete;
  LedgerWriter& operator=(const LedgerWriter&) = delete;

  /// Takes the lead: makes a new connection, brings the schema up to date, raises the epoch of the leadership and of
  /// every semester, open or closed, in one transaction, and returns when no statement of an earlier connection can
  /// take effect any more.
  /// @return HeldBy, and nothing changed, if another server holds the lead: its lease has not run out
  /// Source: docs/adr/0004-take-over.md
  /// @throws StorageError  kUnavailable, kRefused; kInDoubt counts as kUnavailable (another take-over tells). Nothing
  ///                       changed: kRewritten, if an entry that this object knows has another seal now; kCorrupt, if
  ///                       check_extents() finds a difference, if a store that has seals lacks some, or if the
  ///                       registry lacks an addition or a seal: no server wrote them
  [[nodiscard]] virtual std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) = 0;

  /// Gives a store that no server with seals has led its id, its registry, and a seal for the entries of each
  /// semester: reads a part of the entries, and writes everything when all were read. In another store, does nothing.
  /// Call it after take_over() until it returns none, before anything else is written.
  /// @return the part that it has read; none: the store has seals
  /// @throws StorageError  kUnavailable, kInDoubt; kCorrupt: an entry is missing, has a seal, or cannot be sealed
  [[nodiscard]] virtual std::optional<UnsealedPart> seal_older(Epoch epoch, WallTime at) = 0;

  /// Renews the lease of the lead that was taken under `epoch`: it lasts for `duration` from some moment of this call.
  /// @return kReplaced if a higher epoch leads; kBaseMoved if a lower one does (the store was set back)
  /// @throws StorageError  kUnavailable, kInDoubt
  [[nodiscard]] virtual CommitResult renew(Epoch epoch, std::chrono::milliseconds duration) = 0;

  /// Gives up the lead, so that another server may take it at once.
  /// @return and throws as renew()
  [[nodiscard]] virtual CommitResult resign(Epoch epoch) = 0;

  /// Adds programs (and the faculties they name) to the catalogue, and to the registry: all or none.
  /// @param programs  in order of id, continuing the stored ids
  /// @return false, and nothing added, if another epoch leads
  /// @throws StorageError  kUnavailable, kInDoubt, kInvariant
  [[nodiscard]] virtual bool add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) = 0;

  /// Adds programs for a command, as add_programs(), or enters changes of programs into the registry: the catalogue keeps
  /// the names with which they were added. The registry's last entry keeps the command-id, which no other entry has, and
  /// the hash of the note.
  /// @return and throws as commit(); kBaseMoved also if a lower epoch leads
  [[nodiscard]] virtual CommitResult change_catalog(const CatalogChange& change) = 0;

  /// Opens a semester: its row, under `epoch`, its first entry (`semester-opened`, seq 1), and its entry in the
  /// registry together.
  /// @throws StorageError  kUnavailable: nothing was sent. kInDoubt: it was sent and may still take effect. kRejected,
  ///                       kInvariant: nothing is stored, and the connection is still good
  [[nodiscard]] virtual Opening open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                              WallTime at) = 0;

  /// Commits every entry of `batch` or none, sealed, and returns once they are durable.
  /// @throws StorageError  kUnavailable: nothing was sent. kInDoubt: it was sent and may still commit. kRejected,
  ///                       kInvariant: nothing is stored, and the connection is still good
  /// Source: docs/adr/0003-reply-after-commit.md
  [[nodiscard]] virtual CommitResult commit(const Batch& batch) = 0;

  /// Makes every entry of a change durable, sealed, with its note, its additions to the registry and the new row of the
  /// semester, or nothing. It locks the leadership and compares the epoch. It may also change a closed semester.
  /// @return and throws as commit()
  [[nodiscard]] virtual CommitResult change(const Change& change) = 0;

  /// Reads whether `epoch` still leads and every head is as given. Answers that write nothing rest on it.
  /// @throws StorageError  kUnavailable
  [[nodiscard]] virtual CommitResult guard(Epoch epoch, std::span<const SemesterGuard> semesters) = 0;

  /// commit() and guard() as calls that do not wait; null if the store cannot make them.
  [[nodiscard]] virtual PollableCommits* pollable() { return nullptr; }

  /// Interrupts a call that waits for the store; that call throws soon. Has no effect if no call waits. Thread: any.
  virtual void interrupt() noexcept = 0;

 protected:
  ~LedgerWriter() = default;
};

}  // namespace dti
