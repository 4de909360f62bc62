#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/seals/blake2b.hpp"
#include "dti/seals/seal.hpp"
#include "dti/service/ledger/chain_heads.hpp"
#include "dti/service/ledger/registry.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// The first line of a ledger file. Source: docs/ledger-files.md
struct LedgerFileHeader {
  StoreId store;                 // zeros: no server has sealed the store yet
  std::int64_t schema = 0;       // the version of the store's schema
  std::string exported_at = {};  // for people
  std::string semester = {};     // the only one that the file has; empty: it has the whole store
};

struct LedgerFileCounts {
  std::int64_t faculties = 0;
  std::int64_t programs = 0;
  std::int64_t registered = 0;
  std::int64_t semesters = 0;
  std::int64_t entries = 0;
  std::int64_t notes = 0;

  friend bool operator==(const LedgerFileCounts&, const LedgerFileCounts&) = default;
};

/// Writes a ledger file: the same content gives the same bytes after the first line. The calls have the order of the
/// functions; entries and notes belong to the semester that was added last, and notes before the first semester to the
/// registry. Thread: one.
/// Every call throws StorageError: kCorrupt if the store has a text or a number that the format does not know.
class LedgerFileWriter {
 public:
  /// @param sink  gets whole lines, several at a time. It may throw
  explicit LedgerFileWriter(std::function<void(std::string_view)> sink) : sink_(std::move(sink)) {}

  void begin(const LedgerFileHeader& header);
  /// @param programs  the whole catalogue, in order of id
  void add_catalog(const std::vector<CatalogProgram>& programs);
  void add_registry(const std::vector<RegistryEntry>& entries);
  void add_semester(const StoredSemester& semester);
  void add_entries(const std::vector<StoredEntry>& entries);
  void add_notes(const std::map<Seq, CommandNote>& notes);
  /// Writes the last lines. @param heads  of the chains that the file has; those without a seal are left out
  void finish(const ChainHeads& heads);

  [[nodiscard]] const LedgerFileCounts& counts() const { return counts_; }

 private:
  void pass_on(std::size_t bytes_min);

  const std::function<void(std::string_view)> sink_;
  std::string buffer_;
  Blake2b hash_;
  SemesterId semester_ = 0;
  LedgerFileCounts counts_;
};

}  // namespace dti
