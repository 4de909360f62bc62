"""scripts/crash-runs in small: servers and databases killed under load, and a check that does find what is wrong."""

import dataclasses
import json
import re
import shutil
import signal
import sqlite3
from random import Random

import pytest

from tests_py.harness.catalogs import write_pairs
from tests_py.harness.runs.crash_lane import Lane, Shape
from tests_py.harness.runs.crash_ledger import check_semester
from tests_py.harness.runs.crash_load import Peers, Requests
from tests_py.harness.database_faults import let_recover_quickly
from tests_py.harness.runs.long_script import LongScript
from tests_py.harness.process import HANG_SECONDS, ROOT, running, until
from tests_py.harness.runs.run_figures import Broken, CrashFigures
from tests_py.harness.runs.whole_life import WholeLife

KILLS = 20
SEED = 20251004
SHAPE = Shape(programs_each=400, semesters=3)


@pytest.fixture
def quick_cluster(cluster):
    """The session's, which recovers quickly."""
    let_recover_quickly(cluster)
    yield cluster
    cluster.sql("postgres", "ALTER SYSTEM RESET recovery_init_sync_method", user="postgres")


def check_as_promised(figures, kills):
    assert figures.kills == kills and figures.sentences == [] and sum(figures.faults.values()) == 0
    assert figures.answers > figures.repeats > 0 and figures.entries > 0 and figures.ready
    assert figures.life_answers > 0 and figures.life["holds"] > 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_after_20_kills_of_the_server_every_answer_is_in_the_ledger_once(kind, request, tmp_path):
    cluster = request.getfixturevalue("cluster") if kind == "postgresql" else None
    figures = Lane(tmp_path, cluster, SEED, shape=SHAPE).run(KILLS)
    check_as_promised(figures, KILLS)
    assert figures.told_to_come_again == 0 or cluster
    beside = {"with another server beside it"} if cluster else set()
    assert set(figures.kills_by_moment) == {"at a start", "right after READY", "under load"} | beside
    assert list(tmp_path.iterdir()) == []


def test_after_6_kills_of_the_database_and_the_server_every_answer_is_in_the_ledger_once(quick_cluster, tmp_path):
    figures = Lane(tmp_path, quick_cluster, SEED, kill="both", shape=SHAPE).run(6)
    check_as_promised(figures, 6)
    assert {"database", "both at once", "under load"} < set(figures.kills_by_moment)


def lived(tmp_path, store, is_enough):
    """A whole life at a server that is not killed."""
    life = WholeLife(store, Random(SEED))
    with running(tmp_path, store.flag, write_pairs(tmp_path / "catalog.csv", life.catalog()), f"--admin={life.admin(0)}") as dti:
        life.connect(dti.endpoint, life.admin(0))
        until(lambda: life.turn() or is_enough(life.counts()))
        life.settle(HANG_SECONDS)
        life.disconnect(drain=False)
    return life


def test_a_whole_life_has_each_kind_of_change_and_no_fault(store, tmp_path):
    life = lived(tmp_path, store, is_enough=lambda counts: all(counts.values()))
    assert life.last_faults() == []
    life.close()


def test_a_hold_that_is_freed_before_its_clients_expect_it_is_found(store, tmp_path):
    """By the clock of the clients. The ledger says that all is well."""
    life = lived(tmp_path, store, is_enough=lambda counts: counts["expired"])
    for asked in life.traffic.by_id.values():
        asked.sent_at += 3600
    for command in life.desk.by_id.values():
        command.sent_at += 3600
    assert {kind for kind, _ in life.last_faults()} == {"early"}
    life.close()


POOL = (500, 100, 500)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A store of SQLite and what was asked of it: some hundred requests, all answered."""
    folder = tmp_path_factory.mktemp("asked")
    path = folder / "dti.db"
    requests = Requests(Random(SEED), 30)
    requests.begin_semester("s")
    catalog = folder / "catalog.csv"
    catalog.write_text("faculty,program\n" + "".join(f"{f},{p}\n" for f, p in requests.catalog()))
    flags = ("--semester=s", "--classrooms=500", "--labs=100", f"--catalog={catalog}", f"--store=sqlite:{path}")
    with running(folder, *flags) as dti, Peers(dti.endpoint, requests) as peers:
        while not requests.used_up:
            peers.top_up(50)
            peers.receive(0.01)
        peers.settle(HANG_SECONDS)
    assert requests.faults == [] and requests.repeats > 0
    return path, requests


class Copy:
    """The store after another program wrote to it."""

    def __init__(self, path, statement):
        self._connection = sqlite3.connect(":memory:")
        with sqlite3.connect(path) as original:
            original.backup(self._connection)
        original.close()
        for name, in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            self._connection.execute(f"DROP TRIGGER {name}")
        self._connection.execute("PRAGMA ignore_check_constraints = on")
        self._connection.execute("DROP INDEX ledger_one_grant")
        if statement:
            assert self._connection.execute(statement).rowcount > 0

    def rows(self, statement):
        return self._connection.execute(statement).fetchall()


COLUMNS = ("seq, at, semester_id, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, "
           "labs_granted, mobile_labs_granted, kind, status, request_id")
AGAIN = COLUMNS.replace("seq, at", "(SELECT max(seq) + 1 FROM ledger), at")
LAST = "seq = (SELECT max(seq) FROM ledger)"


@pytest.mark.parametrize("statement, kinds", [
    (None, set()),
    (f"DELETE FROM ledger WHERE {LAST}", {"lost", "sums"}),
    ("DELETE FROM ledger WHERE seq = 7", {"lost", "sums"}),
    ("DELETE FROM ledger", {"lost"}),
    (f"INSERT INTO ledger ({COLUMNS}) SELECT {AGAIN} FROM ledger WHERE seq = 7", {"doubled", "lost", "sums"}),
    ("UPDATE ledger SET classrooms_granted = classrooms_granted + 1 WHERE seq = 7", {"lost", "sums"}),
    ("UPDATE ledger SET request_id = 'r0' WHERE seq = 7", {"foreign"}),
    ("UPDATE ledger SET classrooms_wanted = 9 WHERE seq = 7", {"foreign", "lost", "sums"}),
    ("UPDATE semester SET labs_left = labs_left + 1", {"sums"}),
    ("UPDATE semester SET head = head - 1", {"sums"}),
    ("UPDATE ledger SET classrooms_capacity = 501 WHERE seq = 1", {"sums"})])
def test_the_check_says_what_is_wrong_with_a_ledger(asked, statement, kinds):
    path, requests = asked
    found = {kind for kind, _ in check_semester(Copy(path, statement), "s", POOL, requests.by_id)}
    assert found <= kinds and (found or not kinds), found
    assert kinds - found <= {"lost"}  # an entry may be replaced by one that says the same


def test_a_message_that_is_stored_in_part_is_found(asked):
    path, requests = asked
    one = next(one for one in requests.by_id.values() if one.is_whole and len(one.programs) > 1)
    id_of = f"(SELECT id FROM program WHERE name = '{one.programs[0][0]}' AND faculty_id = " \
            f"(SELECT id FROM faculty WHERE name = '{one.faculty}'))"
    first, one.first = one.first, None  # as if it had not been answered
    try:
        faults = check_semester(Copy(path, f"DELETE FROM ledger WHERE program_id = {id_of}"), "s", POOL,
                                requests.by_id)
    finally:
        one.first = first
    assert "torn" in {kind for kind, _ in faults}


@pytest.mark.parametrize("change, kind", [
    (lambda body: body["programs"][0].update({"classrooms": 77}), "changed"),
    (lambda body: body.update({"error-found": True, "error-message": "INVALID-SEMESTER"}), "refused")])
def test_a_repeat_that_is_answered_in_another_way_is_found(asked, change, kind):
    _, requests = asked
    body = json.loads(next(one for one in requests.by_id.values() if one.first).first)
    change(body)
    requests.on_reply(json.dumps(body).encode())
    found, requests.faults[:] = {kind for kind, _ in requests.faults}, []
    assert found == {kind}


def test_a_lane_stops_at_the_first_fault_and_keeps_the_store(tmp_path):
    """If another program writes to the store, the first check reports it."""

    def meddle(figures):
        path = tmp_path / "store-1/dti.db"
        if figures.answers and path.exists():
            with sqlite3.connect(path, timeout=20) as connection:
                connection.execute("UPDATE semester SET labs_left = labs_left - 1, epoch = epoch WHERE labs_left > 0")
            connection.close()

    lane = Lane(tmp_path, None, SEED, shape=SHAPE, on_checked=meddle)
    with pytest.raises((Broken, AssertionError)):
        lane.run(KILLS)
    assert (tmp_path / "store-1/dti.db").exists()


class Script(LongScript):
    name = "crash-runs"
    folder = ROOT / f"build/crash-runs/sqlite-server-{LongScript.seed}"

    def kills_so_far(self):
        return self.figures().get("kills", 0)


@pytest.fixture
def script():
    yield Script()
    shutil.rmtree(Script.folder, ignore_errors=True)


def test_a_run_that_is_interrupted_goes_on_where_it_was(script):
    first = script.start("--store=sqlite", "--kills=100000")
    try:
        until(script.kills_so_far, what="a kill")
        assert script.run("--store=sqlite", "--kills=100000")[0] == 3  # not two at once in one folder
        first.send_signal(signal.SIGINT)
        output, _ = first.communicate(timeout=120)
    finally:
        first.kill()
    assert first.returncode == 130 and "continues from here" in output and "Traceback" not in output, output
    done = script.kills_so_far()
    status, output = script.run("--store=sqlite", f"--kills={done + 4}")
    assert status == 0 and f"going on after {done} kills" in output, output
    said = dict(re.findall(r"^  (\S.*?)  +(.*)$", output, re.MULTILINE))
    assert said["kills"].startswith(f"{done + 4} (")
    assert said["lost"] == said["doubled"] == said["changed"] == said["sums, order or rule broken"] == "0"
    assert not (script.folder / "state.json").exists()


def test_what_was_found_is_said_again_and_kept_until_somebody_removes_it(script):
    figures = dataclasses.asdict(CrashFigures(kills=3, sentences=["lost: r7"]))
    (script.folder / "lane-0/store-1").mkdir(parents=True)
    (script.folder / "state.json").write_text(json.dumps({"figures": figures, "seconds": 7, "commits": ["abc"]}))
    status, output = script.run("--store=sqlite", "--kills=3")
    assert status == 1 and "lost: r7" in output and f"remove {script.folder}" in output, output
    assert (script.folder / "lane-0/store-1").exists()
