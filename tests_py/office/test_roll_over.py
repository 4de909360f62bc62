"""dtictl semester roll-over: a new semester like an older one, item by item, once."""

import json

import pytest

from tests_py.harness.process import run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request
from tests_py.office.ledgers import listed
from tests_py.office.messages import SocketFile

NEW = "2026-10"
ROOMS = {"classrooms": 380, "labs": 60, "mobile_labs": 380}


class Office:
    """A server with a semester that has a wait list and a grant."""

    def __init__(self, folder, store):
        self.folder = folder
        self.store = store
        self.admin = folder / "a"

    def serve(self):
        return running(self.folder, *POOL, self.store.flag, f"--admin={self.admin}")

    def roll_over(self, *flags, older=SEMESTER, to=NEW, store=None):
        return run(self.folder, "dtictl", "semester", "roll-over", f"--from={older}", f"--to={to}",
                   store or self.store.flag, f"--admin={self.admin}", *flags, seconds=60)

    def semester(self, name):
        rows = json.loads(listed(self.folder, "semester", "list", self.store.flag, "--format=json"))
        return next((row for row in rows if row["name"] == name), None)

    def entries(self, name):
        return json.loads(listed(self.folder, "history", f"--semester={name}", self.store.flag, "--format=json"))


@pytest.fixture
def office(tmp_path, store):
    office = Office(tmp_path, store)
    with office.serve() as dti, Client(dti.endpoint) as client, SocketFile(office.admin) as socket_file:
        assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
        assert socket_file.order("set-wait-list", 0, wait_list=True, command_id="on")["status"] == OK
        office.socket_file = socket_file
        yield office


def test_a_roll_over_is_seen_before_it_is_made_and_is_made_once(office):
    code, out, log = office.roll_over("--dry-run")
    assert (code, out.splitlines()) == (10, [
        f"+ {NEW} is open with 380 classrooms, 60 labs and 380 conversions, as in {SEMESTER}",
        f"+ its wait list is on, as in {SEMESTER}"]), log
    assert office.semester(NEW) is None
    code, out, log = office.roll_over()
    assert (code, "--yes is needed" in log) == (2, True), log
    assert office.semester(NEW) is None
    code, out, log = office.roll_over("--yes", "--note=the new year")
    assert code == 0, out + log
    assert f"{NEW} is open, and has 380 classrooms" in out and f"the wait list of {NEW} is on since entry 2" in out
    made = office.semester(NEW)
    assert (made["state"], made["classrooms-capacity"], made["labs-capacity"], made["conversions-capacity"],
            made["wait-list"], made["classrooms-granted"]) == ("open", 380, 60, 380, True, 0)
    assert office.entries(NEW)[-1]["note"] == "the new year"
    code, out, log = office.roll_over("--yes")
    assert (code, "the roll-over is done already" in log) == (0, True), log
    code, out, log = office.roll_over("--dry-run")
    assert (code, [line[0] for line in out.splitlines()]) == (0, ["=", "="]), log
    assert len(office.entries(NEW)) == 2
    status, out, log = run(office.folder, "dtictl", "verify", office.store.flag)
    assert status == 0, out + log


def test_a_roll_over_that_stopped_half_way_continues(office):
    """The server opened the semester, and then dtictl or the server was killed."""
    opened = office.socket_file.order("open-semester", semester=NEW, command_id="open", **ROOMS)
    assert (opened["status"], opened["seq"]) == (OK, 1)
    code, out, log = office.roll_over("--dry-run")
    assert (code, [line[0] for line in out.splitlines()]) == (10, ["=", "+"]), log
    code, out, log = office.roll_over("--yes")
    assert (code, f"the wait list of {NEW} is on" in out) == (0, True), log
    assert len(office.entries(NEW)) == 2


def test_what_a_semester_has_already_is_never_changed(office):
    office.socket_file.order("open-semester", semester=NEW, command_id="open", **ROOMS)
    office.socket_file.order("set-wait-list", 0, semester=NEW, wait_list=True, command_id="on-2")
    office.socket_file.order("set-wait-list", 2, semester=NEW, wait_list=False, command_id="off")
    code, out, log = office.roll_over("--yes")
    assert (code, out, "! its wait list is on" in log, "nothing was changed" in log) == (1, "", True, True), log
    code, out, log = office.roll_over("--yes", "--labs=61", "--wait-list=off")
    assert (code, f"but {NEW} is open with 380 classrooms, 60 labs" in log) == (1, True), log
    assert len(office.entries(NEW)) == 3
    office.socket_file.order("close-semester", 1, semester=NEW, command_id="close")
    code, out, log = office.roll_over("--yes", "--wait-list=off")
    assert (code, f"but {NEW} is closed" in log) == (1, True), log


def test_a_closed_semester_is_rolled_over_also_after_a_restart_and_numbers_can_be_others(tmp_path, store):
    office = Office(tmp_path, store)
    with office.serve(), SocketFile(office.admin) as socket_file:
        socket_file.order("set-wait-list", 0, wait_list=True, command_id="on")
        socket_file.order("close-semester", 1, command_id="close")
    with running(tmp_path, store.flag, f"--admin={office.admin}"):
        code, out, log = office.roll_over("--yes", "--classrooms=300", "--wait-list=off")
        assert code == 0, out + log
        made = office.semester(NEW)
        assert (made["classrooms-capacity"], made["labs-capacity"], made["conversions-capacity"], made["wait-list"]) == (
            300, 60, 300, False)
        code, out, log = office.roll_over("--yes", to="2027-10")
        assert (code, office.semester("2027-10")["wait-list"]) == (0, True), out + log


def test_names_and_stores_that_do_not_fit_are_refused(office, tmp_path):
    for names, said in (({"to": "2025_10"}, "almost the same name"), ({"to": SEMESTER}, "must be another semester"),
                        ({"older": "2020-10"}, "no semester is")):
        code, out, log = office.roll_over("--yes", **names)
        assert (code, out, said in log) == (2, "", True), log
    other = f"--store=sqlite:{tmp_path}/other.db"
    with running(tmp_path, f"--semester={SEMESTER}", "--classrooms=1", "--labs=1", other, "--admin=off"):
        pass
    code, out, log = office.roll_over("--yes", store=other)
    assert (code, "is it a server of this store?" in log) == (1, True), log
    assert office.semester(NEW) is None


def test_without_a_server_nothing_is_changed(tmp_path, sqlite):
    office = Office(tmp_path, sqlite)
    with office.serve():
        pass
    code, out, log = office.roll_over("--yes")
    assert (code, out) == (6, ""), log
    assert office.semester(NEW) is None


def test_semester_open_has_a_dry_run(office):
    def open_semester(*flags):
        return run(office.folder, "dtictl", "semester", "open", f"--admin={office.admin}", f"--semester={NEW}",
                   "--classrooms=4", *flags)

    code, out, log = open_semester("--labs=1", "--dry-run")
    assert (code, "would be: 2026-10 is open, and has 4 classrooms" in out) == (10, True), log
    assert office.semester(NEW) is None
    assert open_semester("--labs=1")[0] == 0
    code, out, log = open_semester("--labs=1", "--dry-run")
    assert (code, "nothing is to be changed" in log) == (0, True), log
    assert open_semester("--labs=2", "--dry-run")[0] == 2
