#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>

#include "dti/base/log.hpp"
#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/postgresql/tables/postgresql_chains.hpp"
#include "dti/repository/postgresql/tables/postgresql_change.hpp"
#include "dti/repository/postgresql/tables/postgresql_leadership.hpp"
#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"
#include "repository/postgresql/locked_database.hpp"
#include "repository/postgresql/postgresql_errors.hpp"
#include "repository/postgresql/postgresql_session.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::size_t kRowsPerInsert = 1'000;  // about 100 KB of SQL; more are not faster

class PostgresqlHold final : public StoreHold {
 public:
  PostgresqlHold(const std::string& conninfo, std::chrono::milliseconds timeout, CopyWarningSink warn)
      : database_(parse_conninfo(conninfo), timeout, std::move(warn)) {
    database_.perform([&] {
      if (!has_schema(database_.transaction())) refuse_empty_store("the PostgreSQL database");
      static_cast<void>(database_.lock_lead());
    });
  }

 private:
  LockedDatabase database_;
};

class PostgresqlFiller final : public StoreFiller {
 public:
  PostgresqlFiller(const std::string& conninfo, std::chrono::milliseconds timeout, WallTime at, CopyWarningSink warn)
      : database_(parse_conninfo(conninfo), timeout, std::move(warn)) {
    database_.perform([&] {
      auto& transaction = database_.transaction();
      if (has_schema(transaction)) refuse_filled();  // before it is locked or migrated
      migrate(transaction, at);
      check_tables(transaction);
      static_cast<void>(database_.lock_lead());
      refuse_filled();  // what a server has done while this waited
    });
  }

  void add_catalog(const std::vector<CatalogProgram>& programs) override {
    Insert faculties{*this, "faculty (id, name, key)"};
    FacultyId last_faculty = 0;
    for (const CatalogProgram& program : programs) {
      if (program.faculty_id <= last_faculty) continue;  // a consistent catalogue numbers them in this order
      last_faculty = program.faculty_id;
      faculties.add(std::to_string(program.faculty_id) + ", " + quoted(program.faculty_name) + ", " +
                    quoted(program.faculty_key));
    }
    faculties.finish();
    Insert rows{*this, "program (id, faculty_id, name, key)"};
    for (const CatalogProgram& program : programs) {
      rows.add(std::to_string(program.id) + ", " + std::to_string(program.faculty_id) + ", " + quoted(program.name) +
               ", " + quoted(program.key));
    }
    rows.finish();
  }

  void add_semester(const StoredSemester& semester) override {
    Insert row{*this,
               "semester (id, name, epoch, head, classrooms_capacity, labs_capacity, conversions_capacity,"
               " classrooms_left, labs_left, conversions_left, is_open)"};
    std::string values = std::to_string(semester.id) + ", " + quoted(semester.name);
    for (const std::int64_t number : {semester.epoch, semester.head, semester.capacity.classrooms,
                                      semester.capacity.labs, semester.capacity.conversions, semester.left.classrooms,
                                      semester.left.labs, semester.left.conversions_left}) {
      values += ", " + std::to_string(number);
    }
    row.add(values + (semester.is_open ? ", true" : ", false"));
    row.finish();
  }

  void add_entries(SemesterId semester, const std::vector<StoredEntry>& entries) override {
    database_.perform([&] { insert_entries(database_.transaction(), semester, entries); });
  }

  void add_notes(SemesterId semester, const std::map<Seq, CommandNote>& notes) override {
    database_.perform([&] { insert_notes(database_.transaction(), semester, notes); });
  }

  void add_registry(const std::vector<RegistryEntry>& entries) override {
    database_.perform([&] { insert_registry(database_.transaction(), entries); });
  }

  void set_chain_heads(const ChainHeads& heads) override {
    database_.perform([&] { write_chain_heads(database_.transaction(), heads); });
  }

  Epoch commit(Epoch epoch, WallTime at) override {
    const Epoch committed = database_.perform([&] {
      const auto rows =
          compat::exec_params(database_.transaction(),
                              "UPDATE leadership SET epoch = greatest(epoch, $1::bigint), holder = $2,"
                              " taken_at = timestamptz 'epoch' + $3::bigint * interval '1 microsecond',"
                              " backend_pid = NULL, backend_start = NULL, lease_until = NULL, endpoint = NULL"
                              " RETURNING epoch",
                              epoch, std::string{kCopyHolder}, stored_time(at));
      return integer(rows[0][0]);
    });
    const std::size_t notices = database_.session().notices().doubt_count();
    bool is_rolled_back = false;
    try {
      database_.perform([&] {
        try {
          database_.transaction().commit();
        } catch (const pqxx::sql_error&) {
          // An error after which the session lives is the answer to the COMMIT.
          is_rolled_back = PQstatus(database_.session().handle()) == CONNECTION_OK;
          throw;
        }
      });
    } catch (const StorageError& error) {
      if (is_rolled_back) throw;
      throw StorageError{Kind::kInDoubt, error.what()};
    }
    database_.session().check_notices(notices, "the store was copied");
    return committed;
  }

 private:
  /// Collects rows into INSERT statements.
  class Insert {
   public:
    Insert(PostgresqlFiller& filler, const char* table)
        : filler_(filler), begin_(std::string{"INSERT INTO "} + table + " VALUES ") {}

    void add(const std::string& values) {
      sql_ += (sql_.empty() ? begin_ + "(" : ", (") + values + ")";
      if (++rows_ == kRowsPerInsert) finish();
    }

    void finish() {
      if (rows_ == 0) return;
      filler_.database_.perform([&] { filler_.database_.transaction().exec(sql_); });
      sql_.clear();
      rows_ = 0;
    }

   private:
    PostgresqlFiller& filler_;
    const std::string begin_;
    std::string sql_;
    std::size_t rows_ = 0;
  };

  std::string quoted(const std::string& text) { return database_.transaction().quote(text); }

  void refuse_filled() {
    const auto row = database_.transaction().exec(
        "SELECT (SELECT count(*) FROM program), (SELECT count(*) FROM semester), (SELECT count(*) FROM ledger)")[0];
    refuse_filled_store("the PostgreSQL database", integer(row[0]), integer(row[1]), integer(row[2]));
  }

  LockedDatabase database_;
};

}  // namespace

std::unique_ptr<StoreFiller> open_postgresql_filler(const std::string& conninfo, std::chrono::milliseconds timeout,
                                                    WallTime at, CopyWarningSink warn) {
  return std::make_unique<PostgresqlFiller>(conninfo, timeout, at, std::move(warn));
}

std::unique_ptr<StoreHold> hold_postgresql(const std::string& conninfo, std::chrono::milliseconds timeout,
                                           CopyWarningSink warn) {
  return std::make_unique<PostgresqlHold>(conninfo, timeout, std::move(warn));
}

}  // namespace dti
