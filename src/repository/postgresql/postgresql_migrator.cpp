#include <string>
#include <utility>

#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "repository/postgresql/locked_database.hpp"

namespace dti {
namespace {

/// As a take-over does: a server that led before, and froze, finds that it was replaced.
constexpr char kReplaceLeader[] = R"(
UPDATE leadership SET epoch = epoch + 1, holder = 'dtictl migrate', taken_at = now(), backend_pid = NULL,
                      backend_start = NULL, lease_until = NULL, endpoint = NULL)";
constexpr char kReplaceWriters[] = "UPDATE semester SET epoch = (SELECT epoch FROM leadership)";

}  // namespace

SchemaChange migrate_postgresql(const std::string& conninfo, std::chrono::milliseconds timeout, WallTime at,
                                CopyWarningSink warn) {
  LockedDatabase database{parse_conninfo(conninfo), timeout, std::move(warn)};
  return database.perform([&] {
    auto& transaction = database.transaction();
    const bool exists = has_schema(transaction);
    const SchemaChange due = due_migration(transaction);
    if (!due.is_needed()) return due;
    refuse_unmigrated(transaction);
    if (exists) static_cast<void>(database.lock_lead());
    const SchemaChange change = migrate(transaction, at);
    check_tables(transaction);
    if (change.is_needed() && change.from > 0) {
      transaction.exec(kReplaceLeader);
      transaction.exec(kReplaceWriters);
    }
    const std::size_t notices = database.session().notices().doubt_count();
    transaction.commit();
    database.session().check_notices(notices, "the schema was changed");
    return change;
  });
}

}  // namespace dti
