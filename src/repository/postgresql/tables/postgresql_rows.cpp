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

constexpr char kOfSemester[] = "semester_id = $1 AND seq >= $2 AND seq <= $3";

/// The fields of a row, in order. An iterator is a field: row[i] would copy the row for each of them.
class Fields {
 public:
  explicit Fields(const pqxx::row& row) : field_(row.begin()) {}

  std::int64_t integer() { return integer_of((field_++)->c_str()); }
  LedgerRow::Number number() {
    return field_->is_null() ? (++field_, LedgerRow::Number{}) : LedgerRow::Number{integer()};
  }
  std::optional<std::string> text() {
    const auto text = field_->is_null() ? std::nullopt : std::optional<std::string>{field_->c_str()};
    ++field_;
    return text;
  }
  /// id_hash() of a text.
  LedgerRow::Number id() {
    const auto hash = field_->is_null() ? LedgerRow::Number{} : LedgerRow::Number{id_hash(field_->c_str())};
    ++field_;
    return hash;
  }

 private:
  pqxx::const_row_iterator field_;
};

/// Reads kGrantColumns.
LedgerRow read_grant_columns(Fields& fields) {
  LedgerRow read;
  read.seq = fields.integer();
  read.kind = fields.integer();
  read.program_id = fields.number();
  read.generation = fields.number();
  read.classrooms_wanted = fields.number();
  read.labs_wanted = fields.number();
  read.classrooms_granted = fields.number();
  read.labs_granted = fields.number();
  read.mobile_labs_granted = fields.number();
  return read;
}

/// Reads kGrantColumns and the cause.
LedgerRow read_grant_row(const pqxx::row& row) {
  Fields fields{row};
  LedgerRow read = read_grant_columns(fields);
  read.cause = fields.number();
  return read;
}

LedgerRow read_ledger_row(const pqxx::row& row) {
  Fields fields{row};
  LedgerRow read = read_grant_columns(fields);
  read.classrooms_capacity = fields.number();
  read.labs_capacity = fields.number();
  read.conversions_capacity = fields.number();
  read.status = fields.number();
  read.cause = fields.number();
  read.request = fields.id();
  read.command = fields.id();
  read.waits_since = fields.number();
  read.setting = fields.number();
  read.expires_at = fields.number();
  read.faculty_id = fields.number();
  read.classrooms_limit = fields.number();
  read.classrooms_limit_is_soft = fields.number();
  read.labs_limit = fields.number();
  read.labs_limit_is_soft = fields.number();
  read.terms = fields.text();
  const auto at = fields.number();
  if (rests_on_time(read)) read.at = at;
  return read;
}

// Where the last one of kCommandColumns, and what follows kRoundColumns in an entry, are in a row.
constexpr int kCommandColumn = 15;
constexpr int kAtColumn = 25;

StoredEntry read_entry(const pqxx::row& row) {
  const auto text = [&](int column) {
    return row[column].is_null() ? std::nullopt : std::optional<std::string>{row[column].c_str()};
  };
  const auto seal = [&](int column) {
    return row[column].is_null() ? std::nullopt : std::optional{parse_seal(row[column].c_str()).value_or(Seal{})};
  };
  StoredEntry entry{read_ledger_row(row), integer(row[kAtColumn]), text(kAtColumn + 3)};
  entry.seal = seal(kAtColumn + 1);
  entry.note_hash = seal(kAtColumn + 2);
  entry.command_id = text(kCommandColumn);
  hash_ids(entry);
  return entry;
}

constexpr char kHoldColumns[] =
    ", (1000000 * extract(epoch FROM expires_at))::bigint, faculty_id, classrooms_limit,"
    " classrooms_limit_is_soft::integer, labs_limit, labs_limit_is_soft::integer";
constexpr char kRoundColumns[] = ", terms";
// For a schema from before 0004, 0005, 0007 or 0008. By to_jsonb(), because it may become a newer one at any moment.
constexpr char kOlderCause[] = "(to_jsonb(ledger) ->> 'cause')::integer";
constexpr char kOlderCommandColumns[] =
    ", (to_jsonb(ledger) ->> 'cause')::integer, CASE kind WHEN 1 THEN request_id END, to_jsonb(ledger) ->> "
    "'command_id'";
constexpr char kOlderWaitListColumns[] =
    ", (to_jsonb(ledger) ->> 'waits_since')::bigint, (to_jsonb(ledger) ->> 'setting')::integer";
constexpr char kOlderHoldColumns[] =
    ", (1000000 * extract(epoch FROM (to_jsonb(ledger) ->> 'expires_at')::timestamptz))::bigint,"
    " (to_jsonb(ledger) ->> 'faculty_id')::integer, (to_jsonb(ledger) ->> 'classrooms_limit')::integer,"
    " (to_jsonb(ledger) ->> 'classrooms_limit_is_soft')::boolean::integer,"
    " (to_jsonb(ledger) ->> 'labs_limit')::integer, (to_jsonb(ledger) ->> 'labs_limit_is_soft')::boolean::integer";

constexpr char kOlderRoundColumns[] = ", to_jsonb(ledger) ->> 'terms'";

std::string row_columns(int version) {
  return std::string{kGrantColumns} + kOtherColumns +
         (version < kOfficeVersion ? kOlderCommandColumns : kCommandColumns) +
         (version < kWaitListVersion ? kOlderWaitListColumns : kWaitListColumns) +
         (version < kHoldsVersion ? kOlderHoldColumns : kHoldColumns) +
         (version < kRoundsVersion ? kOlderRoundColumns : kRoundColumns) +
         ", (1000000 * extract(epoch FROM at))::bigint";
}

/// The columns of an entry. A schema from before 0003 has no seals, and is only read while no server can change it.
std::string entry_columns(int version) {
  return row_columns(version) + (version < kSealsVersion ? ", NULL" : ", encode(seal, 'hex')") +
         (version < kOfficeVersion ? ", substr(to_jsonb(ledger) ->> 'note_hash', 3)" : ", encode(note_hash, 'hex')") +
         ", request_id";
}

/// Passes what `read` makes of each row to `sink`, in pieces.
template <class Item, class Sink, class Read>
void read_pieces(pqxx::transaction_base& transaction, const std::string& columns, SemesterId semester, Seq first,
                 Seq last, const Sink& sink, const Read& read) {
  const std::string sql = "SELECT " + columns + " FROM ledger WHERE " + kOfSemester + " ORDER BY seq LIMIT $4";
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

void read_rows(pqxx::transaction_base& transaction, SemesterId semester, Seq first, Seq last, Columns columns,
               const RowSink& sink) {
  const int version = schema_version(transaction);
  if (columns == Columns::kAll) {
    return read_pieces<LedgerRow>(transaction, row_columns(version), semester, first, last, sink, read_ledger_row);
  }
  // Of rows that are no plain grants, the other columns are read afterwards. They are few, and each column of each row
  // takes time.
  const std::string cause = version < kOfficeVersion ? kOlderCause : "cause";
  const std::string others = "SELECT " + row_columns(version) + " FROM ledger WHERE " + kOfSemester +
                             " AND (kind <> 0 OR " + cause + " IS NOT NULL) ORDER BY seq";
  bool are_plain_grants = true;
  const auto complete = [&](std::vector<LedgerRow> piece) {
    if (!std::exchange(are_plain_grants, true)) {
      std::vector<LedgerRow> rows;
      for (const auto& row :
           compat::exec_params(transaction, others.c_str(), semester, piece.front().seq, piece.back().seq)) {
        rows.push_back(read_ledger_row(row));
      }
      replace_rows(piece, rows);
    }
    return sink(std::move(piece));
  };
  read_pieces<LedgerRow>(transaction, kGrantColumns + (", " + cause), semester, first, last, complete,
                         [&](const pqxx::row& row) {
                           LedgerRow read = read_grant_row(row);
                           are_plain_grants = are_plain_grants && is_plain_grant(read);
                           return read;
                         });
}

void read_entries(pqxx::transaction_base& transaction, SemesterId semester, Seq first, Seq last,
                  const EntrySink& sink) {
  const auto pass = [&](std::vector<StoredEntry> piece) {
    sink(std::move(piece));
    return true;
  };
  const std::string columns = entry_columns(schema_version(transaction));
  read_pieces<StoredEntry>(transaction, columns, semester, first, last, pass, read_entry);
}

void read_grant(pqxx::transaction_base& transaction, SemesterId semester, ProgramId program, std::int32_t generation,
                const EntrySink& sink) {
  const std::string select = "SELECT " + entry_columns(schema_version(transaction)) + " FROM ledger WHERE kind = ";
  std::vector<StoredEntry> entries;
  const auto read = [&](std::int64_t wanted) {
    for (const char* const kind : kKindsOfGrant) {
      const std::string sql =
          select + kind + " AND semester_id = $1::integer AND program_id = $2::integer AND generation = $3::integer";
      for (const auto& row : compat::exec_params(transaction, sql.c_str(), semester, std::int64_t{program}, wanted)) {
        entries.push_back(read_entry(row));
      }
    }
  };
  read(generation);
  if (!entries.empty() && is_topped_up(entries.front().row)) {
    // Of the grant that it comes from. It reads the index from the newest generation on.
    const auto found = compat::exec_params(
        transaction,
        "SELECT generation FROM ledger WHERE kind = 0 AND semester_id = $1::integer AND program_id = $2::integer"
        " AND generation < $3::integer AND cause IS DISTINCT FROM 3 ORDER BY generation DESC LIMIT 1",
        semester, std::int64_t{program}, std::int64_t{generation});
    const auto newest = std::exchange(entries, {});
    if (!found.empty()) {
      const auto first = integer(found[0][0]);
      read(first);
      for (const char* const kind : kKindsOfHold) {
        const std::string sql = select + kind +
                                " AND semester_id = $1::integer AND program_id = $2::integer"
                                " AND generation > $3::integer AND generation < $4::integer";
        for (const auto& row : compat::exec_params(transaction, sql.c_str(), semester, std::int64_t{program}, first,
                                                   std::int64_t{generation})) {
          entries.push_back(read_entry(row));
        }
      }
    }
    entries.insert(entries.end(), newest.begin(), newest.end());
  }
  sort_by_seq(entries);
  if (!entries.empty()) sink(std::move(entries));
}

std::map<Seq, CommandNote> read_notes(pqxx::transaction_base& transaction, SemesterId semester, Seq first, Seq last) {
  std::map<Seq, CommandNote> notes;
  if (schema_version(transaction) < kOfficeVersion) return notes;
  for (const auto& row : compat::exec_params(transaction,
                                             "SELECT seq, encode(salt, 'hex'), actor, note FROM ledger_note"
                                             " WHERE semester_id = $1 AND seq >= $2 AND seq <= $3",
                                             semester, first, last)) {
    const auto salt = parse_store_id(row[1].c_str()).value_or(StoreId{}).bytes;
    notes[integer(row[0])] = {salt, row[2].c_str(), row[3].c_str()};
  }
  return notes;
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
