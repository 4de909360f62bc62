#include "dti/repository/postgresql/tables/postgresql_rows.hpp"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/migrations.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "dti/repository/postgresql/tables/postgresql_checks.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"
#include "embedded/postgresql_migrations.hpp"

namespace dti {
namespace {

// A transaction that changes the schema takes this lock, so that two servers that start at once do not both create it.
constexpr char kLockMigrations[] = "SELECT pg_advisory_xact_lock(4919253614037)";

std::span<const Migration> migrations() {
  static const auto steps = numbered(embedded::postgresql_migrations);
  return steps;
}

int known_version() { return static_cast<int>(migrations().size()); }

int stored_version(pqxx::transaction_base& transaction) {
  // The rows of the system catalogue, not to_regclass(), which returns the same as before the wait for a lock.
  const auto found = transaction.exec(
      "SELECT 1 FROM pg_class WHERE relname = 'schema_version' AND relkind = 'r' AND pg_table_is_visible(oid)");
  if (found.empty()) {
    return 0;
  }
  const auto version = transaction.exec("SELECT max(version) FROM schema_version");
  return static_cast<int>(integer(version[0][0]));
}

/// Whether the role of this session may make or change the schema (NULL: there is none that it could make it in), that
/// role, the owner, and the database. Before there are tables, the owner is the role that was given the right to make
/// them (roles.sql). pg_database_owner, which owns the schema public, has no login of its own.
constexpr char kMayMigrate[] = R"(
SELECT CASE WHEN t.oid IS NULL THEN has_schema_privilege(current_schema(), 'CREATE')
            ELSE pg_has_role(t.relowner, 'USAGE') AND has_schema_privilege(t.relnamespace, 'CREATE') END,
       current_user,
       pg_get_userbyid(coalesce(t.relowner,
                                (SELECT min(grantee) FROM aclexplode(n.nspacl)
                                  WHERE privilege_type = 'CREATE' AND grantee NOT IN (0, n.nspowner)),
                                CASE n.nspname WHEN 'public' THEN d.datdba ELSE n.nspowner END)),
       current_database()
  FROM pg_database d
  LEFT JOIN pg_namespace n ON n.nspname = current_schema()
  LEFT JOIN pg_class t ON t.relname = 'schema_version' AND t.relkind = 'r' AND pg_table_is_visible(t.oid)
 WHERE d.datname = current_database())";

/// A part of a URI.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                          c == '-' || c == '.' || c == '/';
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += is_plain ? std::string{c} : std::string{'%', kDigits[byte / 16], kDigits[byte % 16]};
  }
  return out;
}

/// libpq's own text of a connection's host or port.
std::string setting(const char* text) { return text == nullptr ? "" : text; }

/// The address of the database for another role, as --store takes it.
std::string uri_of(std::string_view role, const std::string& host, const std::string& port, std::string_view database) {
  const std::string begin = "postgresql://" + encoded(role) + "@";
  const bool is_name = host.find_first_of("/@:") == std::string::npos;
  if (is_name) return begin + encoded(host) + (port.empty() ? "" : ":" + port) + "/" + encoded(database);
  return begin + "/" + encoded(database) + "?host=" + encoded(host) + "&port=" + port;
}

}  // namespace

namespace {

std::int64_t integer_of(const char* text) {
  std::int64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

StoredSemester read_semester(const pqxx::row& row) {
  StoredSemester semester{.id = integer(row[0]),
                          .name = row[1].c_str(),
                          .epoch = integer(row[2]),
                          .head = integer(row[3]),
                          .capacity = {integer(row[4]), integer(row[5]), integer(row[6])},
                          .left = {integer(row[7]), integer(row[8]), integer(row[9])},
                          .is_open = integer(row[10]) != 0};
  if (!row[11].is_null()) semester.opened_with = {integer(row[11]), integer(row[12]), integer(row[13])};
  semester.last_entry = integer(row[14]);
  return semester;
}

/// By an iterator, which is a field: row[i] would copy the row for each field.
LedgerRow read_ledger_row(const pqxx::row& row) {
  auto field = row.begin();
  const auto integer = [&] { return integer_of((field++)->c_str()); };
  const auto number = [&] { return field->is_null() ? (++field, LedgerRow::Number{}) : LedgerRow::Number{integer()}; };
  LedgerRow read;
  read.seq = integer();
  read.kind = integer();
  read.program_id = number();
  read.generation = number();
  read.classrooms_wanted = number();
  read.labs_wanted = number();
  read.classrooms_granted = number();
  read.labs_granted = number();
  read.mobile_labs_granted = number();
  read.classrooms_capacity = number();
  read.labs_capacity = number();
  read.conversions_capacity = number();
  read.status = number();
  return read;
}
constexpr int kColumnsOfRow = 13;

/// Passes what `read` makes of each row to `sink`, in pieces.
/// @param more  columns beside those of LedgerRow
template <class Item, class Sink, class Read>
void read_pieces(pqxx::transaction_base& transaction, const std::string& more, SemesterId semester, Seq first, Seq last,
                 const Sink& sink, const Read& read) {
  const std::string sql = "SELECT " + std::string{kLedgerColumns} + more +
                          " FROM ledger WHERE semester_id = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq LIMIT $4";
  bool has_more = first <= last;
  while (has_more) {
    std::vector<Item> piece;
    {
      const auto rows = compat::exec_params(transaction, sql.c_str(), semester, first, last, kLedgerPieceEntries);
      piece.reserve(static_cast<std::size_t>(rows.size()));
      for (const auto& row : rows) piece.push_back(read(row));
      if (!rows.empty()) first = integer_of(rows.back()[0].c_str());
    }
    if (piece.empty()) return;
    has_more = first < last && std::cmp_equal(piece.size(), kLedgerPieceEntries);
    if (has_more) ++first;
    if (!sink(std::move(piece))) return;
  }
}

}  // namespace

std::int64_t integer(const pqxx::field& field) { return integer_of(field.c_str()); }

std::vector<StoredSemester> read_semesters(pqxx::transaction_base& transaction) {
  std::vector<StoredSemester> semesters;
  for (const auto& row : transaction.exec(kSelectSemesters)) {
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

void read_rows(pqxx::transaction_base& transaction, SemesterId semester, Seq first, Seq last, const RowSink& sink) {
  read_pieces<LedgerRow>(transaction, "", semester, first, last, sink, read_ledger_row);
}

void read_entries(pqxx::transaction_base& transaction, SemesterId semester, Seq first, Seq last,
                  const EntrySink& sink) {
  const auto read = [](const pqxx::row& row) {
    StoredEntry entry{read_ledger_row(row), integer(row[kColumnsOfRow]), std::nullopt};
    const auto request_id = row[kColumnsOfRow + 1];
    if (!request_id.is_null()) entry.request_id = request_id.c_str();
    const auto seal = row[kColumnsOfRow + 2];
    if (!seal.is_null()) entry.seal = parse_seal(seal.c_str());
    return entry;
  };
  const auto pass = [&](std::vector<StoredEntry> piece) {
    sink(std::move(piece));
    return true;
  };
  const std::string seal = schema_version(transaction) < kSealsVersion ? ", NULL" : ", encode(seal, 'hex')";
  read_pieces<StoredEntry>(transaction, ", (1000000 * extract(epoch FROM at))::bigint, request_id" + seal, semester,
                           first, last, pass, read);
}

int schema_version(pqxx::transaction_base& transaction) { return stored_version(transaction); }

bool is_empty(pqxx::transaction_base& transaction) { return stored_version(transaction) == 0; }

bool has_schema(pqxx::transaction_base& transaction) {
  const int version = stored_version(transaction);
  refuse_newer_schema(version, known_version());
  if (version == 0) refuse_ledger_out_of_sight(transaction);
  return version > 0;
}

SchemaChange due_migration(pqxx::transaction_base& transaction) {
  const int version = stored_version(transaction);
  refuse_newer_schema(version, known_version());
  return {version, known_version()};
}

void refuse_unmigrated(pqxx::transaction_base& transaction) {
  const SchemaChange due = due_migration(transaction);
  if (!due.is_needed()) return;
  const auto row = transaction.exec(kMayMigrate)[0];
  if (std::string_view{row[0].c_str()} != "f") return;
  const std::string begin =
      due.from == 0 ? "the PostgreSQL database has no ledger yet, and the role " + std::string{row[1].c_str()} +
                          " may not create its schema. As the owner, "
                    : "the schema of the PostgreSQL database has version " + std::to_string(due.from) +
                          ", this program needs version " + std::to_string(due.to) + ", and the role " +
                          row[1].c_str() + " may not change the schema. Stop all servers, and as the owner ";
  throw StorageError{StorageError::Kind::kRefused, begin + "run: dtictl migrate --store='" +
                                                       uri_of(row[2].c_str(), setting(transaction.conn().hostname()),
                                                              setting(transaction.conn().port()), row[3].c_str()) +
                                                       "'"};
}

SchemaChange migrate(pqxx::transaction_base& transaction, WallTime at) {
  SchemaChange change = due_migration(transaction);
  if (!change.is_needed()) return change;
  refuse_unmigrated(transaction);
  transaction.exec(kLockMigrations);
  change = due_migration(transaction);  // another server may have been at it while we waited
  if (change.from > 0) {
    transaction.exec("SELECT 1 FROM leadership FOR UPDATE");
  }
  for (const Migration& migration : migrations().subspan(static_cast<std::size_t>(change.from))) {
    transaction.exec(std::string{migration.text});
    compat::exec_params(transaction,
                        "INSERT INTO schema_version (version, applied_at)"
                        " VALUES ($1, timestamptz 'epoch' + $2::bigint * interval '1 microsecond')",
                        migration.version, stored_time(at));
  }
  return change;
}

}  // namespace dti
