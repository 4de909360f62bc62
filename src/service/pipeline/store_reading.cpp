#include "dti/service/pipeline/store_reading.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dti {
namespace {

LogEvent lost_entries(SemesterId semester, const std::string& what_follows) {
  return {LogLevel::kError,
          "store-lost-entries",
          "the store has fewer entries of semester " + std::to_string(semester) + " than " + what_follows,
          {}};
}

}  // namespace

KnownState StoreReading::begin(Allocator& allocator) {
  fault_.reset();
  has_other_history_ = false;
  if (read_all_next_) allocator = {};
  KnownState known{allocator.heads(), allocator.catalog().size(), allocator.catalog().last_change()};
  reads_all_ = known.heads.empty() && known.program_count == 0;
  return known;
}

std::optional<LogEvent> StoreReading::apply(const TakeOverPiece& piece, Allocator& allocator) {
  if (const auto* seen = std::get_if<HeadsSeen>(&piece)) {
    heads_seen_ = seen->heads;
    return {};
  }
  if (const auto* seen = std::get_if<HistorySeen>(&piece)) {
    has_other_history_ = !reads_all_ && seen->history != history_;
    if (has_other_history_) {
      fault_ =
          "the database has another history than before: a replica was promoted, or a backup was restored. If the "
          "replica was"
          " asynchronous, or the backup older, answered grants may be missing";
      const auto heads = allocator.heads();
      heads_before_ = std::map<SemesterId, Seq>{heads.begin(), heads.end()};
    } else {
      history_ = seen->history;
    }
    return {};
  }
  if (fault_) return {};
  if (const auto* programs = std::get_if<std::vector<CatalogProgram>>(&piece)) {
    if (!allocator.add_programs(*programs)) fault_ = "the stored catalogue does not continue the known one";
    return {};
  }
  if (const auto* changed = std::get_if<ProgramChanges>(&piece)) {
    if (changed->registry_end < allocator.catalog().last_change()) {
      fault_ = "the store has fewer changes of programs than were known here: it was set back";
    } else if (!allocator.change_programs(changed->changes)) {
      fault_ = "the stored changes of programs contradict the catalogue";
    }
    return {};
  }
  const auto& ledger = std::get<LedgerPiece>(piece);
  std::optional<LogEvent> lost;
  if (ledger.from_start) {
    lost = lost_entries(ledger.semester_id,
                        "were committed here: it was set back to an earlier state, and answered grants are gone");
    allocator.forget(ledger.semester_id);
  }
  for (const auto& row : ledger.rows) {
    if (const auto difference = allocator.replay(ledger.semester_id, row)) {
      fault_ = "semester \"" + ledger.semester_name + "\": " + to_string(*difference);
      break;
    }
  }
  return lost;
}

std::vector<LogEvent> StoreReading::succeed(const Allocator& allocator) {
  read_all_next_ = false;
  std::vector<LogEvent> lost;
  for (const auto& [semester, head] : std::exchange(heads_before_, {})) {
    if (allocator.head(semester) >= head) continue;
    lost.push_back(lost_entries(semester, "this server read before the history changed: answered grants may be gone"));
  }
  return lost;
}

std::uint64_t StoreReading::entries_behind(const Allocator& allocator) const {
  std::uint64_t behind = 0;
  for (const auto& seen : heads_seen_) {
    const auto missing = seen.head - allocator.head(seen.semester_id);
    if (missing > 0) behind += static_cast<std::uint64_t>(missing);
  }
  return behind;
}

}  // namespace dti
