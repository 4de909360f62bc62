#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "ceiling/ledger_rows.hpp"

namespace dti::bench {

/// Writes batches into the ledger of a database, each in a transaction of its own (autocommit), by one connection.
class LedgerWriter {
 public:
  virtual ~LedgerWriter() = default;

  /// Makes what is sent for a batch; the time of write() has none of that.
  virtual void encode(const LedgerBatch& batch) = 0;
  /// Sends what was encoded, and returns once it is committed.
  /// @throws std::runtime_error  with what PostgreSQL says
  virtual void write() = 0;
};

struct EndConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, EndConnection>;

/// @throws std::runtime_error  with what PostgreSQL says
[[nodiscard]] Connection connect(const std::string& conninfo);

/// @param method  `insert` (batches of one row), `unnest`, `copy` or `copy-binary`
/// @param connection  must outlive the writer
/// @throws std::runtime_error  if a statement cannot be prepared: the tables are not there
[[nodiscard]] std::unique_ptr<LedgerWriter> make_writer(std::string_view method, PGconn* connection);

}  // namespace dti::bench
