#include "repository/postgresql/postgresql_rows.hpp"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/migrations.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "embedded/postgresql_migrations.hpp"
#include "repository/postgresql/postgresql_checks.hpp"
#include "repository/postgresql/pqxx_compat.hpp"

namespace dti {
namespace {

// What a transaction locks that is about to change the schema, so that two that start at once do not both make the schema.
constexpr char kLockMigrations[] = "SELECT pg_advisory_xact_lock(4919253614037)";

std::span<const Migration> migrations() {
  static const auto steps = numbered(embedded::postgresql_migrations);
  return steps;
}

int known_version() { return static_cast<int>(migrations().size()); }

int stored_version(pqxx::transaction_base& transaction) {
  // The catalogue's rows, not to_regclass(): that goes on saying what it said before we waited for a lock.
  const auto found = transaction.exec(
      "SELECT 1 FROM pg_class WHERE relname = 'schema_version' AND relkind = 'r' AND pg_table_is_visible(oid)");
  if (found.empty()) {
    return 0;
  }
  const auto version = transaction.exec("SELECT max(version) FROM schema_version");
  return static_cast<int>(integer(version[0][0]));
}

}  // namespace

std::int64_t integer(const pqxx::field& field) {
  std::int64_t value = 0;  // what NULL reads as
  const char* const text = field.c_str();
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

namespace {

StoredSemester read_semester(const pqxx::row& row) {
  if (row[4].is_null()) {
    throw_missing_entry(integer(row[0]), 1);
  }
  refuse_entries_beyond(integer(row[0]), integer(row[3]), integer(row[11]));
  return {.id = integer(row[0]),
          .name = row[1].c_str(),
          .epoch = integer(row[2]),
          .head = integer(row[3]),
          .opened_with = {integer(row[4]), integer(row[5]), integer(row[6])},
          .left = {integer(row[7]), integer(row[8]), integer(row[9])},
          .is_open = integer(row[10]) != 0};
}

}  // namespace

std::vector<StoredSemester> read_semesters(pqxx::transaction_base& transaction) {
  std::vector<StoredSemester> semesters;
  for (const auto& row : transaction.exec(std::string{kSelectSemesters} + "ORDER BY s.id")) {
    semesters.push_back(read_semester(row));
  }
  return semesters;
}

std::vector<CatalogProgram> read_programs(pqxx::transaction_base& transaction, ProgramId after) {
  std::vector<CatalogProgram> programs;
  const std::string sql = std::string{kSelectPrograms} + "WHERE p.id > $1::bigint ORDER BY p.id";
  for (const auto& row : compat::exec_params(transaction, sql.c_str(), after)) {
    programs.push_back({.id = static_cast<ProgramId>(integer(row[0])),
                        .faculty_id = static_cast<FacultyId>(integer(row[1])),
                        .faculty_name = row[2].c_str(),
                        .faculty_key = row[3].c_str(),
                        .name = row[4].c_str(),
                        .key = row[5].c_str()});
  }
  return programs;
}

LedgerEntry read_entry(SemesterId semester, const pqxx::row& row) {
  LedgerEntry entry;
  entry.seq = integer(row[0]);
  const auto kind = entry_kind_from_code(integer(row[1]));
  if (!kind) {
    throw_unreadable_entry(semester, entry.seq, "its kind is not known");
  }
  entry.kind = *kind;
  if (entry.kind == EntryKind::kGranted || entry.kind == EntryKind::kReleased) {
    entry.program_id = static_cast<ProgramId>(integer(row[2]));
    entry.generation = static_cast<std::int32_t>(integer(row[3]));
    entry.want = {integer(row[4]), integer(row[5])};
    entry.grant = {integer(row[6]), integer(row[7]), integer(row[8])};
  } else {
    entry.capacity = {integer(row[9]), integer(row[10]), integer(row[11])};
  }
  return entry;
}

bool is_empty(pqxx::transaction_base& transaction) { return stored_version(transaction) == 0; }

SemesterRow read_semester_row(const pqxx::row& row) {
  return {.id = integer(row[0]),
          .name = row[1].c_str(),
          .epoch = integer(row[2]),
          .head = integer(row[3]),
          .capacity = {integer(row[4]), integer(row[5]), integer(row[6])},
          .left = {integer(row[7]), integer(row[8]), integer(row[9])},
          .is_open = integer(row[10]) != 0};
}

LedgerRow read_ledger_row(const pqxx::row& row) {
  const auto number = [&](int column) {
    const pqxx::field field = row[static_cast<pqxx::row::size_type>(column)];
    return field.is_null() ? LedgerRow::Number{} : LedgerRow::Number{integer(field)};
  };
  return {.seq = integer(row[0]),
          .kind = integer(row[1]),
          .program_id = number(2),
          .generation = number(3),
          .classrooms_wanted = number(4),
          .labs_wanted = number(5),
          .classrooms_granted = number(6),
          .labs_granted = number(7),
          .mobile_labs_granted = number(8),
          .classrooms_capacity = number(9),
          .labs_capacity = number(10),
          .conversions_capacity = number(11),
          .status = number(12)};
}

bool has_schema(pqxx::transaction_base& transaction) {
  const int version = stored_version(transaction);
  refuse_newer_schema(version, known_version());
  if (version == 0) refuse_ledger_out_of_sight(transaction);
  return version > 0;
}

void migrate(pqxx::transaction_base& transaction, WallTime at) {
  int version = stored_version(transaction);
  refuse_newer_schema(version, known_version());
  if (version == known_version()) {
    return;
  }
  transaction.exec(kLockMigrations);
  version = stored_version(transaction);  // another server may have been at it while we waited
  refuse_newer_schema(version, known_version());
  if (version > 0) {
    transaction.exec("SELECT 1 FROM leadership FOR UPDATE");
  }
  for (const Migration& migration : migrations().subspan(static_cast<std::size_t>(version))) {
    transaction.exec(std::string{migration.text});
    compat::exec_params(transaction,
                        "INSERT INTO schema_version (version, applied_at)"
                        " VALUES ($1, timestamptz 'epoch' + $2::bigint * interval '1 microsecond')",
                        migration.version, stored_time(at));
  }
}

}  // namespace dti
