#include <map>
#include <string>
#include <utility>

#include "dti/service/allocation/office.hpp"
#include "service/allocation/own_commands.hpp"

namespace dti {

void set_time(Change& change, WallTime at) {
  change.at = at;
  for (auto& entry : change.entries) {
    entry.at = at.time_since_epoch().count();
    if (rests_on_time(entry.row)) entry.row.at = entry.at;
  }
}

Change change_of(SemesterId semester, const std::vector<TopUp>& top_ups, const Allocator& allocator) {
  const auto totals = allocator.totals(semester);
  Change change{.semester_id = semester,
                .base = totals.head,
                .capacity = totals.capacity,
                .left = totals.left,
                .entries = {},
                .note = {{}, "server", "wait list"},
                .registered = {}};
  const auto command_id = own_command_id(kSettlePrefix, semester, totals.head);
  std::map<ProgramId, std::int32_t> generations;  // of the grants that the earlier ones replace
  const auto add = [&](LedgerEntry entry) {
    entry.seq = totals.head + static_cast<Seq>(change.entries.size()) + 1;
    entry.cause = Cause::kToppedUp;
    StoredEntry stored{row_of(entry), 0, std::nullopt};
    stored.command_id = command_id;
    stored.row.command = id_hash(command_id);
    change.entries.push_back(std::move(stored));
  };
  for (const auto& [place, before, grant] : top_ups) {
    LedgerEntry entry;
    entry.kind = EntryKind::kReleased;
    entry.program_id = place.program;
    const auto found = generations.find(place.program);
    entry.generation =
        found == generations.end() ? allocator.program(semester, place.program).generation : found->second;
    entry.want = before.want;
    entry.grant = before.grant;
    add(entry);
    entry.kind = EntryKind::kGranted;
    generations[place.program] = ++entry.generation;
    entry.grant = grant;
    entry.waits_since = place.since;
    entry.expires_at = allocator.program(semester, place.program).expires_at;
    add(entry);
    entry.expires_at = 0;
    change.left = charge(give_back(change.left, before.grant), grant);
  }
  return change;
}

}  // namespace dti
