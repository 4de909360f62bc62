"""Rounds: dtictl round plan tells what one would give, open and run hold it."""

import contextlib
import hashlib
import json
import sqlite3
import time

import pytest

from tests_py.harness.catalogs import write_catalog, write_pairs
from tests_py.harness.process import run, running
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import HAS_ALREADY, Client, grant, request
from tests_py.office.ledgers import listed
from tests_py.office.messages import change
from tests_py.office.plans import grant_of, make_store, write_requests

CONFIRMED = {"open": "--yes", "run": f"--confirm={SEMESTER}"}
NEEDED = ("faculty", "program", "classrooms", "labs")


def round_plan(folder, *flags):
    """The rows of the plan, and the words beside it."""
    status, stdout, stderr = run(folder, "dtictl", "round", "plan", "--format=json", *flags, seconds=60)
    assert status == 0, stderr
    return json.loads(stdout), stderr


def store_with(folder, store, programs, *rooms):
    make_store(folder, store, write_catalog(folder / "catalog.csv", "F", programs), f"--semester={SEMESTER}", *rooms)


def lot(seal, program, secret=bytes(32)):
    """The lot of a program. A plan has a secret of zeros."""
    return hashlib.blake2b(b"dti-lot-1" + secret + bytes.fromhex(seal) + program.to_bytes(8, "big"), digest_size=32).digest()[:8]


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


# A round that is opened and held.

PROGRAMS = [f"p{i}" for i in range(1, 10)]


class Rounds:
    """A server with 22 classrooms and 4 labs, and the office beside it."""

    def __init__(self, folder, store):
        self.folder = folder
        self.store = store
        self.admin = folder / "a"
        self.catalog = write_catalog(folder / "catalog.csv", "F", PROGRAMS)

    def serve(self, *flags):
        return running(self.folder, f"--semester={SEMESTER}", "--classrooms=22", "--labs=4", self.store.flag, self.catalog,
                       f"--admin={self.admin}", *flags)

    def plan(self, *rows, policy="max-min", columns=NEEDED):
        file = write_requests(self.folder / "r.csv", columns, [("F", *row) for row in rows])
        rows, words = round_plan(self.folder, self.store.flag, f"--policy={policy}", f"--output={self.folder}/plan.json", file)
        assert words.endswith(f"dtictl round plan: next: dtictl round open {self.folder}/plan.json\n")
        return rows

    def change(self, *words):
        return run(self.folder, "dtictl", "round", words[0], f"--admin={self.admin}", *words[1:], str(self.folder / "plan.json"))

    def made(self, *words):
        code, out, log = self.change(*words, CONFIRMED[words[0]])
        assert code == 0, out + log
        return out, log

    def listed(self, *words):
        return json.loads(listed(self.folder, *words, self.store.flag, "--format=json"))

    def held(self):
        return {row["program"]: (row["classrooms-granted"], row["labs-granted"], row["mobile-labs-granted"])
                for row in self.listed("grant", "list")}

    def history(self):
        return [(row["kind"], row["cause"]) for row in self.listed("history")]

    def verify(self):
        status, out, log = run(self.folder, "dtictl", "verify", self.store.flag)
        assert status == 0, out + log


@pytest.fixture
def rounds(tmp_path, store):
    return Rounds(tmp_path, store)


def test_a_round_is_planned_opened_and_held_as_one_batch(rounds):
    with rounds.serve("--log-level=info"):
        rounds.plan(("p1", 10, 4), ("p2", 6, 4), ("p3", 2, 4), ("p4", 12, 0), ("p5", 0, 0))
        out, _ = rounds.made("open", "--note=rooms of the semester")
        assert out == f"the last entry about rounds of {SEMESTER} is entry 2; left: 22 classrooms, 4 labs and 22 mobile labs\n"
        secret = rounds.folder / "plan.json.secret"
        assert len(secret.read_text().strip()) == 64 and secret.stat().st_mode & 0o777 == 0o600
        code, out, _ = rounds.change("run", "--dry-run")
        assert code == 10 and out.startswith("would be: the round of ") and rounds.held() == {}
        out, log = rounds.made("run", "--note=as planned")
        assert out.startswith(f"the round of {SEMESTER} in entry 3 grants rooms to 5 programs; left: ")
        held = rounds.held()
        assert set(held) == {"p1", "p2", "p3", "p4", "p5"} and held["p5"] == (0, 0, 0)
        assert sum(map(sum, held.values())) == 26 and sorted(map(sum, held.values()))[1:] == [6, 6, 7, 7]
        assert rounds.history() == [("semester-opened", None), ("round-opened", None), ("round", None)] + [("granted", "round")] * 5
        entries = rounds.listed("history")
        assert [entry["note"] for entry in entries] == [None, "rooms of the semester", *[None] * 5, "as planned"]
        assert len({entry["command-id"] for entry in entries[2:]}) == 1
        code, _, log = rounds.change("run", CONFIRMED["run"])
        assert code == 1 and "no round is open" in log
    rounds.verify()


def test_a_round_is_reported_and_its_grants_are_explained_from_the_ledger_alone(rounds):
    with rounds.serve() as dti, Client(dti.endpoint) as client:
        planned = rounds.plan(("p1", 10, 4), ("p2", 6, 4), ("p3", 2, 4), ("p4", 12, 0), policy="weighted")
        status, _, log = run(rounds.folder, "dtictl", "round", "report", rounds.store.flag)
        assert status == 1 and f'the semester "{SEMESTER}" has no round' in log
        rounds.made("open")
        rounds.made("run")
        grant(client, request(SEMESTER, "F", ("p9", 1, 0)))
    status, out, log = run(rounds.folder, "dtictl", "round", "report", rounds.store.flag, "--format=json")
    assert status == 0, log
    reported = json.loads(out)
    held = rounds.held()
    assert {row["program"]: grant_of(row) for row in reported} == {name: held[name] for name in ("p1", "p2", "p3", "p4")}
    assert [row["first-come"] for row in reported] == [row["first-come"] for row in planned] == [14, 10, 2, 0]
    assert f'semester "{SEMESTER}", the round of entry 3, opened by entry 2: left before it 22 classrooms, 4 labs' in log
    status, out, log = run(rounds.folder, "dtictl", "explain", rounds.store.flag, "p1")
    assert status == 0 and "\nThe round of entry 3 shared it among 4 programs by weighted. It got no more, because " in out, out
    status, out, log = run(rounds.folder, "dtictl", "explain", rounds.store.flag, "--format=json", "p3")
    explained = json.loads(out)
    assert explained["round"]["policy"] == "weighted" and explained["round"]["seq"] == 3 and explained["follows-rule"]


def test_the_lots_of_a_round_come_from_its_secret_and_from_the_seal_of_its_opening(rounds):
    with rounds.serve():
        rounds.plan(*[(name, 10, 0) for name in PROGRAMS])
        rounds.made("open")
        rounds.made("run")
        held = rounds.held()
    digits = "hex(seal)" if rounds.store.kind == "sqlite" else "encode(seal, 'hex')"
    ((seal,),) = rounds.store.rows(f"SELECT {digits} FROM ledger WHERE seq = 2")
    secret = bytes.fromhex((rounds.folder / "plan.json.secret").read_text())
    ids = dict(rounds.store.rows("SELECT name, id FROM program"))
    winners = sorted(PROGRAMS, key=lambda name: lot(seal, ids[name], secret))[:4]
    assert sorted(name for name in PROGRAMS if held[name] == (3, 0, 0)) == sorted(winners)
    terms = [row[0] for row in rounds.store.rows("SELECT terms FROM ledger WHERE terms IS NOT NULL ORDER BY seq")]
    commitment = hashlib.blake2b(b"dti-round-1" + secret + bytes.fromhex(terms[1].split("plan=")[1][:64]), digest_size=32)
    assert terms[0] == "hash=" + commitment.hexdigest()
    assert terms[1].startswith("policy=max-min version=1 opened=2 grants=9 secret=" + secret.hex())
    rounds.verify()


def test_a_program_that_asks_meanwhile_is_left_out_and_the_round_is_held(rounds):
    with rounds.serve() as dti, Client(dti.endpoint) as client:
        rounds.plan(("p1", 20, 0), ("p2", 20, 0), ("p3", 20, 0))
        rounds.made("open")
        grant(client, request(SEMESTER, "F", ("p2", 2, 0)))
        out, _ = rounds.made("run")
        assert "grants rooms to 2 programs, and leaves out 1 with a grant; left: 0 classrooms" in out
        assert rounds.held() == {"p1": (10, 0, 0), "p2": (2, 0, 0), "p3": (10, 0, 0)}
    rounds.verify()


@pytest.mark.parametrize("policy", ["first-come", "max-min"])
def test_a_round_keeps_the_quota_of_a_faculty_and_the_next_server_computes_it_again(rounds, policy):
    with rounds.serve():
        code, _, log = change(rounds.folder, "quota", "set", "--faculty=F", "--classrooms=6", "--labs=1", "--yes", admin=rounds.admin)
        assert code == 0, log
        planned = rounds.plan(("p1", 5, 1), ("p2", 5, 1), policy=policy)
        rounds.made("open")
        rounds.made("run")
        held = rounds.held()
        assert tuple(map(sum, zip(*held.values()))) == (6, 1, 0)
        if policy == "first-come":  # which has no lots
            assert held == {row["program"]: grant_of(row) for row in planned}
    with rounds.serve():
        assert rounds.held() == held
    rounds.verify()


def test_a_changed_plan_or_secret_is_refused(rounds):
    with rounds.serve():
        rounds.plan(("p1", 20, 0), ("p2", 20, 0))
        rounds.made("open")
        file = rounds.folder / "plan.json"
        text = file.read_text()
        file.write_text(text.replace("[20,20]", "[20,21]"))
        code, _, log = rounds.change("run", CONFIRMED["run"])
        assert code == 1 and "the secret and the plan are not those with which entry 2 opened the round" in log
        file.write_text(text)
        status, _, log = run(rounds.folder, "dtictl", "round", "plan", rounds.store.flag, f"--output={file}", "r.csv")
        assert status == 2 and "a round was opened with it" in log
        rounds.made("run")
    rounds.verify()


def test_after_a_crash_the_store_has_a_whole_round_or_none_and_the_office_repeats_it(rounds):
    with rounds.serve() as dti:
        rounds.plan(*[(name, 10, 1) for name in PROGRAMS])
        rounds.made("open")
        rounds.made("run", "--command-id=c-run", "--expects=2")
        dti.crash()
    with rounds.serve() as dti, Client(dti.endpoint) as client:
        out, log = rounds.made("run", "--command-id=c-run", "--expects=2")
        assert "an earlier copy of this command has made the change" in log
        assert "grants rooms to 9 programs" in out
        assert len(rounds.held()) == 9
        assert grant(client, request(SEMESTER, "F", ("p1", 10, 1)))[0][1:] == rounds.held()["p1"]
    rounds.verify()


def test_a_round_whose_server_is_killed_after_the_opening_is_held_by_the_next_one(rounds):
    with rounds.serve() as dti:
        rounds.plan(*[(name, 10, 1) for name in PROGRAMS])
        rounds.made("open")
        dti.crash()
    with rounds.serve() as dti:
        assert rounds.held() == {} and rounds.history() == [("semester-opened", None), ("round-opened", None)]
        out, _ = rounds.made("run")
        assert "grants rooms to 9 programs" in out and len(rounds.held()) == 9
        code, _, log = rounds.change("run", CONFIRMED["run"])
        assert code == 1 and "no round is open" in log
        dti.crash()
    rounds.verify()


def test_a_store_without_half_of_its_round_is_found(rounds):
    with rounds.serve():
        rounds.plan(*[(name, 10, 1) for name in PROGRAMS])
        rounds.made("open")
        rounds.made("run")
    if rounds.store.kind != "sqlite":
        return
    with contextlib.closing(sqlite3.connect(rounds.store.path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM ledger WHERE seq > 8")
        database.execute("UPDATE semester SET head = 8, sealed_head = 2, seal = (SELECT seal FROM ledger WHERE seq = 2)")
        database.commit()
    status, out, _ = run(rounds.folder, "dtictl", "verify", rounds.store.flag)
    assert status == 1 and "the round of entry 3 ends before its last grant" in out


def test_a_closed_semester_holds_no_round(rounds):
    with rounds.serve():
        rounds.plan(("p1", 20, 0))
        rounds.made("open")
        code, _, log = change(rounds.folder, "semester", "close", f"--confirm={SEMESTER}", admin=rounds.admin)
        assert code == 0, log
        code, _, log = rounds.change("run", CONFIRMED["run"])
        assert code == 2 and "is closed" in log
        change(rounds.folder, "semester", "reopen", admin=rounds.admin)
        rounds.made("run")
    rounds.verify()


def test_a_round_of_50_000_programs_is_one_message_and_one_batch(tmp_path):
    store = SqliteStore(tmp_path)
    programs = [f"program {i}" for i in range(50_000)]
    catalog = write_catalog(tmp_path / "catalog.csv", "F", programs)
    rows = [("F", name, i % 13, i % 5, i % 3 + 1, i % 7 + 1, i % 4) for i, name in enumerate(programs)]
    file = write_requests(tmp_path / "r.csv", (*NEEDED, "class", "weight", "floor"), rows)
    with running(tmp_path, f"--semester={SEMESTER}", "--classrooms=190000", "--labs=30000", store.flag, catalog,
                 f"--admin={tmp_path}/a"):
        round_plan(tmp_path, store.flag, "--policy=weighted", f"--output={tmp_path}/plan.json", file)
        for word in ("open", "run"):
            started = time.monotonic()
            code, out, log = run(tmp_path, "dtictl", "round", word, CONFIRMED[word], f"--admin={tmp_path}/a", f"{tmp_path}/plan.json",
                                 seconds=60)
            assert code == 0, out + log
            print(word, round(time.monotonic() - started, 2), "s")
        assert "grants rooms to 50000 programs" in out
    assert store.rows("SELECT count(*), sum(seal IS NOT NULL) FROM ledger WHERE seq > 2") == [(50_001, 1)]
    status, out, log = run(tmp_path, "dtictl", "verify", store.flag)
    assert status == 0, out + log
