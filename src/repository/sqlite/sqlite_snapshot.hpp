#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dti/base/time.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "repository/sqlite/sqlite_files.hpp"
#include "repository/sqlite/sqlite_handle.hpp"

namespace dti {

/// A SQLite file in one read transaction, on a connection that cannot write to the database. Commits of a server go on
/// meanwhile, in the write-ahead log, which grows until this ends. The server's lock file is only read.
///
/// Readers share an index of the log, a file beside it. Where it can neither be read nor made (a read-only disk, the
/// folder of another user) and no server has the store, the files are read without it, and every call finds out that
/// they are still as they were.
class SqliteSnapshot final : public LedgerSnapshot {
 public:
  /// @param timeout  how long to wait for a lock; only a server that starts or ends at this moment has one in the way
  /// @throws StorageError  kRefused, naming the path and the reason; kCorrupt, kUnavailable
  SqliteSnapshot(const std::filesystem::path& path, std::chrono::milliseconds timeout);

  [[nodiscard]] std::optional<std::vector<std::string>> check_file() override;
  [[nodiscard]] std::optional<std::string> warning() const override { return warning_; }
  [[nodiscard]] Epoch read_epoch() override;
  [[nodiscard]] int read_schema_version() override;
  [[nodiscard]] StoredLead read_lead() override;
  [[nodiscard]] StoreSurvey survey() override;
  void read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) override;
  [[nodiscard]] CatalogCounts count_catalog() override;
  [[nodiscard]] std::optional<SemesterId> find_stray_ledger() override;
  void read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) override;
  void read_grant(SemesterId semester, ProgramId program, std::int32_t generation, const EntrySink& sink) override;
  [[nodiscard]] std::map<Seq, CommandNote> read_notes(SemesterId semester, Seq first, Seq last) override;
  [[nodiscard]] std::optional<ChainHeads> read_chain_heads() override;
  [[nodiscard]] RowSeal read_seal(SemesterId chain, Seq seq) override;
  void read_registry(const RegistrySink& sink) override;

 private:
  void begin();
  [[nodiscard]] bool try_begin(bool is_last_try);
  void begin_without_index();
  void judge_mark(std::optional<std::int64_t> noted);
  void check_unchanged() const;
  void connect(const std::string& name, int flags);
  template <class Call>
  auto perform(Call call) -> decltype(call());

  const std::filesystem::path path_;  // resolved
  const std::chrono::milliseconds timeout_;
  SteadyTime wait_until_;
  std::unique_ptr<SqliteConnection> connection_;
  std::optional<std::string> warning_;
  std::optional<StoreFiles> unchanged_;  // read without the index: the files as they were at the beginning
};

}  // namespace dti
