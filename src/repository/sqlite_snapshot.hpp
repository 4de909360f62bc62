#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "dti/service/ledger_snapshot.hpp"
#include "repository/sqlite_handle.hpp"

namespace dti {

/// A SQLite file in one read transaction, on a connection that cannot write to the database. Commits of a server go on
/// meanwhile, in the write-ahead log, which grows until this ends. The server's lock file is not touched.
class SqliteSnapshot final : public LedgerSnapshot {
 public:
  /// @param timeout  how long to wait for a lock; only a server that starts or ends at this moment has one in the way
  /// @throws StorageError  kRefused, naming the path and the reason; kCorrupt, kUnavailable
  SqliteSnapshot(std::filesystem::path path, std::chrono::milliseconds timeout);

  [[nodiscard]] std::optional<std::vector<std::string>> check_file() override;
  [[nodiscard]] Epoch read_epoch() override;
  [[nodiscard]] std::vector<CatalogProgram> read_catalog() override;
  [[nodiscard]] CatalogCounts count_catalog() override;
  [[nodiscard]] std::vector<SemesterRow> read_semesters() override;
  void read_ledger(SemesterId semester, const std::function<bool(const std::vector<LedgerRow>&)>& sink) override;
  [[nodiscard]] std::optional<SemesterId> find_stray_ledger() override;

 private:
  void open();
  template <class Call>
  auto perform(Call call) -> decltype(call());

  const std::filesystem::path path_;
  const std::chrono::milliseconds timeout_;
  std::chrono::steady_clock::time_point wait_until_;
  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace dti
