#include "service/allocation/office_entries.hpp"

#include <algorithm>
#include <string>

#include "dti/base/overloaded.hpp"

namespace dti {

Seq last_entry_of(const OfficeCommand& command, const OfficeSubject& subject) {
  const auto& totals = subject.totals;
  if (std::holds_alternative<ResizeSemester>(command.change)) return totals.capacity_at;
  if (std::holds_alternative<SetQuota>(command.change)) return subject.quotas.set_at(subject.faculty);
  if (std::holds_alternative<OpenRound>(command.change) || std::holds_alternative<RunRound>(command.change)) {
    return totals.round_at;
  }
  return std::holds_alternative<SetWaitList>(command.change) ? totals.setting_at : totals.opened_at;
}

std::vector<EntriesToRead> entries_to_read(const OfficeCommand& command, const OfficeSubject& subject) {
  std::vector<EntriesToRead> wanted = {{.semester_id = subject.semester_id,
                                        .program = subject.program,
                                        .generation = subject.state.generation,
                                        .seq = last_entry_of(command, subject),
                                        .store_id = std::holds_alternative<RunRound>(command.change)}};
  const auto* const close = std::get_if<CloseSemester>(&command.change);
  if (close == nullptr || close->holds == OpenHoldsAtClose::kRefuse) return wanted;
  for (const auto& [program, faculty, state] : subject.holds) {
    wanted.push_back({.semester_id = subject.semester_id, .program = program, .generation = state.generation});
  }
  return wanted;
}

const StoredEntry* find_written(const OfficeCommand& command, const std::vector<StoredEntry>& entries) {
  const auto is_top_up = [](const StoredEntry& entry) { return is_topped_up(entry.row); };
  const auto last = std::find_if_not(entries.rbegin(), entries.rend(), is_top_up);
  return last == entries.rend() || last->command_id != command.id ? nullptr : &*last;
}

bool could_have_written(const OfficeCommand& command, const StoredEntry& stored) {
  const auto entry = entry_of(stored.row);
  return std::visit(
      Overloaded{
          [&](const ReleaseGrant&) { return entry.kind == EntryKind::kReleased && entry.cause == Cause::kReleased; },
          [&](const AmendGrant& change) {
            return entry.kind == EntryKind::kGranted && entry.cause == Cause::kAmended && entry.want == change.want;
          },
          [&](const ResizeSemester& change) { return entry.capacity == change.capacity; },
          [&](const CloseSemester&) { return entry.kind == EntryKind::kSemesterClosed; },
          [&](const ReopenSemester&) { return entry.kind == EntryKind::kSemesterReopened; },
          [&](const SetWaitList& change) {
            return entry.kind == EntryKind::kSetting && entry.setting == setting_of(change);
          },
          [&](const LeaveWaitList&) { return entry.kind == EntryKind::kWaitingLeft; },
          [&](const ConfirmHold& change) {
            if (entry.kind == EntryKind::kConfirmed) return true;
            return entry.kind == EntryKind::kGranted && entry.cause == Cause::kConfirmedInPart &&
                   change.part == entry.want;
          },
          [&](const ExtendHold&) { return entry.kind == EntryKind::kHoldExtended; },
          [&](const CancelHold&) { return entry.kind == EntryKind::kReleased && entry.cause == Cause::kCancelled; },
          [&](const SetQuota& change) { return entry.kind == EntryKind::kQuotaSet && entry.quota == change.quota; },
          [&](const OpenRound& change) { return stored.row.terms == "hash=" + change.commitment; },
          [&](const RunRound& change) {
            const auto terms = parse_round_terms(stored.row.terms.value_or(""));
            return terms && hex_text(Seal{terms->secret.bytes}) == change.secret;
          },
      },
      command.change);
}

std::optional<Status> end_of_hold(const std::vector<StoredEntry>& entries) {
  if (entries.empty()) return std::nullopt;
  const auto last = entry_of(entries.back().row);
  if (last.kind == EntryKind::kReleased) {
    if (last.cause == Cause::kCancelled) return Status::kHoldCancelled;
    return last.cause == Cause::kExpired ? std::optional{Status::kHoldExpired} : std::nullopt;
  }
  const bool is_confirmed = std::any_of(entries.begin(), entries.end(), [](const StoredEntry& stored) {
    const auto entry = entry_of(stored.row);
    return entry.kind == EntryKind::kConfirmed ||
           (entry.kind == EntryKind::kGranted && entry.cause == Cause::kConfirmedInPart);
  });
  return is_confirmed ? std::optional{Status::kHoldConfirmed} : std::nullopt;
}

void check_entries(const OfficeSubject& subject, Seq seq, const std::vector<StoredEntry>& entries) {
  const auto is_about_newest_grant = [&](const StoredEntry& entry) {
    return entry.row.generation == std::int64_t{subject.state.generation} &&
           (entry.row.kind == stored_code(EntryKind::kGranted) || entry.row.kind == stored_code(EntryKind::kReleased));
  };
  const auto is_wanted = [&](const StoredEntry& entry) {
    return subject.program == 0 ? entry.row.seq == seq : is_about_newest_grant(entry);
  };
  const auto found = std::count_if(entries.begin(), entries.end(), is_wanted);
  const auto expected = subject.program == 0            ? (seq > 0 ? 1 : 0)
                        : subject.state.generation == 0 ? 0
                        : subject.state.held            ? 1
                                                        : 2;
  if (found == expected) return;
  throw StorageError{StorageError::Kind::kInvariant,
                     "semester \"" + subject.semester + "\": the store has " + std::to_string(found) +
                         " entries about what a command changes, and the state has " + std::to_string(expected)};
}

EntryDraft::Base base_of(const OfficeSubject& subject) {
  return {.semester_id = subject.semester_id,
          .totals = subject.totals,
          .quotas = subject.quotas,
          .waiting = subject.waiting,
          .program_count = subject.program_count,
          .faculty_count = subject.faculty_count,
          .at = subject.at};
}

}  // namespace dti
