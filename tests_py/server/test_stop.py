"""SIGTERM: what was taken is answered, and nothing that is in the ledger is kept from who asked."""

import contextlib
import json
import signal
import threading
import time

import pytest
import zmq

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.process import HANG_SECONDS, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HEALTH_CHECK, Client, answers, grant, request

PEERS = 4
REPLY_SECONDS = 1.5  # from the signal to the last replies, if the store is silent
STORE_TIMEOUT = "--store-timeout=600"  # longer than the harness waits for an end
FACULTY = "Load"
PROGRAMS_EACH = 5000
UNDER_WAY = 200


class Load(threading.Thread):
    """Asks for one new program after the other, many at a time, until told to end."""

    def __init__(self, endpoint, semester, number):
        super().__init__()
        self._semester = semester
        self._endpoint = endpoint
        self._number = number
        self.half_way = threading.Event()
        self.end = threading.Event()
        self.replies = {}
        self._asked = 0

    def run(self):
        with Client(self._endpoint) as client:
            while not self.end.is_set():
                while self._asked < min(len(self.replies) + UNDER_WAY, PROGRAMS_EACH):
                    client.send(request(self._semester, FACULTY, (f"{self._number}-{self._asked}", 1, 0)))
                    self._asked += 1
                self._keep(client, 0.01)
                if len(self.replies) > 50:
                    self.half_way.set()
            self._keep(client, 0.5)

    def _keep(self, client, seconds):
        while frames := client.receive_if_any(seconds):
            reply = json.loads(frames[0])
            name = reply["programs"][0]["program-name"]
            assert name not in self.replies, "answered twice"
            self.replies[name] = reply


def test_sigterm_under_load_ends_it_and_every_accepted_request_was_answered(store, tmp_path):
    names = [f"{peer}-{i}" for peer in range(PEERS) for i in range(PROGRAMS_EACH)]
    catalog = write_catalog(tmp_path / "catalog.csv", FACULTY, names)
    flags = (f"--semester={SEMESTER}", "--classrooms=1000000", "--labs=0", catalog, store.flag)
    with running(tmp_path, *flags) as dti:
        peers = [Load(dti.endpoint, SEMESTER, number) for number in range(PEERS)]
        try:
            for peer in peers:
                peer.start()
            for peer in peers:
                assert peer.half_way.wait(HANG_SECONDS)
            assert dti.stop() == 0
        finally:
            for peer in peers:
                peer.end.set()
                peer.join()

    replies = {name: reply for peer in peers for name, reply in peer.replies.items()}
    granted = {name for name, reply in replies.items() if answers(reply) == [("OK", 1, 0, 0)]}
    refused = {name: reply["error-message"] for name, reply in replies.items() if name not in granted}
    assert granted == {program for _, program in store.allocations(SEMESTER)}
    assert set(refused.values()) <= {"UNAVAILABLE"}
    store.check_conserved()


def test_a_second_sigterm_changes_nothing(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        dti.signal(signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            dti.signal(signal.SIGTERM)
        assert dti.exit_status() == 0


@pytest.mark.parametrize("asks", [True, False], ids=["a request waits", "no request waits"])
def test_sigterm_with_a_silent_store_is_unavailable_after_1_5_s_and_exit_1_if_anybody_waits(postgresql, tmp_path, asks):
    with running(tmp_path, *POOL, postgresql.flag, STORE_TIMEOUT) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
        postgresql.cluster.freeze()
        if asks:
            client.send(request(SEMESTER, "Derecho", ("Derecho Penal", 7, 2)))
            client.send(HEALTH_CHECK)
            client.receive()  # the server has read both
        started = time.monotonic()
        dti.signal(signal.SIGTERM)
        if asks:
            assert json.loads(client.receive()[0])["error-message"] == "UNAVAILABLE"
            assert time.monotonic() - started > REPLY_SECONDS - 0.1  # the store was given its time
        assert dti.exit_status() == (1 if asks else 0)
        postgresql.cluster.resume()
    postgresql.check_conserved()


def test_sigterm_with_a_silent_store_and_a_peer_that_does_not_read_still_ends(postgresql, tmp_path):
    with (running(tmp_path, *POOL, postgresql.flag, STORE_TIMEOUT) as dti, Client(dti.endpoint) as client,
          mute_peer(dti) as mute):
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
        # More replies than a peer that reads nothing is sent.
        names = [(f"program {i:03} {'x' * 180}", 1, 1) for i in range(500)]
        for _ in range(100):
            mute.send(request(SEMESTER, "Derecho", *names))
        mute.send(HEALTH_CHECK)
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
        postgresql.cluster.freeze()
        client.send(request(SEMESTER, "Derecho", ("Derecho Penal", 7, 2)))
        client.send(HEALTH_CHECK)
        client.receive()  # the server has read both
        assert dti.stop() == 1
        assert json.loads(client.receive()[0])["error-message"] == "UNAVAILABLE"
        postgresql.cluster.resume()
    postgresql.check_conserved()


@contextlib.contextmanager
def mute_peer(dti):
    """A peer that takes one message and leaves all others in the network."""
    context = zmq.Context()
    try:
        with Client(dti.endpoint, context=context, receive_max=1) as peer:
            yield peer
    finally:
        context.term()
