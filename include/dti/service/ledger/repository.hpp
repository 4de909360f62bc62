#pragma once

#include "dti/service/ledger/ledger_reader.hpp"
#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

/// A store as a server opens it: one connection, which writes and reads. There is one implementation for each database.
/// Thread: any, one call at a time, except for interrupt().
class Repository : public LedgerWriter, public LedgerReader {
 public:
  virtual ~Repository() = default;
};

}  // namespace dti
