#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/repository/common/call_gate.hpp"
#include "dti/repository/common/chains.hpp"
#include "dti/repository/common/holder.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/service/ledger/repository.hpp"
#include "repository/postgresql/postgresql_commits.hpp"
#include "repository/postgresql/postgresql_notices.hpp"

namespace dti {

class PostgresqlSession;

/// The ledger in PostgreSQL. Any number of servers may share one database: one of them leads, and the next server that
/// takes over fences it.
class PostgresqlRepository final : public Repository, public PollableCommits {
 public:
  /// Connects to nothing yet.
  /// @param timeout  bounds connecting (see connect_timeout()), and the silence of a peer that is gone
  /// @throws StorageError  kRefused if the text is not a connection text; shows nothing of it
  PostgresqlRepository(const std::string& conninfo, std::chrono::milliseconds timeout, LogSink log);
  ~PostgresqlRepository() override;

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
  [[nodiscard]] PollableCommits* pollable() override { return this; }
  void start_commit(std::shared_ptr<const Batch> batch) override;
  void start_guard(Epoch epoch, std::vector<SemesterGuard> semesters) override;
  [[nodiscard]] std::optional<CommitResult> resume() override;
  [[nodiscard]] PollFor waits_for() const override;
  /// Closes the connection, so that a call that waits for PostgreSQL throws at once. A call that is connecting throws
  /// when connecting ends, at the latest after the timeout.
  void interrupt() noexcept override { gate_.interrupt(); }

 private:
  PostgresqlRepository(const Conninfo& conninfo, std::chrono::milliseconds timeout, LogSink log);

  enum class Call { kTakingOver, kReading, kAdministering, kOpening, kCommitting, kGuarding };

  template <class Action>
  auto perform(Call call, Action action) -> decltype(action());
  template <class Action>
  auto attempt(Call call, Action action) -> decltype(action());
  template <class Action>
  auto translate_failures(Call call, Action action) -> decltype(action());
  template <class Part>
  std::optional<CommitResult> attempt_polled(Call call, Part part);
  [[nodiscard]] CommitResult wait_for_polled();
  void end_polled();
  void check_connected(Call call) const;
  [[nodiscard]] StorageError sql_failure(Call call, const std::string& state, const std::string& text);
  [[nodiscard]] StorageError link_failure(Call call, StorageError::Kind unsent, std::string text);
  [[nodiscard]] bool is_alive() noexcept;
  void pass_over_host() { host_ = (host_ + 1) % hosts_.size(); }
  void connect();
  [[nodiscard]] std::string at_host() const;
  [[nodiscard]] std::variant<Leadership, HeldBy> lead(WallTime at, const Lease& lease);
  void begin_chains(Epoch epoch, WallTime at);
  [[nodiscard]] std::optional<HeldBy> end_old_leader();

  const std::vector<Conninfo> hosts_;           // at least one
  const std::chrono::seconds connect_timeout_;  // of each
  const std::chrono::milliseconds timeout_;
  const LogSink log_;
  // Any thread. Before the session, which uses it to its end.
  CallGate gate_;
  // The caller's thread only.
  PostgresqlWarningLog warnings_;  // before the session
  // None: nothing may be asked before the next take-over.
  std::unique_ptr<PostgresqlSession> session_;
  std::size_t host_ = 0;  // of hosts_: the one to which the next connect() tries to connect first
  History history_;       // of the session's database; empty: not read yet
  Holder holder_;
  Chains chains_{log_};            // they outlive sessions
  std::size_t program_count_ = 0;  // of the stored catalogue
  bool sent_ = false;              // the call in progress has sent a statement that may take effect
  // The polled call, if there is one; destroyed before the session.
  std::optional<CallGate::Scope> polled_scope_;
  std::optional<PostgresqlCommit> polled_commit_;
  std::optional<PostgresqlGuard> polled_guard_;
};

}  // namespace dti
