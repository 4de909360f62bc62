"""Requests that end or begin when a connection changes: each is sent once, and never after its outcome."""

import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import zmq
from test_client import derecho, granted, reply_to

from dti_client import Client, ProgramRequest, Unknown
from tests_py.harness.process import HANG_SECONDS, until
from tests_py.harness.wire import Router

PENAL = ProgramRequest("Derecho Penal", 3, 1)
# The handshake of ZMTP 3.0, as a ROUTER without security.
GREETING = (b"\xff" + bytes(7) + b"\x01\x7f\x03\x00NULL").ljust(64, b"\0")
READY = b"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06ROUTER"


class LateRouter(Router):
    """A ROUTER that accepts the connections to a socket that listens already."""

    def __init__(self, listening):
        self.address = "{}:{}".format(*listening.getsockname())
        listening.setblocking(False)
        self._socket = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.setsockopt(zmq.USE_FD, listening.detach())
        self._socket.bind(f"tcp://{self.address}")


class Port:
    """A port on which connections are accepted by hand at first, and by a ROUTER later."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(HANG_SECONDS)
        self.address = "{}:{}".format(*self._socket.getsockname())

    def accept(self):
        connection, _ = self._socket.accept()
        connection.settimeout(HANG_SECONDS)
        return connection

    def serve(self):
        return LateRouter(self._socket)

    def close(self):
        self._socket.close()


@pytest.fixture
def port():
    port = Port()
    yield port
    port.close()


def end(connection):
    """libzmq reports the end to its owner before it closes its side, so that it is reported when this returns."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):
        pass
    connection.close()


class Gate:
    """Holds the thread of a client after its next wait."""

    def __init__(self, client):
        self._engine = client._engine
        self._wait = self._engine._wait
        self._is_waiting, self._is_open = threading.Event(), threading.Event()
        self._engine._wait = self._hold
        self._engine._wake()
        assert self._is_waiting.wait(HANG_SECONDS)

    def _hold(self):
        self._is_waiting.set()
        self._wait()
        assert self._is_open.wait(HANG_SECONDS)

    def wait_for_request(self):
        until(lambda: self._engine._jobs.qsize() > 0, what="a request in the queue")

    def open(self):
        self._is_open.set()


def test_a_request_that_was_given_up_unsent_never_reaches_a_server(port):
    with Client([port.address], retries=0) as client, ThreadPoolExecutor(2) as pool:
        impatient = pool.submit(client.ask, derecho(), timeout=0.3)
        patient = pool.submit(client.ask, derecho(PENAL), timeout=HANG_SECONDS)
        [outcome] = impatient.result()
        assert isinstance(outcome, Unknown) and not outcome.was_sent
        with port.serve() as router:
            peer, (body,) = router.receive()
            assert b"Penal" in body
            router.send(peer, reply_to(body))
            assert patient.result() == (granted("Derecho Penal", 3, 1, 0),)
            assert router.receives_nothing(0.3)


def test_a_request_that_begins_when_an_attempt_to_connect_fails_is_sent_once(port):
    with Client([port.address], retries=0) as client, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(client.ask, derecho())]
        attempt = port.accept()
        gate = Gate(client)
        asked.append(pool.submit(client.ask, derecho(PENAL)))
        gate.wait_for_request()
        end(attempt)
        gate.open()
        with port.serve() as router:
            received = [router.receive() for _ in range(2)]
            assert len({body for _, (body,) in received}) == 2
            assert router.receives_nothing(0.3)
            for peer, (body,) in received:
                router.send(peer, reply_to(body))
            assert [future.result() for future in asked] == [
                (granted("Derecho Civil", 7, 2, 0),), (granted("Derecho Penal", 3, 1, 0),)]


def test_a_request_that_begins_when_its_connection_breaks_is_not_sent_after_its_outcome(port):
    with Client([port.address], retries=0) as client, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(client.ask, derecho())]
        connection = port.accept()
        connection.sendall(GREETING + READY)
        received = b""
        while b"Civil" not in received:
            received += connection.recv(4096)
        gate = Gate(client)
        asked.append(pool.submit(client.ask, derecho(PENAL)))
        gate.wait_for_request()
        end(connection)
        gate.open()
        assert all(isinstance(future.result()[0], Unknown) for future in asked)
        with port.serve() as router:
            last = pool.submit(client.ask, derecho(ProgramRequest("Derecho Laboral", 1, 1)))
            peer, (body,) = router.receive()
            assert b"Laboral" in body, "a request that had its outcome came first"
            router.send(peer, reply_to(body))
            assert last.result() == (granted("Derecho Laboral", 1, 1, 0),)
            assert router.receives_nothing(0.3)


def test_a_request_that_was_cancelled_before_it_began_can_be_asked_again():
    with Router() as router, Client([router.address]) as client:
        gate = Gate(client)
        request, first, second = derecho(), Future(), Future()
        client._engine.submit(request, HANG_SECONDS, first)
        first.cancel()
        client._engine.submit(request, HANG_SECONDS, second)
        gate.open()
        peer, (body,) = router.receive()
        router.send(peer, reply_to(body))
        assert second.result(HANG_SECONDS) == (granted("Derecho Civil", 7, 2, 0),)
        assert router.receives_nothing(0)


def test_a_client_that_is_dropped_does_not_wait_for_its_thread():
    client = Client(["127.0.0.1:1"])
    gate, thread = Gate(client), client._engine._thread
    del client  # in a finalizer, which may run in any thread and with any lock
    assert thread.is_alive()
    gate.open()
    thread.join(HANG_SECONDS)
    assert not thread.is_alive()
