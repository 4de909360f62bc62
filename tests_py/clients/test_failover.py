"""Several servers on one PostgreSQL: one leads, the others stand by; crash, planned stop, pause."""

import contextlib
import json
import signal
import socket
import threading
import time

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.postgresql import ROLE
from tests_py.harness.process import HANG_SECONDS, running, running_faculty, until
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import take_back
from tests_py.harness.wire import (HEALTH_CHECK, HEALTHY, OK, Client, answers, check_failed, grant, only_body, request)
from tests_py.clients.test_proxy import take_registration

LEASE = 1
SHORT_LEASE = f"--lease-seconds={LEASE}"
CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
PENAL = request(SEMESTER, "Derecho", ("Derecho Penal", 5, 1), ("Derecho Laboral", 1, 1))
TEATRO = request(SEMESTER, "Artes", ("Teatro", 2, 1))
NAMES = ("Derecho Civil", "Derecho Penal", "Derecho Laboral")


@pytest.fixture
def cluster_resumed(cluster):
    yield cluster
    cluster.resume()


@pytest.fixture
def leader(postgresql, tmp_path):
    with running(tmp_path / "first", *POOL, postgresql.flag, SHORT_LEASE) as dti:
        yield dti


def standby(postgresql, folder, *flags):
    return running(folder, postgresql.flag, *(flags or [SHORT_LEASE]), standby=True)


def is_healthy(dti):
    with Client(dti.endpoint) as client:
        client.send(HEALTH_CHECK)
        client.send(b"no request")  # a malformed message is always answered, and comes after the check
        return client.receive() == [HEALTHY]


def wait_healthy(dti):
    until(lambda: is_healthy(dti), what="the leader's health check")


def not_leader(dti, body=CIVIL):
    """The leader that a standby names."""
    with Client(dti.endpoint) as client:
        reply = client.ask(body)
        check_failed(reply, body, "NOT-LEADER")
        return reply.get("leader")


def test_a_standby_names_the_leader_answers_no_health_check_and_writes_nothing(postgresql, leader, tmp_path):
    with standby(postgresql, tmp_path / "second") as second:
        assert not_leader(second) == leader.address
        assert is_healthy(leader) and not is_healthy(second)
        with Client(leader.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        assert not_leader(second) == leader.address
        assert not second.has_ended() and second.stop() == 0
    assert postgresql.left()[:2] == (373, 58)


def test_a_planned_stop_hands_the_lead_over_at_once(postgresql, tmp_path):
    """Long before the lease is over."""
    with running(tmp_path / "first", *POOL, postgresql.flag, "--lease-seconds=300") as first:
        with standby(postgresql, tmp_path / "second", "--lease-seconds=300") as second:
            with Client(first.endpoint) as client:
                assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
            assert first.stop() == 0
            second.wait_ready()
            wait_healthy(second)
            with Client(second.endpoint) as client:
                assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
                assert grant(client, PENAL) == [(OK, 5, 1, 0), (OK, 1, 1, 0)]
    assert postgresql.left()[:2] == (367, 56)
    postgresql.check_conserved()


def test_a_crash_is_taken_over_when_the_lease_has_run_out_and_not_before(postgresql, leader, tmp_path):
    """How soon is measured by scripts/failover-runs: it depends on the machine."""
    with standby(postgresql, tmp_path / "second") as second:
        with Client(leader.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        lease_until = postgresql.count("SELECT lease_until FROM leadership")
        leader.crash()
        second.wait_ready()
        assert postgresql.rows(f"SELECT now() >= '{lease_until}'") == [("t",)]
        wait_healthy(second)
        with Client(second.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
            assert grant(client, TEATRO) == [(OK, 2, 1, 0)]
    assert postgresql.left()[:2] == (371, 57)
    postgresql.check_conserved()


def test_of_two_standbys_one_takes_over_and_the_other_follows_it(postgresql, leader, tmp_path):
    with standby(postgresql, tmp_path / "second") as second, standby(postgresql, tmp_path / "third") as third:
        leader.crash()
        until(lambda: is_healthy(second) or is_healthy(third), what="a new leader")
        new, other = (second, third) if is_healthy(second) else (third, second)
        until(lambda: not_leader(other) == new.address, what="the other standby naming the new leader")
        with Client(new.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        assert new.stop() == 0
        until(lambda: is_healthy(other), what="the last server")
        with Client(other.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    postgresql.check_conserved()


@pytest.mark.parametrize("in_the_middle", ["of a commit", "of nothing"])
def test_a_leader_that_pauses_for_three_leases_commits_nothing_afterwards_and_stands_by(
        postgresql, leader, tmp_path, cluster_resumed, in_the_middle):
    with standby(postgresql, tmp_path / "second") as second, Client(leader.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        if in_the_middle == "of a commit":
            # The lock of another session blocks the statement: it is sent, and not answered.
            with holding_rows(postgresql):
                client.send(TEATRO)
                until(lambda: waiting_backends(postgresql), what="a commit that waits for its row")
                leader.signal(signal.SIGSTOP)
        else:
            leader.signal(signal.SIGSTOP)
            client.send(TEATRO)
        paused = time.monotonic()
        second.wait_ready()
        with Client(second.endpoint) as another:
            assert grant(another, PENAL) == [(OK, 5, 1, 0), (OK, 1, 1, 0)]
            until(lambda: time.monotonic() - paused > 3 * LEASE, what="the end of the pause")
            stored = postgresql.allocations()
            client.send(HEALTH_CHECK)
            leader.signal(signal.SIGCONT)
            reply = only_body(client.receive())
            if reply["error-found"]:
                check_failed(reply, TEATRO, "NOT-LEADER")
            else:
                assert answers(reply) == [(OK, 2, 1, 0)]
                assert ("Artes", "Teatro") in stored, "answered, and not stored before the new leader led"
            leader.wait_standby()
            until(lambda: not_leader(leader) == second.address, what="the old leader naming the new one")
            assert client.receive_if_any() is None, "a health check was answered by a server that does not lead"
            assert postgresql.allocations() == stored
            assert grant(another, TEATRO) == [(OK, 2, 1, 0)]
            second.crash()
            leader.wait_ready()  # it can lead again
            assert grant(client, PENAL) == [(OK, 5, 1, 0), (OK, 1, 1, 0)]
    assert postgresql.left()[:2] == (365, 55)
    postgresql.check_conserved()


@contextlib.contextmanager
def holding_rows(postgresql):
    """Another session's transaction locks the rows of the semesters inside the block."""
    with sleeping(postgresql, "BEGIN; SELECT 1 FROM semester FOR UPDATE;", "COMMIT") as wake:
        yield
        wake()


@contextlib.contextmanager
def sleeping(postgresql, before, after=""):
    """A session of the servers' role that has done `before` and sleeps until the function that this gives is called; then it
    does `after`."""
    sleep = "DO $$ BEGIN /* sleeper */ PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END $$;"
    sleepers = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'DO %/* sleeper */%'"
    session = threading.Thread(target=postgresql.cluster.sql, daemon=True,
                               args=(postgresql.database, f"{before} {sleep} {after}", postgresql.role))
    session.start()
    until(lambda: postgresql.count(f"SELECT count(*) {sleepers} AND state = 'active'"), what="the session that sleeps")

    def wake():
        postgresql.rows(f"SELECT pg_cancel_backend(pid) {sleepers}")
        session.join(30)

    try:
        yield wake
    finally:
        wake()


def waiting_backends(postgresql):
    return postgresql.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                            " AND application_name = 'dti_server' AND wait_event_type = 'Lock'")


def test_a_rolling_restart_of_three_servers_loses_no_answer(postgresql, tmp_path):
    names = [f"p{i}" for i in range(300)]
    catalog = write_catalog(tmp_path / "catalog.csv", "Big", names)
    flags = (f"--semester={SEMESTER}", "--classrooms=1000", "--labs=0", catalog, postgresql.flag, "--lease-seconds=300")
    known = {}
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(tmp_path / str(n), *flags, standby=n > 0)) for n in range(3)]
        for number, name in enumerate(names):
            if number % 100 == 50:
                leader = leader_of(servers)
                assert leader.stop() == 0
                servers.remove(leader)
                servers.append(stack.enter_context(running(tmp_path / f"new-{number}", *flags, ready=False)))
                servers[-1].wait_listening()
            known[name] = grant_somewhere(servers, request(SEMESTER, "Big", (name, 1, 0)))
        assert set(map(tuple, known.values())) == {((OK, 1, 0, 0),)}
    assert len(postgresql.allocations()) == len(names)
    postgresql.check_conserved()


def leader_of(servers):
    return until(lambda: next((dti for dti in servers if is_healthy(dti)), None), what="a leader")


def grant_somewhere(servers, body, seconds=HANG_SECONDS):
    """Asks one server after the other, as a faculty does, until one of them leads."""
    deadline = time.monotonic() + seconds
    while True:
        for dti in servers:
            with Client(dti.endpoint) as client:
                reply = client.ask(body)
            if not reply["error-found"]:
                return answers(reply)
            check_failed(reply, body, "NOT-LEADER")
        assert time.monotonic() < deadline, "no server leads"


def test_requests_that_are_under_way_when_the_leader_crashes_are_granted_once(postgresql, tmp_path):
    names = [f"p{i}" for i in range(600)]
    catalog = write_catalog(tmp_path / "catalog.csv", "Big", names)
    flags = (f"--semester={SEMESTER}", "--classrooms=1000", "--labs=0", catalog, postgresql.flag, SHORT_LEASE)
    bodies = {name: request(SEMESTER, "Big", (name, 1, 0)) for name in names}
    with running(tmp_path / "first", *flags) as first, running(tmp_path / "second", *flags, standby=True) as second:
        answered = {}
        with Client(first.endpoint) as client:
            for body in bodies.values():
                client.send(body)
            for _ in range(100):
                reply = only_body(client.receive())
                answered[reply["programs"][0]["program-name"]] = answers(reply)
            first.crash()
            while frames := client.receive_if_any(0.2):
                reply = json.loads(frames[0])
                answered[reply["programs"][0]["program-name"]] = answers(reply)
        second.wait_ready()
        stored = {program for _, program in postgresql.allocations()}
        assert set(answered) <= stored
        with Client(second.endpoint) as client:
            for body in bodies.values():
                assert grant(client, body) == [(OK, 1, 0, 0)]
    assert len(postgresql.allocations()) == len(names)
    assert postgresql.left()[:2] == (400, 0)
    postgresql.check_conserved()


def test_a_faculty_with_two_servers_answers_its_programs_across_a_crash(postgresql, leader, tmp_path):
    with standby(postgresql, tmp_path / "second") as second:
        flags = (*faculty_flags(leader.address, second.address), "--min-programs=1", "--request-timeout=0.5")
        with running_faculty(tmp_path / "faculty", *flags) as faculty, contextlib.ExitStack() as stack:
            peers = [stack.enter_context(Client(faculty.endpoint)) for _ in NAMES]
            assert room_answer(peers[0].ask_frames(b"", wish(NAMES[0]))) == (OK, 7, 2, 0)
            leader.crash()
            for peer, name in zip(peers, NAMES):
                peer.send(b"", wish(name))
            assert [room_answer(peer.receive()) for peer in peers] == [(OK, 7, 2, 0)] * 3
            assert [peer.receive_if_any(0.1) for peer in peers] == [None] * 3, "a second answer"
    assert postgresql.left()[:2] == (359, 54)
    postgresql.check_conserved()


def test_a_faculty_that_asks_a_standby_goes_to_the_leader_that_it_names(postgresql, leader, tmp_path):
    with standby(postgresql, tmp_path / "second") as second:
        flags = (*faculty_flags(second.address, leader.address), "--min-programs=1")
        with running_faculty(tmp_path / "faculty", *flags) as faculty, Client(faculty.endpoint) as peer:
            assert room_answer(peer.ask_frames(b"", wish(NAMES[0]))) == (OK, 7, 2, 0)
        assert "NOT-LEADER" in faculty.log


def test_a_faculty_leaves_a_server_that_refuses_the_connection_at_once(postgresql, tmp_path):
    with socket.socket() as nobody:  # bound, and does not listen: refused
        nobody.bind(("127.0.0.1", 0))
        with running(tmp_path, *POOL, postgresql.flag) as dti:
            servers = (f"127.0.0.1:{nobody.getsockname()[1]}", dti.address)
            flags = (*faculty_flags(*servers), "--min-programs=1", "--request-timeout=60")  # beyond its budget
            with running_faculty(tmp_path / "faculty", *flags) as faculty, Client(faculty.endpoint) as peer:
                assert room_answer(peer.ask_frames(b"", wish(NAMES[0]))) == (OK, 7, 2, 0)


def test_what_is_advertised_is_what_clients_of_a_standby_are_told(postgresql, tmp_path):
    for bind, flags, told in (("127.0.0.1", ["--advertise=dti.example.org:7000"], "dti.example.org:7000"),
                              ("0.0.0.0", ["--allow-plaintext"], None)):
        with running(tmp_path, *POOL, postgresql.flag, f"--bind={bind}", *flags):
            with standby(postgresql, tmp_path / "second") as second:
                assert not_leader(second) == told


def test_each_server_registers_with_the_old_proxy_when_it_takes_the_lead_and_not_before(postgresql, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = f"--proxy-server=127.0.0.1:{listener.getsockname()[1]}"
        with running(tmp_path / "first", *POOL, postgresql.flag, proxy) as first:
            assert take_registration(listener) == f"{first.port}\n".encode()
            with standby(postgresql, tmp_path / "second", proxy) as second:
                assert first.stop() == 0
                assert take_registration(listener) == f"{second.port}\n".encode()


def test_a_standby_outlives_a_restart_of_the_database(postgresql, leader, tmp_path, cluster_resumed):
    with standby(postgresql, tmp_path / "second") as second, Client(leader.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        cluster_resumed.stop("fast")
        cluster_resumed.start()
        new = until(lambda: next((dti for dti in (leader, second) if is_healthy(dti)), None), what="a leader")
        with Client(new.endpoint) as again:
            assert grant(again, CIVIL) == [(OK, 7, 2, 0)]
            assert grant(again, TEATRO) == [(OK, 2, 1, 0)]
    postgresql.check_conserved()


def test_a_leader_on_the_schema_before_leases_is_followed_until_its_session_ends(postgresql, tmp_path):
    """The old leader is played by a session that holds the lead as the version before wrote it."""
    postgresql.let_servers_own_it()
    with running(tmp_path / "made", *POOL, postgresql.flag):
        pass
    postgresql.rows(f"SET ROLE {ROLE};" + take_back("postgresql", 1))
    columns = postgresql.rows("SELECT count(*) FROM information_schema.columns WHERE table_name = 'leadership'")
    take = ("UPDATE leadership SET epoch = epoch + 1, holder = 'old:1:0', backend_pid = pg_backend_pid(), backend_start"
            " = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid());"
            " UPDATE semester SET epoch = (SELECT epoch FROM leadership);")
    with sleeping(postgresql, take) as end_old_leader, standby(postgresql, tmp_path / "second") as second:
        assert not_leader(second) is None
        assert not is_healthy(second)
        assert postgresql.rows("SELECT count(*) FROM information_schema.columns"
                               " WHERE table_name = 'leadership'") == columns, "migrated beside the old leader"
        end_old_leader()
        second.wait_ready()
        with Client(second.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    assert postgresql.count("SELECT max(version) FROM schema_version") == 8
