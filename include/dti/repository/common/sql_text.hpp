#pragma once

namespace dti {

// Statements that are the same in both databases.

/// The columns of StoredSemester, of all semesters in order of id. `opened_with` is what the first entry says: a later
/// resize does not count.
inline constexpr char kSelectSemesters[] =
    "SELECT s.id, s.name, s.epoch, s.head, s.classrooms_capacity, s.labs_capacity, s.conversions_capacity,"
    " s.classrooms_left, s.labs_left, s.conversions_left, CASE WHEN s.is_open THEN 1 ELSE 0 END,"
    " l.classrooms_capacity, l.labs_capacity, l.conversions_capacity,"
    " (SELECT max(seq) FROM ledger WHERE semester_id = s.id)"
    " FROM semester s LEFT JOIN ledger l ON l.semester_id = s.id AND l.seq = 1 ORDER BY s.id";

/// The columns of LedgerRow that a plain grant needs for the state, together with the cause: most rows are plain grants.
inline constexpr char kGrantColumns[] =
    "seq, kind, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,"
    " mobile_labs_granted";
/// The others of LedgerRow up to the status, and those from the cause on. Only a release needs the request-id.
inline constexpr char kOtherColumns[] = ", classrooms_capacity, labs_capacity, conversions_capacity, status";
inline constexpr char kCommandColumns[] = ", cause, CASE kind WHEN 1 THEN request_id END, command_id";
inline constexpr char kWaitListColumns[] = ", waits_since, setting";
/// The kinds of the entries about one grant: granted, waiting-left, confirmed, hold-extended and released. An index finds
/// each.
inline constexpr const char* kKindsOfGrant[] = {"0", "7", "8", "9", "1"};
/// Of these, the kinds about a hold: its grant can be topped up before and afterwards.
inline constexpr const char* kKindsOfHold[] = {"8", "9"};
inline constexpr char kSelectStrayLedger[] =
    "SELECT min(semester_id) FROM ledger WHERE semester_id NOT IN (SELECT id FROM semester)";

/// The version of the schema from which on a store has seals and a registry.
inline constexpr int kSealsVersion = 3;
/// The version of the schema from which on a store has commands and notes.
inline constexpr int kOfficeVersion = 4;
/// The version of the schema from which on a store has wait lists.
inline constexpr int kWaitListVersion = 5;
/// The version of the schema from which on the registry has commands.
inline constexpr int kCatalogVersion = 6;
/// The version of the schema from which on a store has holds and quotas.
inline constexpr int kHoldsVersion = 7;
/// The version of the schema from which on a store has rounds.
inline constexpr int kRoundsVersion = 8;

/// For CatalogPlaces: a faculty, the last entry about it, and the one that added it.
inline constexpr char kSelectCatalogPlaces[] =
    "SELECT faculty_id, max(seq), max(CASE kind WHEN 1 THEN seq ELSE 0 END) FROM registry"
    " WHERE faculty_id IS NOT NULL GROUP BY faculty_id";

/// The entries that rename or retire programs, after one whose seq follows.
inline constexpr char kSelectProgramChanges[] =
    "SELECT seq, kind, program_id, faculty_id, name, key FROM registry WHERE kind IN (7, 8) AND seq > ";

/// The last entry of a change, and that of the change before it; the command-id follows. The last entry of each change has a
/// seal.
inline constexpr char kSelectRegistryRange[] =
    "SELECT seq, (SELECT coalesce(max(before.seq), 0) FROM registry before"
    " WHERE before.seq < registry.seq AND before.seal IS NOT NULL) FROM registry WHERE command_id = ";

/// The highest ids of faculties, programs and semesters that the registry has.
inline constexpr char kSelectRegistered[] =
    "SELECT coalesce((SELECT max(faculty_id) FROM registry WHERE kind = 1), 0),"
    " coalesce((SELECT max(program_id) FROM registry WHERE kind = 2), 0),"
    " coalesce((SELECT max(semester_id) FROM registry WHERE kind = 3), 0),"
    " coalesce((SELECT max(seq) FROM registry), 0)";

inline constexpr char kSelectPrograms[] =
    "SELECT p.id, f.id, f.name, f.key, p.name, p.key FROM program p JOIN faculty f ON f.id = p.faculty_id ";

}  // namespace dti
