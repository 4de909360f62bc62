#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/ledger.hpp"

namespace dti {

/// What a store may fail with. The text is for the log and for people at the console, never for the wire.
class StorageError : public std::runtime_error {
 public:
  enum class Kind {
    kUnavailable,  // the store failed or said no before anything was sent: nothing has changed
    kUnreachable,  // the same, because the store is not up or the connection broke: a later call can succeed by itself
    kInDoubt,      // it was sent and may still take effect: only a take-over tells
    kRejected,     // the store refused this statement, and nothing of it is stored
    kInvariant,    // a constraint of the store fired: a fault of ours
    kCorrupt,      // what is stored contradicts itself
    kRefused,      // this store must not be used: held by another process, a newer schema, unsafe settings
  };

  StorageError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// One semester as it is stored.
struct StoredSemester {
  SemesterId id = 0;
  std::string name;
  Epoch epoch = 0;
  Seq head = 0;  // seq of its last entry
  Capacity opened_with;
  Pool left;
  bool is_open = true;

  friend bool operator==(const StoredSemester&, const StoredSemester&) = default;
};

/// What is stored, without taking the lead of it.
struct StoreSurvey {
  std::vector<StoredSemester> semesters;  // open and closed, in order of id
  std::vector<CatalogProgram> catalog;    // in order of id
};

/// What a take-over found.
struct Leadership {
  Epoch epoch = 0;                        // now ours
  std::vector<StoredSemester> semesters;  // open and closed, in order of id; the open ones under that epoch
  std::size_t program_count = 0;          // of the stored catalogue
};

/// On what terms a server leads: until the lease runs out, by the store's clock, no other one takes the lead.
/// Nothing that is written rests on it: the epoch and the heads decide. Source: docs/adr/0015-leases.md
struct Lease {
  std::string endpoint;  // host:port, which clients of the others are told; empty: not known
  std::chrono::milliseconds duration{5'000};
};

/// Another server holds the lead.
struct HeldBy {
  Epoch epoch = 0;
  std::string endpoint;                                // host:port for clients; empty: not known
  std::optional<std::chrono::milliseconds> remaining;  // of its lease, more than 0; none: it has none, and is there

  friend bool operator==(const HeldBy&, const HeldBy&) = default;
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
  Pool charged;                        // what its entries take from the pool, in all; negative: what they give back
  std::vector<LedgerEntry> entries;    // kGranted or kReleased, seq base + 1, base + 2, …; at least one
  std::vector<BatchMessage> messages;  // their entry counts add up to the entries
  WallTime at{};
};

/// The semester and head on which answers that write nothing rest.
struct SemesterGuard {
  SemesterId semester_id = 0;
  Seq head = 0;
};

/// How far the ledger of a semester goes.
struct SemesterHead {
  SemesterId semester_id = 0;
  std::string name;
  Seq head = 0;
};

/// What a server that does not lead sees of the store.
struct StoreWatch {
  std::optional<HeldBy> held;       // none: the lead may be taken
  std::vector<SemesterHead> heads;  // of the open semesters, in order of id
};

enum class CommitResult {
  kCommitted,  // durable
  kReplaced,   // nothing written: a higher epoch leads
  kBaseMoved,  // nothing written: the store's head is not the base
};

enum class OpenResult { kOpened, kExists, kReplaced };

/// What became of the opening of a semester.
struct Opening {
  OpenResult result = OpenResult::kReplaced;
  SemesterId id = 0;  // kOpened: its number
};

/// What a call that was started waits for: that its descriptor can be read, or written too.
struct PollFor {
  int descriptor = -1;
  bool writable = false;
};

/// Commits and guards of a store that answers through a descriptor: whoever has a poll set carries them out there, and
/// wakes no other thread. They promise what Repository::commit() and guard() promise, and fail as these do.
/// Thread: any, one call at a time. Source: docs/adr/0014-commits-in-the-poll-set.md
class PollableCommits {
 public:
  PollableCommits() = default;
  PollableCommits(const PollableCommits&) = delete;
  PollableCommits& operator=(const PollableCommits&) = delete;

  virtual void start_commit(std::shared_ptr<const Batch> batch) = 0;
  virtual void start_guard(Epoch epoch, std::vector<SemesterGuard> semesters) = 0;
  /// Goes on with what was started, as far as that goes without waiting; spurious calls do no harm.
  /// @return none: call again when waits_for() is fulfilled
  [[nodiscard]] virtual std::optional<CommitResult> resume() = 0;
  [[nodiscard]] virtual PollFor waits_for() const = 0;

 protected:
  ~PollableCommits() = default;
};

/// The ledger and what belongs to it. One implementation a database; tests/contract holds all of them to this text.
/// Thread: any, one call at a time, but for interrupt(). Wherever kUnavailable is named, it may be kUnreachable. After one
/// of them or kInDoubt was thrown, the next call is take_over() (or survey() or watch(), which make a new connection too).
/// Only a store that several servers can use has leases; the others do nothing in renew() and resign().
class Repository {
 public:
  Repository() = default;
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;
  virtual ~Repository() = default;

  /// Looks at the store; empty if it has no schema yet. Changes nothing.
  /// @throws StorageError  kRefused (a newer schema too), kUnavailable
  [[nodiscard]] virtual StoreSurvey survey() = 0;

  /// Takes the lead: connects anew, brings the schema up to date, raises the epoch of the leadership and of every open
  /// semester in one transaction, and returns when no statement of an earlier connection can take effect any more.
  /// @return HeldBy, and nothing changed, if another server holds the lead: its lease has not run out
  /// Source: docs/adr/0004-take-over.md
  /// @throws StorageError  kUnavailable, kRefused; kInDoubt counts as kUnavailable (another take-over tells)
  [[nodiscard]] virtual std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) = 0;

  /// Renews the lease of the lead that was taken under `epoch`: it lasts for `duration` from some moment of this call.
  /// @return kReplaced if a higher epoch leads; kBaseMoved if a lower one does (the store was set back)
  /// @throws StorageError  kUnavailable, kInDoubt
  [[nodiscard]] virtual CommitResult renew(Epoch epoch, std::chrono::milliseconds duration) = 0;

  /// Gives the lead up: another server may take it at once. @return and throws as renew()
  [[nodiscard]] virtual CommitResult resign(Epoch epoch) = 0;

  /// Looks who leads, and how far the ledgers have come. Changes nothing, and disturbs nobody; understands the schema of
  /// the version before this one and of those after it as far as it can.
  /// @throws StorageError  kUnavailable, kRefused
  [[nodiscard]] virtual StoreWatch watch() = 0;

  /// The catalogue's programs with ids above `after`, in order of id.
  [[nodiscard]] virtual std::vector<CatalogProgram> read_catalog(ProgramId after) = 0;

  /// Gives the semester's entries with after < seq <= last to `sink`, in order of seq, in pieces of at most 50,000.
  /// @throws StorageError  kCorrupt if one of them is missing or cannot be read, kUnavailable
  virtual void read_ledger(SemesterId semester, Seq after, Seq last,
                           const std::function<void(std::vector<LedgerEntry>)>& sink) = 0;

  /// Adds programs (and the faculties they name) to the catalogue: all or none.
  /// @param programs  in order of id, continuing the stored ids
  /// @return false, and nothing added, if a higher epoch leads
  /// @throws StorageError  kUnavailable, kInDoubt, kInvariant
  [[nodiscard]] virtual bool add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs) = 0;

  /// Opens a semester: its row, under `epoch`, and its first entry (`semester-opened`, seq 1) together.
  /// @return kExists, and nothing changed, if the store has one of that name, open or closed; kReplaced, and nothing
  ///         changed, if another epoch leads
  /// @throws StorageError  kUnavailable, kInDoubt
  [[nodiscard]] virtual Opening open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                              WallTime at) = 0;

  /// Commits every entry of `batch` or none, and returns once they are durable.
  /// @throws StorageError  kUnavailable: nothing was sent. kInDoubt: it was sent and may still commit. kRejected, kInvariant:
  ///                       nothing is stored, and the connection is still good
  /// Source: docs/adr/0003-reply-after-commit.md
  [[nodiscard]] virtual CommitResult commit(const Batch& batch) = 0;

  /// Reads whether `epoch` still leads and every head is as given: what answers that write nothing rest on.
  /// @throws StorageError  kUnavailable
  [[nodiscard]] virtual CommitResult guard(Epoch epoch, std::span<const SemesterGuard> semesters) = 0;

  /// The same two calls without waiting in them, if the store can: none otherwise.
  [[nodiscard]] virtual PollableCommits* pollable() { return nullptr; }

  /// Ends a call that waits for the store, if one does; that call throws soon. Thread: any.
  virtual void interrupt() noexcept = 0;
};

}  // namespace dti
