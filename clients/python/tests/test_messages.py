"""Requests and replies as bytes, and replies as outcomes; without servers."""

import dataclasses
import json
import re
import threading

import pytest

from dti_client import (AllocationRequest, Granted, InvalidRequest, ProgramRequest, Refused, Rooms, Status, Unknown,
                        fresh_request_id)
from dti_client.actions import NotKnown, ReplyMatch
from dti_client.connection import split_host_port
from dti_client.lookup import Lookup
from dti_client.messages import NAME_BYTES_MAX, PROGRAMS_MAX
from dti_client.outcomes import OutcomeCollector
from dti_client.wire import AllocationReply, RepliedProgram, RequestError, body_of, decode_reply, encode_request
from tests_py.harness.process import ROOT

GOLDEN = ROOT / "tests/golden"
TWO = (ProgramRequest("derecho-civil", 7, 2), ProgramRequest("diseño-grafico", 3, 1))


def request(programs=TWO, semester="2025-10", faculty="derecho", request_id="r-1"):
    return AllocationRequest(semester, faculty, programs, request_id)


# Requests.

def test_a_request_has_the_keys_of_the_protocol():
    body = json.loads(encode_request(request()))
    assert [entry.pop("program-id") for entry in body["programs"]] == list(request().program_ids())
    assert body == {"semester": "2025-10", "faculty-name": "derecho", "request-id": "r-1", "programs": [
        {"program-name": "derecho-civil", "classrooms": 7, "labs": 2},
        {"program-name": "diseño-grafico", "classrooms": 3, "labs": 1}]}


def test_a_repeat_has_the_same_bytes_and_any_other_request_other_program_ids():
    assert encode_request(request()) == encode_request(request(list(TWO)))
    others = [request(request_id="r-2"), request(semester="2025-30"), request(faculty="artes"), request(TWO[::-1]),
              request((ProgramRequest("derecho-civil", 8, 2), TWO[1])), request((*TWO, TWO[0]))]
    ids = [program_id for one in (request(), *others) for program_id in one.program_ids()]
    assert len(ids) == len(set(ids)) == 15
    assert all(1 <= len(program_id) <= 64 for program_id in ids)


def test_a_request_for_a_hold_says_how_long_it_lasts_and_its_grant_when_it_ends():
    held = AllocationRequest("2025-10", "derecho", TWO, "r-1", hold_seconds=60)
    assert json.loads(encode_request(held))["hold-seconds"] == 60
    assert "hold-seconds" not in json.loads(encode_request(request()))
    assert not set(held.program_ids()) & set(request().program_ids()), "it is another request"
    for seconds in (0, -1, 2_592_001, 1.5, True, "60"):
        with pytest.raises(InvalidRequest, match="hold-seconds: must be a whole number from 1 to 2,592,000"):
            AllocationRequest("2025-10", "derecho", TWO, "r-1", hold_seconds=seconds)
    end = "2026-12-01T10:00:00.000000Z"
    entries = [{"program-id": program_id, "classrooms": 1, "labs": 0, "mobile-labs": 0, "status-message": "OK", **more}
               for program_id, more in zip(held.program_ids(), ({"expires-at": end}, {}))]
    reply = decode_reply(json.dumps({"error-found": False, "programs": entries}).encode())
    assert [program.expires_at for program in reply.programs] == [end, None]


def test_each_request_has_a_request_id_of_its_own_by_default():
    first, second = (AllocationRequest("2025-10", "derecho", TWO) for _ in range(2))
    assert first != second and first.request_id != second.request_id
    assert fresh_request_id() != fresh_request_id() and len(first.request_id) == 36


@pytest.mark.parametrize("value", [request(), TWO[0], Rooms(1, 2, 3), Unknown("x", "y", True)],
                         ids=lambda value: type(value).__name__)
def test_requests_and_outcomes_are_immutable_and_can_be_keys(value):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, "changed")
    assert {value: 1}[dataclasses.replace(value)] == 1


def test_a_request_whose_message_a_server_would_not_read_is_refused_before_it_is_sent():
    longest = "\x01" * NAME_BYTES_MAX  # six bytes each in JSON
    with pytest.raises(InvalidRequest, match="longer than"):
        encode_request(request([ProgramRequest(longest, 1, 1)] * PROGRAMS_MAX))


@pytest.mark.parametrize("text, host, port", [("10.0.0.1:6000", "10.0.0.1", 6000), ("dti.example:1", "dti.example", 1),
                                              ("[fd00::1]:65535", "fd00::1", 65535)])
def test_a_server_is_given_as_host_and_port(text, host, port):
    assert split_host_port(text) == (host, port)


@pytest.mark.parametrize("text", ["", "host", ":6000", "host:", "host:0", "host:65536", "host:99999999999", "host:x",
                                  "host:+1", "host:６０", "x:00000165535", "a b:1", " a:1", "a\0b:1",
                                  "fd00::1:6000", "[fd00::1]", "[]:1"])
def test_what_is_no_host_and_port_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        split_host_port(text)


@dataclasses.dataclass
class Index:
    """A whole number of another library, such as numpy.int64."""

    number: int

    def __index__(self):
        return self.number


def test_whole_numbers_of_other_libraries_become_int():
    plain, other = (request([ProgramRequest("x", kind(7), kind(2))], "id") for kind in (int, Index))
    assert encode_request(other) == encode_request(plain) and other == plain
    with pytest.raises(InvalidRequest):
        request([ProgramRequest("x", Index(-1), 0)])


def test_a_lookup_of_what_cannot_be_a_name_ends_with_a_reason():
    done = threading.Event()
    lookup = Lookup("a\0b", 1, done.set)
    assert done.wait(60) and lookup.is_done() and lookup.fault


# Replies.

def golden_reply(name):
    return decode_reply((GOLDEN / name / "reply.json").read_bytes())


def test_the_golden_replies_are_read():
    mixed = golden_reply("mixed")
    assert mixed.error is None and (mixed.request_id, mixed.semester) == ("retry-7", "2025-10")
    assert [(entry.status, entry.rooms) for entry in mixed.programs] == [
        (Status.OK, Rooms(7, 2, 0)), (Status.OK, Rooms(3, 1, 2)), (Status.NOT_ENOUGH_RESOURCES, Rooms(0, 0, 0)),
        (Status.INVALID_PROGRAM, None), (Status.ALREADY_HAS_RESOURCES, Rooms(7, 2, 0)), (Status.OK, Rooms(7, 2, 0))]
    assert golden_reply("error-not-leader").error == RequestError(
        Status.NOT_LEADER, "another server leads", 0.25, "10.0.0.2:6000")
    errors = {path.name: golden_reply(path.name).error for path in GOLDEN.glob("error-*")}
    assert {name: error.status for name, error in errors.items()} == {
        name: name.removeprefix("error-").upper() for name in errors}
    assert len(errors) == 7 and all(error.detail for error in errors.values())


NO_REPLIES = {
    "no JSON": b"hello", "no object": b"[]", "nothing": b"", "not UTF-8": b'{"detail":"\xff"}',
    "a byte order mark": b'\xef\xbb\xbf{}', "UTF-16": '{"a":1}'.encode("utf-16"), "bytes after it": b"{} {}",
    "a key twice": b'{"programs":[],"programs":[]}', "a lone surrogate": b'{"detail":"\\ud800"}',
    "U+0000": b'{"detail":"\\u0000"}', "no number": b'{"retry-after-ms":NaN}',
    "a number without end": b'{"retry-after-ms":' + b"9" * 5_000 + b"}", "too deep": b"[" * 200_000,
}


@pytest.mark.parametrize("body", NO_REPLIES.values(), ids=NO_REPLIES)
def test_what_is_no_reply_is_none(body):
    assert decode_reply(body) is None


def ok(classrooms):
    return {"program-id": "1", "status-message": "OK", "classrooms": classrooms, "labs": 2, "mobile-labs": 0}


ENTRIES = {  # an entry, and how it is read
    "rooms": (ok(7), RepliedProgram("1", Status.OK, Rooms(7, 2, 0))),
    "rooms as texts": (ok("7"), None),
    "rooms with a fraction": (ok(7.0), None),
    "true rooms": (ok(True), None),
    "negative rooms": (ok(-1), None),
    "too many rooms": (ok(1_000_001), None),
    "rooms missing": ({"program-id": "1", "status-message": "OK"}, None),
    "no id": ({"status-message": "OK", "classrooms": 7, "labs": 2, "mobile-labs": 0}, None),
    "no status": ({"program-id": "1", "classrooms": 7, "labs": 2, "mobile-labs": 0}, None),
    "no object": ("OK", None),
    "a refusal without rooms": ({"program-id": "1", "status-message": "INVALID-PROGRAM", "detail": "why"},
                                RepliedProgram("1", Status.INVALID_PROGRAM, None, "why")),
    "an unknown status": ({"program-id": "1", "status-message": "LATER"}, RepliedProgram("1", Status.UNAVAILABLE,
                                                                                        status_text="LATER")),
    "an old server's sentence": ({"program-id": "1", "status-message": "FACULTY semester is not the proccesed one"},
                                 RepliedProgram("1", Status.INVALID_SEMESTER)),
}


@pytest.mark.parametrize("entry, read", ENTRIES.values(), ids=ENTRIES)
def test_entries_that_cannot_be_read_are_left_out(entry, read):
    assert decode_reply(json.dumps({"programs": [entry]}).encode()).programs == ((read,) if read else ())


def test_of_a_program_that_a_reply_lists_twice_the_first_entry_counts():
    entries = [{"program-id": "1", "status-message": "OK"}, {"program-id": "1", "status-message": "UNAVAILABLE"}, ok(7),
               {"program-id": "2", "status-message": "INVALID-PROGRAM"}]
    assert decode_reply(json.dumps({"programs": entries}).encode()).programs == (
        RepliedProgram("1", Status.UNAVAILABLE), RepliedProgram("2", Status.INVALID_PROGRAM))


def test_an_error_whose_status_belongs_to_an_entry_reads_as_unavailable():
    for status in ("OK", "INVALID-PROGRAM", "what", ""):
        body = json.dumps({"error-found": True, "error-message": status, "programs": None}).encode()
        assert decode_reply(body) == AllocationReply(RequestError(Status.UNAVAILABLE, status_text=status))


@pytest.mark.parametrize("frames", [(b"{}",), (b"{}", b"x"), (b"", b"{}"), (b"id", b"", b"{}"), (b"{}", b"")])
def test_the_body_of_a_reply_is_found_in_each_envelope(frames):
    assert body_of(frames) == b"{}"


# Outcomes.

def collect(*replies, of=None):
    """The outcomes after these replies, (reply, is the request over?), whose entries are listed by index."""
    collector = OutcomeCollector(of or request())
    ids = collector.program_ids
    for (error, entries), is_over in replies:
        programs = tuple(RepliedProgram(ids[index], *rest) for index, *rest in entries)
        collector.take_reply(AllocationReply(error, programs), ReplyMatch(1, is_over))
    return collector


def test_each_program_has_its_outcome_in_the_order_of_the_request():
    reply = None, [(1, Status.NOT_ENOUGH_RESOURCES, Rooms(1, 0, 1)), (0, Status.OK, Rooms(7, 2, 0))]
    assert collect((reply, True)).outcomes() == (Granted("derecho-civil", Rooms(7, 2, 0), True),
                                                 Granted("diseño-grafico", Rooms(1, 0, 1), False))


OUTCOMES = {  # error, entries of the first program: what the first program is told
    "a grant before": (None, [(0, Status.ALREADY_HAS_RESOURCES, Rooms(7, 1, 0))],
                       Refused("derecho-civil", Status.ALREADY_HAS_RESOURCES, "", Rooms(7, 1, 0))),
    "an unknown name": (None, [(0, Status.INVALID_PROGRAM, None, "why")],
                        Refused("derecho-civil", Status.INVALID_PROGRAM, "why")),
    "an error with entries": (RequestError(Status.INVALID_FACULTY, "who"), [(0, Status.INVALID_FACULTY)],
                              Refused("derecho-civil", Status.INVALID_FACULTY, "who")),
    "an error without": (RequestError(Status.INVALID_SEMESTER, "which"), [],
                         Refused("derecho-civil", Status.INVALID_SEMESTER, "which")),
    "no entry": (None, [], Unknown("derecho-civil",
                                   "the server's reply does not list the program; ask again, it is safe", True)),
    "unavailable": (None, [(0, Status.UNAVAILABLE, None, "what")],
                    Unknown("derecho-civil", "a server replied UNAVAILABLE (what); ask again, it is safe", True)),
    "a status that this version does not know": (
        None, [(0, Status.UNAVAILABLE, None, "what", "LATER")],
        Unknown("derecho-civil", "a server replied LATER (what); ask again, it is safe", True)),
    "such an error without entries": (
        RequestError(Status.UNAVAILABLE, "what", status_text="LATER"), [],
        Unknown("derecho-civil", "a server replied LATER (what); ask again, it is safe", True)),
}


@pytest.mark.parametrize("error, entries, outcome", OUTCOMES.values(), ids=OUTCOMES)
def test_the_last_reply_gives_each_program_an_outcome(error, entries, outcome):
    assert collect(((error, entries), True)).outcomes()[0] == outcome


def test_what_a_refusal_for_now_answers_stands_and_the_rest_is_not_known():
    refusal = RequestError(Status.UNAVAILABLE), [(0, Status.OK, Rooms(7, 2, 0)), (1, Status.UNAVAILABLE)]
    collector = collect((refusal, False), ((None, [(0, Status.OK, Rooms(1, 1, 1))]), False))
    collector.take_not_known(NotKnown(1, "no server replied in time", True))
    assert collector.outcomes() == (
        Granted("derecho-civil", Rooms(7, 2, 0), True),
        Unknown("diseño-grafico", "no server replied in time; ask again, it is safe", True))


def test_a_program_is_told_if_no_server_was_asked():
    collector = collect()
    collector.take_not_known(NotKnown(1, "no server could be reached", False))
    assert collector.outcomes()[0] == Unknown(
        "derecho-civil", "no server could be reached; nothing was asked of a server: ask again", False)


def test_with_an_old_server_the_advice_is_not_to_repeat():
    for was_sent, advice in ((True, "look at the server's log"), (False, "nothing was asked")):
        collector = OutcomeCollector(request(), repeats_are_safe=False)
        collector.take_not_known(NotKnown(1, "why", was_sent))
        assert all(advice in outcome.reason and "it is safe" not in outcome.reason for outcome in collector.outcomes())


def test_entries_of_other_requests_are_nothing_to_this_one():
    collector = OutcomeCollector(request())
    collector.take_reply(AllocationReply(None, (RepliedProgram("foreign", Status.OK, Rooms(9, 9, 9)),)),
                         ReplyMatch(1, True))
    assert [type(outcome) for outcome in collector.outcomes()] == [Unknown, Unknown]


def test_the_statuses_are_those_of_the_servers():
    of_servers = re.findall(r'\{Status::k\w+, "([A-Z-]+)", (true|false), (true|false)\}', (ROOT / "src/domain/status.cpp").read_text())
    assert [(status.value, status.may_retry, status.is_whole_request) for status in Status] == [
        (text, retry == "true", whole == "true") for text, retry, whole in of_servers]
