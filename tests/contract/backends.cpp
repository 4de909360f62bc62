#include "contract/backends.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "dti/repository/memory/memory_repository.hpp"
#include "dti/repository/open/migrate_store.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"

/// For the address sanitizer: libpqxx 6.4 forgets the result of a call during which the link breaks (2 KB each time).
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult\n"; }

namespace dti::contract {
namespace {

constexpr std::chrono::milliseconds kTimeout{5'000};

std::string fresh_name() {
  static int number = 0;
  return "dti_test_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
}

class MemoryBackend final : public Backend {
 public:
  std::unique_ptr<Repository> open() override { return std::make_unique<MemoryRepository>(store_); }
  std::vector<std::optional<std::string>> request_ids(SemesterId semester) override {
    std::vector<std::optional<std::string>> ids;
    for (const MemoryStore::Entry& entry : store_->entries(semester)) {
      ids.push_back(entry.request_id);
    }
    return ids;
  }

 private:
  const std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
};

class SqlBackend : public Backend {
 public:
  std::vector<std::optional<std::string>> request_ids(SemesterId semester) override {
    std::vector<std::optional<std::string>> ids;
    const std::string where = " WHERE semester_id = " + std::to_string(semester);
    for (Row& row : connect()->run("SELECT request_id FROM ledger" + where + " ORDER BY seq")) {
      ids.push_back(std::move(row[0]));
    }
    return ids;
  }
};

class SqliteClient final : public SqlClient {
 public:
  explicit SqliteClient(const std::string& path) {
    sqlite3_open(path.c_str(), &database_);
    sqlite3_busy_timeout(database_, static_cast<int>(kTimeout.count()));
  }
  ~SqliteClient() override { sqlite3_close(database_); }

  std::vector<Row> run(const std::string& sql) override {
    std::vector<Row> rows;
    char* error = nullptr;
    const auto add_row = [](void* out, int count, char** cells, char** /*names*/) {
      Row row;
      for (int i = 0; i < count; ++i) {
        row.push_back(cells[i] == nullptr ? std::nullopt : std::optional<std::string>{cells[i]});
      }
      static_cast<std::vector<Row>*>(out)->push_back(std::move(row));
      return 0;
    };
    if (sqlite3_exec(database_, sql.c_str(), add_row, &rows, &error) != SQLITE_OK) {
      const std::string text = error == nullptr ? "unknown" : error;
      sqlite3_free(error);
      throw SqlRefused{text};
    }
    return rows;
  }

 private:
  sqlite3* database_ = nullptr;
};

class SqliteBackend final : public SqlBackend {
 public:
  ~SqliteBackend() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<Repository> open() override {
    return open_repository(SqliteStoreAddress{folder_ / "dti.db"}, kTimeout);
  }
  std::unique_ptr<SqlClient> connect() override { return std::make_unique<SqliteClient>(where()); }
  std::string lift_protection() override { return "DROP TRIGGER ledger_is_not_deleted"; }
  bool takes_two_servers() const override { return false; }
  std::string where() const override { return (folder_ / "dti.db").string(); }

 private:
  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / fresh_name();
};

class PostgresqlClient final : public SqlClient {
 public:
  explicit PostgresqlClient(const std::string& conninfo) : connection_(conninfo) {
    run("SET client_min_messages = error");
  }

  std::vector<Row> run(const std::string& sql) override {
    std::vector<Row> rows;
    try {
      pqxx::nontransaction transaction{connection_};
      for (const auto& found : transaction.exec(sql)) {
        Row row;
        for (const auto& cell : found) {
          row.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>{cell.c_str()});
        }
        rows.push_back(std::move(row));
      }
    } catch (const std::exception& error) {
      throw SqlRefused{error.what()};
    }
    return rows;
  }

 private:
  pqxx::connection connection_;
};

Conninfo maintenance() { return Conninfo{std::getenv(kPostgresqlVariable)}; }

std::string text_of(Conninfo conninfo, const std::string& database, const std::string& role = {}) {
  conninfo.set("dbname", database);
  if (!role.empty()) conninfo.set("user", role);
  return conninfo.text();
}

/// What all databases of this process are copies of: an owner has made the schema, and roles.sql the roles.
class PostgresqlTemplate {
 public:
  PostgresqlTemplate() {
    PostgresqlClient client{maintenance().text()};
    client.run("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'");
    static_cast<void>(
        migrate_store(PostgresqlStoreAddress{text_of(maintenance(), name)}, kTimeout, WallTime{}, [](const auto&) {}));
    ::setenv("DTI_TEST_TEMPLATE", text_of(maintenance(), name).c_str(), 1);
    const std::string owner = *client.run("SELECT current_user")[0][0];
    const std::string command = "psql --no-psqlrc --quiet --set=owner=" + owner + " --set=app=" + role +
                                " --set=auditor=" + auditor + " --file='" DTI_ROLES_FILE "' \"$DTI_TEST_TEMPLATE\"";
    if (std::system(command.c_str()) != 0) std::abort();  // it has told why
  }
  ~PostgresqlTemplate() {
    try {
      PostgresqlClient client{maintenance().text()};
      client.run("DROP DATABASE " + name + " WITH (FORCE)");
      client.run("DROP ROLE " + role + ", " + auditor);
    } catch (const std::exception&) {
      // They are the scratch cluster's to forget.
    }
  }
  PostgresqlTemplate(const PostgresqlTemplate&) = delete;
  PostgresqlTemplate& operator=(const PostgresqlTemplate&) = delete;

  const std::string name = fresh_name();
  const std::string role = name + "_app";
  const std::string auditor = name + "_auditor";
};

const PostgresqlTemplate& postgresql_template() {
  static const PostgresqlTemplate made;
  return made;
}

/// The servers connect as an ordinary role without rights on the schema; the clients of the tests as a superuser.
class PostgresqlBackend final : public SqlBackend {
 public:
  PostgresqlBackend() {
    PostgresqlClient{maintenance().text()}.run("CREATE DATABASE " + name_ + " TEMPLATE " + postgresql_template().name);
  }
  ~PostgresqlBackend() override {
    try {
      PostgresqlClient{maintenance().text()}.run("DROP DATABASE " + name_ + " WITH (FORCE)");
    } catch (const std::exception&) {
      // It is the scratch cluster's to forget.
    }
  }
  std::unique_ptr<Repository> open() override { return open_repository(PostgresqlStoreAddress{where()}, kTimeout); }
  std::unique_ptr<SqlClient> connect() override {
    return std::make_unique<PostgresqlClient>(text_of(maintenance(), name_));
  }
  std::unique_ptr<SqlClient> connect_as_server() override { return std::make_unique<PostgresqlClient>(where()); }
  std::string lift_protection() override { return "ALTER TABLE ledger DISABLE TRIGGER USER"; }
  bool has_leases() const override { return true; }
  std::string where() const override { return text_of(maintenance(), name_, role()); }
  std::string role() const override { return postgresql_template().role; }
  void give_to_the_servers() override {
    const auto client = connect();
    client->run("DROP SCHEMA public CASCADE");
    client->run("CREATE SCHEMA public AUTHORIZATION " + role());
  }

 private:
  const std::string name_ = fresh_name();
};

}  // namespace

void take_back(SqlClient& client, const std::string& database, int version) {
  constexpr const char* kMigrations[] = {"0001_ledger",           "0002_lease",     "0003_seals",
                                         "0004_office",           "0005_wait_list", "0006_catalog",
                                         "0007_holds_and_quotas", "0008_rounds"};
  const bool has_roles = database == "postgresql";
  if (has_roles) {  // the views that it makes belong to the owner of the tables
    client.run("SET ROLE " + *client.run("SELECT tableowner FROM pg_tables WHERE tablename = 'ledger'")[0][0]);
  }
  for (auto undone = std::size(kMigrations); std::cmp_greater(undone, version); --undone) {
    std::ifstream file{std::string{DTI_SQL_DIR} + "/" + database + "/" + kMigrations[undone - 1] + ".down.sql"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    client.run("BEGIN");
    client.run(text);
    client.run("COMMIT");
  }
  if (has_roles) client.run("RESET ROLE");
}

BackendKind memory_backend() {
  return {"Memory", [] { return std::make_unique<MemoryBackend>(); }};
}

BackendKind sqlite_backend() {
  return {"Sqlite", [] { return std::make_unique<SqliteBackend>(); }};
}

std::vector<BackendKind> postgresql_backends() {
  if (std::getenv(kPostgresqlVariable) == nullptr) {
    return {};
  }
  return {{"Postgresql", [] { return std::make_unique<PostgresqlBackend>(); }}};
}

std::vector<BackendKind> sql_backends() {
  std::vector<BackendKind> kinds = postgresql_backends();
  kinds.push_back(sqlite_backend());
  return kinds;
}

std::vector<BackendKind> all_backends() {
  std::vector<BackendKind> kinds = sql_backends();
  kinds.push_back(memory_backend());
  return kinds;
}

}  // namespace dti::contract
