"""Commands of the office: the two doors of a server, who may use them, and what comes of a command there."""

import os

import pytest

from tests_py.harness.http import http_address, scrape
from tests_py.harness.process import running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HEALTH_CHECK, OK, Client, KeyList, grant, lock, new_key, request, tcp
from tests_py.office.messages import PROGRAM, SocketFile, command

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))


@pytest.fixture
def place(tmp_path):
    class Place:
        folder = tmp_path
        admin = tmp_path / "a"

        def serve(self, *flags, **options):
            return running(tmp_path, *POOL, "--store=memory:", f"--admin={self.admin}", *flags, **options)

    return Place()


def test_a_grant_is_amended_and_released_at_the_socket_file(place):
    with place.serve() as dti, Client(dti.endpoint) as client, SocketFile(place.admin) as office:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        amended = office.order("amend-grant", 2, classrooms=5, labs=1, note="smaller groups", **PROGRAM)
        assert (amended["status"], amended["repeat"], amended["seq"], amended["open"]) == (OK, False, 4, True)
        assert amended["grant"] == {"wanted-classrooms": 5, "wanted-labs": 1, "classrooms": 5, "labs": 1, "mobile-labs": 0}
        released = office.order("release-grant", 4, command_id="c-2", **PROGRAM)
        assert (released["status"], released["grant"]) == (OK, None)
        assert released["left"] == released["capacity"]
        assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 3, 1))) == [(OK, 3, 1, 0)]
        until(lambda: dti.log.count(" office-command: ") == 2, what="the log lines")
    line = next(line for line in dti.log.splitlines() if "command=amend-grant" in line)
    assert all(part in line for part in ("actor=local/1000", "command-id=c-1", f"semester={SEMESTER}", "seq=4")), line


def test_a_dry_run_tells_what_would_be_and_changes_nothing(place):
    with place.serve() as dti, Client(dti.endpoint) as client, SocketFile(place.admin) as office:
        grant(client, DERECHO)
        tried = office.order("release-grant", dry_run=True, **PROGRAM)
        assert (tried["status"], tried["dry-run"], tried["grant"]) == (OK, True, None)
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        facts = office.order("release-grant", 0, dry_run=True, **PROGRAM)
        assert (facts["status"], facts["seq"], facts["grant"]["classrooms"]) == ("CONFLICT", 2, 7)
    assert " office-command: " not in dti.log


def test_a_retry_with_the_same_id_finds_its_change_and_a_colleague_who_comes_too_late_gets_a_conflict(place):
    with place.serve() as dti, Client(dti.endpoint) as client, SocketFile(place.admin) as office:
        grant(client, DERECHO)
        assert not office.order("amend-grant", 2, classrooms=5, labs=1, **PROGRAM)["repeat"]
        again = office.order("amend-grant", 2, classrooms=5, labs=1, **PROGRAM)
        assert (again["status"], again["repeat"], again["seq"]) == (OK, True, 4)
        late = office.order("release-grant", 2, command_id="c-2", **PROGRAM)
        assert (late["status"], late["seq"], late["grant"]["classrooms"]) == ("CONFLICT", 4, 5)


def test_a_semester_is_opened_resized_closed_and_reopened(place):
    with place.serve() as dti, Client(dti.endpoint) as client, SocketFile(place.admin) as office:
        rooms = {"classrooms": 10, "labs": 4, "mobile-labs": 10}
        for _ in range(2):
            opened = office.ask(command("open-semester", actor="local/0") | rooms | {"semester": "2026-10"})
            assert (opened["status"], opened["capacity"], opened["left"], opened["open"]) == (OK, rooms, rooms, True)
        assert grant(client, request("2026-10", "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
        about = {"semester": "2026-10"}
        refused = office.order("resize-semester", 1, classrooms=6, labs=4, mobile_labs=6, **about)
        assert (refused["status"], refused["capacity"]) == ("REFUSED", rooms)
        assert office.order("resize-semester", 1, classrooms=7, labs=4, mobile_labs=7, **about)["status"] == OK
        closed = office.order("close-semester", 1, command_id="c-2", **about)
        assert (closed["status"], closed["open"]) == (OK, False)
        reopened = office.order("reopen-semester", closed["seq"], command_id="c-3", **about)
        assert (reopened["status"], reopened["open"]) == (OK, True)


@pytest.mark.parametrize("actor", ["", "local/", "local/x", "key/ana", "ana"])
def test_the_socket_file_needs_a_local_actor(place, actor):
    with place.serve(), SocketFile(place.admin) as office:
        assert office.order("close-semester", 1, actor=actor)["status"] == "UNAUTHORIZED"


def test_the_socket_file_takes_nothing_but_commands(place):
    with place.serve() as dti, Client(dti.endpoint) as client, SocketFile(place.admin) as office:
        for body in (DERECHO, HEALTH_CHECK, b"{", b"", b"\xff"):
            assert office.ask(body)["status"] == "INVALID-REQUEST"
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_a_secured_endpoint_takes_commands_of_office_keys_only_and_names_their_actor(place):
    server = new_key(place.folder, "dti")
    keys = KeyList(place.folder, ana="office", derecho="faculty:Derecho", eva="auditor")
    flags = (server.flag, keys.flag, "--listen=curve://127.0.0.1:0")
    closing = command("close-semester", 1)
    with place.serve(*flags) as dti:
        def ask(name, message):
            with Client(tcp(dti.endpoint), prepare=lambda it: lock(it, keys[name], server)) as client:
                return client.ask(message)
        for name in ("derecho", "eva"):
            refused = ask(name, closing)
            assert (refused["status"], "role" in refused["detail"]) == ("UNAUTHORIZED", True)
        assert ask("ana", closing | {"actor": "local/0"})["status"] == "UNAUTHORIZED"
        assert ask("ana", closing)["status"] == OK
        until(lambda: " office-command: " in dti.log, what="the log line")
        assert "actor=key/ana command=close-semester" in dti.log


def test_a_plain_endpoint_takes_no_commands(place):
    with place.serve() as dti, Client(dti.endpoint) as client:
        refused = client.ask(command("close-semester", 1, actor="local/0"))
        assert (refused["status"], refused["command-id"]) == ("UNAUTHORIZED", "c-1")
        assert "seq" not in refused


def test_commands_and_dry_runs_are_counted_apart(place):
    with place.serve("--http=127.0.0.1:0") as dti, SocketFile(place.admin) as office:
        office.order("close-semester", 7)
        office.order("close-semester", 1, dry_run=True)
        address = http_address(dti)
        labels = lambda status: (("command", "close-semester"), ("status", status))  # noqa: E731
        counted = (("dti_office_commands_total", labels("CONFLICT")), ("dti_office_dry_runs_total", labels(OK)))
        until(lambda: all(scrape(address)[sample] == 1 for sample in counted), what="the counters")


# The folder.


def test_the_folder_is_for_its_user_alone_and_beside_a_file_of_sqlite(tmp_path):
    with running(tmp_path, *POOL, f"--store=sqlite:{tmp_path}/s.db"):
        assert (tmp_path / "s.db.admin").stat().st_mode & 0o777 == 0o700
        with SocketFile(tmp_path / "s.db.admin") as office:
            assert office.ask(b"{}")["status"] == "INVALID-REQUEST"


def test_a_folder_that_others_may_enter_is_refused(place):
    place.admin.mkdir(mode=0o755)
    os.chmod(place.admin, 0o755)
    with place.serve(exit_status=1, ready=False) as dti:
        assert dti.exit_status() == 1
        assert "chmod 700" in dti.log


def test_the_socket_file_of_a_dead_server_is_replaced_and_that_of_a_living_one_is_not(place):
    with place.serve() as dti:
        with place.serve(exit_status=1, ready=False) as second:
            assert second.exit_status() == 1
            assert "another process uses it" in second.log
        dti.crash()
    assert (place.admin / "admin").exists()
    with place.serve(), SocketFile(place.admin) as office:
        assert office.order("close-semester", 1)["status"] == OK


def test_a_path_that_is_too_long_is_an_error_if_it_was_given_and_a_warning_if_not(tmp_path):
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    with running(tmp_path, *POOL, "--store=memory:", f"--admin={deep}/a", exit_status=1, ready=False) as dti:
        assert dti.exit_status() == 1
        assert "may have 107" in dti.log
    with running(tmp_path, *POOL, f"--store=sqlite:{deep}/dti.db") as dti:
        assert " admin-off: " in dti.log


def test_off_means_no_socket_file(tmp_path):
    with running(tmp_path, *POOL, f"--store=sqlite:{tmp_path}/dti.db", "--admin=off") as dti:
        assert not (tmp_path / "dti.db.admin").exists()
        assert "admin-listening" not in dti.log
