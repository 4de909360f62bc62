#include "dti/repository/file/ledger_file.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "repository/file/file_index.hpp"
#include "repository/file/line_reader.hpp"

namespace dti {
namespace {

constexpr std::size_t kRegistryPieceEntries = 10'000;

/// Reads lines of one type from a place on, up to the first line of another type.
template <class Line>
class LinesOf {
 public:
  LinesOf(const ReadBytes& read, const LineMark& from)
      : lines_(read, kLineBytesMax, from.offset), line_(from.line - 1) {}

  /// Skips a line without reading what it has.
  void skip() { advance(); }

  /// @return null at the end
  [[nodiscard]] Line* next() {
    if (!advance()) return nullptr;
    parsed_ = parser_.parse(lines_.line());
    if (const auto* const fault = std::get_if<LineFault>(&parsed_)) {
      throw StorageError{StorageError::Kind::kCorrupt, "line " + std::to_string(line_) + " " + fault->reason +
                                                           ": the file was changed while it was read"};
    }
    return std::get_if<Line>(&std::get<LedgerLine>(parsed_));
  }

 private:
  bool advance() {
    ++line_;
    return lines_.next();
  }

  LineReader lines_;
  LineParser parser_;
  std::variant<LedgerLine, LineFault> parsed_;
  std::size_t line_;
};

}  // namespace

LedgerFile::LedgerFile(ReadBytes read, const std::function<void(const VerifyProgress&)>& progress)
    : read_(std::move(read)), index_(std::make_unique<LedgerFileIndex>(index_of_file(read_, progress))) {}

LedgerFile::~LedgerFile() = default;

const std::optional<LedgerFileFaults>& LedgerFile::faults() const { return index_->faults; }

const std::optional<LedgerFileFault>& LedgerFile::hash_fault() const { return index_->hash_fault; }

const LedgerFileHeader& LedgerFile::header() const { return index_->header; }

const LedgerFileCounts& LedgerFile::counts() const { return index_->counts; }

std::size_t LedgerFile::line_of(SemesterId semester, Seq seq) const {
  const auto* const found = index_->find(semester);
  if (found == nullptr) return 1;
  if (seq < 1 || seq > found->last_entry) return found->at.line;
  return found->first_line + static_cast<std::size_t>(seq - 1);
}

StoreSurvey LedgerFile::survey() {
  StoreSurvey survey{{}, index_->programs, {}};
  for (const auto& semester : index_->semesters) survey.semesters.push_back(semester.semester);
  read_registry([&](const std::vector<RegistryEntry>& entries) {
    for (const auto& entry : entries) {
      if (auto change = program_change_of(entry)) survey.changes.push_back(*std::move(change));
    }
  });
  return survey;
}

void LedgerFile::read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  const auto* const found = index_->find(semester);
  if (found == nullptr) return;
  first = std::max<Seq>(first, 1);
  last = std::min(last, found->last_entry);
  if (first > last) return;
  const auto mark = (first - 1) / kEntriesPerMark;
  LinesOf<EntryLine> lines{read_, found->entries[static_cast<std::size_t>(mark)]};
  for (Seq seq = mark * kEntriesPerMark + 1; seq < first; ++seq) lines.skip();
  std::vector<StoredEntry> piece;
  for (Seq seq = first; seq <= last; ++seq) {
    auto* const line = lines.next();
    if (line == nullptr || line->semester != semester || line->entry.row.seq != seq) {
      throw StorageError{StorageError::Kind::kCorrupt, "the file was changed while it was read"};
    }
    piece.push_back(std::move(line->entry));
    if (std::cmp_equal(piece.size(), kLedgerPieceEntries)) sink(std::exchange(piece, {}));
  }
  if (!piece.empty()) sink(std::move(piece));
}

void LedgerFile::read_ledger(SemesterId semester, Seq first, Seq last, Columns, const RowSink& sink) {
  bool goes_on = true;
  read_entries(semester, first, last, [&](const std::vector<StoredEntry>& entries) {
    std::vector<LedgerRow> rows;
    for (const auto& entry : entries) rows.push_back(entry.row);
    goes_on = goes_on && sink(std::move(rows));
  });
}

void LedgerFile::read_grant(SemesterId semester, ProgramId program, std::int32_t generation, const EntrySink& sink) {
  std::vector<StoredEntry> found;
  read_entries(semester, 1, index_->counts.entries, [&](const std::vector<StoredEntry>& entries) {
    std::copy_if(entries.begin(), entries.end(), std::back_inserter(found),
                 [&](const StoredEntry& entry) { return entry.row.program_id == StoredNumber{program}; });
  });
  found = entries_of_grant(std::move(found), program, generation);
  if (!found.empty()) sink(std::move(found));
}

Epoch LedgerFile::read_epoch() {
  Epoch epoch = 0;
  for (const auto& semester : index_->semesters) epoch = std::max(epoch, semester.semester.epoch);
  return epoch;
}

int LedgerFile::read_schema_version() { return static_cast<int>(index_->header.schema); }

StoredLead LedgerFile::read_lead() {
  return {.epoch = read_epoch(),
          .holder = "a ledger file",
          .taken_at = {},
          .is_held = false,
          .endpoint = {},
          .lease_until = {}};
}

CatalogCounts LedgerFile::count_catalog() {
  return {static_cast<std::size_t>(index_->counts.faculties), static_cast<std::size_t>(index_->counts.programs)};
}

std::map<Seq, CommandNote> LedgerFile::read_notes(SemesterId semester, Seq first, Seq last) {
  std::map<Seq, CommandNote> notes;
  const auto* const found = index_->find_notes(semester);
  if (found == nullptr || found->marks.empty()) return notes;
  const auto& marks = found->marks;
  const auto after =
      std::upper_bound(marks.begin(), marks.end(), first, [](Seq seq, const NoteMark& mark) { return seq < mark.seq; });
  LinesOf<NoteLine> lines{read_, (after == marks.begin() ? after : std::prev(after))->at};
  while (auto* const line = lines.next()) {
    if (line->semester != semester || line->seq > last) break;
    if (line->seq >= first) notes.emplace_hint(notes.end(), line->seq, std::move(line->note));
  }
  return notes;
}

std::optional<ChainHeads> LedgerFile::read_chain_heads() {
  return index_->header.store == StoreId{} ? std::nullopt : std::optional{index_->heads};
}

RowSeal LedgerFile::read_seal(SemesterId chain, Seq seq) {
  RowSeal found;
  if (chain == kRegistryId) {
    read_registry([&](const std::vector<RegistryEntry>& entries) {
      for (const auto& entry : entries) {
        if (entry.seq == seq) found = {true, entry.seal};
      }
    });
  } else {
    read_entries(chain, seq, seq, [&](const std::vector<StoredEntry>& entries) {
      found = {true, entries.front().seal};
    });
  }
  return found;
}

void LedgerFile::read_registry(const RegistrySink& sink) {
  if (!index_->registry) return;
  LinesOf<RegistryEntry> lines{read_, *index_->registry};
  std::vector<RegistryEntry> piece;
  while (auto* const entry = lines.next()) {
    piece.push_back(std::move(*entry));
    if (piece.size() == kRegistryPieceEntries) sink(std::exchange(piece, {}));
  }
  if (!piece.empty()) sink(std::move(piece));
}

}  // namespace dti
