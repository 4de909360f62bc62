#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "dti/service/ledger/repository.hpp"

namespace dti::contract {

/// A row of a query's answer as text; a cell that is NULL is none.
using Row = std::vector<std::optional<std::string>>;
using Rows = std::vector<Row>;

/// The database said no to a statement of the test.
class SqlRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A connection of a client that is not a server.
class SqlClient {
 public:
  virtual ~SqlClient() = default;
  /// Runs one statement, and returns its rows.
  /// @throws SqlRefused
  virtual std::vector<Row> run(const std::string& sql) = 0;
};

/// Takes the newest migrations back, by the statements of their files, until the schema has that version.
/// @param database  the folder below sql
void take_back(SqlClient& client, const std::string& database, int version);

/// A fresh store, which goes with this object.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// A repository on the store, as a server opens it.
  virtual std::unique_ptr<Repository> open() = 0;
  /// What is stored of the request ids of a semester's entries, in order.
  virtual std::vector<std::optional<std::string>> request_ids(SemesterId semester) = 0;
  /// A client of the database; none in memory.
  virtual std::unique_ptr<SqlClient> connect() { return nullptr; }
  /// The statement that lets the next DELETE from the ledger through; only a test does that.
  virtual std::string lift_protection() { return {}; }
  /// May two servers have the store open at once?
  virtual bool takes_two_servers() const { return true; }
  /// Does the lead of it go with a lease?
  virtual bool has_leases() const { return false; }
  /// SQLite: the file. PostgreSQL: the connection text of the servers' role.
  virtual std::string where() const { return {}; }
  /// PostgreSQL: the role of the servers, which may not change the schema.
  virtual std::string role() const { return {}; }
  /// PostgreSQL: a client with that role.
  virtual std::unique_ptr<SqlClient> connect_as_server() { return nullptr; }
  /// PostgreSQL: empties the database, and gives it to the servers' role, which then makes the schema itself.
  virtual void give_to_the_servers() {}
};

struct BackendKind {
  std::string name;
  std::function<std::unique_ptr<Backend>()> make;

  friend void PrintTo(const BackendKind& kind, std::ostream* out) { *out << kind.name; }
};

inline constexpr char kPostgresqlVariable[] = "DTI_TEST_POSTGRESQL";

[[nodiscard]] BackendKind memory_backend();
[[nodiscard]] BackendKind sqlite_backend();
/// One or none: none if the environment names no PostgreSQL to test with.
[[nodiscard]] std::vector<BackendKind> postgresql_backends();
[[nodiscard]] std::vector<BackendKind> sql_backends();
[[nodiscard]] std::vector<BackendKind> all_backends();

/// For INSTANTIATE_TEST_SUITE_P.
[[nodiscard]] inline auto name_of_backend() {
  return [](const auto& parameter) { return parameter.param.name; };
}

}  // namespace dti::contract
