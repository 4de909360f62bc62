#include "repository/postgresql/postgresql_snapshot.hpp"

#include <exception>
#include <string_view>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/postgresql/tables/postgresql_chains.hpp"
#include "dti/repository/postgresql/tables/postgresql_checks.hpp"
#include "dti/repository/postgresql/tables/postgresql_leadership.hpp"
#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "repository/postgresql/postgresql_errors.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::string_view kLockNotAvailable = "55P03";

}  // namespace

template <class Call>
auto PostgresqlSnapshot::perform(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const pqxx::sql_error& error) {
    const std::string state = compat::sqlstate(error);
    // Damaged pages, or a table or a column missing that the schema's version promises.
    const bool is_damage = state.starts_with("XX") || state.starts_with("42P") || state == "42703";
    if (state == kLockNotAvailable) {
      throw StorageError{Kind::kUnavailable,
                         "PostgreSQL: another session holds a lock on a table for too long: try again"};
    }
    throw StorageError{
        is_damage ? Kind::kCorrupt : Kind::kUnavailable,
        session_ != nullptr ? session_->refusal_text(state, error.what()) : "PostgreSQL: " + one_line(error.what())};
  } catch (const StorageError&) {
    throw;
  } catch (const std::exception& error) {
    throw StorageError{Kind::kUnavailable, "PostgreSQL: " + one_line(error.what())};
  }
}

PostgresqlSnapshot::PostgresqlSnapshot(const std::string& conninfo, std::chrono::milliseconds timeout, ReadFrom from)
    : session_([&] {
        Conninfo parsed = parse_conninfo(conninfo);
        if (from == ReadFrom::kWritableHost) parsed.set("target_session_attrs", "read-write");
        return std::make_unique<PostgresqlSession>(PostgresqlSession::Use::kReads, parsed,
                                                   connect_timeout(parsed, timeout), timeout, gate_, warnings_);
      }()) {
  perform([&] {
    transaction_ = std::make_unique<compat::SnapshotTransaction>(session_->connection());
    apply_reading_settings(*transaction_, timeout);
    if (!has_schema(*transaction_)) {
      refuse_ledger_out_of_sight(*transaction_);
      refuse_empty_store("the PostgreSQL database");
    }
  });
}

Epoch PostgresqlSnapshot::read_epoch() {
  return perform([&] {
    const auto rows = transaction_->exec("SELECT epoch FROM leadership");
    if (rows.size() != 1) throw_missing_leadership();
    return integer(rows[0][0]);
  });
}

int PostgresqlSnapshot::read_schema_version() {
  return perform([&] { return schema_version(*transaction_); });
}

StoredLead PostgresqlSnapshot::read_lead() {
  return perform([&] { return dti::read_lead(*transaction_); });
}

StoreSurvey PostgresqlSnapshot::survey() {
  return perform([&]() -> StoreSurvey {
    return {read_semesters(*transaction_), read_programs(*transaction_, 0),
            read_program_changes(*transaction_, 0).changes};
  });
}

void PostgresqlSnapshot::read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) {
  perform([&] { read_rows(*transaction_, semester, first, last, columns, sink); });
}

CatalogCounts PostgresqlSnapshot::count_catalog() {
  return perform([&]() -> CatalogCounts {
    const auto row = transaction_->exec("SELECT (SELECT count(*) FROM faculty), (SELECT count(*) FROM program)")[0];
    return {static_cast<std::size_t>(integer(row[0])), static_cast<std::size_t>(integer(row[1]))};
  });
}

std::optional<SemesterId> PostgresqlSnapshot::find_stray_ledger() {
  return perform([&]() -> std::optional<SemesterId> {
    const auto rows = transaction_->exec(kSelectStrayLedger);
    if (rows[0][0].is_null()) return std::nullopt;
    return integer(rows[0][0]);
  });
}

void PostgresqlSnapshot::read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  perform([&] { dti::read_entries(*transaction_, semester, first, last, sink); });
}

void PostgresqlSnapshot::read_grant(SemesterId semester, ProgramId program, std::int32_t generation,
                                    const EntrySink& sink) {
  perform([&] { dti::read_grant(*transaction_, semester, program, generation, sink); });
}

std::map<Seq, CommandNote> PostgresqlSnapshot::read_notes(SemesterId semester, Seq first, Seq last) {
  return perform([&] { return dti::read_notes(*transaction_, semester, first, last); });
}

std::optional<ChainHeads> PostgresqlSnapshot::read_chain_heads() {
  return perform([&] { return dti::read_chain_heads(*transaction_); });
}

RowSeal PostgresqlSnapshot::read_seal(SemesterId chain, Seq seq) {
  return perform([&] { return dti::read_seal(*transaction_, chain, seq); });
}

void PostgresqlSnapshot::read_registry(const RegistrySink& sink) {
  perform([&] { dti::read_registry(*transaction_, sink); });
}

std::unique_ptr<LedgerSnapshot> open_postgresql_snapshot(const std::string& conninfo, std::chrono::milliseconds timeout,
                                                         ReadFrom from) {
  return std::make_unique<PostgresqlSnapshot>(conninfo, timeout, from);
}

}  // namespace dti
