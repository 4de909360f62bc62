#pragma once

#include <optional>
#include <vector>

#include "dti/service/allocation/office.hpp"
#include "service/allocation/entry_draft.hpp"

namespace dti {

/// The last entry of what a command changes, if that is no program's grant; 0: there is none.
[[nodiscard]] Seq last_entry_of(const OfficeCommand& command, const OfficeSubject& subject);

/// @param seq  that of last_entry_of()
/// @throws StorageError  kInvariant, if the entries are not those of the grant that the state has
void check_entries(const OfficeSubject& subject, Seq seq, const std::vector<StoredEntry>& entries);

/// Tells whether an entry is the one that a command like this writes last.
[[nodiscard]] bool could_have_written(const OfficeCommand& command, const StoredEntry& stored);

[[nodiscard]] inline SemesterSetting setting_of(const SetWaitList& change) {
  return change.is_on ? SemesterSetting::kWaitListOn : SemesterSetting::kWaitListOff;
}

/// What an earlier command, or the time, has made of a hold that is no longer open.
/// @param entries  about the program's newest grant
/// @return none: it was no hold, or it was released as a grant
[[nodiscard]] std::optional<Status> end_of_hold(const std::vector<StoredEntry>& entries);

/// What the entries of a decision about a subject follow.
[[nodiscard]] EntryDraft::Base base_of(const OfficeSubject& subject);

}  // namespace dti
