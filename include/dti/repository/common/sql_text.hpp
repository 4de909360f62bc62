#pragma once

namespace dti {

/// Statements that are the same in both databases. A semester with what it was opened with, which its first entry says
/// (a later resize does not count), and the last entry that its ledger has.
inline constexpr char kSelectSemesters[] =
    "SELECT s.id, s.name, s.epoch, s.head, l.classrooms_capacity, l.labs_capacity, l.conversions_capacity,"
    " s.classrooms_left, s.labs_left, s.conversions_left, CASE WHEN s.is_open THEN 1 ELSE 0 END,"
    " (SELECT max(seq) FROM ledger WHERE semester_id = s.id)"
    " FROM semester s LEFT JOIN ledger l ON l.semester_id = s.id AND l.seq = 1 ";

/// The columns of an entry, in the order of LedgerEntry.
inline constexpr char kSelectEntries[] =
    "SELECT seq, kind, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,"
    " mobile_labs_granted, classrooms_capacity, labs_capacity, conversions_capacity FROM ledger ";

/// A semester's own row, and a row of the ledger with all that its kind may have: for who believes nothing of them.
inline constexpr char kSelectSemesterRows[] =
    "SELECT id, name, epoch, head, classrooms_capacity, labs_capacity, conversions_capacity, classrooms_left, "
    "labs_left,"
    " conversions_left, CASE WHEN is_open THEN 1 ELSE 0 END FROM semester ORDER BY id";
inline constexpr char kSelectLedgerRows[] =
    "SELECT seq, kind, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,"
    " mobile_labs_granted, classrooms_capacity, labs_capacity, conversions_capacity, status FROM ledger ";
inline constexpr char kSelectStrayLedger[] =
    "SELECT min(semester_id) FROM ledger WHERE semester_id NOT IN (SELECT id FROM semester)";

inline constexpr char kSelectPrograms[] =
    "SELECT p.id, f.id, f.name, f.key, p.name, p.key FROM program p JOIN faculty f ON f.id = p.faculty_id ";

}  // namespace dti
