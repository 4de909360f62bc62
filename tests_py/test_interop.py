"""The old peers in Go (tests/interop) in each place against ours."""

import contextlib
import json
import os
import re
import shutil
import subprocess

import pytest

from harness.process import ROOT, Daemon, Process, owned, running, running_faculty, start_program
from harness.scenario import POOL, SEMESTER
from harness.wire import HAS_ALREADY, OK, Router

SOURCE = ROOT / "tests/interop"
PEERS = ("oldprogram", "oldfaculty", "olddti", "oldproxy")
NAMES = ("derecho-civil", "derecho-penal")
FACULTY = ("--name=derecho", f"--semester={SEMESTER}", "--min-programs=2")
WISH = (f"--semester={SEMESTER}", "--classrooms=7", "--labs=2")


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """The folder of the old peers' binaries."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed: the old peers cannot be built")
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, timeout=30).stdout
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or tuple(map(int, found.groups())) < (1, 21):
        pytest.skip(f"the old peers need go 1.21, this is {version.strip() or 'unknown'}")
    folder = tmp_path_factory.mktemp("old")
    built = subprocess.run([go, "build", "-o", f"{folder}/", *[f"./{peer}" for peer in PEERS]], cwd=SOURCE,
                           env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false"}, timeout=80,
                           capture_output=True, text=True)
    if built.returncode and re.search(r"dial tcp|proxyconnect|no such host|module lookup disabled", built.stderr):
        pytest.skip(f"the modules of the old peers cannot be fetched: {built.stderr.splitlines()[-1]}")
    assert built.returncode == 0, built.stderr
    return folder


@contextlib.contextmanager
def old_daemon(folder, binary, *flags):
    """An old peer that serves; it is killed in the end, as it knows no other."""
    daemon = Daemon([str(binary), *flags], folder)
    with owned(daemon):
        yield daemon
        if not daemon.has_ended():
            daemon.crash()


def end_of_programs(programs):
    """Their exit statuses and what they printed, read as JSON."""
    try:
        statuses = [program.exit_status(20) for program in programs]
        return statuses, [json.loads(program.stdout()) for program in programs]
    finally:
        for program in programs:
            program.remove()


def ask_with_old_programs(old, tmp_path, faculty, wish=WISH, names=NAMES):
    return end_of_programs([
        Process([str(old / "oldprogram"), f"--name={name}", *wish, f"--faculty-server={faculty.address}"], tmp_path)
        for name in names])


def ask_with_our_programs(tmp_path, faculty):
    return end_of_programs([
        start_program(tmp_path, f"--name={name}", *WISH, f"--faculty-server={faculty.address}", "--json")
        for name in NAMES])


def rooms(answer):
    return answer["status"], answer["classrooms-assigned"], answer["labs-assigned"], answer["mobile-labs-assigned"]


def check_granted(outcome):
    statuses, answers = outcome
    assert statuses == [0, 0]
    assert [rooms(answer) for answer in answers] == [(OK, 7, 2, 0)] * 2


def test_old_programs_are_served_by_our_faculty_and_our_server(old, store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti:
        with running_faculty(tmp_path, *FACULTY, f"--dti-server={dti.address}") as faculty:
            check_granted(ask_with_old_programs(old, tmp_path, faculty))
            assert faculty.exit_status() == 0
        assert store.left()[:2] == (366, 56)


def test_an_old_program_never_hangs_whatever_our_faculty_has_to_say(old, sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        flags = ("--name=derecho", "--min-programs=2", "--request-timeout=0.2", "--retries=1")
        with running_faculty(tmp_path, *flags, f"--dti-server={dti.address}") as faculty:
            other = (f"--semester={SEMESTER}", "--classrooms=8", "--labs=2")
            closed = ("--semester=1999", "--classrooms=8", "--labs=2")
            for wish, status in ((WISH, OK), (other, HAS_ALREADY), (closed, "INVALID-SEMESTER")):
                statuses, answers = ask_with_old_programs(old, tmp_path, faculty, wish)
                assert statuses == [0, 0] and [answer["status"] for answer in answers] == [status] * 2
            statuses, answers = ask_with_old_programs(old, tmp_path, faculty, names=("nobody", ""))
            assert [answer["status"] for answer in answers] == ["INVALID-PROGRAM"] * 2
    with Router() as silent, running_faculty(tmp_path, *flags, f"--dti-server={silent.address}") as faculty:
        statuses, answers = ask_with_old_programs(old, tmp_path, faculty)
        assert statuses == [0, 0] and [answer["status"] for answer in answers] == ["UNAVAILABLE"] * 2


def test_our_programs_are_served_through_an_old_faculty(old, sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        with old_daemon(tmp_path, old / "oldfaculty", *FACULTY, f"--dti-server={dti.address}") as faculty:
            faculty.wait_ready()
            check_granted(ask_with_our_programs(tmp_path, faculty))
            assert faculty.exit_status() == 0
    assert (tmp_path / f"{NAMES[0]}_{SEMESTER}.txt").is_file()


def test_old_programs_and_an_old_faculty_are_served_by_our_server(old, store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti:
        for _ in range(2):  # the second time it is a repeat
            with old_daemon(tmp_path, old / "oldfaculty", *FACULTY, f"--dti-server={dti.address}") as faculty:
                faculty.wait_ready()
                check_granted(ask_with_old_programs(old, tmp_path, faculty))
                assert faculty.exit_status() == 0
        assert store.left()[:2] == (366, 56)


@pytest.mark.parametrize("semester, status", [("1999", "INVALID-SEMESTER")])
def test_an_old_faculty_relays_an_error_of_our_server_to_each_program(old, sqlite, tmp_path, semester, status):
    flags = ("--name=derecho", f"--semester={semester}", "--min-programs=2")
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        with old_daemon(tmp_path, old / "oldfaculty", *flags, f"--dti-server={dti.address}") as faculty:
            faculty.wait_ready()
            wish = (f"--semester={semester}", "--classrooms=7", "--labs=2")
            statuses, answers = ask_with_old_programs(old, tmp_path, faculty, wish)
            assert statuses == [0, 0] and [rooms(answer) for answer in answers] == [(status, 0, 0, 0)] * 2
            assert faculty.exit_status() == 0


def test_our_faculty_without_retries_is_served_by_an_old_server(old, tmp_path):
    with old_daemon(tmp_path, old / "olddti", f"--semester={SEMESTER}") as dti:
        dti.wait_ready()
        with running_faculty(tmp_path, *FACULTY, f"--dti-server={dti.address}", "--retries=0") as faculty:
            check_granted(ask_with_our_programs(tmp_path, faculty))
            assert faculty.exit_status() == 0


def test_an_old_faculty_reaches_our_server_through_the_old_proxy(old, store, tmp_path):
    with old_daemon(tmp_path, old / "oldproxy") as proxy:
        registration = proxy.line("REGISTRATION")
        proxy.wait_ready()
        with running(tmp_path, *POOL, store.flag, f"--proxy-server={registration}") as dti:
            assert proxy.line("ACTIVE") == dti.address
            assert proxy.line("HEALTHY") == dti.address
            with old_daemon(tmp_path, old / "oldfaculty", *FACULTY, f"--dti-server={proxy.address}") as faculty:
                faculty.wait_ready()
                check_granted(ask_with_old_programs(old, tmp_path, faculty))
                assert faculty.exit_status() == 0
            with running_faculty(tmp_path, *FACULTY, f"--dti-server={proxy.address}") as faculty:
                check_granted(ask_with_our_programs(tmp_path, faculty))
                assert faculty.exit_status() == 0
            assert store.left()[:2] == (366, 56)
            assert not proxy.has_ended(), proxy.describe()
