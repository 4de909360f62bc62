#include "repository/postgresql/postgresql_repository.hpp"

#include <poll.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/migrations.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/postgresql/tables/postgresql_chains.hpp"
#include "dti/repository/postgresql/tables/postgresql_change.hpp"
#include "dti/repository/postgresql/tables/postgresql_checks.hpp"
#include "dti/repository/postgresql/tables/postgresql_leadership.hpp"
#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"
#include "dti/service/ledger/extent_check.hpp"
#include "repository/postgresql/postgresql_errors.hpp"
#include "repository/postgresql/postgresql_session.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::string_view kLockNotAvailable = "55P03";
constexpr int kTakeOverTries = 4;  // each waits for locks for 500 ms, then ends the old leader's session

constexpr char kSelectTimes[] =
    "SELECT coalesce((1000000 * extract(epoch FROM max(l.at)))::bigint, 0),"
    " (1000000 * extract(epoch FROM clock_timestamp()))::bigint"
    " FROM semester s JOIN ledger l ON l.semester_id = s.id AND l.seq = s.head";
constexpr char kBoundLocks[] = "SET LOCAL lock_timeout = '500ms'";

/// Locks the leadership for the transaction. @return its epoch
Epoch lock_leadership(pqxx::transaction_base& transaction, int backend_pid) {
  refuse_pooler(transaction, backend_pid);
  transaction.exec(kBoundLocks);
  return lock_epoch(transaction);
}

}  // namespace

PostgresqlRepository::PostgresqlRepository(const std::string& conninfo, std::chrono::milliseconds timeout, LogSink log)
    : PostgresqlRepository(parse_conninfo(conninfo), timeout, std::move(log)) {}

PostgresqlRepository::PostgresqlRepository(const Conninfo& conninfo, std::chrono::milliseconds timeout, LogSink log)
    : hosts_(hosts_of(conninfo)),
      connect_timeout_(connect_timeout(conninfo, timeout)),
      timeout_(timeout),
      log_(std::move(log)),
      warnings_(log_) {}

PostgresqlRepository::~PostgresqlRepository() = default;

/// Makes one call, from its beginning to its end.
template <class Action>
auto PostgresqlRepository::perform(Call call, Action action) -> decltype(action()) {
  end_polled();
  const CallGate::Scope scope{gate_};
  sent_ = false;
  return attempt(call, [&] {
    check_connected(call);
    return action();
  });
}

/// Makes a part of a call, and decides where to connect next if it fails. A primary that was replaced and cannot know it
/// accepts connections; its commits wait for standbys that follow another one, and keep their locks. So a call that had to
/// be interrupted, and a take-over that failed for any reason, may succeed only at another host.
template <class Action>
auto PostgresqlRepository::attempt(Call call, Action action) -> decltype(action()) {
  try {
    return translate_failures(call, action);
  } catch (const StorageError&) {
    if (call == Call::kTakingOver || gate_.interrupted()) pass_over_host();
    throw;
  }
}

/// Makes a part of a call. If the driver throws, throws the StorageError that says whether the call may have taken
/// effect.
template <class Action>
auto PostgresqlRepository::translate_failures(Call call, Action action) -> decltype(action()) {
  try {
    return action();
  } catch (const StorageError& error) {
    if (error.kind() != Kind::kInvariant) session_.reset();
    throw;
  } catch (const pqxx::sql_error& error) {
    throw sql_failure(call, compat::sqlstate(error), error.what());
  } catch (const pqxx::failure& error) {
    throw link_failure(call, Kind::kUnreachable, error.what());
  } catch (const std::exception& error) {
    throw link_failure(call, Kind::kUnavailable, error.what());
  }
}

/// Makes a part of the polled call. The call ends with a result or an exception.
template <class Part>
std::optional<CommitResult> PostgresqlRepository::attempt_polled(Call call, Part part) {
  try {
    const std::optional<CommitResult> result = attempt(call, part);
    if (result) end_polled();
    return result;
  } catch (...) {
    end_polled();
    throw;
  }
}

/// Ends a polled call, also one that the caller does not continue: it must not outlive its session.
void PostgresqlRepository::end_polled() {
  polled_commit_.reset();
  polled_guard_.reset();
  polled_scope_.reset();
}

void PostgresqlRepository::check_connected(Call call) const {
  if (session_ == nullptr && call != Call::kTakingOver) {
    throw StorageError{Kind::kUnavailable, "PostgreSQL: not connected: take over first"};
  }
}

/// The connection broke, or the driver failed: a statement that was sent may still take effect.
/// @param unsent  the kind if no statement was sent
StorageError PostgresqlRepository::link_failure(Call call, Kind unsent, std::string text) {
  // libpqxx 6 may report only that it is not connected; libpq has the last error that PostgreSQL sent.
  if (session_ != nullptr && PQstatus(session_->handle()) == CONNECTION_BAD) {
    if (std::string said = one_line(PQerrorMessage(session_->handle())); !said.empty()) text = std::move(said);
  }
  session_.reset();
  const bool writes = call == Call::kCommitting || call == Call::kOpening || call == Call::kAdministering;
  const bool in_doubt = sent_ && writes;
  return {in_doubt ? Kind::kInDoubt : unsent, at_host() + broken_text(gate_, timeout_, text)};
}

/// The beginning of an error's text that tells which host has it, if the address lists several.
std::string PostgresqlRepository::at_host() const {
  return hosts_.size() == 1 ? std::string{} : hosts_[host_].address() + ": ";
}

/// PostgreSQL refused a statement. This counts as a refusal only if the session continues: then it was an ERROR, and
/// the transaction is rolled back. A FATAL or a PANIC (a full disk of the log) may follow a commit that was written.
StorageError PostgresqlRepository::sql_failure(Call call, const std::string& state, const std::string& text) {
  const bool is_link = state.empty() || state.starts_with("08") || state.starts_with("57") || state == "40003";
  // A batch that was refused has asked already; a guard changes nothing, and its session is given up.
  const bool is_believed = call == Call::kCommitting || call == Call::kGuarding || is_alive();
  if (is_link || !is_believed) return link_failure(call, Kind::kUnreachable, text);
  const std::string line = session_ != nullptr ? session_->refusal_text(state, text) : "PostgreSQL: " + one_line(text);
  // The session cannot do its work, and did not: a prepared statement is gone (26000), it may only read after a change
  // of the primary (25006), or hangs in a transaction that failed (25P02). A new session can.
  if (state == "26000" || state == "25006" || state == "25P02") {
    session_.reset();
    return {Kind::kUnavailable, line};
  }
  // Apart from batches and openings, the server tries again unless the error cannot pass by itself.
  const bool lasts = state.starts_with("42") || state.starts_with("0A") || state.starts_with("22") ||
                     state.starts_with("3F") || state.starts_with("23");
  switch (call) {
    case Call::kCommitting:
    case Call::kOpening: return {state.starts_with("23") ? Kind::kInvariant : Kind::kRejected, line};
    case Call::kAdministering:
      return {state.starts_with("23") ? Kind::kInvariant : lasts ? Kind::kRejected : Kind::kUnavailable, line};
    case Call::kTakingOver: session_.reset(); return {lasts ? Kind::kRefused : Kind::kUnavailable, line};
    case Call::kGuarding:
    case Call::kReading: session_.reset(); return {lasts ? Kind::kCorrupt : Kind::kUnavailable, line};
  }
  return {Kind::kUnavailable, line};
}

bool PostgresqlRepository::is_alive() noexcept {
  try {
    pqxx::nontransaction transaction{session_->connection()};
    return !transaction.exec("SELECT 1").empty();
  } catch (const std::exception&) {
    return false;
  }
}

/// Connects to the first host that is up and may be written to. Begins with the host of the session before, unless
/// attempt() has passed over it. libpq could try the hosts too, but always from the first one on.
/// Always makes a new connection object, because the state and the settings of the old one are unknown.
/// @throws StorageError  kUnreachable if that holds for at least one host
void PostgresqlRepository::connect() {
  session_.reset();
  history_.clear();
  auto kind = Kind::kUnavailable;
  std::string texts;
  for (std::size_t tries = 0; tries < hosts_.size(); ++tries) {
    try {
      session_ = std::make_unique<PostgresqlSession>(PostgresqlSession::Use::kCommits, hosts_[host_], connect_timeout_,
                                                     timeout_, gate_, warnings_);
      return;
    } catch (const StorageError& error) {
      texts += (texts.empty() ? "" : "; ") + at_host() + error.what();
      const bool may_try_another = error.kind() == Kind::kUnreachable || error.kind() == Kind::kUnavailable;
      if (!may_try_another || gate_.interrupted()) throw StorageError{error.kind(), texts};  // attempt() passes over it
      if (error.kind() == Kind::kUnreachable) kind = Kind::kUnreachable;
      pass_over_host();
    }
  }
  throw StorageError{kind, texts};
}

StoreSurvey PostgresqlRepository::survey() {
  return perform(Call::kTakingOver, [&]() -> StoreSurvey {
    if (session_ == nullptr) connect();
    pqxx::nontransaction transaction{session_->connection()};
    const bool exists = has_schema(transaction);
    refuse_unmigrated(transaction);
    if (!exists) return {};
    return {read_semesters(transaction), read_programs(transaction, 0),
            dti::read_program_changes(transaction, 0).changes};
  });
}

std::variant<Leadership, HeldBy> PostgresqlRepository::take_over(WallTime at, const Lease& lease) {
  return perform(Call::kTakingOver, [&]() -> std::variant<Leadership, HeldBy> {
    connect();
    for (int tries = 1; tries <= kTakeOverTries; ++tries) {
      try {
        auto taken = lead(at, lease);
        if (std::holds_alternative<Leadership>(taken)) {
          // Not before the schema is there.
          prepare_commits(*session_);
          program_count_ = std::get<Leadership>(taken).program_count;
        }
        return taken;
      } catch (const pqxx::sql_error& error) {
        if (compat::sqlstate(error) != kLockNotAvailable) throw;
      }
      if (const auto held = end_old_leader()) return *held;
    }
    throw StorageError{
        Kind::kUnreachable,
        at_host() +
            "PostgreSQL: another session holds locks of the schema, the leadership or a semester, and does not"
            " release them; look for it in pg_stat_activity. Servers that connect as different roles can end each "
            "other's"
            " sessions only with GRANT pg_read_all_stats, pg_signal_backend TO each role"};
  });
}

/// Transaction 1 of a take-over.
std::variant<Leadership, HeldBy> PostgresqlRepository::lead(WallTime at, const Lease& lease) {
  pqxx::work transaction{session_->connection()};
  refuse_pooler(transaction, session_->backend_pid());
  transaction.exec(kBoundLocks);
  // Before anything is locked or migrated, so that a leader that is there is not disturbed; then under the lock.
  if (has_schema(transaction)) {
    if (auto held = held_by_another(transaction, holder_.text())) return *std::move(held);
    static_cast<void>(lock_epoch(transaction));
    if (auto held = held_by_another(transaction, holder_.text())) return *std::move(held);
  }
  const bool is_new = migrate(transaction, at).from == 0;
  check_tables(transaction);
  Leadership leadership;
  leadership.epoch = lock_epoch(transaction) + 1;
  // The server that made the schema meanwhile.
  if (auto held = held_by_another(transaction, holder_.text())) return *std::move(held);
  take_lead(transaction, leadership.epoch, holder_.text(), at, lease);
  // Also those that are closed, so that a replaced leader cannot open one again and grant in it. In order of id, as
  // everywhere; the next statement then does not wait for a lock.
  transaction.exec("SELECT id FROM semester ORDER BY id FOR UPDATE");
  compat::exec_params(transaction, "UPDATE semester SET epoch = $1", leadership.epoch);
  if (history_.empty()) history_ = read_history(transaction);
  leadership.history = history_;
  leadership.semesters = read_semesters(transaction);
  check_extents(leadership.semesters);
  leadership.program_count = static_cast<std::size_t>(integer(transaction.exec("SELECT count(*) FROM program")[0][0]));
  const auto asked_at = std::chrono::steady_clock::now();
  const auto times = transaction.exec(kSelectTimes);
  leadership.newest_at = WallTime{std::chrono::microseconds{integer(times[0][0])}};
  leadership.database_time = WallTime{std::chrono::microseconds{integer(times[0][1])}};
  ChainHeads heads = check_chains(transaction, chains_, leadership, at);
  const std::size_t notices = session_->notices().doubt_count();
  transaction.commit();
  if (heads.store != StoreId{}) chains_.note(std::move(heads), history_);
  if (is_new && log_) log_(store_created({}));
  // The entries that this server answers from are as durable as this commit, because it comes after them in the log.
  session_->check_notices(notices, "the lead was taken", Kind::kUnreachable);
  *leadership.database_time += std::chrono::floor<WallTime::duration>(std::chrono::steady_clock::now() - asked_at);
  return leadership;
}

std::optional<UnsealedPart> PostgresqlRepository::seal_older(Epoch epoch, WallTime at) {
  auto& beginning = chains_.beginning();
  const auto part = beginning ? beginning->next() : std::nullopt;
  if (!part) {
    if (beginning) begin_chains(epoch, at);
    return std::nullopt;
  }
  return perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    std::vector<StoredEntry> entries;
    dti::read_entries(transaction, part->semester, part->first, part->last,
                      [&](std::vector<StoredEntry> piece) { entries = std::move(piece); });
    beginning->add(*part, entries);
    return part;
  });
}

/// The last step of seal_older(), in one transaction: if this process ends before, the next take-over begins again.
void PostgresqlRepository::begin_chains(Epoch epoch, WallTime at) {
  perform(Call::kAdministering, [&] {
    const std::size_t notices = session_->notices().doubt_count();
    pqxx::work transaction{session_->connection()};
    if (lock_leadership(transaction, session_->backend_pid()) != epoch) {
      throw StorageError{Kind::kUnavailable, "PostgreSQL: another server took the lead"};
    }
    auto first = chains_.beginning()->finish();
    const auto events = entries_sealed(first.seals);
    ChainHeads heads = dti::begin_chains(transaction, std::move(first), at);
    sent_ = true;
    transaction.commit();
    session_->check_notices(notices, "the entries were sealed");
    chains_.note(std::move(heads), history_);
    if (!log_) return;
    for (const auto& event : events) log_(event);
  });
}

/// Ends the session that the leadership names, once its lease has run out: a leader that froze between two messages of
/// the protocol would keep its row locks indefinitely. Ends no other session.
/// @return the server that has taken the lead meanwhile, and no session is ended; or none
std::optional<HeldBy> PostgresqlRepository::end_old_leader() {
  pqxx::nontransaction transaction{session_->connection()};
  if (!has_schema(transaction)) {
    return std::nullopt;  // another server is creating it
  }
  if (auto held = held_by_another(transaction, holder_.text())) return held;
  end_leaders_session(transaction);
  return std::nullopt;
}

CommitResult PostgresqlRepository::renew(Epoch epoch, std::chrono::milliseconds duration) {
  return perform(Call::kAdministering, [&] {
    const std::size_t notices = session_->notices().doubt_count();
    pqxx::nontransaction transaction{session_->connection()};
    const CommitResult result = change_lease(transaction, session_->backend_pid(), epoch, duration);
    session_->check_notices(notices, "the lease was renewed");
    return result;
  });
}

CommitResult PostgresqlRepository::resign(Epoch epoch) {
  return perform(Call::kAdministering, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    return change_lease(transaction, session_->backend_pid(), epoch, std::nullopt);
  });
}

StoreWatch PostgresqlRepository::watch() {
  return perform(Call::kTakingOver, [&]() -> StoreWatch {
    if (session_ == nullptr) connect();
    pqxx::nontransaction transaction{session_->connection()};
    StoreWatch seen = read_watch(transaction, holder_.text());
    if (seen.held && history_.empty()) history_ = read_history(transaction);
    seen.history = history_;
    if (seen.held) follow_chains(transaction, chains_, history_);
    return seen;
  });
}

std::vector<CatalogProgram> PostgresqlRepository::read_catalog(ProgramId after) {
  return perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    return read_programs(transaction, after);
  });
}

ProgramChanges PostgresqlRepository::read_program_changes(Seq after) {
  return perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    return dti::read_program_changes(transaction, after);
  });
}

CatalogState PostgresqlRepository::read_catalog_state(const std::string& command_id,
                                                      const std::vector<std::string>& earlier) {
  return perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    return dti::read_catalog_state(transaction, command_id, earlier);
  });
}

void PostgresqlRepository::read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) {
  perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    read_rows(transaction, semester, first, last, columns, sink);
  });
}

void PostgresqlRepository::read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    dti::read_entries(transaction, semester, first, last, sink);
  });
}

void PostgresqlRepository::read_grant(SemesterId semester, ProgramId program, std::int32_t generation,
                                      const EntrySink& sink) {
  perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    dti::read_grant(transaction, semester, program, generation, sink);
  });
}

bool PostgresqlRepository::add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) {
  return perform(Call::kAdministering, [&] {
    const std::size_t notices = session_->notices().doubt_count();
    pqxx::work transaction{session_->connection()};
    if (lock_leadership(transaction, session_->backend_pid()) != epoch) return false;
    const auto faculties = insert_programs(transaction, programs);
    const SealedHead registered = enter(transaction, additions_to_registry(programs, faculties), at);
    sent_ = true;
    transaction.commit();
    session_->check_notices(notices, "the catalogue was added to");
    chains_.on_registered(registered);
    program_count_ += programs.size();
    return true;
  });
}

CommitResult PostgresqlRepository::change_catalog(const CatalogChange& change) {
  return perform(Call::kAdministering, [&] {
    const std::size_t notices = session_->notices().doubt_count();
    pqxx::work transaction{session_->connection()};
    const Epoch stored = lock_leadership(transaction, session_->backend_pid());
    if (stored > change.epoch) return CommitResult::kReplaced;
    if (stored != change.epoch || read_registry_end(transaction) != change.base) {
      return CommitResult::kBaseMoved;
    }
    const auto faculties = insert_programs(transaction, change.programs);
    const SealedHead registered = enter(
        transaction, entries_by_command(change.programs, change.changes, faculties, change.command_id, change.note),
        change.at);
    insert_notes(transaction, kRegistryId, {{registered.seq, change.note}});
    sent_ = true;
    transaction.commit();
    session_->check_notices(notices, "the catalogue was changed");
    chains_.on_registered(registered);
    program_count_ += change.programs.size();
    return CommitResult::kCommitted;
  });
}

Opening PostgresqlRepository::open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                            WallTime at) {
  return perform(Call::kOpening, [&]() -> Opening {
    const std::size_t notices = session_->notices().doubt_count();
    pqxx::work transaction{session_->connection()};
    const Epoch stored = lock_leadership(transaction, session_->backend_pid());
    if (stored != epoch) return {stored > epoch ? OpenResult::kReplaced : OpenResult::kBaseMoved};
    if (!compat::exec_params(transaction, "SELECT 1 FROM semester WHERE name = $1", name).empty()) {
      return {OpenResult::kExists};
    }
    const SemesterId id = integer(transaction.exec("SELECT coalesce(max(id), 0) + 1 FROM semester")[0][0]);
    const Seal seal = seal_of_opening(chains_.store(), id, capacity, at);
    compat::exec_params(
        transaction,
        "INSERT INTO semester (id, name, epoch, head, classrooms_capacity, labs_capacity, conversions_capacity,"
        " classrooms_left, labs_left, conversions_left, sealed_head, seal)"
        " VALUES ($1, $2, $3, 1, $4::bigint, $5::bigint, $6::bigint, $4::bigint, $5::bigint, $6::bigint, 1,"
        " decode($7, 'hex'))",
        id, name, epoch, capacity.classrooms, capacity.labs, capacity.conversions, hex_text(seal));
    compat::exec_params(transaction,
                        "INSERT INTO ledger (semester_id, seq, at, kind, classrooms_capacity, labs_capacity, "
                        "conversions_capacity, seal)"
                        " VALUES ($1, 1, timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3, $4, $5, $6,"
                        " decode($7, 'hex'))",
                        id, stored_time(at), stored_code(EntryKind::kSemesterOpened), capacity.classrooms,
                        capacity.labs, capacity.conversions, hex_text(seal));
    const SealedHead registered = enter(transaction, {semester_opened(id, name)}, at);
    sent_ = true;
    transaction.commit();
    session_->check_notices(notices, "a semester was opened");
    chains_.on_registered(registered);
    chains_.on_opened(id, {1, seal});
    return {OpenResult::kOpened, id};
  });
}

CommitResult PostgresqlRepository::change(const Change& change) {
  check_change(change);
  return perform(Call::kOpening, [&] {
    const auto sealed = chains_.seal(change);
    const std::size_t notices = session_->notices().doubt_count();
    pqxx::work transaction{session_->connection()};
    const Epoch stored = lock_leadership(transaction, session_->backend_pid());
    if (stored > change.epoch) return CommitResult::kReplaced;
    if (stored < change.epoch || !sealed || std::cmp_greater(greatest_program(change), program_count_)) {
      return CommitResult::kBaseMoved;
    }
    if (!write_change(transaction, change, *sealed, sound_session(session_->backend_pid()))) {
      check_session(transaction, session_->backend_pid());
      return CommitResult::kBaseMoved;
    }
    sent_ = true;
    transaction.commit();
    session_->check_notices(notices, "a change was committed");
    chains_.on_changed(change.semester_id, *sealed);
    return CommitResult::kCommitted;
  });
}

CommitResult PostgresqlRepository::commit(const Batch& batch) {
  start_commit({std::shared_ptr<void>{}, &batch});  // it outlives this call
  return wait_for_polled();
}

CommitResult PostgresqlRepository::guard(Epoch epoch, std::span<const SemesterGuard> semesters) {
  start_guard(epoch, {semesters.begin(), semesters.end()});
  return wait_for_polled();
}

void PostgresqlRepository::start_commit(std::shared_ptr<const Batch> batch) {
  check_batch(*batch);
  end_polled();
  polled_scope_.emplace(gate_);
  sent_ = false;
  attempt_polled(Call::kCommitting, [&]() -> std::optional<CommitResult> {
    check_connected(Call::kCommitting);
    sent_ = true;
    polled_commit_.emplace(*session_, batch, chains_.seal(*batch), program_count_);
    return std::nullopt;
  });
}

void PostgresqlRepository::start_guard(Epoch epoch, std::vector<SemesterGuard> semesters) {
  end_polled();
  polled_scope_.emplace(gate_);
  attempt_polled(Call::kGuarding, [&]() -> std::optional<CommitResult> {
    check_connected(Call::kGuarding);
    polled_guard_.emplace(*session_, epoch, std::move(semesters));
    return std::nullopt;
  });
}

std::optional<CommitResult> PostgresqlRepository::resume() {
  if (polled_guard_) return attempt_polled(Call::kGuarding, [this] { return polled_guard_->advance(); });
  DTI_CHECK(polled_commit_.has_value());
  return attempt_polled(Call::kCommitting, [this] {
    const std::optional<CommitResult> result = polled_commit_->advance();
    sent_ = polled_commit_->may_take_effect();
    if (result == CommitResult::kCommitted) chains_.on_committed();
    return result;
  });
}

PollFor PostgresqlRepository::waits_for() const {
  DTI_CHECK(polled_commit_ || polled_guard_);
  return {session_->descriptor(),
          polled_commit_ ? polled_commit_->has_more_to_send() : polled_guard_->has_more_to_send()};
}

CommitResult PostgresqlRepository::wait_for_polled() {
  while (true) {
    if (const std::optional<CommitResult> result = resume()) return *result;
    const PollFor wanted = waits_for();
    const auto events = static_cast<short>(wanted.writable ? POLLIN | POLLOUT : POLLIN);
    pollfd descriptor{wanted.descriptor, events, 0};
    ::poll(&descriptor, 1, -1);  // an interrupt ends it; cut short by a signal, it is asked again
  }
}

std::unique_ptr<Repository> open_postgresql_repository(const std::string& conninfo, std::chrono::milliseconds timeout,
                                                       LogSink log) {
  return std::make_unique<PostgresqlRepository>(conninfo, timeout, std::move(log));
}

}  // namespace dti
