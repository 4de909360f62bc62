"""A PostgreSQL that is killed, restarted or stopped under load: each request is answered in time, what was answered is
in the ledger, and the server serves again by itself."""

import collections
import contextlib
import json
import os
import signal
import time
from random import Random

import pytest

from tests_py.harness.runs.crash_ledger import check_semester
from tests_py.harness.runs.crash_load import Peers, Requests
from tests_py.harness.database_faults import (a_batch_waits, held_row, kill_a_backend, let_recover_quickly,
                                              postmaster_stopped, stop_at_once_and_start)
from tests_py.harness.postgresql import is_gone
from tests_py.harness.process import HANG_SECONDS, running, until
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import Client, request

POOL = (20_000, 2_000, 9_000)
UNDER_WAY = 300
STORE_TIMEOUT = 1
SEED = 20251003


@pytest.fixture
def database(cluster):
    """The session's cluster; it recovers quickly, and runs on when the test is over."""
    let_recover_quickly(cluster)
    yield cluster
    cluster.resume()
    cluster.sql("postgres", "ALTER SYSTEM RESET recovery_init_sync_method", user="postgres")


class Serving:
    """A server, peers that ask it, and what they asked so far."""

    def __init__(self, store, dti, requests, peers):
        self.store = store
        self.dti = dti
        self.requests = requests
        self.peers = peers

    def check_all_is_answered_and_stored(self):
        """Everything is answered in the end, one reply each, and the ledger has just that."""
        self.peers.until_healthy(HANG_SECONDS)
        self.peers.settle(HANG_SECONDS)
        assert not self.requests.waiting and self.requests.answers > 0
        assert self.requests.faults + check_semester(self.store, SEMESTER, POOL, self.requests.by_id) == []

    def receive_all_committed(self):
        """What was committed before the database stopped may still be on its way."""
        before = -1
        while before != self.requests.answers:
            before = self.requests.answers
            self.peers.receive(0.4)


@contextlib.contextmanager
def serving(store, tmp_path, *flags):
    requests = Requests(Random(SEED), 1000)
    requests.begin_semester(SEMESTER)
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("faculty,program\n" + "".join(f"{f},{p}\n" for f, p in requests.catalog()))
    pool = (f"--semester={SEMESTER}", f"--classrooms={POOL[0]}", f"--labs={POOL[1]}", f"--mobile-labs={POOL[2]}")
    with running(tmp_path, *pool, f"--catalog={catalog}", store.flag, "--lease-seconds=1", *flags) as dti:
        with Peers(dti.endpoint, requests) as peers:
            yield Serving(store, dti, requests, peers)


def end_the_sessions(cluster, store):
    """Ends every session of the server from another session, with pg_terminate_backend."""
    pids = ", ".join(map(str, cluster.backends(store.database)))
    cluster.sql("postgres", f"SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[{pids}]) AS pid", user="postgres")


FAULTS = {
    "stopped at once and started": lambda cluster, store: stop_at_once_and_start(cluster),
    "one process killed": lambda cluster, store: kill_a_backend(cluster, Random(SEED)),
    "sessions terminated": end_the_sessions}


@pytest.mark.parametrize("fault", FAULTS)
def test_inside_a_commit_nothing_is_answered_before_it_is_stored_and_then_all_is(database, postgresql, tmp_path, fault):
    with serving(postgresql, tmp_path) as served:
        with held_row(postgresql):
            served.peers.top_up(UNDER_WAY)
            until(lambda: a_batch_waits(postgresql), what="a batch inside its commit")
            served.peers.receive(0.1)
            assert served.requests.answers == 0
            FAULTS[fault](database, postgresql)
            if fault == "sessions terminated":  # the row is free again, as it is after a restart
                served.peers.receive(0.1)
        served.check_all_is_answered_and_stored()
        assert "taking-over-anew" in served.dti.log


@pytest.mark.parametrize("fault", FAULTS)
def test_between_commits_a_fault_is_noticed_by_the_next_request_which_is_answered(
        database, postgresql, tmp_path, fault):
    with serving(postgresql, tmp_path) as served:
        served.peers.top_up(UNDER_WAY)
        served.peers.settle(HANG_SECONDS)
        FAULTS[fault](database, postgresql)
        served.peers.top_up(UNDER_WAY)
        served.check_all_is_answered_and_stored()


@pytest.mark.parametrize("fault", FAULTS)
def test_under_load_three_faults_in_a_row_cost_no_answer(database, postgresql, tmp_path, fault):
    with serving(postgresql, tmp_path) as served:
        for _ in range(3):
            served.peers.load(0.2, UNDER_WAY)
            FAULTS[fault](database, postgresql)
            served.peers.load(0.2, UNDER_WAY)
        served.check_all_is_answered_and_stored()


def stopped_whole(database, _store):
    database.freeze()
    return contextlib.ExitStack()


def stopped_postmaster_and_no_session(database, store):
    """The server's sessions end, and new ones do not come about."""
    pids = database.backends(store.database)
    stack = contextlib.ExitStack()
    stack.enter_context(postmaster_stopped(database))
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    until(lambda: is_gone(pids), what="the end of the sessions")
    return stack


@pytest.mark.parametrize("stop", [stopped_whole, stopped_postmaster_and_no_session])
def test_while_the_database_is_stopped_under_load_each_request_is_told_unavailable_in_time(
        database, postgresql, tmp_path, stop):
    with serving(postgresql, tmp_path, f"--store-timeout={STORE_TIMEOUT}") as served:
        requests, peers = served.requests, served.peers
        peers.load(0.3, UNDER_WAY)
        with stop(database, postgresql):
            served.receive_all_committed()
            answers = requests.answers
            for _ in range(2):  # the requests in progress, and then new ones
                peers.top_up(UNDER_WAY)
                under_way, told, sent = peers.count, requests.told_to_come_again, time.monotonic()
                while requests.told_to_come_again < told + under_way:
                    peers.receive(0.05)
                    assert time.monotonic() < sent + HANG_SECONDS, "a request waits for the database"
                assert peers.count == 0 and requests.answers == answers  # no answer without a commit
            peers.send(*requests.next())
            told = requests.told_to_come_again
            sent = time.monotonic()
            while requests.told_to_come_again == told:
                peers.receive(STORE_TIMEOUT)
            assert time.monotonic() - sent > STORE_TIMEOUT - 0.1  # it was given its time
            database.resume()
        served.check_all_is_answered_and_stored()


def test_a_stopped_postmaster_does_not_disturb_a_server_that_has_its_session(database, postgresql, tmp_path):
    with serving(postgresql, tmp_path, f"--store-timeout={STORE_TIMEOUT}") as served:
        with postmaster_stopped(database):
            served.peers.load(STORE_TIMEOUT + 0.5, UNDER_WAY)
            served.peers.settle(HANG_SECONDS)
            assert served.requests.answers > UNDER_WAY and served.requests.told_to_come_again == 0
        served.check_all_is_answered_and_stored()


REQUESTS_WAITING_MAX = 16_384
BYTES_WAITING_MAX = 64 << 20
PEERS = 4
BIG = 100  # programs of a message of some 12 kB
MEMORY_MAX = 256 << 20  # with all that may wait
GROWTH_MAX = 16 << 20
FLOODS = 12


def memory(dti):
    """Bytes that the process has in RAM."""
    with open(f"/proc/{dti.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def big_request(number):
    return request(SEMESTER, "Derecho", *[(f"nobody {number} {i}", 1, 0) for i in range(BIG)], request_id=f"b{number}")


class Asking:
    """Some peers that send the same request repeatedly, and count the replies of each kind."""

    def __init__(self, stack, dti, body):
        self._peers = [stack.enter_context(Client(dti.endpoint)) for _ in range(PEERS)]
        self._encoded = json.dumps(body).encode()
        self.told = collections.Counter({"accepted": 0, "OVERLOADED": 0})
        self.sent = 0

    def send(self, count):
        for _ in range(count):
            self._peers[self.sent % PEERS].send(self._encoded)
            self.sent += 1

    def receive(self, seconds=0.0):
        """Counts what has come."""
        for peer in self._peers:
            while frames := peer.receive_if_any(seconds):
                self._count(frames)

    def _count(self, frames):
        [frame] = frames
        accepted = b'"error-found":false' in frame
        assert accepted or b'"error-message":"OVERLOADED"' in frame and b'"retry-after-ms":' in frame, frame
        self.told["accepted" if accepted else "OVERLOADED"] += 1

    def wait_until_read(self):
        """A malformed request gets its reply at once in any state of the store: then all earlier messages were read."""
        for peer in self._peers:
            peer.send(b"{}")
            while b"INVALID-REQUEST" not in (frames := peer.receive())[0]:
                self._count(frames)

    def wait_until_refused(self):
        """Asks once more when nothing else is on its way."""
        self.wait_until_read()
        self.receive(0.02)
        before = self.told["OVERLOADED"]
        self.send(1)
        until(lambda: self.receive() or self.told["OVERLOADED"] > before, what="OVERLOADED")


@pytest.mark.parametrize("body, waiting_max", [
    (request(SEMESTER, "Derecho", ("Derecho Penal", 1, 0), request_id="small"), REQUESTS_WAITING_MAX),
    (big_request(1), BYTES_WAITING_MAX // len(json.dumps(big_request(1))))], ids=["by number", "by bytes"])
def test_beyond_the_bound_all_are_told_to_come_later_at_once_in_bounded_memory_and_the_accepted_are_answered(
        database, postgresql, tmp_path, body, waiting_max):
    flags = (f"--semester={SEMESTER}", "--classrooms=380", "--labs=60", "--store-timeout=600", postgresql.flag)
    with running(tmp_path, *flags) as dti, contextlib.ExitStack() as stack:
        asking = Asking(stack, dti, body)
        database.freeze()
        while asking.told["OVERLOADED"] == 0:
            asking.send(waiting_max // 8)
            asking.wait_until_read()
        full = memory(dti)
        assert full < MEMORY_MAX
        for _ in range(FLOODS):  # all together more than what waits
            asking.send(waiting_max // 8)
            asking.wait_until_refused()  # long before --store-timeout
        assert memory(dti) - full < GROWTH_MAX
        assert asking.told["accepted"] == 0  # no answer while the database is silent

        database.resume()
        deadline = time.monotonic() + HANG_SECONDS
        while sum(asking.told.values()) < asking.sent:
            asking.receive(0.001)
            assert time.monotonic() < deadline, f"{asking.told} of {asking.sent}"
        asking.receive(0.1)
        assert sum(asking.told.values()) == asking.sent  # one reply each
        assert 0.99 * waiting_max < asking.told["accepted"] <= waiting_max
    postgresql.check_conserved()
