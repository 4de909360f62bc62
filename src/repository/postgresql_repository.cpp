#include "repository/postgresql_repository.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "dti/domain/narrow.hpp"
#include "repository/array_text.hpp"
#include "repository/binary_array.hpp"
#include "repository/ledger_rows.hpp"
#include "repository/postgresql_rows.hpp"
#include "repository/postgresql_session.hpp"
#include "repository/postgresql_statements.hpp"
#include "repository/pqxx_compat.hpp"
#include "repository/sql_text.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::string_view kLockNotAvailable = "55P03";
constexpr int kTakeOverTries = 4;  // each waits for locks for 500 ms, then ends the old leader's session

constexpr char kBoundLocks[] = "SET LOCAL lock_timeout = '500ms'";

/// The one row of the leadership.
pqxx::row read_leadership(pqxx::transaction_base& transaction, const char* sql) {
  const pqxx::result rows = transaction.exec(sql);
  if (rows.size() != 1) {
    throw StorageError{Kind::kCorrupt, "PostgreSQL: the table leadership does not hold its one row"};
  }
  return rows[0];
}

/// Locks the leadership for the transaction, if it is still ours.
bool lock_leadership(pqxx::transaction_base& transaction, Epoch epoch) {
  transaction.exec(kBoundLocks);
  return !compat::exec_params(transaction, "SELECT 1 FROM leadership WHERE epoch = $1 FOR UPDATE", epoch).empty();
}

}  // namespace

PostgresqlRepository::PostgresqlRepository(const std::string& conninfo, std::chrono::milliseconds timeout)
    : conninfo_([&] {
        try {
          return Conninfo{conninfo};
        } catch (const ConninfoError& error) {
          throw StorageError{Kind::kRefused, std::string{"the PostgreSQL address cannot be read: "} + error.what()};
        }
      }()),
      timeout_(timeout) {}

PostgresqlRepository::~PostgresqlRepository() = default;

/// Does one call, and says what became of it when the driver throws.
template <class Action>
auto PostgresqlRepository::perform(Call call, Action action) -> decltype(action()) {
  const CallGate::Scope scope{gate_};
  sent_ = false;
  if (session_ == nullptr && call != Call::kTakingOver) {
    throw StorageError{Kind::kUnavailable, "PostgreSQL: not connected: take over first"};
  }
  try {
    return action();
  } catch (const StorageError& error) {
    if (error.kind() != Kind::kInvariant) {
      session_.reset();
    }
    throw;
  } catch (const pqxx::sql_error& error) {
    throw sql_failure(call, error.sqlstate(), error.what());
  } catch (const std::exception& error) {
    throw link_failure(call, error.what());
  }
}

/// The link broke, or the driver is confused: what was sent may still take effect.
StorageError PostgresqlRepository::link_failure(Call call, const std::string& text) {
  session_.reset();
  const bool in_doubt = sent_ && (call == Call::kCommitting || call == Call::kAdministering);
  return {in_doubt ? Kind::kInDoubt : Kind::kUnavailable, "PostgreSQL: " + one_line(text)};
}

/// The server sent a warning: whatever it says of success is doubtful. A wait for a standby that was cancelled comes
/// back so. (A take-over is good for its fence all the same: it is repeated whenever something goes wrong.)
void PostgresqlRepository::check_notices(std::size_t before, const char* meanwhile) const {
  if (session_->notices().count() != before) {
    throw StorageError{Kind::kInDoubt, std::string{"PostgreSQL: the server warned while "} + meanwhile + ": " +
                                           one_line(session_->notices().last())};
  }
}

/// The server said no. It is believed only if the session lives on: then it was an ERROR, and all is rolled back; a
/// FATAL or a PANIC (a full disk under the log) may have come after the commit was written.
StorageError PostgresqlRepository::sql_failure(Call call, const std::string& state, const std::string& text) {
  const bool is_link = state.empty() || state.starts_with("08") || state.starts_with("57") || state == "40003";
  if (is_link || !is_alive()) {
    return link_failure(call, text);
  }
  const std::string line = "PostgreSQL: " + one_line(text) + " [" + state + "]";
  // The session cannot do its work, and did not: a prepared statement is gone (26000), it may only read after a change
  // of the primary (25006), or hangs in a transaction that failed (25P02). A new session can.
  if (state == "26000" || state == "25006" || state == "25P02") {
    session_.reset();
    return {Kind::kUnavailable, line};
  }
  // Of what is not a batch, only what will not change by itself is not tried again.
  const bool lasts = state.starts_with("42") || state.starts_with("0A") || state.starts_with("22") ||
                     state.starts_with("3F") || state.starts_with("23");
  switch (call) {
    case Call::kCommitting: return {state.starts_with("23") ? Kind::kInvariant : Kind::kRejected, line};
    case Call::kAdministering:
      return {state.starts_with("23") ? Kind::kInvariant : lasts ? Kind::kRejected : Kind::kUnavailable, line};
    case Call::kTakingOver: session_.reset(); return {lasts ? Kind::kRefused : Kind::kUnavailable, line};
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

/// Always a new connection object: what became of the old one, and of its settings, is not known.
void PostgresqlRepository::connect() {
  session_.reset();
  session_ = std::make_unique<PostgresqlSession>(conninfo_, timeout_, gate_);
}

StoreSurvey PostgresqlRepository::survey() {
  return perform(Call::kTakingOver, [&]() -> StoreSurvey {
    if (session_ == nullptr) {
      connect();
    }
    pqxx::nontransaction transaction{session_->connection()};
    if (!has_schema(transaction)) {
      return {};
    }
    return {read_semesters(transaction), read_programs(transaction, 0)};
  });
}

std::optional<Leadership> PostgresqlRepository::take_over(WallTime at) {
  return perform(Call::kTakingOver, [&]() -> std::optional<Leadership> {
    connect();
    for (int tries = 1; tries <= kTakeOverTries; ++tries) {
      try {
        std::optional<Leadership> leadership = lead(at);
        if (leadership) {
          // Not before the schema is there.
          const std::string insert = kGuardedInsert;
          compat::prepare(session_->connection(), "commit_many", (insert + kManyEntries).c_str());
          for (std::size_t count = 1; count <= kFewEntriesMax; ++count) {
            compat::prepare(session_->connection(), commit_few_name(count).c_str(),
                            (insert + few_entries(count)).c_str());
          }
          compat::prepare(session_->connection(), "read_guards", kReadGuards);
          holder_.leads(leadership->epoch);
        } else {
          session_.reset();
        }
        return leadership;
      } catch (const pqxx::sql_error& error) {
        if (error.sqlstate() != kLockNotAvailable) {
          throw;
        }
      }
      if (!end_old_leader()) {
        session_.reset();
        return std::nullopt;
      }
    }
    throw StorageError{Kind::kUnavailable,
                       "PostgreSQL: somebody else holds the locks of the schema, the leadership or a semester, and goes"
                       " on doing so"};
  });
}

/// Transaction 1 of a take-over. @return none if another server has taken the lead from us
std::optional<Leadership> PostgresqlRepository::lead(WallTime at) {
  pqxx::work transaction{session_->connection()};
  transaction.exec(kBoundLocks);
  migrate(transaction, at);
  const pqxx::row before = read_leadership(transaction, "SELECT epoch, holder FROM leadership FOR UPDATE");
  if (holder_.was_replaced(integer(before[0]), before[1].c_str())) {
    return std::nullopt;
  }
  Leadership leadership;
  leadership.epoch = integer(before[0]) + 1;
  compat::exec_params(transaction, kTakeLeadership, holder_.text(), stored_time(at), leadership.epoch);
  // In order of id, as everywhere; the next statement then waits for nobody.
  transaction.exec("SELECT id FROM semester WHERE is_open ORDER BY id FOR UPDATE");
  compat::exec_params(transaction, "UPDATE semester SET epoch = $1 WHERE is_open", leadership.epoch);
  leadership.semesters = read_semesters(transaction);
  leadership.program_count = static_cast<std::size_t>(integer(transaction.exec("SELECT count(*) FROM program")[0][0]));
  transaction.commit();
  return leadership;
}

/// A leader that froze between two messages of its protocol keeps its row locks for ever; the session that the
/// leadership names is ended. That of anybody else is not. @return false, and nothing ended, if it names a server that
/// has taken the lead from us
bool PostgresqlRepository::end_old_leader() {
  pqxx::nontransaction transaction{session_->connection()};
  if (!has_schema(transaction)) {
    return true;  // somebody makes it just now
  }
  const pqxx::row leader = read_leadership(transaction, "SELECT epoch, holder FROM leadership");
  if (holder_.was_replaced(integer(leader[0]), leader[1].c_str())) {
    return false;
  }
  compat::exec_params(transaction, kEndOldLeader, integer(leader[0]));
  return true;
}

std::vector<CatalogProgram> PostgresqlRepository::read_catalog(ProgramId after) {
  return perform(Call::kReading, [&] {
    pqxx::nontransaction transaction{session_->connection()};
    return read_programs(transaction, after);
  });
}

void PostgresqlRepository::read_ledger(SemesterId semester, Seq after, Seq last,
                                       const std::function<void(std::vector<LedgerEntry>)>& sink) {
  perform(Call::kReading, [&] {
    const std::string sql =
        std::string{kSelectEntries} + "WHERE semester_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
    for (Seq read = after; read < last;) {
      const Seq end = std::min<Seq>(last, read + kLedgerPieceEntries);
      std::vector<LedgerEntry> piece;
      piece.reserve(static_cast<std::size_t>(end - read));
      {
        pqxx::nontransaction transaction{session_->connection()};
        for (const auto& row : compat::exec_params(transaction, sql.c_str(), semester, read, end)) {
          piece.push_back(read_entry(semester, row));
          if (piece.back().seq != ++read) {
            throw_missing_entry(semester, read);
          }
        }
      }
      if (read != end) {
        throw_missing_entry(semester, read + 1);
      }
      sink(std::move(piece));
    }
  });
}

bool PostgresqlRepository::add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs) {
  return perform(Call::kAdministering, [&] {
    const std::size_t notices = session_->notices().count();
    pqxx::work transaction{session_->connection()};
    if (!lock_leadership(transaction, epoch)) {
      return false;
    }
    const auto last = transaction.exec(
        "SELECT (SELECT coalesce(max(id), 0) FROM program), (SELECT coalesce(max(id), 0) FROM faculty)");
    std::int64_t last_program = integer(last[0][0]);
    std::int64_t last_faculty = integer(last[0][1]);
    ArrayText faculty_ids, faculty_names, faculty_keys, ids, faculties_of, names, keys;
    for (const CatalogProgram& program : programs) {
      if (program.id != ++last_program) {
        throw StorageError{Kind::kInvariant,
                           "program " + std::to_string(program.id) + " does not continue the catalogue"};
      }
      if (program.faculty_id == last_faculty + 1) {
        faculty_ids.add(++last_faculty);
        faculty_names.add(std::string_view{program.faculty_name});
        faculty_keys.add(std::string_view{program.faculty_key});
      }
      ids.add(std::int64_t{program.id});
      faculties_of.add(std::int64_t{program.faculty_id});
      names.add(std::string_view{program.name});
      keys.add(std::string_view{program.key});
    }
    compat::exec_params(
        transaction, "INSERT INTO faculty (id, name, key) SELECT * FROM unnest($1::integer[], $2::text[], $3::text[])",
        faculty_ids.text(), faculty_names.text(), faculty_keys.text());
    compat::exec_params(transaction,
                        "INSERT INTO program (id, faculty_id, name, key)"
                        " SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[])",
                        ids.text(), faculties_of.text(), names.text(), keys.text());
    sent_ = true;
    transaction.commit();
    check_notices(notices, "the catalogue was added to");
    return true;
  });
}

OpenResult PostgresqlRepository::open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                               WallTime at) {
  return perform(Call::kAdministering, [&] {
    const std::size_t notices = session_->notices().count();
    pqxx::work transaction{session_->connection()};
    if (!lock_leadership(transaction, epoch)) {
      return OpenResult::kReplaced;
    }
    if (!compat::exec_params(transaction, "SELECT 1 FROM semester WHERE name = $1", name).empty()) {
      return OpenResult::kExists;
    }
    const auto opened = compat::exec_params(
        transaction,
        "INSERT INTO semester (id, name, epoch, head, classrooms_capacity, labs_capacity, conversions_capacity,"
        " classrooms_left, labs_left, conversions_left)"
        " SELECT coalesce(max(id), 0) + 1, $1, $2::bigint, 1, $3::bigint, $4::bigint, $5::bigint, $3::bigint, "
        "$4::bigint,"
        " $5::bigint FROM semester RETURNING id",
        name, epoch, capacity.classrooms, capacity.labs, capacity.conversions);
    compat::exec_params(
        transaction,
        "INSERT INTO ledger (semester_id, seq, at, kind, classrooms_capacity, labs_capacity, conversions_capacity)"
        " VALUES ($1, 1, timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3, $4, $5, $6)",
        integer(opened[0][0]), stored_time(at), stored_code(EntryKind::kSemesterOpened), capacity.classrooms,
        capacity.labs, capacity.conversions);
    sent_ = true;
    transaction.commit();
    check_notices(notices, "a semester was opened");
    return OpenResult::kOpened;
  });
}

CommitResult PostgresqlRepository::commit(const Batch& batch) {
  check_batch(batch);
  return perform(Call::kCommitting, [&] { return write(batch); });
}

CommitResult PostgresqlRepository::write(const Batch& batch) {
  const std::size_t notices = session_->notices().count();
  const std::size_t written = batch.entries.size() <= kFewEntriesMax ? insert_few(batch) : insert_many(batch);
  check_notices(notices, "a batch was committed");
  if (written == batch.entries.size()) {
    return CommitResult::kCommitted;
  }
  sent_ = false;  // nothing was written: what follows only reads
  pqxx::nontransaction transaction{session_->connection()};
  const pqxx::row leader = read_leadership(transaction, "SELECT epoch FROM leadership");
  return integer(leader[0]) > batch.epoch ? CommitResult::kReplaced : CommitResult::kBaseMoved;
}

/// The statement of a batch. @return how many entries were written: all or none
template <class... Entries>
std::size_t PostgresqlRepository::insert(const std::string& statement, const Batch& batch, const Entries&... entries) {
  pqxx::nontransaction transaction{session_->connection()};
  sent_ = true;
  return static_cast<std::size_t>(compat::exec_prepared(transaction, statement.c_str(), batch.semester_id, batch.epoch,
                                                        batch.base, batch.entries.back().seq, batch.charged.classrooms,
                                                        batch.charged.labs, batch.charged.conversions_left,
                                                        stored_time(batch.at), std::int64_t{greatest_program(batch)},
                                                        entries...)
                                      .affected_rows());
}

std::size_t PostgresqlRepository::insert_few(const Batch& batch) {
  std::vector<std::optional<std::string>> columns;
  for_each_entry(batch, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
    for (const Quantity number :
         {Quantity{entry.program_id}, Quantity{entry.generation}, entry.want.classrooms, entry.want.labs,
          entry.grant.classrooms, entry.grant.labs, entry.grant.mobile_labs, Quantity{status_code(entry)}}) {
      columns.push_back(std::to_string(number));
    }
    columns.push_back(request_id);
  });
  std::vector<const char*> values;  // null: NULL
  for (const auto& column : columns) values.push_back(column ? column->c_str() : nullptr);
  return insert(commit_few_name(batch.entries.size()), batch, compat::each_of(values));
}

std::size_t PostgresqlRepository::insert_many(const Batch& batch) {
  using Element = BinaryArray::Element;
  const std::size_t count = batch.entries.size();
  BinaryArray programs{Element::kInteger, count}, generations{Element::kInteger, count},
      classrooms_wanted{Element::kInteger, count}, labs_wanted{Element::kInteger, count},
      classrooms{Element::kInteger, count}, labs{Element::kInteger, count}, mobile_labs{Element::kInteger, count},
      statuses{Element::kSmallint, count}, request_ids{Element::kText, count};
  for_each_entry(batch, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
    programs.add_integer(narrow(entry.program_id));
    generations.add_integer(entry.generation);
    classrooms_wanted.add_integer(narrow(entry.want.classrooms));
    labs_wanted.add_integer(narrow(entry.want.labs));
    classrooms.add_integer(narrow(entry.grant.classrooms));
    labs.add_integer(narrow(entry.grant.labs));
    mobile_labs.add_integer(narrow(entry.grant.mobile_labs));
    statuses.add_smallint(static_cast<std::int16_t>(status_code(entry)));
    request_ids.add_text(request_id);
  });
  return insert("commit_many", batch, compat::binary(programs.bytes()), compat::binary(generations.bytes()),
                compat::binary(classrooms_wanted.bytes()), compat::binary(labs_wanted.bytes()),
                compat::binary(classrooms.bytes()), compat::binary(labs.bytes()), compat::binary(mobile_labs.bytes()),
                compat::binary(statuses.bytes()), compat::binary(request_ids.bytes()));
}

CommitResult PostgresqlRepository::guard(Epoch epoch, std::span<const SemesterGuard> semesters) {
  return perform(Call::kReading, [&] {
    ArrayText ids;
    for (const SemesterGuard& guarded : semesters) {
      ids.add(guarded.semester_id);
    }
    pqxx::nontransaction transaction{session_->connection()};
    const auto rows = compat::exec_prepared(transaction, "read_guards", ids.text());
    if (rows.empty() || integer(rows[0][0]) != epoch) {
      return !rows.empty() && integer(rows[0][0]) > epoch ? CommitResult::kReplaced : CommitResult::kBaseMoved;
    }
    const bool all_as_given = std::all_of(semesters.begin(), semesters.end(), [&](const SemesterGuard& guarded) {
      return std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
        return integer(row[1]) == guarded.semester_id && integer(row[2]) == guarded.head;
      });
    });
    return all_as_given ? CommitResult::kCommitted : CommitResult::kBaseMoved;
  });
}

}  // namespace dti
