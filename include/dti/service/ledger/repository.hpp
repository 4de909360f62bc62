#pragma once

#include "dti/service/ledger/ledger_reader.hpp"
#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

/// A store as a server opens it: one connection, which writes and reads. There is one implementation for each database.
/// survey() and watch() connect if there is no connection; read_catalog() and read_ledger() need the one that
/// take_over(), survey() (not on SQLite) or watch() has made.
/// Thread: any, one call at a time, except for interrupt().
class Repository : public LedgerWriter, public LedgerFollower {
 public:
  virtual ~Repository() = default;
};

}  // namespace dti
