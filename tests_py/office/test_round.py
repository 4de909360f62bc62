"""dtictl round plan: what a round would give, beside first come."""

import hashlib
import json
import time

from tests_py.harness.catalogs import write_catalog, write_pairs
from tests_py.harness.process import run, running
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import HAS_ALREADY, Client, grant, request
from tests_py.office.plans import grant_of, make_store, write_requests

NEEDED = ("faculty", "program", "classrooms", "labs")


def round_plan(folder, *flags):
    """The rows of the plan, and the words beside it."""
    status, stdout, stderr = run(folder, "dtictl", "round", "plan", "--format=json", *flags, seconds=60)
    assert status == 0, stderr
    return json.loads(stdout), stderr


def store_with(folder, store, programs, *rooms):
    make_store(folder, store, write_catalog(folder / "catalog.csv", "F", programs), f"--semester={SEMESTER}", *rooms)


def lot(seal, program):
    """The provisional lot of a program: that of a round whose secret is zero."""
    return hashlib.blake2b(b"dti-lot-1" + bytes(32) + bytes.fromhex(seal) + program.to_bytes(8, "big"), digest_size=32).digest()[:8]


def test_a_plan_shares_by_max_min_and_tells_who_gains_and_who_loses(store, tmp_path):
    pairs = [("Engineering", "Civil"), ("Engineering", "Systems"), ("Sciences", "Physics"), ("Law", "Law")]
    make_store(tmp_path, store, write_pairs(tmp_path / "catalog.csv", pairs), f"--semester={SEMESTER}", "--classrooms=20",
               "--labs=6")
    (tmp_path / "r.csv").write_text("Laboratorios;Salones;Programa;Facultad;Nota\r\n4;10;Civil;Engineering;x\r\n"
                                    "4;6;Systems;Engineering;\r\n4;2;Physics;Sciences;\r\n0;12;Law;Law;\r\n", encoding="utf-8")
    rows, words = round_plan(tmp_path, store.flag, "r.csv")
    assert sorted(row["rooms"] for row in rows) == [6, 6, 7, 7]
    assert [row["first-come"] for row in rows] == [14, 10, 2, 0]
    assert all(row["difference"] == row["rooms"] - row["first-come"] for row in rows)
    assert f'semester "{SEMESTER}" at entry 1: left 20 classrooms, 6 labs and 20 conversions\n' in words
    assert "4 requests, a round by max-min: " in words
    assert "programs gain " in words and "programs lose " in words
    assert "ties are decided by provisional lots, drawn from the seal of entry 1; a round has lots of its own\n" in words
    assert store.left() == (20, 6, 20)


def test_lots_come_from_the_seal_and_not_from_the_order_of_the_file(store, tmp_path):
    programs = [f"p{i}" for i in range(1, 10)]
    store_with(tmp_path, store, programs, "--classrooms=22", "--labs=0")
    digits = "hex(seal)" if store.kind == "sqlite" else "encode(seal, 'hex')"
    ((seal,),) = store.rows(f"SELECT {digits} FROM ledger WHERE seq = 1")
    ids = dict(store.rows("SELECT name, id FROM program"))
    winners = set(sorted(programs, key=lambda name: lot(seal, ids[name]))[:4])
    for order in (programs, programs[::-1]):
        file = write_requests(tmp_path / "r.csv", NEEDED, [("F", name, 10, 0) for name in order])
        rows, _ = round_plan(tmp_path, store.flag, file)
        assert {row["program"] for row in rows if row["classrooms"] == 3} == winners
        assert all(row["limited-by"] == "lot" for row in rows if row["program"] not in winners)


def test_a_program_with_a_grant_takes_no_part(store, tmp_path):
    catalog = write_catalog(tmp_path / "catalog.csv", "F", ["a", "b", "c"])
    with running(tmp_path, f"--semester={SEMESTER}", "--classrooms=20", "--labs=0", store.flag, catalog) as dti, \
            Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "F", ("b", 8, 0)))
        file = write_requests(tmp_path / "r.csv", NEEDED, [("F", "a", 10, 0), ("F", "b", 9, 0), ("F", "c", 10, 0)])
        rows, words = round_plan(tmp_path, store.flag, file)
    assert [(row["status"] == HAS_ALREADY, *grant_of(row)) for row in rows] == [(False, 6, 0, 0), (True, 8, 0, 0),
                                                                               (False, 6, 0, 0)]
    assert "1 holds a grant already\n" in words


def test_all_faults_of_a_file_are_told_in_one_run(store, tmp_path):
    store_with(tmp_path, store, ["a", "b"], "--classrooms=5", "--labs=1")
    (tmp_path / "r.csv").write_text("faculty,program,classrooms,labs,weight\nF,a,x,1,0\nF,z,1,1,1\nF,a,1,1,1\n", encoding="utf-8")
    status, stdout, stderr = run(tmp_path, "dtictl", "round", "plan", store.flag, "r.csv")
    assert (status, stdout) == (1, "")
    assert stderr.count("r.csv, line ") == 4 and stderr.endswith("4 errors; nothing was decided\n")
