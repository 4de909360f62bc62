#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dti/repository/file/ledger_file_writer.hpp"
#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"

namespace dti {

/// Reads bytes of a file at an offset. @return how many there are, at most `size`; 0 only at the end of the file
using ReadBytes = std::function<std::size_t(std::uint64_t offset, char* to, std::size_t size)>;

/// An error in a ledger file.
struct LedgerFileFault {
  std::size_t line = 0;  // from 1
  std::string reason;    // a clause
};

/// The errors of a ledger file that cannot be used, at least one.
struct LedgerFileFaults {
  static constexpr std::size_t kListedMax = 50;  // more would be too much to read

  std::vector<LedgerFileFault> listed;
  std::size_t more = 0;  // the number of errors that are not listed
};

struct LedgerFileIndex;

/// A ledger file as a store at one moment, so that it can be verified, copied and compared as any store. It reads the
/// file several times. Its memory grows with the catalogue, and by some bytes with each thousands of entries.
/// Thread: one.
class LedgerFile final : public LedgerSnapshot {
 public:
  /// Reads all lines, and checks each line and the order of all.
  /// @param read  of a file that does not change
  /// @param progress  called from time to time
  /// @throws what `read` throws
  LedgerFile(ReadBytes read, const std::function<void(const VerifyProgress&)>& progress);
  ~LedgerFile() override;

  /// The errors of the lines; none if the file can be used as a store. Without it, the other calls mean nothing.
  [[nodiscard]] const std::optional<LedgerFileFaults>& faults() const;
  /// The error about the hash of all lines: a byte was changed. The file can be read nevertheless, and verify() may
  /// find the place.
  [[nodiscard]] const std::optional<LedgerFileFault>& hash_fault() const;
  [[nodiscard]] const LedgerFileHeader& header() const;
  [[nodiscard]] const LedgerFileCounts& counts() const;
  /// The line with that entry; of the semester, if it does not have the entry.
  [[nodiscard]] std::size_t line_of(SemesterId semester, Seq seq) const;

  [[nodiscard]] StoreSurvey survey() override;
  void read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) override;
  void read_grant(SemesterId semester, ProgramId program, std::int32_t generation, const EntrySink& sink) override;
  void read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) override;

  [[nodiscard]] std::optional<std::vector<std::string>> check_file() override { return std::nullopt; }
  /// The highest epoch of a semester: a take-over gives its epoch to all semesters.
  [[nodiscard]] Epoch read_epoch() override;
  [[nodiscard]] int read_schema_version() override;
  [[nodiscard]] StoredLead read_lead() override;
  [[nodiscard]] CatalogCounts count_catalog() override;
  [[nodiscard]] std::optional<SemesterId> find_stray_ledger() override { return std::nullopt; }
  [[nodiscard]] std::map<Seq, CommandNote> read_notes(SemesterId semester, Seq first, Seq last) override;
  [[nodiscard]] std::optional<ChainHeads> read_chain_heads() override;
  [[nodiscard]] RowSeal read_seal(SemesterId chain, Seq seq) override;
  void read_registry(const RegistrySink& sink) override;

 private:
  const ReadBytes read_;
  const std::unique_ptr<const LedgerFileIndex> index_;
};

}  // namespace dti
