"""The old peers in Go (tests/interop) in each place against ours."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from tests_py.harness.process import ROOT, Daemon, Process, owned, running, running_faculty, start_program, until
from tests_py.harness.postgresql import PASSWORD, ROLE
from tests_py.harness.relay import Relay
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HAS_ALREADY, OK, Client, Router, answers, only_body, request

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
        statuses = [program.exit_status() for program in programs]
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


def test_an_old_servers_refusal_of_a_semester_is_final(old, tmp_path):
    with old_daemon(tmp_path, old / "olddti", "--semester=1999") as dti:
        dti.wait_ready()
        with running_faculty(tmp_path, *FACULTY, f"--dti-server={dti.address}", "--retries=0") as faculty:
            statuses, answers = ask_with_our_programs(tmp_path, faculty)
            assert statuses == [4, 4] and [rooms(answer) for answer in answers] == [("INVALID-SEMESTER", 0, 0, 0)] * 2
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


# The old proxy reads answers from one connection until that breaks or delivers something. A server of ours that keeps a
# connection open while another one leads, or answers on none, leaves it stuck for good.

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
TEATRO = request(SEMESTER, "Artes", ("Teatro", 2, 1))


@contextlib.contextmanager
def proxied(old, folder, health_limit):
    """An old proxy that gives a server up after that time, and the flag by which servers register with it."""
    with old_daemon(folder, old / "oldproxy", "--health-every=100ms", f"--health-limit={health_limit}") as proxy:
        flag = f"--proxy-server={proxy.line('REGISTRATION')}"
        yield proxy.wait_ready(), flag


def check_served_through(proxy, body=TEATRO):
    """Asked again each second, as the proxy drops requests while it has no connection."""
    with Client(proxy.endpoint) as client:
        client.send(body)
        frames = until(lambda: client.receive_if_any(1) or client.send(body), what="an answer")
        assert answers(only_body(frames))[0][0] == OK


def wait_active(proxy, server):
    """The proxy sends to that server now."""
    until(lambda: proxy.line("ACTIVE") == server.address, what="the proxy's choice")


def test_a_server_behind_the_old_proxy_that_crashes_and_is_started_again_is_served(old, postgresql, tmp_path):
    """It waits for its own lease, for longer than the proxy needs to give it up."""
    lease = "--lease-seconds=3"
    with proxied(old, tmp_path, "500ms") as (proxy, flag):
        with running(tmp_path, *POOL, postgresql.flag, lease, flag) as first:
            check_served_through(proxy)
            first.crash()
        with running(tmp_path, postgresql.flag, lease, flag, f"--port={first.port}", standby=True) as second:
            second.wait_ready()
            check_served_through(proxy)


@pytest.mark.parametrize("resumes", ["once it was given up", "at once"])
def test_a_paused_leader_behind_the_old_proxy_leaves_it_to_the_next_one(old, postgresql, tmp_path, resumes):
    lease = "--lease-seconds=1"
    with proxied(old, tmp_path, "3s") as (proxy, flag):
        with running(tmp_path / "first", *POOL, postgresql.flag, lease, flag) as first:
            check_served_through(proxy)
            with running(tmp_path / "second", postgresql.flag, lease, flag, standby=True) as second:
                first.signal(signal.SIGSTOP)
                second.wait_ready()
                if resumes == "once it was given up":
                    wait_active(proxy, second)
                first.signal(signal.SIGCONT)
                first.wait_standby()
                check_served_through(proxy)


def test_a_leader_behind_the_old_proxy_that_has_lost_the_database_leaves_it_to_the_next_one(old, postgresql, tmp_path):
    lease = "--lease-seconds=1"
    cluster = postgresql.cluster
    relay = Relay("127.0.0.1", cluster.port)
    env = {"DTI_STORE": f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{relay.port}/{postgresql.database}"}
    with contextlib.closing(relay), proxied(old, tmp_path, "3s") as (proxy, flag):
        with running(tmp_path / "first", *POOL, lease, flag, env=env) as first:
            check_served_through(proxy)
            with running(tmp_path / "second", postgresql.flag, lease, flag, standby=True) as second:
                relay.close()
                second.wait_ready()
                wait_active(proxy, second)
                check_served_through(proxy)
            first.crash()


def test_a_server_behind_the_old_proxy_is_served_after_its_database_was_silent(old, postgresql, tmp_path):
    """The lease outlasts the silence: nothing but the late answers to health checks tells the proxy."""
    with proxied(old, tmp_path, "500ms") as (proxy, flag):
        with running(tmp_path, *POOL, postgresql.flag, "--lease-seconds=60", flag) as dti:
            check_served_through(proxy)
            wait_active(proxy, dti)
            with Client(dti.endpoint) as client:
                postgresql.cluster.freeze()
                client.send(CIVIL)  # waits for the database, and the server is not ready meanwhile
                wait_active(proxy, dti)  # again: a second connection
                postgresql.cluster.resume()
                assert answers(only_body(client.receive())) == [(OK, 7, 2, 0)]
            check_served_through(proxy)
