"""Compares all replies of a crash run with the ledger, which it reads with SQL."""

from tests_py.harness.scenario import Model
from tests_py.harness.wire import HAS_ALREADY

ENTRIES = ("SELECT seq, kind, faculty, program, classrooms_wanted, labs_wanted, status, classrooms_granted, "
           "labs_granted, mobile_labs_granted, request_id, classrooms_capacity, labs_capacity, conversions_capacity "
           "FROM history WHERE semester = '{}' ORDER BY seq")
LEFT = "SELECT head, classrooms_left, labs_left, conversions_left FROM semester WHERE name = '{}'"


def check_semester(store, semester, pool, asked_by_id):
    """Faults of one semester, as (kind, sentence). Call it while no request is in progress.
    lost: answered and not stored, or otherwise; doubled: one program, two grants; torn: a message stored in part;
    foreign: stored and not asked; sums: gaps, the rule, or capacity less the grants is not what is left."""
    rows = store.rows(ENTRIES.format(semester))
    asked = {request_id: one for request_id, one in asked_by_id.items() if one.semester == semester}
    if not rows:
        told = [one for one in asked.values() if one.first is not None]
        return [("lost", f"{semester} is not in the store, and {len(told)} requests were answered")] if told else []
    faults, granted = _read(rows, semester, pool, asked)
    faults += _check_sums(store, semester, rows, pool)
    for request_id, one in asked.items():
        faults += _check_request(request_id, one, granted)
    return faults


def _read(rows, semester, pool, asked):
    faults = []
    granted = {}  # (faculty, program) -> (wanted classrooms, wanted labs), (status, classrooms, labs, mobile labs)
    if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
        faults.append(("sums", f"{semester}: seq is not 1 to {len(rows)}"))
    if rows[0][1] != "semester-opened" or rows[0][11:] != pool:
        faults.append(("sums", f"{semester} was opened with {pool}, and the ledger begins with {rows[0]}"))
    for row in rows[1:]:
        kind, faculty, program = row[1:4]
        if kind != "granted":
            faults.append(("foreign", f"{semester}: {row}"))
        if (faculty, program) in granted:
            faults.append(("doubled", f"{semester}: two grants for {program} of {faculty}"))
        granted[faculty, program] = row[4:6], row[6:10]
        one = asked.get(row[10])
        if one is None or one.faculty != faculty or (program, *row[4:6]) not in one.programs:
            faults.append(("foreign", f"{semester}: no request asks for {row}"))
    return faults, granted


def _check_sums(store, semester, rows, pool):
    """Replays the rule in the order of the ledger."""
    model = Model(*pool)
    for row in rows[1:]:
        if row[1] == "granted" and model.grant(*row[4:6]) != tuple(row[6:10]):
            return [("sums", f"{semester}: by the rule {row} is another grant")]
    expected = (len(rows), model.classrooms, model.labs, model.conversions)
    [found] = store.rows(LEFT.format(semester))
    if found != expected:
        return [("sums", f"{semester}: head and what is left are {found}, and by the ledger {expected}")]
    return []


def _check_request(request_id, one, granted):
    entries = [granted.get((one.faculty, name)) for name, _, _ in one.programs]
    if one.first is None:
        if one.is_whole and None in entries and set(entries) != {None}:
            return [("torn", f"{request_id} is stored in part: {entries}")]
        return []
    for (name, *wanted), entry, answer in zip(one.programs, entries, one.answers):
        if name == "nobody's":
            expected = ("INVALID-PROGRAM", 0, 0, 0)
        elif entry is None:
            return [("lost", f"{request_id} got {answer} for {name}, which has no grant in the ledger")]
        else:
            status = entry[1][0] if tuple(wanted) == tuple(entry[0]) else HAS_ALREADY
            expected = (status, *entry[1][1:])
        if answer != expected:
            return [("lost", f"{request_id} got {answer} for {name}, and by the ledger it is {expected}")]
    return []
