#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dti/domain/office_command.hpp"
#include "dti/service/allocation/allocator.hpp"
#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

/// A hold that is neither confirmed nor released.
struct OpenHold {
  ProgramId program = 0;
  FacultyId faculty = 0;  // of the program
  Allocator::ProgramState state;
};

/// The semester and the program that a command changes, as the committed state has them.
struct OfficeSubject {
  SemesterId semester_id = 0;
  std::string semester;
  LedgerTotals totals;    // of the semester; of a closed one, from its row
  ProgramId program = 0;  // 0: the command changes the semester
  Allocator::ProgramState state = {};
  FacultyId faculty = 0;              // of the program, or whose quota is changed
  std::string faculty_name = {};      // if its quota is changed: as the catalogue spells it
  std::size_t faculty_count = 0;      // of the catalogue
  bool is_retired = false;            // the program is
  std::size_t program_count = 0;      // of the catalogue
  Quotas quotas = {};                 // of the semester
  const WaitList* waiting = nullptr;  // of the semester; null: it has none. Valid as long as the state does not change
  // Of SetWaitList: if the list is on, or were turned on. It looks at every program.
  std::function<WaitListSize()> wait_list_size = {};
  // Of RunRound: the id of the store, as hexadecimal digits, and the state and the faculty of each program of the catalogue.
  std::string store = {};
  std::function<FacultyId(ProgramId)> faculty_of = {};
  std::function<Allocator::ProgramState(ProgramId)> program_state = {};
  // Of CloseSemester: the open holds, in the order in which they expire.
  std::vector<OpenHold> holds = {};
  WallTime at = {};                             // the ledger's time of the decision
  std::function<bool(ProgramId)> retires = {};  // whether a program of the catalogue is retired; none: no program is
  // Of SetWaitList: a retired program that would wait; none if there is none.
  std::function<std::optional<ProgramName>()> find_retired_waiting = {};
};

/// The error for a command that no state can accept: a text or a number is out of range, or `expects` is missing. None if
/// there is none. It depends on no state.
[[nodiscard]] std::optional<RequestError> fault_of(const OfficeCommand& command);

/// Finds the subject of a command.
/// @param semesters  of the store, open and closed; the numbers of a closed one are those of its row
/// @return the error if the catalogue or the store does not have it
[[nodiscard]] std::variant<OfficeSubject, RequestError> find_subject(const OfficeCommand& command,
                                                                     const Allocator& allocator,
                                                                     const std::vector<StoredSemester>& semesters);

/// The entries of the store on which the decision about a subject rests.
struct EntriesToRead {
  SemesterId semester_id = 0;
  // As LedgerReader::read_grant() passes them: all about its newest grant, and, if that was topped up, those about the one
  // whose request-id it keeps.
  ProgramId program = 0;
  std::int32_t generation = 0;  // of that grant; 0: there is none, so nothing is to be read
  Seq seq = 0;                  // without a program: this entry; 0: there is none
  bool store_id = false;        // the id of the store, too
};
/// The first ones are those about the subject; behind them, those about each hold that the command ends.
[[nodiscard]] std::vector<EntriesToRead> entries_to_read(const OfficeCommand& command, const OfficeSubject& subject);

/// The entry that an earlier copy of a command has written. The server may have added top-ups behind it.
/// @param entries  those about the subject, as the store has them
/// @return null: none has, or another command came after it
[[nodiscard]] const StoredEntry* find_written(const OfficeCommand& command, const std::vector<StoredEntry>& entries);

/// The change by which programs are topped up. It has no epoch and no time yet.
/// @param top_ups  the next ones of the semester, at least one
[[nodiscard]] Change change_of(SemesterId semester, const std::vector<TopUp>& top_ups, const Allocator& allocator);

/// Gives a change and its entries a time of the ledger.
void set_time(Change& change, WallTime at);

/// A change that is to be made, and the outcome once it is made. The change has no epoch and no time yet.
struct OfficePlan {
  Change change;
  OfficeOutcome outcome;
};

/// Decides a command. It changes nothing: the state changes when the entries of the plan are replayed.
/// @param entries  those of entries_to_read(), as the store has them
/// @return the outcome if nothing is to be written: an error, a repeat, a dry run, or nothing that changes
/// @throws StorageError  kInvariant: the entries contradict the state
/// Source: docs/adr/0027-the-office.md
[[nodiscard]] std::variant<OfficePlan, OfficeOutcome> decide(const OfficeCommand& command, const OfficeSubject& subject,
                                                             const std::vector<StoredEntry>& entries);
/// The same of a round.
/// @param subject  with the store and the states of the programs
/// @param opened   the entry that opened the last round, if one is open
/// @param facts    that are true now
/// @throws StorageError  kInvariant: the entry has no seal
/// Source: docs/adr/0033-rounds.md
[[nodiscard]] std::variant<OfficePlan, OfficeOutcome> decide(const OfficeCommand& command, const RunRound& round,
                                                             const OfficeSubject& subject, const StoredEntry& opened,
                                                             const OfficeOutcome& facts);

/// What an earlier copy of the command has decided. @param written  the entry of the round
[[nodiscard]] RoundFacts facts_of(const RunRound& round, const StoredEntry& written);

}  // namespace dti
