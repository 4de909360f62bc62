#include "service/allocation/entry_draft.hpp"

#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {
namespace {

void follow(Allocator::ProgramState& state, const LedgerEntry& entry, const LedgerTotals& totals) {
  switch (entry.kind) {
    case EntryKind::kGranted:
      state = {HeldGrant{entry.want, entry.grant}, entry.generation, totals.waits_since, entry.expires_at};
      return;
    case EntryKind::kReleased:
      state.held.reset();
      state.expires_at = 0;
      return;
    case EntryKind::kWaitingLeft: state.waits_since = 0; return;
    case EntryKind::kConfirmed: state.expires_at = 0; return;
    case EntryKind::kHoldExtended: state.expires_at = entry.expires_at; return;
    default: return;  // of the semester
  }
}

}  // namespace

void EntryDraft::add(LedgerEntry entry, FacultyId faculty, Allocator::ProgramState& state, Texts texts) {
  entry.seq = totals_.head + 1;
  StoredEntry stored{row_of(entry), microseconds_of(base_.at), std::move(texts.request_id)};
  if (stored.request_id) stored.row.request = id_hash(*stored.request_id);
  if (!texts.command_id.empty()) {
    stored.row.command = id_hash(texts.command_id);
    stored.command_id = std::move(texts.command_id);
  }
  stored.row.terms = std::move(texts.terms);
  if (rests_on_time(stored.row)) stored.row.at = stored.at;
  const RowContext context{.program_count = base_.program_count,
                           .faculty_count = base_.faculty_count,
                           .faculty = faculty,
                           .held = state.held,
                           .generation = state.generation,
                           .waits_since = state.waits_since,
                           .waiting = base_.waiting,
                           .quotas = &quotas_,
                           .round = round_ ? &*round_ : nullptr,
                           .expires_at = state.expires_at};
  const auto fault = replay(totals_, stored.row, context);
  DTI_CHECK(!fault);
  keep_round(round_, totals_, stored.row, context);
  keep_quotas(quotas_, stored.row, context);
  follow(state, entry, totals_);
  entries_.push_back(std::move(stored));
}

void EntryDraft::add(LedgerEntry entry, Texts texts) {
  Allocator::ProgramState none;
  add(std::move(entry), 0, none, std::move(texts));
}

Change EntryDraft::finish(CommandNote note) && {
  return {.semester_id = base_.semester_id,
          .base = base_.totals.head,
          .capacity = totals_.capacity,
          .left = totals_.left,
          .is_open = totals_.is_open,
          .entries = std::move(entries_),
          .note = std::move(note),
          .registered = {},
          .at = base_.at};
}

LedgerEntry about_grant(EntryKind kind, ProgramId program, std::int32_t generation) {
  LedgerEntry entry;
  entry.kind = kind;
  entry.program_id = program;
  entry.generation = generation;
  return entry;
}

LedgerEntry release_of(ProgramId program, const Allocator::ProgramState& state, Cause cause) {
  auto entry = about_grant(EntryKind::kReleased, program, state.generation);
  entry.cause = cause;
  entry.want = state.held->want;
  entry.grant = state.held->grant;
  return entry;
}

}  // namespace dti
