#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "dti/repository/common/call_gate.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "repository/postgresql/postgresql_session.hpp"

namespace dti {

/// A PostgreSQL database in one transaction, REPEATABLE READ and READ ONLY: it takes no lock that a server waits for.
class PostgresqlSnapshot final : public LedgerSnapshot {
 public:
  /// @throws StorageError  kRefused, kCorrupt, kUnavailable; the text never holds a password
  PostgresqlSnapshot(const std::string& conninfo, std::chrono::milliseconds timeout, ReadFrom from);

  /// None: PostgreSQL checks its pages by itself, if it was made to.
  [[nodiscard]] std::optional<std::vector<std::string>> check_file() override { return std::nullopt; }
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
  template <class Call>
  auto perform(Call call) -> decltype(call());

  CallGate gate_;
  PostgresqlWarningLog warnings_{nullptr};  // they are the server's to tell
  std::unique_ptr<PostgresqlSession> session_;
  std::unique_ptr<compat::SnapshotTransaction> transaction_;  // goes before the session does
};

}  // namespace dti
