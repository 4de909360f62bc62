#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dti/seals/seal.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/registry.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

class Chains;
class Holder;
struct SealedChange;

/// A store in memory, for tests and `memory:`. Several MemoryRepository objects can share it, like servers that share a
/// database: the last one that takes over fences the others. It lives as long as one of them. Thread: any.
class MemoryStore {
 public:
  /// One entry, with the other columns of its row.
  struct Entry {
    LedgerEntry entry;
    std::optional<std::string> request_id;
    WallTime at{};
    std::optional<std::string> command_id = {};
    std::optional<Seal> note_hash = {};
  };

  /// Makes the next call of a repository on this store fail. If it is called N times, the next N calls fail.
  /// @param after_effect  the call does its work first and then fails (a lost answer)
  void fail_next(StorageError::Kind kind, bool after_effect = false);

  /// The stored ledger of a semester; empty if there is no such semester.
  [[nodiscard]] std::vector<Entry> entries(SemesterId semester) const;
  /// The stored semester; none if there is no such semester.
  [[nodiscard]] std::optional<StoredSemester> find_semester(const std::string& name) const;
  [[nodiscard]] Epoch epoch() const;
  /// The entries of the registry.
  [[nodiscard]] std::vector<RegistryEntry> registry() const;
  /// The ends of the chains of seals.
  [[nodiscard]] ChainHeads chain_heads() const;
  /// The seal of an entry of a semester; none if it has none.
  [[nodiscard]] std::optional<Seal> find_seal(SemesterId semester, Seq seq) const;
  /// The notes of the commands of a semester or of the registry, by the seq of their last entry.
  [[nodiscard]] std::map<Seq, CommandNote> notes(SemesterId semester) const;

 private:
  friend class MemoryRepository;

  struct Failure {
    StorageError::Kind kind;
    bool after_effect;
  };
  // The columns that all entries of one request share.
  struct Message {
    Seq last = 0;
    std::optional<std::string> request_id;
    WallTime at{};
    std::optional<std::string> command_id = {};
    std::optional<Seal> note_hash = {};
    std::optional<std::string> terms = {};
  };
  struct Semester {
    StoredSemester row;
    std::deque<LedgerEntry> entries;          // entries[seq - 1]
    std::deque<Message> messages;             // in order; each of the entries up to its last
    std::vector<std::int32_t> generations;    // generations[program - 1]: of its newest grant; 0: it has none
    std::vector<std::int32_t> released = {};  // the same of its newest release
    std::map<Seq, Seal> seals = {};
    std::map<Seq, CommandNote> notes = {};

    /// The row of an entry, as a reader of kOfState gets it.
    [[nodiscard]] LedgerRow row_at(Seq seq) const;
  };

  [[nodiscard]] Semester* find(SemesterId id);
  [[nodiscard]] std::vector<StoredSemester> rows() const;
  [[nodiscard]] CommitResult commit(const Batch& batch, const std::optional<Seal>& seal);
  [[nodiscard]] CommitResult change(const Change& change, const std::optional<SealedChange>& sealed);
  [[nodiscard]] std::vector<StoredEntry> read_entries(SemesterId semester, Seq first, Seq last) const;
  [[nodiscard]] RowSeal read_seal(SemesterId chain, Seq seq) const;
  [[nodiscard]] ProgramChanges program_changes(Seq after) const;
  [[nodiscard]] CatalogState catalog_state(const std::string& command_id,
                                           const std::vector<std::string>& earlier) const;
  [[nodiscard]] std::int64_t add_programs(const std::vector<CatalogProgram>& programs);
  void enter(std::vector<RegistryEntry> entries, WallTime at);
  static void check(const Semester& semester, const Change& change);
  static void note_generations(Semester& semester, const Batch& batch);

  mutable std::mutex mutex_;  // guards all members below
  Epoch epoch_ = 0;
  std::string holder_;                    // of the repository that leads
  std::vector<CatalogProgram> programs_;  // programs_[id - 1]
  std::vector<Semester> semesters_;       // semesters_[id - 1]
  std::vector<RegistryEntry> registry_;   // registry_[seq - 1]
  std::map<Seq, CommandNote> registry_notes_;
  ChainHeads heads_;
  std::deque<Failure> failures_;
};

/// The Repository on a MemoryStore.
class MemoryRepository : public Repository {
 public:
  explicit MemoryRepository(std::shared_ptr<MemoryStore> store);
  ~MemoryRepository() override;

  [[nodiscard]] StoreSurvey survey() override;
  [[nodiscard]] std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) override;
  [[nodiscard]] std::optional<UnsealedPart> seal_older(Epoch, WallTime) override { return std::nullopt; }  // none is
  [[nodiscard]] CommitResult renew(Epoch epoch, std::chrono::milliseconds duration) override;
  [[nodiscard]] CommitResult resign(Epoch epoch) override;
  [[nodiscard]] StoreWatch watch() override;
  [[nodiscard]] std::vector<CatalogProgram> read_catalog(ProgramId after) override;
  [[nodiscard]] ProgramChanges read_program_changes(Seq after) override;
  [[nodiscard]] CatalogState read_catalog_state(const std::string& command_id,
                                                const std::vector<std::string>& earlier) override;
  void read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) override;
  [[nodiscard]] bool add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) override;
  [[nodiscard]] CommitResult change_catalog(const CatalogChange& change) override;
  [[nodiscard]] Opening open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                      WallTime at) override;
  [[nodiscard]] CommitResult commit(const Batch& batch) override;
  [[nodiscard]] CommitResult change(const Change& change) override;
  [[nodiscard]] CommitResult guard(Epoch epoch, std::span<const SemesterGuard> semesters) override;
  void read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) override;
  void read_grant(SemesterId semester, ProgramId program, std::int32_t generation, const EntrySink& sink) override;
  void interrupt() noexcept override {}  // nothing here waits

 private:
  enum class Stage { kConnecting, kReading, kWriting };

  template <class Call>
  auto perform(Stage stage, Call call) -> decltype(call());
  template <class Call>
  auto translate(Stage stage, Call call) -> decltype(call());

  const std::shared_ptr<MemoryStore> store_;
  const std::unique_ptr<Holder> holder_;
  const std::unique_ptr<Chains> chains_;
  bool connected_ = false;  // from take_over() or watch() until a call fails in a way that requires another one of them
};

}  // namespace dti
