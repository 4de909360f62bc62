"""The reports of sql/reports run on both databases as they are, and say the same on both."""

import re
import sqlite3

import pytest

from tests_py.harness.process import ROOT, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import Client, grant, request

REPORTS = sorted(path.stem for path in (ROOT / "sql/reports").glob("*.sql"))
PARTIAL = "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

EXPECTED = {  # instants as "at"
    "alerts": [("2026-S", "Artes", "Teatro", 1, 0, 3, 1, 2, 0, 1, "at"),
               (SEMESTER, "Derecho", "Derecho Penal", 627, 0, 1000, 1, 373, 1, 0, "at")],
    "changes_by_the_office": [],
    "entries_by_kind": [(SEMESTER, "granted", 2), (SEMESTER, "semester-opened", 1),
                        ("2026-S", "granted", 1), ("2026-S", "semester-opened", 1)],
    "grants_in_order_of_time": [
        ("at", SEMESTER, 2, "Derecho", "Derecho Civil", 7, 2, 7, 2, 0, "OK", "r1", "asked", None),
        ("at", SEMESTER, 3, "Derecho", "Derecho Penal", 1000, 1, 373, 1, 0, PARTIAL, "r1", "asked", None),
        ("at", "2026-S", 2, "Artes", "Teatro", 3, 1, 2, 0, 1, PARTIAL, None, "asked", None)],
    "programs_with_a_grant": [
        (SEMESTER, "Derecho", "Derecho Civil", 7, 2, 0, "OK"),
        (SEMESTER, "Derecho", "Derecho Penal", 373, 1, 0, PARTIAL),
        ("2026-S", "Artes", "Teatro", 2, 0, 1, PARTIAL)],
    "totals": [(SEMESTER, "open", 380, 60, 380, 380, 3, 0, 0, 57, 0, "ok"),
               ("2026-S", "open", 3, 0, 3, 2, 0, 1, 0, 0, 0, "ok")],
}


@pytest.fixture
def filled(store, tmp_path):
    """Two semesters, three grants, two of them partial."""
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        programs = ("Derecho Civil", 7, 2), ("Derecho Penal", 1000, 1)
        grant(client, request(SEMESTER, "Derecho", *programs, request_id="r1"))
    with running(tmp_path, store.flag, "--semester=2026-S", "--classrooms=3", "--labs=0") as dti:
        with Client(dti.endpoint) as client:
            grant(client, request("2026-S", "Artes", ("Teatro", 3, 1), ("nobody", 1, 1)))
    return store


def test_every_report_says_what_was_granted(filled):
    assert set(REPORTS) == set(EXPECTED)
    for name in REPORTS:
        rows = [tuple("at" if INSTANT.fullmatch(str(value)) else value for value in row)
                for row in filled.report(name)]
        assert sorted(rows, key=str) == sorted(EXPECTED[name], key=str), name


def test_grants_are_reported_in_the_order_in_which_they_took_effect(filled):
    rows = filled.report("grants_in_order_of_time")
    assert [row[1:3] for row in rows] == [(SEMESTER, 2), (SEMESTER, 3), ("2026-S", 2)]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_the_ledger_refuses_to_be_changed(filled):
    for statement in ("UPDATE ledger SET at = at", "DELETE FROM ledger", "DELETE FROM program"):
        with pytest.raises((sqlite3.Error, AssertionError), match="only added to"):
            if filled.kind == "sqlite":
                connection = sqlite3.connect(filled.path)
                try:
                    connection.execute(statement)
                finally:
                    connection.close()
            else:
                filled.rows(statement)
    filled.check_conserved()
