#include "repository/postgresql/postgresql_commits.hpp"

#include <algorithm>
#include <cstdlib>
#include <pqxx/pqxx>
#include <string>
#include <utility>

#include "dti/base/narrow.hpp"
#include "dti/repository/common/ledger_rows.hpp"
#include "repository/postgresql/binary_array.hpp"
#include "repository/postgresql/postgresql_checks.hpp"
#include "repository/postgresql/postgresql_session.hpp"
#include "repository/postgresql/postgresql_statements.hpp"
#include "repository/postgresql/pqxx_compat.hpp"

namespace dti {
namespace {

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
                                   std::size_t program_count)
    : session_(session),
      batch_(std::move(batch)),
      notices_before_(session.notices().doubt_count()),
      statement_(session.handle()) {
  if (std::cmp_greater(greatest_program(*batch_), program_count)) {
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
                   sound_session(session_.backend_pid()));
  statement_.start_guarded_copy(sql.c_str(), LedgerCopy{batch_});
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
  statement_.start(read_epoch().c_str());
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
