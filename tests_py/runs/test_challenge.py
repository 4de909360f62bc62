"""scripts/challenge in small: each scenario on both stores, the naive ways, and a check that does find what is wrong."""

import json
import re
import shutil
import sqlite3

import pytest

from scripts.commands import challenge
from tests_py.harness.challenge.desk import Desk
from tests_py.harness.challenge.figures import ChallengeFigures
from tests_py.harness.challenge.ledger import COLUMNS, Entry, Ledger, Semester
from tests_py.harness.challenge.races import LastRooms
from tests_py.harness.challenge.round import Round, play
from tests_py.harness.challenge.scenarios import SCENARIOS, tasks
from tests_py.harness.challenge.traffic import Traffic
from tests_py.harness.process import ROOT
from tests_py.harness.relay import Relay
from tests_py.harness.runs.long_script import LongScript
from tests_py.harness.runs.run_figures import Broken
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL

PROGRAMS = 1500  # that a round asks for
SEED = "small"

# What a round must have seen, or it shows nothing.
SEEN = {
    "last-rooms": lambda round_: {PARTIAL, OK} <= statuses(round_),
    "copies": lambda round_: round_.traffic.answers > 2 * len(round_.traffic.by_id),
    "colleagues": lambda round_: {"OK", "CONFLICT", "REFUSED"} == commands(round_),
    "holds": lambda round_: {"OK", "HOLD-ALREADY-CONFIRMED", "HOLD-ALREADY-CANCELLED", "CONFLICT"} == commands(round_)
    and {"GRANT-RELEASED", HAS_ALREADY} & statuses(round_)
    and round_.store.count("SELECT count(*) FROM history WHERE cause = 'expired'") > 20,
    "quotas": lambda round_: "REFUSED" in commands(round_)
    and round_.store.count("SELECT count(*) FROM history WHERE kind = 'quota-set'") > 0,
    "waves": lambda round_: round_.store.count("SELECT count(*) FROM history WHERE cause = 'topped-up'") > 20
    and round_.store.count("SELECT count(*) FROM history WHERE kind = 'waiting-left'") > 0,
    "lowered-capacity": lambda round_: "REFUSED" in commands(round_)
    and round_.store.count("SELECT count(*) FROM history WHERE kind = 'capacity-changed'") > 0,
    "late-copies": lambda round_: "GRANT-RELEASED" in statuses(round_),
}


def statuses(round_):
    return {status for asked in round_.traffic.by_id.values() for _, _, status, _ in asked.answers}


def commands(round_):
    return {command.status for command in round_.desk.by_id.values()}


@pytest.mark.parametrize("key", SCENARIOS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_scenario_finds_a_violation(tmp_path, request, key, kind):
    cluster = request.getfixturevalue("cluster") if kind == "postgresql" else None
    with Round(tmp_path, cluster, f"{SEED}/{key}") as round_:
        SCENARIOS[key].play(round_, PROGRAMS)
        round_.finish()
        assert SEEN[key](round_)
        assert round_.kills > 0 and round_.ledger.entries > 0 and round_.traffic.sent > 0


@pytest.mark.parametrize("key", SCENARIOS)
def test_the_naive_way_shows_each_fault(tmp_path, key):
    asked, violations = SCENARIOS[key].naive(tmp_path / "naive")
    assert 0 < violations < asked + 1


# A server that lies.


class Liar(Relay):
    """Changes bytes of replies on their way to the clients."""

    def __init__(self, endpoint, true, false):
        self._lie = true, false
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        super().__init__(host, int(port))

    def _pump(self, source, sink, to_database):
        super()._pump(source if to_database else Lying(source, *self._lie), sink, to_database)


class Lying:
    """A socket whose received bytes are others of the same length."""

    def __init__(self, source, true, false):
        self._source = source
        self._lie = true, false

    def recv(self, size):
        return self._source.recv(size).replace(*self._lie)

    def __getattr__(self, name):
        return getattr(self._source, name)


@pytest.mark.parametrize("true, false, found", [
    (b'"labs":1,"mobile-labs"', b'"labs":2,"mobile-labs"', "and the ledger has"),
    (b'"status-message":"OK"', b'"status-message":"KO"', "and the ledger has"),
    (b'"requested-labs":1', b'"requested-labs":3', "was answered for other programs"),
    (b'"request-id":"r1', b'"request-id":"s1', "a reply to no request")])
def test_a_reply_that_is_changed_on_its_way_is_found(tmp_path, monkeypatch, true, false, found):
    monkeypatch.setattr("tests_py.harness.challenge.round.SETTLE_SECONDS", 3)
    liars = []

    def through_a_liar(endpoint):
        liars.append(Liar(endpoint, true, false))
        return f"tcp://127.0.0.1:{liars[-1].port}"

    try:
        with pytest.raises(Broken) as broken:
            play(LastRooms, tmp_path / "round", None, SEED, PROGRAMS, prepare_endpoint=through_a_liar)
    finally:
        for liar in liars:
            liar.close()
    assert any(found in fault for fault in broken.value.args[1])
    assert (tmp_path / "round/dti.db").exists(), "the store of a violation is kept"


def test_a_copy_that_gets_another_reply_is_found():
    traffic = Traffic()
    request_id = traffic.ask("s", "f", [("p", 1, 0)])
    reply = {"request-id": request_id, "error-found": False, "programs": [
        {"program-name": "p", "requested-classrooms": 1, "requested-labs": 0, "status-message": OK, "classrooms": 1, "labs": 0,
         "mobile-labs": 0}]}
    traffic.on_reply(json.dumps(reply).encode())
    assert not traffic.faults
    reply["programs"][0]["classrooms"] = 0
    traffic.on_reply(json.dumps(reply).encode())
    assert [kind for kind, _ in traffic.faults] == ["changed"]


def test_a_copy_of_a_command_that_gets_another_reply_is_found():
    desk = Desk()
    command_id = desk.command("release-grant", "s", 2)
    for seq in (3, 3, 4):
        assert not desk.faults
        desk._on_reply({"command-id": command_id, "status": "OK", "seq": seq})
    assert len(desk.faults) == 1


# A ledger that was changed.


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A round that found nothing, and is kept: the round, and the folder of its store."""
    folder = tmp_path_factory.mktemp("played")
    with Round(folder, None, SEED) as round_:
        LastRooms.play(round_, PROGRAMS)
        round_.finish()
    return round_, folder


def changed(folder, target, statement):
    """A copy of the store in which someone has changed the ledger."""
    shutil.copy(folder / "dti.db", target / "dti.db")
    connection = sqlite3.connect(target / "dti.db", isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for name in ("updated", "deleted", "replaced"):
        connection.execute(f"DROP TRIGGER IF EXISTS ledger_is_not_{name}")
    connection.execute(statement)
    connection.close()
    return SqliteStore(target)


@pytest.mark.parametrize("statement, found", [
    ("UPDATE ledger SET classrooms_capacity = 5, conversions_capacity = 0 WHERE kind = 3", "more is granted than there is"),
    ("DELETE FROM ledger WHERE seq = 7", "comes after entry 6"),
    ("UPDATE ledger SET program_id = (SELECT program_id FROM ledger WHERE semester_id = 1 AND seq = 2), generation = 2 "
     "WHERE semester_id = 1 AND seq = 9", "gets a second grant"),
    ("UPDATE ledger SET classrooms_granted = classrooms_granted - 1 WHERE kind = 0 AND classrooms_granted > 0",
     "and by the rule"),
    ("UPDATE ledger SET classrooms_granted = classrooms_granted + 1 WHERE kind = 0 AND seq = 5", "and wants"),
    ("UPDATE ledger SET request_id = 'r0' WHERE seq = 5", "no request asks"),
    ("UPDATE ledger SET labs_granted = labs_granted + 1, labs_wanted = labs_wanted + 1 WHERE seq = 5", "and the ledger has")])
def test_a_ledger_that_was_changed_is_found(played, tmp_path, statement, found):
    round_, folder = played
    ledger = Ledger(changed(folder, tmp_path, statement))
    ledger.read()
    faults = ledger.faults + ledger.check_asked(round_.traffic.by_id)
    for asked in round_.traffic.by_id.values():
        faults += ledger.check_answers(asked)
    assert any(found in sentence for _, sentence in faults), faults[:5]


def test_a_grant_without_a_reply_is_found(played):
    round_, folder = played
    ledger = Ledger(SqliteStore(folder))
    ledger.read()
    asked = next(iter(round_.traffic.by_id.values()))
    answers, asked.answers = asked.answers, set()
    try:
        assert any("and no answer" in sentence for _, sentence in ledger.check_asked(round_.traffic.by_id))
    finally:
        asked.answers = answers


# The wait list and the office, entry by entry: (kind, more columns). The pool has 10 classrooms.


def granted(program, wanted, rooms, cause="asked", generation=1, **more):
    return "granted", {"program": program, "classrooms_wanted": wanted, "classrooms_granted": rooms, "cause": cause,
                       "generation": generation, "status": OK if wanted == rooms else PARTIAL, **more}


def released(program, wanted, rooms, cause="released", generation=1):
    return "released", {"program": program, "classrooms_wanted": wanted, "classrooms_granted": rooms, "cause": cause,
                        "generation": generation}


LIST = ("setting", {"setting": "wait-list-on"})
FULL = [LIST, granted("a", 8, 8), granted("b", 4, 2), granted("c", 3, 0)]  # entries 2 to 5: b waits since 4, and c since 5


def faults_of(*entries):
    semester = Semester("s")
    for seq, (kind, more) in enumerate([("semester-opened", {"classrooms_capacity": 10}), *entries], start=1):
        semester.apply(Entry(**{**dict.fromkeys(COLUMNS), "labs_wanted": 0, "labs_granted": 0, "mobile_labs_granted": 0,
                                "labs_capacity": 0, "conversions_capacity": 0, "faculty": "f", "at": at(0), "seq": seq,
                                "kind": kind, **more}))
    semester.check_round_is_whole()
    semester.finish()
    return [sentence for _, sentence in semester.faults]


def topped_up(program, wanted, before, after, since, generation=1):
    return [released(program, wanted, before, "topped-up", generation),
            granted(program, wanted, after, "topped-up", generation + 1, waits_since=since)]


def test_a_list_that_is_served_in_its_order_has_no_fault():
    assert not faults_of(*FULL, released("a", 8, 8), *topped_up("b", 4, 2, 4, 4), *topped_up("c", 3, 0, 3, 5),
                         granted("a", 9, 3, generation=2))
    assert not faults_of(*FULL, ("waiting-left", {"program": "b"}), released("a", 8, 8), *topped_up("c", 3, 0, 3, 5))


@pytest.mark.parametrize("entries, found", [
    ([released("a", 8, 8), *topped_up("c", 3, 0, 3, 5), *topped_up("b", 4, 2, 4, 4)], "is the first that may use"),
    ([released("a", 8, 8), granted("d", 1, 1), *topped_up("b", 4, 2, 4, 4), *topped_up("c", 3, 0, 3, 5)], "overtakes"),
    ([released("a", 8, 8), *topped_up("b", 4, 2, 4, 4)], "waits for them"),
    ([released("a", 8, 8)], "waits for them"),
    ([("waiting-left", {"program": "b"}), released("a", 8, 8), *topped_up("b", 4, 2, 4, 4), *topped_up("c", 3, 0, 3, 5)],
     "is topped up, and"),
    ([released("a", 8, 8), *topped_up("b", 4, 2, 4, 5), *topped_up("c", 3, 0, 3, 5)], "waits since 4, not since 5"),
    ([("waiting-left", {"program": "a"})], "has no place to leave"),
    ([("semester-closed", {}), granted("d", 0, 0)], "the semester is closed"),
    ([("capacity-changed", {"classrooms_capacity": 9})], "more is granted than there is"),
    ([released("a", 8, 7)], "and gives back"),
    ([released("d", 8, 8)], "and gives back"),
    ([granted("a", 1, 0, generation=2)], "gets a second grant"),
    ([("policy-changed", {})], "is no entry of this scenario"),
    ([released("a", 8, 8), *topped_up("b", 4, 2, 4, 4), *topped_up("c", 3, 0, 3, 5), granted("d", 3, 3, request_id="r"),
      released("d", 3, 3), granted("d", 3, 3, request_id="r", generation=2)], "grants ('f', 'd') once more")])
def test_a_list_that_is_not_served_in_its_order_is_found(entries, found):
    faults = faults_of(*FULL, *entries)
    assert any(found in fault for fault in faults), faults


# Holds and quotas, entry by entry. The hold of h ends at 5 s.


def at(seconds):
    return f"2026-11-30T10:00:{seconds:02}.000000Z"


HELD = granted("h", 3, 3, at=at(1), expires_at=at(5))
QUOTA = ("quota-set", {"classrooms_limit": 4, "classrooms_limit_is_soft": 0})


def hold_ends(cause, seconds):
    kind, more = released("h", 3, 3, cause)
    return kind, {**more, "at": at(seconds)}


def confirmed(seconds):
    return "confirmed", {"program": "h", "at": at(seconds)}


def extended(seconds, end):
    return "hold-extended", {"program": "h", "at": at(seconds), "expires_at": at(end)}


OPENED = ("round-opened", {"terms": "hash=00"})


def held_round(grants, opened=2):
    return "round", {"terms": f"policy=max-min version=1 opened={opened} grants={grants} secret=00 plan=00 seal=00"}


def of_round(program, rooms):
    return granted(program, rooms, rooms, cause="round")


def test_holds_and_quotas_that_are_kept_have_no_fault():
    assert not faults_of(OPENED, held_round(2), of_round("a", 2), of_round("b", 3), granted("c", 1, 1))
    assert not faults_of(HELD, extended(4, 9), granted("d", 1, 1, at=at(6)), hold_ends("expired", 9), granted("b", 9, 9, at=at(9)))
    assert not faults_of(HELD, confirmed(4), granted("d", 9, 7, at=at(40)), hold_ends("released", 41))
    assert not faults_of(HELD, hold_ends("cancelled", 2), granted("d", 9, 9, at=at(40)))
    assert not faults_of(granted("a", 3, 3), QUOTA, granted("b", 4, 1), granted("c", 4, 0))
    assert not faults_of(LIST, QUOTA, granted("a", 3, 3), granted("b", 4, 1), granted("x", 9, 6, faculty="g"))


@pytest.mark.parametrize("entries, found", [
    ([HELD, hold_ends("expired", 4)], f"and it is {at(4)}"),
    ([HELD, confirmed(4), hold_ends("expired", 5)], "the hold of ('f', 'h') ends at None"),
    ([HELD, granted("d", 1, 1, at=at(26))], "has ended long before"),
    ([HELD, confirmed(5)], "has ended before"),
    ([HELD, extended(5, 9)], "has ended before"),
    ([HELD, hold_ends("cancelled", 6)], "has ended before"),
    ([HELD, hold_ends("expired", 5), confirmed(6)], "has no open hold"),
    ([HELD, confirmed(2), confirmed(3)], "has no open hold"),
    ([HELD, confirmed(2), hold_ends("cancelled", 3)], "has no open hold"),
    ([HELD, extended(2, 4)], f"and later at {at(4)}"),
    ([HELD, granted("d", 9, 9, at=at(2))], "more is granted than there is"),
    ([QUOTA, granted("a", 5, 5)], "more than the quota of f"),
    ([granted("a", 5, 5), QUOTA], "more than the quota of f"),
    ([QUOTA, granted("a", 5, 3)], "and by the rule"),
    ([OPENED, held_round(2), of_round("a", 2)], "1 grants of the round are missing after entry 4"),
    ([OPENED, held_round(1), granted("b", 1, 1), of_round("a", 2)], "1 grants of the round are missing after entry 3"),
    ([OPENED, held_round(1), of_round("a", 2), of_round("b", 2)], "gets rooms of no round"),
    ([OPENED, OPENED, held_round(1), of_round("a", 2)], "the last entry about rounds is 3"),
    ([LIST, granted("a", 8, 8), granted("b", 4, 2), released("a", 8, 8), OPENED, held_round(1, 6), of_round("c", 1)],
     "the round overtakes ['f', 'b']"),
    ([LIST, granted("a", 8, 8), granted("b", 4, 2), granted("c", 3, 0), QUOTA], "more than the quota of f")])
def test_holds_and_quotas_that_are_not_kept_are_found(entries, found):
    faults = faults_of(*entries)
    assert any(found in fault for fault in faults), faults


# The script.


def test_the_result_of_the_page_is_what_the_runs_have_found():
    figures = ChallengeFigures()
    for number, key in enumerate(SCENARIOS, start=1):
        figures.count(key, requests=1000 * number, faults=number, naive_requests=100, naive_faults=7)
    runs = []
    for store in ("sqlite", "postgresql"):
        runs.append(challenge.ChallengeRun.__new__(challenge.ChallengeRun))
        runs[-1].store, runs[-1]._lanes, runs[-1].figures_before = store, [], figures
    page = "# A page\n\n## The result\n\nan older one\n\n## The columns\n\nmore\n"
    text = challenge.with_result(page, runs)
    assert text.startswith("# A page\n\n## The result\n\n| scenario |") and text.endswith("## The columns\n\nmore\n")
    assert "older" not in text and challenge.with_result(text, runs) == text
    assert f"| {SCENARIOS['copies'].name} | 2 in 2,000 | 2 in 2,000 | 7 of 100; 7 of 100 |" in text
    assert "| all | 36 in 36,000 | 36 in 36,000 |" in text


class Script(LongScript):
    name = "challenge"
    folder = ROOT / f"build/challenge/sqlite-1000-{LongScript.seed}"


@pytest.fixture
def script():
    yield Script()
    shutil.rmtree(Script.folder, ignore_errors=True)


def test_the_rounds_and_the_naive_ways_are_those_that_are_left():
    everything = tasks(1_000_000, {}, {})
    assert set(SCENARIOS) < set(everything)
    assert 990_000 < sum(int(task.partition(":")[2] or 0) for task in everything) <= 1_000_000
    left = tasks(1_000_000, {"copies": 2}, {"copies": 400})
    assert len(left) == len(everything) - 3 and "copies" not in left


def test_a_run_tells_the_violations_of_both_and_goes_on_where_it_was(script):
    status, output = script.run("--store=sqlite", "--requests=1000")
    assert status == 0, output
    for scenario in SCENARIOS.values():
        row = re.search(rf"^  {scenario.name}  (.*)$", output, re.MULTILINE)[1].split()
        assert row[4] == "0" and int(row[5]) > 0, output
    assert not (script.folder / "state.json").exists()
    done = {key: 1 for key in SCENARIOS}
    (script.folder / "state.json").write_text(json.dumps({"figures": {
        "rounds": done, "requests": done, "naive_requests": done, "naive_faults": {**done, "copies": 0}},
        "seconds": 7, "commits": ["abc"]}))
    status, output = script.run("--store=sqlite", "--requests=1000")
    assert status == 1 and "copies: the naive way shows no violation in 1 requests" in output, output
