"""Both clients against real servers, and against peers that play one."""

import asyncio
import json
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dti_client import (AllocationRequest, AsyncClient, Client, Granted, InvalidRequest, ProgramRequest, Refused, Rooms,
                        Status, Unknown)
from tests_py.harness.catalogs import write_catalog
from tests_py.harness.process import HANG_SECONDS, ROOT, Process, owned, running, until
from tests_py.harness.relay import Balancer
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import Client as Peer
from tests_py.harness.wire import Router

CIVIL = ProgramRequest("Derecho Civil", 7, 2)
NAMES = ("derecho-penal", "derecho-civil", "derecho-internacional", "derecho-laboral", "derecho-constitucional")


def derecho(*programs):
    return AllocationRequest(SEMESTER, "derecho", programs or (CIVIL,))


def granted(program, *rooms):
    return Granted(program, Rooms(*rooms), True)


class AsyncCalls:
    """An AsyncClient with the face of a Client."""

    def __init__(self, servers, **options):
        self._client = AsyncClient(servers, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        asyncio.run(self._client.close())

    def ask(self, request, **options):
        return asyncio.run(self._client.ask(request, **options))


@pytest.fixture(params=[Client, AsyncCalls], ids=["synchronous", "asyncio"])
def make_client(request):
    return request.param


@pytest.fixture
def dti(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as server:
        yield server


# What becomes of a request.

def test_case_1_is_granted_and_a_repeat_changes_nothing(make_client, store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as server, make_client([server.address]) as client:
        request = derecho(*(ProgramRequest(name, 7, 2) for name in NAMES))
        outcomes = client.ask(request)
        assert outcomes == tuple(granted(name, 7, 2, 0) for name in NAMES)
        assert client.ask(request) == outcomes
        assert store.left() == (345, 50, 345)
        assert store.rows("SELECT DISTINCT request_id FROM history WHERE kind = 'granted'") == [(request.request_id,)]


def test_the_three_outcomes_of_a_scarce_semester(sqlite, tmp_path):
    pool = (f"--semester={SEMESTER}", "--classrooms=12", "--labs=3")
    with running(tmp_path, *pool, sqlite.flag) as server, Client([server.address]) as client:
        first, second, third, fourth, again = client.ask(derecho(
            CIVIL, ProgramRequest("Derecho Penal", 3, 3), ProgramRequest("Derecho Laboral", 4, 1),
            ProgramRequest("Derecho Romano", 1, 1), ProgramRequest("DERECHO_CIVIL", 8, 2)))
    assert first == granted("Derecho Civil", 7, 2, 0)
    assert second == granted("Derecho Penal", 3, 1, 2)
    assert third == Granted("Derecho Laboral", Rooms(0, 0, 0), is_whole=False)
    assert isinstance(fourth, Refused) and fourth.status is Status.INVALID_PROGRAM
    assert again == Refused("DERECHO_CIVIL", Status.ALREADY_HAS_RESOURCES, "", Rooms(7, 2, 0))


@pytest.mark.parametrize("semester, faculty, status", [("2031-10", "derecho", Status.INVALID_SEMESTER),
                                                       (SEMESTER, "nadie", Status.INVALID_FACULTY)])
def test_a_request_that_is_rejected_as_a_whole_is_refused_for_each_program(make_client, dti, semester, faculty, status):
    with make_client([dti.address]) as client:
        outcomes = client.ask(AllocationRequest(semester, faculty, (CIVIL, ProgramRequest("x", 1, 1))))
    assert [(outcome.program, outcome.status) for outcome in outcomes] == [("Derecho Civil", status), ("x", status)]
    assert all(isinstance(outcome, Refused) and outcome.detail for outcome in outcomes)


def test_a_request_without_programs_has_no_outcomes(make_client, dti):
    with make_client([dti.address]) as client:
        assert client.ask(AllocationRequest(SEMESTER, "derecho", ())) == ()


# What is checked before it is sent.

LONG = "ñ" * 101  # 202 bytes
INVALID = {  # semester, faculty, programs, request-id
    "a long semester": ("s" * 65, "derecho", [CIVIL], "r"),
    "a long faculty": (SEMESTER, LONG, [CIVIL], "r"),
    "a long program": (SEMESTER, "derecho", [CIVIL, ProgramRequest(LONG, 1, 1)], "r"),
    "negative rooms": (SEMESTER, "derecho", [CIVIL, ProgramRequest("x", -1, 1)], "r"),
    "a fraction of a room": (SEMESTER, "derecho", [ProgramRequest("x", 1, 1.5)], "r"),
    "true rooms": (SEMESTER, "derecho", [ProgramRequest("x", True, 1)], "r"),
    "too many rooms": (SEMESTER, "derecho", [ProgramRequest("x", 1, 1_000_001)], "r"),
    "too many programs": (SEMESTER, "derecho", [CIVIL] * 1001, "r"),
    "a long request-id": (SEMESTER, "derecho", [CIVIL], "r" * 65),
    "an empty request-id": (SEMESTER, "derecho", [CIVIL], ""),
    "a faculty that is no text": (SEMESTER, 7, [CIVIL], "r"),
    "several faults": ("s" * 65, LONG, [ProgramRequest(LONG, -1, -1)], ""),
    "an empty semester": ("", "derecho", [CIVIL], "r"),
    "an empty faculty": (SEMESTER, "", [CIVIL], "r"),
    "a long name in an empty semester": ("", "", [ProgramRequest(LONG, 1, 1)], "r"),
}


def test_what_is_refused_before_it_is_sent_is_what_a_server_rejects_with_the_same_words(dti):
    with Peer(dti.endpoint) as peer:
        for claim, (semester, faculty, programs, request_id) in INVALID.items():
            with pytest.raises(InvalidRequest) as caught:
                AllocationRequest(semester, faculty, programs, request_id)
            reply = peer.ask({"semester": semester, "faculty-name": faculty, "request-id": request_id, "programs": [
                {"program-id": str(index), "program-name": program.name, "classrooms": program.classrooms,
                 "labs": program.labs} for index, program in enumerate(programs)]})
            assert caught.value.status == reply["error-message"], claim
            if caught.value.status is Status.INVALID_REQUEST:
                assert caught.value.detail == reply["detail"], claim


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["U+0000", "a lone surrogate"])
def test_texts_that_json_cannot_carry_here_are_refused(text):
    for values in ((text, "derecho", [CIVIL]), (SEMESTER, text, [CIVIL]),
                   (SEMESTER, "derecho", [ProgramRequest(text, 1, 1)])):
        with pytest.raises(InvalidRequest) as caught:
            AllocationRequest(*values)
        assert caught.value.status is Status.INVALID_REQUEST


@pytest.mark.parametrize("servers, options, fault", [
    ("10.0.0.1:6000", {}, TypeError), ([], {}, ValueError), (iter([]), {}, ValueError), ([6000], {}, TypeError),
    (["10.0.0.1"], {}, ValueError), (["a b:6000"], {}, ValueError), (["a\0b:6000"], {}, ValueError),
    (["10.0.0.1:6000"], {"request_timeout": 0}, ValueError),
    (["10.0.0.1:6000"], {"request_timeout": float("nan")}, ValueError)])
def test_arguments_that_cannot_be_right_are_refused(servers, options, fault):
    for kind in (Client, AsyncClient):
        with pytest.raises(fault):
            kind(servers, **options)


def test_servers_may_come_from_a_generator_and_with_spaces_around_them(dti):
    with Client(f" {address} " for address in ("127.0.0.1:1", dti.address)) as client:
        assert client.ask(derecho()) == (granted("Derecho Civil", 7, 2, 0),)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_is_a_positive_number(make_client, timeout):
    with make_client(["127.0.0.1:1"]) as client, pytest.raises(ValueError, match="timeout"):
        client.ask(derecho(), timeout=timeout)


# Servers that do not answer.

def freeze(process):
    """All its threads stand still when this returns."""
    process.signal(signal.SIGSTOP)
    threads = list(Path(f"/proc/{process.pid}/task").glob("*/stat"))
    until(lambda: all(") T " in stat.read_text() for stat in threads), what="a frozen process")


@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "not connected"])
def test_when_a_server_freezes_the_outcome_is_unknown_and_the_same_request_is_granted_once_later(
        make_client, store, tmp_path, is_connected):
    """A frozen server completes no handshake: without a connection, no request was sent."""
    request = derecho()
    with (running(tmp_path, *POOL, store.flag) as server,
          make_client([server.address], request_timeout=0.5) as client):
        if is_connected:
            client.ask(derecho(ProgramRequest("Derecho Romano", 1, 1)))
        freeze(server)
        try:
            (outcome,) = client.ask(request, timeout=2)
        finally:
            server.signal(signal.SIGCONT)
        assert isinstance(outcome, Unknown) and "ask again" in outcome.reason
        assert outcome.was_sent == is_connected
        assert client.ask(request) == (granted("Derecho Civil", 7, 2, 0),)
        assert store.allocations() == {("Derecho", "Derecho Civil"): ("OK", 7, 2, 0)}


def test_when_no_server_runs_the_outcome_is_unknown_and_says_that_nothing_was_sent(make_client):
    with make_client(["127.0.0.1:1", "[::1]:1"]) as client:
        begun = time.monotonic()
        (outcome,) = client.ask(derecho(), timeout=0.7)
        assert isinstance(outcome, Unknown) and not outcome.was_sent and "nothing was asked" in outcome.reason
        assert time.monotonic() - begun <= HANG_SECONDS


def test_a_server_that_starts_later_is_found(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as server:
        port = server.port
    with Client([f"127.0.0.1:{port}"]) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.ask, derecho(), timeout=HANG_SECONDS)
        with running(tmp_path, *POOL, sqlite.flag, f"--port={port}"):
            assert asked.result() == (granted("Derecho Civil", 7, 2, 0),)


def test_a_standby_leads_to_its_leader(postgresql, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag) as leader, running(tmp_path, postgresql.flag, standby=True) as other:
        with Client([other.address, leader.address]) as client:
            assert client.ask(derecho()) == (granted("Derecho Civil", 7, 2, 0),)
        with Balancer(("127.0.0.1", other.port), ("127.0.0.1", leader.port)) as balancer:
            with Client([balancer.address]) as client:
                assert client.ask(derecho()) == (granted("Derecho Civil", 7, 2, 0),)


def reply_to(body, status="OK", **error):
    asked = json.loads(body)
    programs = [{"program-id": entry["program-id"], "status-message": status, "classrooms": entry["classrooms"],
                 "labs": entry["labs"], "mobile-labs": 0} for entry in asked["programs"]]
    return {"semester": asked["semester"], "error-found": bool(error), "error-message": "", "programs": programs,
            "request-id": asked["request-id"], **error}


def test_a_busy_server_is_asked_again_with_the_same_bytes_and_its_nonsense_is_skipped():
    with Router() as router, Client([router.address]) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.ask, derecho())
        peer, (first,) = router.receive()
        for nonsense in (b"hello", b"[]", b"\xff"):
            router.send(peer, nonsense)
        router.send(peer, reply_to(first, "OVERLOADED", **{"error-found": True, "error-message": "OVERLOADED",
                                                           "retry-after-ms": 60}))
        peer, (second,) = router.receive()
        assert second == first
        router.send(peer, b"", reply_to(second))
        assert asked.result() == (granted("Derecho Civil", 7, 2, 0),)


def test_with_an_old_server_nothing_is_sent_twice():
    with Router() as router, Client([router.address], retries=0, request_timeout=0.2) as client:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(client.ask, derecho())
            router.receive()
            (outcome,) = asked.result()
        assert outcome.was_sent and "look at the server's log" in outcome.reason
        assert router.receives_nothing(0.5)


def test_a_reply_that_comes_after_its_time_is_no_reply_to_another_request_with_the_same_id():
    late, other = (AllocationRequest(SEMESTER, "derecho", (ProgramRequest("x", rooms, 0),), "same") for rooms in (7, 8))
    with Router() as router, Client([router.address]) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.ask, late, timeout=0.2)
        peer, (body,) = router.receive()
        assert isinstance(asked.result()[0], Unknown)
        asked = pool.submit(client.ask, other)
        peer, (other_body,) = router.receive()
        router.send(peer, reply_to(body))
        router.send(peer, reply_to(other_body))
        assert asked.result() == (granted("x", 8, 0, 0),)


# Many at once.

def write_big_catalog(folder, count):
    names = [f"program {number}" for number in range(count)]
    return names, write_catalog(folder / "catalog.csv", "Big", names)


def test_many_tasks_share_a_client_and_each_program_gets_its_own_rooms(sqlite, tmp_path):
    names, catalog = write_big_catalog(tmp_path, 1000)

    async def ask_all(address):
        async with AsyncClient([address]) as client:
            requests = [AllocationRequest(SEMESTER, "Big", (ProgramRequest(name, number % 7, number % 3),))
                        for number, name in enumerate(names)]
            return await asyncio.gather(*(client.ask(request, timeout=HANG_SECONDS) for request in requests))

    flags = (f"--semester={SEMESTER}", "--classrooms=10000", "--labs=10000", catalog, sqlite.flag)
    with running(tmp_path, *flags) as server:
        outcomes = asyncio.run(ask_all(server.address))
        assert outcomes == [(granted(name, number % 7, number % 3, 0),) for number, name in enumerate(names)]
        assert len(sqlite.allocations()) == 1000


def test_many_threads_share_a_client(dti, sqlite):
    with Client([dti.address]) as client, ThreadPoolExecutor(16) as pool:
        outcomes = set(pool.map(lambda _: client.ask(derecho()), range(200)))
    assert outcomes == {(granted("Derecho Civil", 7, 2, 0),)}
    assert sqlite.granted() == (7, 2, 0)


def test_the_same_request_is_not_asked_twice_at_the_same_time():
    with Router() as router, Client([router.address]) as client, ThreadPoolExecutor(1) as pool:
        request = derecho()
        asked = pool.submit(client.ask, request)
        peer, (body,) = router.receive()
        with pytest.raises(ValueError, match="in progress"):
            client.ask(request)
        router.send(peer, reply_to(body))
        assert asked.result() == (granted("Derecho Civil", 7, 2, 0),)


# The end.

def test_an_interruption_while_a_request_is_handed_over_leaves_it_askable(monkeypatch):
    with Router() as router, Client([router.address]) as client, ThreadPoolExecutor(1) as pool:
        request, wake, calls = derecho(), client._engine._wake, []

        def interrupt_once():
            calls.append(1)
            if len(calls) == 1:
                raise KeyboardInterrupt
            wake()

        monkeypatch.setattr(client._engine, "_wake", interrupt_once)
        with pytest.raises(KeyboardInterrupt):
            client.ask(request)
        asked = pool.submit(client.ask, request)
        peer, (body,) = router.receive()
        router.send(peer, reply_to(body))
        assert asked.result() == (granted("Derecho Civil", 7, 2, 0),)


def test_a_server_that_sends_without_end_does_not_keep_a_request_beyond_its_timeout(monkeypatch):
    monkeypatch.setattr("dti_client.engine.decode_any_reply", lambda _: time.sleep(0.1))
    monkeypatch.setattr("dti_client.engine.ServerConnection.receive", lambda _: b"nonsense")
    with Client(["127.0.0.1:1"]) as client:
        begun = time.monotonic()
        (outcome,) = client.ask(derecho(), timeout=0.5)
        assert isinstance(outcome, Unknown)
        assert time.monotonic() - begun < 10


def test_a_cancelled_task_is_forgotten_and_can_be_asked_again():
    async def cancel_and_ask(router, client):
        request = derecho()
        task = asyncio.create_task(client.ask(request))
        peer, (body,) = await asyncio.to_thread(router.receive)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        again = asyncio.create_task(client.ask(request))
        peer, (same,) = await asyncio.to_thread(router.receive)
        assert same == body
        router.send(peer, reply_to(body))
        return await again

    async def main():
        with Router() as router:
            async with AsyncClient([router.address]) as client:
                return await cancel_and_ask(router, client)

    assert asyncio.run(main()) == (granted("Derecho Civil", 7, 2, 0),)


def test_a_client_that_is_closed_ends_its_thread_answers_who_waits_and_refuses_more():
    threads = threading.active_count()
    with Router() as router, ThreadPoolExecutor(1) as pool:
        client = Client([router.address])
        asked = pool.submit(client.ask, derecho())
        router.receive()
        client.close()
        assert not client._engine._thread.is_alive()
        client.close()
        assert asked.result()[0].reason.startswith("the client was closed") and asked.result()[0].was_sent
        with pytest.raises(RuntimeError, match="closed"):
            client.ask(derecho())
    assert threading.active_count() == threads


def run_script(folder, script, *arguments):
    """The exit status, stdout and stderr of a Python program that uses the package."""
    process = Process([sys.executable, "-B", "-W", "error", "-c", script, *map(str, arguments)], folder,
                      {"PYTHONPATH": str(ROOT / "clients/python/src")})
    with owned(process):
        status = process.exit_status()
    return status, process.stdout(), process.log


def test_a_program_that_forgets_to_close_its_client_ends_all_the_same(tmp_path):
    script = ("from dti_client import *; client = Client(['127.0.0.1:1'])\n"
              "client.ask(AllocationRequest('2025-10', 'derecho', (ProgramRequest('x', 1, 1),)), timeout=0.1)")
    assert run_script(tmp_path, script) == (0, "", "")


def test_an_interrupted_wait_leaves_the_client_usable(dti, tmp_path):
    script = """
import signal, sys
from dti_client import *
silent, server = sys.argv[1:]
request = AllocationRequest('2025-10', 'derecho', (ProgramRequest('Derecho Civil', 7, 2),))
signal.signal(signal.SIGALRM, signal.default_int_handler)
with Client([silent], request_timeout=60) as client:
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        client.ask(request)
    except KeyboardInterrupt:
        print('interrupted')
    print(type(client.ask(request, timeout=0.2)[0]).__name__)
print(Client([server]).ask(request)[0].rooms.classrooms)
"""
    with Router() as silent:
        assert run_script(tmp_path, script, silent.address, dti.address) == (0, "interrupted\nUnknown\n7\n", "")


def test_a_client_of_before_a_fork_says_so_and_serves_its_own_process(dti, tmp_path):
    script = """
import os, sys, warnings
from dti_client import *
warnings.simplefilter('ignore', DeprecationWarning)  # of fork() in a process with threads
request = AllocationRequest('2025-10', 'derecho', (ProgramRequest('Derecho Civil', 7, 2),))
client = Client([sys.argv[1]])
client.ask(request)
if os.fork() == 0:
    try:
        client.ask(request)
    except RuntimeError as error:
        print(error, flush=True)
    client.close()
    sys.exit()
print(os.waitstatus_to_exitcode(os.wait()[1]), client.ask(request)[0].rooms.classrooms)
"""
    said = "the client was made before this process was forked; make one in each process"
    assert run_script(tmp_path, script, dti.address) == (0, f"{said}\n0 7\n", "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("also", [None, "ServerConnection.reset"])  # it fails, too, when the client ends
@pytest.mark.parametrize("place", ["decode_any_reply", "OutcomeCollector.take_reply", "OutcomeCollector.outcomes"])
def test_a_fault_of_the_client_itself_reaches_those_who_wait(monkeypatch, place, also):
    def fail(*_):
        raise ZeroDivisionError("a fault")

    with Router() as router, ThreadPoolExecutor(1) as pool:
        client = Client([router.address])
        asked = pool.submit(client.ask, derecho())
        peer, (body,) = router.receive()
        for failing in filter(None, (place, also)):
            monkeypatch.setattr(f"dti_client.engine.{failing}", fail)
        router.send(peer, reply_to(body))
        with pytest.raises(ZeroDivisionError):
            asked.result(HANG_SECONDS)
        until(lambda: client._engine._closed, what="the end of the client")
        with pytest.raises(RuntimeError, match="closed"):
            client.ask(derecho())
        client.close()
