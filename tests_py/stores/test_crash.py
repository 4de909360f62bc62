"""kill -9 at any moment: an answer given stands, word for word; what was not answered is wholly there or absent."""

import contextlib
import json
import signal

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.process import running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import Client, answers, ask_all, encode, grant, only_body, request

FACULTY = "Crash"
MESSAGES = 120
PROGRAMS_EACH = 3
PEERS = 4
SHORT_LEASE = "--lease-seconds=1"  # on PostgreSQL a server that was killed is waited for so long
POOL_SHORT = (f"--semester={SEMESTER}", "--classrooms=700", "--labs=200")


def messages():
    return [encode(request(SEMESTER, FACULTY, *[(f"m{number} p{i}", number % 4, i) for i in range(PROGRAMS_EACH)],
                           request_id=f"r{number}")) for number in range(MESSAGES)]


def flags(store, tmp_path):
    names = [f"m{number} p{i}" for number in range(MESSAGES) for i in range(PROGRAMS_EACH)]
    return [*POOL_SHORT, store.flag, SHORT_LEASE, write_catalog(tmp_path / "catalog.csv", FACULTY, names)]


def replies_until_crash(dti, bodies, crash_after):
    """Sends all requests at once, and kills the server after this many replies. Returns all replies, by request-id."""
    replies = {}

    def keep(frames):
        replies[json.loads(frames[0])["request-id"]] = frames[0]

    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Client(dti.endpoint)) for _ in range(PEERS)]
        for number, body in enumerate(bodies):
            peers[number % PEERS].send(body)
        for number in range(crash_after):
            keep(peers[number % PEERS].receive())
        dti.crash()
        for peer in peers:
            while frames := peer.receive_if_any(seconds=0.2):
                keep(frames)
    return replies


def granted_in_ledger(allocations, body):
    """The answers that the ledger holds for a message's programs; None for a program without an entry."""
    return [allocations.get((FACULTY, program["program-name"])) for program in json.loads(body)["programs"]]


@pytest.mark.parametrize("crash_after", [0, 10])
def test_an_answer_given_before_kill9_stands_and_the_rest_is_whole_or_absent(store, tmp_path, crash_after):
    bodies = messages()
    with running(tmp_path, *flags(store, tmp_path)) as dti:
        replies = replies_until_crash(dti, bodies, crash_after)
    assert len(replies) >= crash_after

    stored = {}
    allocations = store.allocations()
    for body in bodies:
        request_id = json.loads(body)["request-id"]
        stored[request_id] = granted_in_ledger(allocations, body)
        if request_id in replies:
            assert stored[request_id] == answers(json.loads(replies[request_id]))
        else:
            assert None not in stored[request_id] or set(stored[request_id]) == {None}

    with running(tmp_path, *flags(store, tmp_path)) as dti, Client(dti.endpoint) as client:
        bodies.reverse()
        for body, again in zip(bodies, ask_all(client, bodies)):
            request_id = json.loads(body)["request-id"]
            assert again == replies.get(request_id, again)
            if None not in stored[request_id]:
                assert answers(json.loads(again)) == stored[request_id]
        assert len(store.allocations()) == MESSAGES * PROGRAMS_EACH
        store.check_conserved()


def test_fail_seconds_is_a_kill9_of_itself_and_what_it_answered_stands(store, tmp_path):
    body = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
    with running(tmp_path, *POOL, store.flag, SHORT_LEASE, "--fail-seconds=0.5") as dti:
        with Client(dti.endpoint) as client:
            first = grant(client, body)
        assert dti.exit_status() == -signal.SIGKILL
    with running(tmp_path, store.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, body) == first
    assert store.left() == (373, 58, 373)


def test_a_graceful_restart_answers_word_for_word_too(store, tmp_path):
    body = encode(request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("Derecho Penal", 400, 1), ("nobody", 1, 1)))
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        first = client.ask_frames(body)
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        assert client.ask_frames(body) == first
    assert [entry["status-message"] for entry in only_body(first)["programs"]] == [
        "OK", "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT", "INVALID-PROGRAM"]
