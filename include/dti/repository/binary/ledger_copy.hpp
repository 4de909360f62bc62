#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "dti/seals/seal.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// A batch's entries as the data of a COPY in PostgreSQL's binary format, piece by piece, so that the server stores the
/// first while the next are made.
/// Source: "Binary Format" of COPY in PostgreSQL's manual.
class LedgerCopy {
 public:
  /// @param seal  which the last entry keeps
  LedgerCopy(std::shared_ptr<const Batch> batch, const Seal& seal) : batch_(std::move(batch)), seal_(seal) {}

  /// The columns of a row, and the format.
  static constexpr char kCommand[] =
      "COPY ledger (semester_id, at, kind, seq, program_id, generation, classrooms_wanted, labs_wanted,"
      " classrooms_granted, labs_granted, mobile_labs_granted, status, request_id, seal) FROM STDIN (FORMAT binary)";

  /// Puts the next piece, of some 64 KiB, in the place of `piece`. @return false: there is none
  [[nodiscard]] bool next(std::string& piece);

 private:
  void put_entry(std::string& piece, const LedgerEntry& entry, const std::optional<std::string>& request_id) const;

  const std::shared_ptr<const Batch> batch_;
  const Seal seal_;
  bool has_begun_ = false;
  bool has_ended_ = false;
  std::size_t message_ = 0;       // the next entry's
  std::uint32_t of_message_ = 0;  // its entries that were given
  std::size_t entry_ = 0;
};

}  // namespace dti
