#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dti/service/office/ledger_tail.hpp"

namespace dti::testing_support {

inline StoredEntry entry(LedgerRow row, std::int64_t at = 0) {
  return {std::move(row), at, std::nullopt, std::nullopt};
}

inline StoredEntry opened(const Capacity& capacity, Seq seq = 1, EntryKind kind = EntryKind::kSemesterOpened) {
  LedgerRow row{.seq = seq, .kind = stored_code(kind)};
  row.classrooms_capacity = capacity.classrooms;
  row.labs_capacity = capacity.labs;
  row.conversions_capacity = capacity.conversions;
  return entry(row);
}

/// An entry that grants to the program, or releases.
inline StoredEntry about(Seq seq, std::int64_t program, const Want& want, const Grant& grant,
                         EntryKind kind = EntryKind::kGranted, std::int64_t generation = 1) {
  LedgerRow row{.seq = seq, .kind = stored_code(kind)};
  row.program_id = program;
  row.generation = generation;
  row.classrooms_wanted = want.classrooms;
  row.labs_wanted = want.labs;
  row.classrooms_granted = grant.classrooms;
  row.labs_granted = grant.labs;
  row.mobile_labs_granted = grant.mobile_labs;
  if (kind == EntryKind::kGranted) row.status = grant_status(want, grant) == Status::kOk ? 0 : 1;
  return entry(row, 1'000'000 * seq);
}

inline StoredEntry closed(Seq seq) { return entry({.seq = seq, .kind = stored_code(EntryKind::kSemesterClosed)}); }

/// The ledger of one semester in memory, and how often it was opened and read.
struct FakeStore {
  std::vector<StoredEntry> ledger;
  std::optional<StorageError> failure;  // of each opening
  int open = 0;                         // snapshots that exist now
  std::vector<std::size_t> read;        // the number of entries of each reading
};

class FakeSnapshot final : public LedgerSnapshot {
 public:
  explicit FakeSnapshot(FakeStore& store) : store_(store) {
    if (store_.failure) throw StorageError{*store_.failure};
    ++store_.open;
  }
  ~FakeSnapshot() override { --store_.open; }

  void read_entries(SemesterId, Seq first, Seq last, const EntrySink& sink) override {
    std::vector<StoredEntry> piece;
    for (const auto& stored : store_.ledger) {
      if (first <= stored.row.seq && stored.row.seq <= last) piece.push_back(stored);
    }
    store_.read.push_back(piece.size());
    if (!piece.empty()) sink(std::move(piece));
  }

  std::optional<std::vector<std::string>> check_file() override { return std::nullopt; }
  Epoch read_epoch() override { return 1; }
  int read_schema_version() override { return 1; }
  StoredLead read_lead() override { return {}; }
  StoreSurvey survey() override { return {}; }
  CatalogCounts count_catalog() override { return {}; }
  void read_ledger(SemesterId, Seq, Seq, Columns, const RowSink&) override {}
  std::optional<SemesterId> find_stray_ledger() override { return std::nullopt; }
  void read_grant(SemesterId, ProgramId, std::int32_t, const EntrySink&) override {}
  std::map<Seq, CommandNote> read_notes(SemesterId, Seq, Seq) override { return {}; }
  std::optional<ChainHeads> read_chain_heads() override { return std::nullopt; }
  RowSeal read_seal(SemesterId, Seq) override { return {}; }
  void read_registry(const RegistrySink&) override {}

 private:
  FakeStore& store_;
};

}  // namespace dti::testing_support
