#include "repository/postgresql/postgresql_commits.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <pqxx/pqxx>
#include <string>
#include <utility>

#include "dti/base/narrow.hpp"
#include "dti/repository/binary/binary_format.hpp"
#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/postgresql/tables/postgresql_checks.hpp"
#include "dti/repository/postgresql/tables/postgresql_leadership.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"
#include "repository/postgresql/postgresql_session.hpp"

namespace dti {
namespace {

// One statement, outside of BEGIN … COMMIT: one round trip. The guard's UPDATE waits for the row's lock and then looks
// at the row again, so that a writer that was replaced meanwhile matches nothing, and inserts nothing.
// What follows selects the entries FROM the guard. $1 to $9: semester, epoch, base, last seq, classrooms, labs and
// conversions charged, time, seal. The last entry keeps the seal.
/// @param sound  as of sound_session()
std::string guarded_insert(const std::string& sound) {
  return R"(
WITH guard AS (
  UPDATE semester
     SET head = $4::bigint, classrooms_left = classrooms_left - $5::bigint, labs_left = labs_left - $6::bigint,
         conversions_left = conversions_left - $7::bigint, sealed_head = $4::bigint, seal = $9::bytea
   WHERE id = $1::bigint AND epoch = $2::bigint AND head = $3::bigint AND )" +
         sound + R"(
  RETURNING id, timestamptz 'epoch' + $8::bigint * interval '1 microsecond' AS at
)
INSERT INTO ledger (semester_id, at, kind, seq, program_id, generation, classrooms_wanted, labs_wanted,
                    classrooms_granted, labs_granted, mobile_labs_granted, status, request_id, seal)
SELECT )";
}

// Any number of entries. The arrays are unnested in the list of what is selected, where PostgreSQL takes them element by
// element; in FROM it would first copy each of them to a table of its own. All are as long as the batch: BinaryArray
// sees to it.
constexpr char kManyEntries[] = R"(e.*, CASE WHEN e.seq = $4::bigint THEN $9::bytea END
  FROM (SELECT id, at, 0, generate_series($3::bigint + 1, $4::bigint) AS seq, unnest($10::integer[]),
               unnest($11::integer[]), unnest($12::integer[]), unnest($13::integer[]), unnest($14::integer[]),
               unnest($15::integer[]), unnest($16::integer[]), unnest($17::smallint[]), unnest($18::text[])
          FROM guard) AS e)";

// A few entries, such as one request's, as rows of parameters: a third less of the backend's time than by arrays.
constexpr std::size_t kFewEntriesMax = 8;

std::string few_entries(std::size_t count) {
  std::string rows = "id, at, 0, v.*, CASE WHEN v.column1 = $4::bigint THEN $9::bytea END FROM guard, (VALUES ";
  std::size_t parameter = 9;
  const auto next = [&](const char* type) { rows += ", $" + std::to_string(++parameter) + "::" + type; };
  for (std::size_t i = 1; i <= count; ++i) {
    rows += (i == 1 ? "($3::bigint + " : ", ($3::bigint + ") + std::to_string(i);
    for (int column = 0; column < 7; ++column) next("integer");  // program … mobile labs
    next("smallint");
    next("text");
    rows += ")";
  }
  return rows + ") AS v";
}

// Above this, COPY: a tenth to a sixth less of the backend's time than by arrays, but a round trip more.
constexpr std::size_t kManyEntriesMax = 2'000;

/// The same guard, and a COPY, as one message of the simple protocol: PostgreSQL makes them one transaction, and commits
/// it when the data has ended. @param numbers  $1 to $7 of guarded_insert()
std::string guarded_copy(const std::array<std::int64_t, 7>& numbers, const Seal& seal, const std::string& sound) {
  const auto n = [&](std::size_t i) { return std::to_string(numbers.at(i - 1)); };
  return "UPDATE semester SET head = " + n(4) + ", classrooms_left = classrooms_left - " + n(5) +
         ", labs_left = labs_left - " + n(6) + ", conversions_left = conversions_left - " + n(7) +
         ", sealed_head = " + n(4) + ", seal = decode('" + hex_text(seal) + "', 'hex')" + " WHERE id = " + n(1) +
         " AND epoch = " + n(2) + " AND head = " + n(3) + " AND " + sound + "; " + LedgerCopy::kCommand;
}

std::string read_guards() {
  return std::string{"SELECT l.epoch, "} + kSessionFacts +
         ", s.id, s.head FROM leadership l LEFT JOIN semester s ON s.id = ANY ($1::integer[])";
}

constexpr char kManyName[] = "commit_many";
constexpr char kGuardsName[] = "read_guards";

std::string few_name(std::size_t count) { return "commit_" + std::to_string(count); }

/// A field that holds a whole number; NULL reads as 0.
std::int64_t integer(const PGresult* result, int row, int column) {
  return std::strtoll(PQgetvalue(result, row, column), nullptr, 10);
}

/// @param first  the column of the first of kSessionFacts
SessionFacts session_facts(const PGresult* result, int first) {
  const auto text = [&](int column) { return PQgetvalue(result, 0, first + column); };
  return {integer(result, 0, first), text(1), text(2), text(3), text(4)};
}

[[noreturn]] void throw_refused(const StatementError& error) {
  throw pqxx::sql_error{error.text, "", error.sqlstate.c_str()};
}

}  // namespace

void prepare_commits(PostgresqlSession& session) {
  const std::string insert = guarded_insert(sound_session(session.backend_pid()));
  compat::prepare(session.connection(), kManyName, (insert + kManyEntries).c_str());
  for (std::size_t count = 1; count <= kFewEntriesMax; ++count) {
    compat::prepare(session.connection(), few_name(count).c_str(), (insert + few_entries(count)).c_str());
  }
  compat::prepare(session.connection(), kGuardsName, read_guards().c_str());
}

PostgresqlCommit::PostgresqlCommit(PostgresqlSession& session, std::shared_ptr<const Batch> batch,
                                   const std::optional<Seal>& seal, std::size_t program_count)
    : session_(session),
      batch_(std::move(batch)),
      seal_(seal.value_or(Seal{})),
      notices_before_(session.notices().doubt_count()),
      statement_(session.handle()) {
  if (!seal || std::cmp_greater(greatest_program(*batch_), program_count)) {
    ask_who_leads();
  } else if (batch_->entries.size() <= kFewEntriesMax) {
    send_few();
  } else if (batch_->entries.size() <= kManyEntriesMax) {
    send_many();
  } else {
    send_copy();
  }
}

StatementParameters PostgresqlCommit::guard_parameters() const {
  StatementParameters parameters;
  for (const std::int64_t number :
       {std::int64_t{batch_->semester_id}, batch_->epoch, batch_->base, batch_->entries.back().seq,
        batch_->charged.classrooms, batch_->charged.labs, batch_->charged.conversions_left, stored_time(batch_->at)}) {
    parameters.add_bigint(number);
  }
  parameters.add_bytes({reinterpret_cast<const char*>(seal_.bytes.data()), seal_.bytes.size()});
  return parameters;
}

void PostgresqlCommit::send_few() {
  StatementParameters parameters = guard_parameters();
  for_each_entry(*batch_, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
    for (const Quantity number : {Quantity{entry.program_id}, Quantity{entry.generation}, entry.want.classrooms,
                                  entry.want.labs, entry.grant.classrooms, entry.grant.labs, entry.grant.mobile_labs}) {
      parameters.add_integer(narrow(number));
    }
    parameters.add_smallint(static_cast<std::int16_t>(status_code(entry)));
    parameters.add_text(request_id);
  });
  statement_.start_prepared(few_name(batch_->entries.size()).c_str(), parameters);
}

void PostgresqlCommit::send_many() {
  using Element = BinaryArray::Element;
  const std::size_t count = batch_->entries.size();
  BinaryArray programs{Element::kInteger, count}, generations{Element::kInteger, count},
      classrooms_wanted{Element::kInteger, count}, labs_wanted{Element::kInteger, count},
      classrooms{Element::kInteger, count}, labs{Element::kInteger, count}, mobile_labs{Element::kInteger, count},
      statuses{Element::kSmallint, count}, request_ids{Element::kText, count};
  for_each_entry(*batch_, [&](const LedgerEntry& entry, const std::optional<std::string>& request_id) {
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
  StatementParameters parameters = guard_parameters();
  for (const BinaryArray* const column : {&programs, &generations, &classrooms_wanted, &labs_wanted, &classrooms, &labs,
                                          &mobile_labs, &statuses, &request_ids}) {
    parameters.add_array(*column);
  }
  statement_.start_prepared(kManyName, parameters);
}

void PostgresqlCommit::send_copy() {
  const std::string sql =
      guarded_copy({batch_->semester_id, batch_->epoch, batch_->base, batch_->entries.back().seq,
                    batch_->charged.classrooms, batch_->charged.labs, batch_->charged.conversions_left},
                   seal_, sound_session(session_.backend_pid()));
  statement_.start_guarded_copy(sql.c_str(), LedgerCopy{batch_, seal_});
}

std::optional<CommitResult> PostgresqlCommit::advance() {
  while (statement_.advance()) {
    if (step_ == Step::kWhoLeads) return why_not();
    if (const auto result = batch_done()) return result;
  }
  return std::nullopt;
}

/// The batch's statement has ended. @return none: another one is on its way to tell why nothing was written
std::optional<CommitResult> PostgresqlCommit::batch_done() {
  if (!statement_.gave_up()) {
    if (statement_.error()) throw_refused(*statement_.error());
    session_.check_notices(notices_before_, "a batch was committed");
    if (statement_.row_count() == batch_->entries.size()) return CommitResult::kCommitted;
    if (statement_.row_count() != 0) {
      throw StorageError{StorageError::Kind::kInDoubt,
                         "PostgreSQL: it committed " + std::to_string(statement_.row_count()) + " entries of " +
                             std::to_string(batch_->entries.size()) + ": does a trigger on the ledger swallow rows?"};
    }
  }
  ask_who_leads();
  return std::nullopt;
}

void PostgresqlCommit::ask_who_leads() {
  step_ = Step::kWhoLeads;
  statement_.start(read_epoch_statement().c_str());
}

/// Nothing was written.
CommitResult PostgresqlCommit::why_not() const {
  if (statement_.error()) throw_refused(*statement_.error());
  if (statement_.row_count() != 1) {
    throw StorageError{StorageError::Kind::kCorrupt, "PostgreSQL: the table leadership does not hold its one row"};
  }
  check_session_facts(session_.backend_pid(), session_facts(statement_.result(), 1));
  return integer(statement_.result(), 0, 0) > batch_->epoch ? CommitResult::kReplaced : CommitResult::kBaseMoved;
}

PostgresqlGuard::PostgresqlGuard(PostgresqlSession& session, Epoch epoch, std::vector<SemesterGuard> semesters)
    : backend_pid_(session.backend_pid()),
      epoch_(epoch),
      semesters_(std::move(semesters)),
      statement_(session.handle()) {
  BinaryArray ids{BinaryArray::Element::kInteger, semesters_.size()};
  for (const SemesterGuard& guarded : semesters_) ids.add_integer(narrow(guarded.semester_id));
  StatementParameters parameters;
  parameters.add_array(ids);
  statement_.start_prepared(kGuardsName, parameters);
}

std::optional<CommitResult> PostgresqlGuard::advance() {
  if (!statement_.advance()) return std::nullopt;
  if (statement_.error()) throw_refused(*statement_.error());
  return judge();
}

CommitResult PostgresqlGuard::judge() const {
  constexpr int kId = 1 + kSessionFactCount;
  constexpr int kHead = kId + 1;
  const auto rows = static_cast<int>(statement_.row_count());
  const auto field = [&](int row, int column) { return integer(statement_.result(), row, column); };
  if (rows > 0) check_session_facts(backend_pid_, session_facts(statement_.result(), 1));
  if (rows == 0 || field(0, 0) < epoch_) return CommitResult::kBaseMoved;
  if (field(0, 0) > epoch_) return CommitResult::kReplaced;
  const bool all_as_given = std::all_of(semesters_.begin(), semesters_.end(), [&](const SemesterGuard& guarded) {
    for (int row = 0; row < rows; ++row) {
      if (field(row, kId) == guarded.semester_id && field(row, kHead) == guarded.head) return true;
    }
    return false;
  });
  return all_as_given ? CommitResult::kCommitted : CommitResult::kBaseMoved;
}

}  // namespace dti
