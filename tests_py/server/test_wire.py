"""One server and what may arrive at its ROUTER: envelopes, sizes, malformed messages, health checks."""

import json

import pytest
import zmq

from tests_py.harness.process import running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import (HEALTH_CHECK, HEALTHY, OK, Client, answers, check_failed, check_lists_all, encode,
                                   entry, grant, only_body, request)

FRAME_BYTES_MAX = 1024 * 1024
CORRELATION = b"\x00\x00\x00\x2a"


@pytest.fixture(scope="module")
def wire_store(tmp_path_factory):
    return SqliteStore(tmp_path_factory.mktemp("wire"))


@pytest.fixture(scope="module")
def dti(wire_store):
    with running(wire_store.path.parent, *POOL, wire_store.flag) as daemon:
        yield daemon


@pytest.fixture
def client(dti):
    with Client(dti.endpoint) as client:
        yield client


def ask_derecho(classrooms=7, labs=2):
    return request(SEMESTER, "Derecho", ("Derecho Civil", classrooms, labs))


ENVELOPES = {  # what stands before the body, and after it
    "an old faculty": ([], []),
    "through the old proxy": ([], [b"1b4e28ba-2fa1-11d2-883f-0016d3cca427"]),
    "a DEALER that speaks as REQ": ([b""], []),
    "a REQ with correlation": ([CORRELATION, b""], []),
    "a delimiter and a frame after": ([b""], [b"cid"]),
    "a frame after that is empty": ([], [b""]),
    "as many frames as there may be": ([CORRELATION, b""], [b"cid"]),
}


@pytest.mark.parametrize("before, after", ENVELOPES.values(), ids=ENVELOPES)
def test_a_request_is_answered_in_the_envelope_in_which_it_came(client, before, after):
    body = ask_derecho()
    reply = client.ask_frames(*before, body, *after)
    assert reply[:len(before)] == before and reply[len(before) + 1:] == after
    check_lists_all(json.loads(reply[len(before)]), body)
    assert answers(json.loads(reply[len(before)])) == [(OK, 7, 2, 0)]


@pytest.mark.parametrize("before, after", ENVELOPES.values(), ids=ENVELOPES)
def test_a_health_check_is_answered_by_one_byte_in_the_same_envelope(client, before, after):
    assert client.ask_frames(*before, HEALTH_CHECK, *after) == [*before, HEALTHY, *after]


EMPTY_BODIES = {  # the frames sent, and those around the reply
    "nothing": ([b""], []),
    "a delimiter and nothing": ([b"", b""], [b""]),
}


@pytest.mark.parametrize("frames, before", EMPTY_BODIES.values(), ids=EMPTY_BODIES)
def test_an_empty_body_is_an_invalid_request_in_its_envelope(client, frames, before):
    *around, body = client.ask_frames(*frames)
    assert around == before
    check_failed(json.loads(body), request("", ""), "INVALID-REQUEST")


def test_more_than_four_frames_are_an_invalid_request_answered_by_one_frame(client):
    reply = client.ask_frames(b"", ask_derecho(), b"1", b"2", b"3")
    assert only_body(reply)["error-message"] == "INVALID-REQUEST"
    reply = client.ask_frames(*[b"x"] * 200)
    assert only_body(reply)["error-message"] == "INVALID-REQUEST"
    assert grant(client, ask_derecho()) == [(OK, 7, 2, 0)]


def padded(size):
    """A request of exactly this many bytes."""
    body = {**ask_derecho(), "unknown": ""}
    body["unknown"] = "x" * (size - len(encode(body)))
    assert len(encode(body)) == size
    return encode(body)


def test_a_frame_of_exactly_1_mib_is_served(client):
    assert answers(client.ask(padded(FRAME_BYTES_MAX))) == [(OK, 7, 2, 0)]


def test_a_frame_over_1_mib_closes_the_connection_and_the_server_lives(dti, client):
    assert client.ask_frames(HEALTH_CHECK) == [HEALTHY]
    assert client.is_disconnected_by(padded(FRAME_BYTES_MAX + 1))
    with Client(dti.endpoint) as another:
        assert grant(another, ask_derecho()) == [(OK, 7, 2, 0)]


GARBAGE = {
    "not JSON": b"hello",
    "not UTF-8": b'{"semester":"\xff"}',
    "not an object": b"[1,2]",
    "a BOM": b'\xef\xbb\xbf{"semester":"2025-10","faculty-name":"Derecho","programs":[]}',
    "trailing bytes": b'{"semester":"2025-10","faculty-name":"Derecho","programs":[]}{}',
    "deeper than 32": b"[" * 100_000,
    "a key twice": b'{"semester":"2025-10","semester":"2025-10","faculty-name":"Derecho","programs":[]}',
    "a health check that is none": b'{"health-check":1}',
    "binary": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_what_cannot_be_read_is_an_invalid_request(client, body):
    reply = client.ask(body)
    assert (reply["error-found"], reply["error-message"], reply["programs"]) == (True, "INVALID-REQUEST", [])
    assert reply["detail"]


FIELDS = {  # what is changed in the third program, and the field that the reply names
    "a fraction": ({"labs": 7.5}, "programs[2].labs"),
    "a negative number": ({"labs": -1}, "programs[2].labs"),
    "too large": ({"classrooms": 1_000_001}, "programs[2].classrooms"),
    "a text": ({"classrooms": "7"}, "programs[2].classrooms"),
    "null": ({"labs": None}, "programs[2].labs"),
    "no name": ({"program-name": None}, "programs[2].program-name"),
    "a name that is too long": ({"program-name": "x" * 201}, "programs[2].program-name"),
    "U+0000 in a name": ({"program-name": "a\0b"}, "programs[2].program-name"),
}


@pytest.mark.parametrize("change, field", FIELDS.values(), ids=FIELDS)
def test_a_malformed_entry_refuses_the_whole_message_and_lists_every_program(client, wire_store, change, field):
    names = ("Derecho Penal", "Derecho Internacional", "Derecho Laboral")
    body = request(SEMESTER, "Derecho", *[(name, 1, 1) for name in names])
    body["programs"][2].update(change)
    reply = client.ask(body)
    assert (reply["error-found"], reply["error-message"], reply["semester"]) == (True, "INVALID-REQUEST", SEMESTER)
    assert reply["detail"].startswith(field + ":"), reply["detail"]
    assert [e["program-id"] for e in reply["programs"]] == [e["program-id"] for e in body["programs"]]
    assert answers(reply) == [("INVALID-REQUEST", 0, 0, 0)] * 3
    assert not {("Derecho", name) for name in names} & set(wire_store.allocations())


def test_a_message_of_too_many_programs_is_refused_and_lists_them(client):
    body = request(SEMESTER, "Derecho", *[(f"p{i}", 1, 1) for i in range(1001)])
    check_failed(client.ask(body), body, "INVALID-REQUEST")


def test_a_message_of_no_programs_is_answered_with_none(client):
    assert grant(client, request(SEMESTER, "Derecho")) == []


def test_unknown_fields_are_ignored_and_the_request_id_is_echoed(client):
    body = {**request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), request_id="Ω-1"), "extra": {"a": [1, None]}}
    reply = client.ask(body)
    assert reply["request-id"] == "Ω-1" and answers(reply) == [(OK, 7, 2, 0)]
    assert "request-id" not in client.ask(ask_derecho())


@pytest.mark.parametrize("program_id", ["x", "é" * 32, "not a uuid\t\"'"])
def test_a_program_id_is_any_text_of_1_to_64_bytes_and_comes_back_unchanged(client, program_id):
    body = ask_derecho()
    body["programs"] = [entry("Derecho Civil", 7, 2, program_id)]
    check_lists_all(client.ask(body), body)


@pytest.mark.parametrize("program_id", ["", "x" * 65])
def test_a_program_id_that_is_empty_or_too_long_is_malformed(client, program_id):
    body = ask_derecho()
    body["programs"][0]["program-id"] = program_id
    reply = client.ask(body)
    assert reply["error-message"] == "INVALID-REQUEST" and reply["detail"].startswith("programs[0].program-id:")


def test_a_peer_that_comes_back_under_its_routing_id_is_answered(dti):
    for _ in range(3):
        with Client(dti.endpoint, identity=b"old-peer") as client:
            assert grant(client, ask_derecho()) == [(OK, 7, 2, 0)]


def test_a_REQ_socket_of_libzmq_is_served(dti):
    with zmq.Context() as context, context.socket(zmq.REQ) as req:
        req.linger = 0
        req.setsockopt(zmq.REQ_CORRELATE, 1)
        req.connect(dti.endpoint)
        req.send(encode(ask_derecho()))
        assert req.poll(10_000)
        assert answers(json.loads(req.recv())) == [(OK, 7, 2, 0)]
