#include "dti/repository/common/chain_beginning.hpp"

#include <algorithm>
#include <string>

namespace dti {
namespace {

[[noreturn]] void throw_corrupt(const std::string& semester, const std::string& what) {
  throw StorageError{StorageError::Kind::kCorrupt, "semester \"" + semester + "\": " + what};
}

}  // namespace

ChainBeginning::ChainBeginning(const std::vector<StoredSemester>& semesters) : store_(make_store_id()) {
  for (const auto& semester : semesters) {
    semesters_.push_back({semester.id, semester.name, semester.head, Sealing{store_, semester.id, {}}});
  }
}

std::optional<UnsealedPart> ChainBeginning::next() const {
  for (const auto& [id, name, head, sealing, read] : semesters_) {
    if (read < head) return UnsealedPart{id, name, read + 1, std::min(head, read + kLedgerPieceEntries)};
  }
  return std::nullopt;
}

void ChainBeginning::add(const UnsealedPart& part, const std::vector<StoredEntry>& entries) {
  const auto found = std::find_if(semesters_.begin(), semesters_.end(),
                                  [&](const FirstSeal& first) { return first.semester == part.semester; });
  auto& [id, name, head, sealing, read] = *found;
  for (const auto& entry : entries) {
    if (entry.row.seq != read + 1) break;
    const auto text = "entry " + std::to_string(entry.row.seq);
    if (entry.seal) throw_corrupt(name, text + " has a seal, and the store id is missing");
    if (!sealing.add(entry)) {
      throw_corrupt(name, text + " has a number that no column may have");
    }
    read = entry.row.seq;
  }
  if (read != part.last) throw_corrupt(name, "entry " + std::to_string(read + 1) + " is missing");
}

FirstChains ChainBeginning::finish() {
  FirstChains first{{store_, {}}, {}};
  for (auto& [id, name, head, sealing, read] : semesters_) {
    const SealedHead end{head, sealing.finish()};
    first.heads.ends[id] = end;
    first.seals.push_back(ledger_sealed(id, name, end));
  }
  return first;
}

std::vector<LogEvent> entries_sealed(const std::vector<RegistryEntry>& first_seals) {
  std::vector<LogEvent> events;
  for (const auto& entry : first_seals) {
    events.push_back({LogLevel::kInfo,
                      "entries-sealed",
                      "entries of a version without seals have one now",
                      {{"semester", entry.name}, {"first", "1"}, {"last", std::to_string(*entry.head)}}});
  }
  return events;
}

}  // namespace dti
