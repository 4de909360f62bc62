"""Holds: grants that end by themselves unless they are confirmed, also if servers die and clocks jump meanwhile."""

import json
import time
from datetime import datetime, timezone

import pytest

from tests_py.harness.process import run, running, running_faculty, start_program, until
from tests_py.harness.rooms import faculty_flags
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL, Client, grant, request
from tests_py.office.ledgers import listed
from tests_py.office.messages import SocketFile, change

FACULTY = "Ciencias Naturales"
FIRST, SECOND, THIRD = "Biologia", "Quimica", "Fisica"
LATE_SECONDS = 5  # a busy machine frees a hold no later than that after its end


class Office:
    """A server with 10 classrooms and 2 labs, and the office beside it."""

    def __init__(self, folder, store):
        self.folder = folder
        self.store = store
        self.admin = folder / "a"

    def serve(self, *flags, **options):
        pool = (f"--semester={SEMESTER}", "--classrooms=10", "--labs=2")
        return running(self.folder, *pool, self.store.flag, f"--admin={self.admin}", *flags, **options)

    def try_change(self, *words, program=None):
        about = () if program is None else (f"--faculty={FACULTY}", f"--program={program}")
        return change(self.folder, *words, *about, admin=self.admin)

    def change(self, *words, program=None):
        """A change that is made."""
        code, out, log = self.try_change(*words, program=program)
        assert code == 0, out + log
        return out, log

    def rows(self, *words):
        return json.loads(listed(self.folder, *words, self.store.flag, "--format=json"))

    def held(self):
        """program -> (classrooms, labs)"""
        rows = self.rows("grant", "list", f"--semester={SEMESTER}")
        return {row["program"]: (row["classrooms-granted"], row["labs-granted"]) for row in rows}

    def holds(self):
        return [row["program"] for row in self.rows("hold", "list")]

    def verify(self):
        status, out, log = run(self.folder, "dtictl", "verify", self.store.flag)
        assert status == 0, out + log
        self.store.check_conserved()


@pytest.fixture
def office(tmp_path, store):
    return Office(tmp_path, store)


def ask(client, program, classrooms, labs=0, seconds=None, request_id=None):
    """The entry of the reply."""
    body = request(SEMESTER, FACULTY, (program, classrooms, labs), request_id=request_id or f"ask-of-{program}")
    reply = client.ask(body if seconds is None else {**body, "hold-seconds": seconds})
    assert not reply["error-found"], reply
    [entry] = reply["programs"]
    return entry


def status(entry):
    return entry["status-message"], entry["classrooms"], entry["labs"]


def end_of(entry):
    return datetime.fromisoformat(entry["expires-at"].replace("Z", "+00:00"))


def seconds_until(entry):
    return (end_of(entry) - datetime.now(timezone.utc)).total_seconds()


def test_a_hold_ends_by_itself_at_its_time_and_its_rooms_are_free(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        entry = ask(client, FIRST, 8, 2, seconds=2)
        assert status(entry) == (OK, 8, 2) and seconds_until(entry) <= 2
        assert status(ask(client, SECOND, 8)) == (PARTIAL, 2, 0), "a hold counts as granted"
        assert office.holds() == [FIRST]
        until(lambda: "holds-expired" in dti.log, what="the end of the hold")
        late = -seconds_until(entry)
        assert 0 <= late < LATE_SECONDS
        assert office.holds() == [] and office.held() == {SECOND: (2, 0)}
        assert status(ask(client, FIRST, 8, 2, seconds=2)) == ("GRANT-RELEASED", 0, 0), "the request is spent"
        assert status(ask(client, FIRST, 8, 2, seconds=60, request_id="another")) == (OK, 8, 2)
    [released] = [row for row in office.rows("history") if row["kind"] == "released"]
    assert released["cause"] == "expired"
    office.verify()


def test_an_old_peer_confirms_the_hold_that_it_repeats(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        ask(client, FIRST, 8, 2, seconds=60)
        other = ask(client, FIRST, 7, 2, request_id="r-2")
        assert status(other) == (HAS_ALREADY, 8, 2) and "a hold until" in other["detail"] and "expires-at" in other
        assert grant(client, request(SEMESTER, FACULTY, (FIRST, 8, 2))) == [(OK, 8, 2, 0)]
        entry = ask(client, FIRST, 8, 2, seconds=1)
        assert "expires-at" not in entry, "it is firm"
        assert office.holds() == []
    office.verify()


def test_a_hold_is_confirmed_extended_and_cancelled_once(office):
    with office.serve() as dti, Client(dti.endpoint) as client, SocketFile(office.admin) as messages:
        ask(client, FIRST, 5, 1, seconds=60)
        ask(client, SECOND, 5, seconds=60)
        out, _ = office.change("hold", "extend", "--hold-seconds=3600", "--yes", program=FIRST)
        assert "a hold until" in out
        code, _, log = office.try_change("hold", "extend", "--hold-seconds=60", "--yes", program=FIRST)
        assert code == 1 and "does not make it shorter" in log
        assert office.holds() == [SECOND, FIRST], "in the order of their ends"
        office.change("hold", "confirm", "--classrooms=3", "--labs=1", "--yes", program=FIRST)
        assert office.held()[FIRST] == (3, 1)
        office.change("hold", "cancel", "--yes", program=SECOND)
        assert office.held() == {FIRST: (3, 1)}
        for program, expected in ((FIRST, "HOLD-ALREADY-CONFIRMED"), (SECOND, "HOLD-ALREADY-CANCELLED")):
            for verb, more in (("confirm-hold", {}), ("cancel-hold", {}), ("extend-hold", {"hold_seconds": 60})):
                reply = messages.order(verb, 2, command_id=f"c-{verb}", faculty=FACULTY, program=program, **more)
                assert reply["status"] == expected, reply
        assert office.try_change("hold", "confirm", "--yes", program=FIRST)[0] == 1
    office.verify()


def test_a_semester_with_open_holds_is_closed_only_on_request(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        ask(client, FIRST, 5, 1, seconds=60)
        ask(client, SECOND, 5, seconds=60)
        code, _, log = office.try_change("semester", "close", f"--confirm={SEMESTER}")
        assert code == 1 and "has open holds (2)" in log
        office.change("semester", "close", "--holds=cancel", f"--confirm={SEMESTER}")
        assert office.held() == {}
    office.verify()


def test_a_hold_outlives_a_server_that_is_killed_and_ends_at_its_time(office):
    with office.serve("--lease-seconds=1") as dti, Client(dti.endpoint) as client:
        entry = ask(client, FIRST, 8, 2, seconds=6)
        long = ask(client, SECOND, 2, seconds=600)
        dti.crash()
    with office.serve() as dti, Client(dti.endpoint) as client:
        again = ask(client, FIRST, 8, 2, seconds=6)
        assert end_of(again) == end_of(entry), "a repeat does not extend it"
        until(lambda: "holds-expired" in dti.log, what="the end of the hold")
        assert 0 <= -seconds_until(entry) < LATE_SECONDS
        assert office.holds() == [SECOND]
        assert end_of(ask(client, SECOND, 2, seconds=600)) == end_of(long)
    office.verify()


def test_a_clock_that_jumps_frees_no_hold(office, clock):
    with office.serve(env=clock.environment) as dti, Client(dti.endpoint) as client:
        begin = time.monotonic()
        ask(client, FIRST, 8, 2, seconds=3)
        ask(client, SECOND, 2, seconds=86_400)
        for jump in (3 * 86_400, -3 * 86_400, 30 * 86_400):
            clock.jump_to(jump)
            assert status(ask(client, THIRD, 1, request_id=f"jump {jump}"))[1:] == (0, 0)
            assert FIRST in office.holds()
        until(lambda: "holds-expired" in dti.log, what="the end of the hold")
        assert 3 <= time.monotonic() - begin < 3 + LATE_SECONDS
        assert office.holds() == [SECOND]
    office.verify()


def test_a_program_asks_for_a_hold_through_its_faculty(tmp_path, sqlite):
    office = Office(tmp_path, sqlite)
    with office.serve() as dti, running_faculty(tmp_path, *faculty_flags(dti.address), "--batch-seconds=0.2") as faculty:
        flags = ("--name=Derecho Civil", f"--semester={SEMESTER}", "--classrooms=3", "--labs=1",
                 f"--faculty-server={faculty.address}")
        held = start_program(tmp_path, *flags, "--hold-seconds=600")
        assert held.exit_status() == 0 and ", a hold until " in held.stdout()
        assert office.holds() == ["Derecho Civil"]
        firm = start_program(tmp_path, *flags)
        assert firm.exit_status() == 0 and "hold" not in firm.stdout()
        assert office.holds() == []
    office.verify()
