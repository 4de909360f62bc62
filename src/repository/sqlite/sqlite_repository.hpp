#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/base/log_limit.hpp"
#include "dti/base/time.hpp"
#include "dti/repository/common/call_gate.hpp"
#include "dti/repository/common/chains.hpp"
#include "dti/repository/common/holder.hpp"
#include "dti/service/ledger/repository.hpp"
#include "repository/sqlite/store_keeper.hpp"

namespace dti {

class SqliteConnection;
class SqliteError;
struct SqliteSession;

/// The ledger in a SQLite file. One process can use it at a time: this object locks the file until its destructor, also
/// across reconnects. Other processes may read it, and write to other tables; this object waits for their locks, at
/// most for the timeout. If the file is removed, replaced or linked, the next call changes nothing and throws kRefused.
class SqliteRepository final : public Repository {
 public:
  /// Locks the file, which need not exist yet; its folder is made if it is not there.
  /// @param timeout  how long a call waits for the lock of another connection
  /// @throws StorageError  kRefused, naming the path and the reason
  SqliteRepository(const std::filesystem::path& path, std::chrono::milliseconds timeout, LogSink log = {});
  ~SqliteRepository() override;

  [[nodiscard]] StoreSurvey survey() override;
  [[nodiscard]] std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) override;
  [[nodiscard]] std::optional<UnsealedPart> seal_older(Epoch epoch, WallTime at) override;
  [[nodiscard]] CommitResult renew(Epoch epoch, std::chrono::milliseconds duration) override;
  [[nodiscard]] CommitResult resign(Epoch epoch) override;
  [[nodiscard]] StoreWatch watch() override;
  [[nodiscard]] std::vector<CatalogProgram> read_catalog(ProgramId after) override;
  [[nodiscard]] ProgramChanges read_program_changes(Seq after) override;
  [[nodiscard]] CatalogState read_catalog_state(const std::string& command_id,
                                                const std::vector<std::string>& earlier) override;
  void read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) override;
  void read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) override;
  void read_grant(SemesterId semester, ProgramId program, std::int32_t generation, const EntrySink& sink) override;
  [[nodiscard]] bool add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) override;
  [[nodiscard]] CommitResult change_catalog(const CatalogChange& change) override;
  [[nodiscard]] Opening open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                      WallTime at) override;
  [[nodiscard]] CommitResult commit(const Batch& batch) override;
  [[nodiscard]] CommitResult change(const Change& change) override;
  [[nodiscard]] CommitResult guard(Epoch epoch, std::span<const SemesterGuard> semesters) override;
  /// Ends a wait for the lock of another connection within milliseconds, and the reading of a ledger after the current
  /// piece. Does not end a wait for a slow disk.
  void interrupt() noexcept override { gate_.interrupt(); }

 private:
  enum class Stage { kTakingOver, kReading, kWriting, kCommitting };  // kWriting: before COMMIT

  [[nodiscard]] std::unique_ptr<SqliteSession> open(int flags);
  void wait_when_busy(SqliteConnection& connection);
  void apply_settings();
  void empty_log();
  void check_files() const;
  void watch_log();
  [[nodiscard]] std::variant<Leadership, HeldBy> lead(WallTime at);
  void begin_chains(Epoch epoch, WallTime at);
  template <class Call>
  auto perform(Stage stage, Call call) -> decltype(call());
  [[nodiscard]] StorageError translate(const SqliteError& error);
  [[nodiscard]] StorageError::Kind kind_of(int code) const;
  [[nodiscard]] bool waits_on(int tries);

  // The store worker's thread only; it outlives the session.
  StoreKeeper keeper_;
  // Fixed after construction.
  const std::filesystem::path& path_;
  const std::chrono::milliseconds timeout_;
  const LogSink log_;
  // The store worker's thread only.
  std::unique_ptr<SqliteSession> session_;
  Stage stage_ = Stage::kReading;
  Holder holder_;
  Chains chains_{log_};       // they outlive sessions
  bool disk_failed_ = false;  // since the last take-over
  SteadyTime wait_until_;
  LogLimit log_grows_{std::chrono::minutes{1}};
  // Any thread.
  CallGate gate_;
};

}  // namespace dti
