"""faculty against a server that the test plays: what it sends, what it takes, when it asks again."""

import contextlib
import json

import pytest

from tests_py.harness.process import running_faculty, until
from tests_py.harness.rooms import ask_programs, faculty_flags, room_answer, wish
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import OK, PARTIAL, Client, Router

QUICK = ("--min-programs=1", "--request-timeout=0.3")


@pytest.fixture
def server():
    with Router() as router:
        yield router


def reply_to(body, status=OK, **more):
    """A server's reply that gives each program what it asked for."""
    return {"semester": body["semester"], "error-found": False, "error-message": "", **more, "programs": [
        {"program-id": p["program-id"], "program-name": p["program-name"], "requested-classrooms": p["classrooms"],
         "requested-labs": p["labs"], "classrooms": p["classrooms"], "labs": p["labs"], "mobile-labs": 0,
         "status-message": status} for p in body["programs"]]}


def error_to(body, code, **more):
    reply = reply_to(body, code)
    for entry in reply["programs"]:
        entry["classrooms"] = entry["labs"] = 0
    return {**reply, "error-found": True, "error-message": code, **more}


@contextlib.contextmanager
def serving(server, tmp_path):
    """A faculty that asks the server for one program at a time, and a peer that plays the program."""
    with running_faculty(tmp_path, *faculty_flags(server.address), *QUICK) as faculty:
        with Client(faculty.endpoint) as program:
            yield program


def next_request(server):
    """The peer and the body of a request that came as `[body]`."""
    peer, frames = server.receive()
    assert len(frames) == 1, frames
    return peer, json.loads(frames[0])


def test_a_batch_names_the_faculty_and_each_program_with_an_id_of_its_own(server, tmp_path):
    flags = (*faculty_flags(server.address), "--min-programs=2", "--request-timeout=10")
    with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as one, Client(faculty.endpoint) as two:
        seen = set()
        for turn in range(2):
            one.send(b"", wish("a", 1, 2))
            two.send(b"", wish("b", 3, 4))
            peer, body = next_request(server)
            assert (body["semester"], body["faculty-name"]) == (SEMESTER, "Derecho")
            assert sorted((p["program-name"], p["classrooms"], p["labs"]) for p in body["programs"]) == [
                ("a", 1, 2), ("b", 3, 4)]
            ids = {p["program-id"] for p in body["programs"]}
            assert len(ids) == 2 and not ids & seen
            seen |= ids
            server.send(peer, reply_to(body))
            assert room_answer(one.receive()) == (OK, 1, 2, 0)
            assert room_answer(two.receive()) == (OK, 3, 4, 0)


@pytest.mark.parametrize("before, after", [([], []), ([], [b"x"]), ([b""], [])])
def test_a_reply_is_taken_in_each_envelope(server, tmp_path, before, after):
    with serving(server, tmp_path) as program:
        program.send(b"", wish("a"))
        peer, body = next_request(server)
        server.send(peer, *before, reply_to(body, PARTIAL), *after)
        assert room_answer(program.receive()) == (PARTIAL, 7, 2, 0)


def test_what_is_not_json_is_skipped(server, tmp_path):
    with serving(server, tmp_path) as program:
        program.send(b"", wish("a"))
        peer, body = next_request(server)
        for frames in ([b"\x01"], [b"hello"], [b""], [b"", b""], [b"[]"]):
            server.send(peer, *frames)
        server.send(peer, reply_to(body))
        assert room_answer(program.receive()) == (OK, 7, 2, 0)


def test_a_reply_to_another_batch_is_not_taken_for_this_one(server, tmp_path):
    with serving(server, tmp_path) as program:
        program.send(b"", wish("a"))
        peer, body = next_request(server)
        stranger = {**body, "programs": [{**body["programs"][0], "program-id": "another", "classrooms": 99}]}
        server.send(peer, {**reply_to(stranger), "request-id": "another"})
        server.send(peer, reply_to(body, **({"request-id": body["request-id"]} if "request-id" in body else {})))
        assert room_answer(program.receive()) == (OK, 7, 2, 0)


def test_a_program_that_the_reply_does_not_list_gets_unavailable(server, tmp_path):
    flags = (*faculty_flags(server.address), "--min-programs=2", "--request-timeout=0.3", "--retries=0")
    with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as one, Client(faculty.endpoint) as two:
        one.send(b"", wish("a"))
        two.send(b"", wish("b"))
        peer, body = next_request(server)
        reply = reply_to(body)
        reply["programs"] = [entry for entry in reply["programs"] if entry["program-name"] == "a"]
        server.send(peer, reply)
        assert room_answer(one.receive()) == (OK, 7, 2, 0)
        assert room_answer(two.receive()) == ("UNAVAILABLE", 0, 0, 0)


@pytest.mark.parametrize("code, told", [("INVALID-SEMESTER", "INVALID-SEMESTER"), ("UNAUTHORIZED", "UNAUTHORIZED"),
                                        ("no such semester", "UNAVAILABLE"), ("", "UNAVAILABLE")])
def test_an_error_without_programs_reaches_each_program_by_its_code(server, tmp_path, code, told):
    flags = (*faculty_flags(server.address), "--min-programs=1", "--request-timeout=0.3", "--retries=0")
    with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as program:
        program.send(b"", wish("a"))
        peer, body = next_request(server)
        server.send(peer, {"semester": SEMESTER, "error-found": True, "error-message": code, "programs": None})
        assert room_answer(program.receive()) == (told, 0, 0, 0)


def test_a_request_without_a_reply_is_sent_again_word_for_word(server, tmp_path):
    with serving(server, tmp_path) as program:
        program.send(b"", wish("a"))
        _, first = next_request(server)
        for _ in range(2):
            peer, again = next_request(server)
            assert again == first
        server.send(peer, reply_to(first))
        assert room_answer(program.receive()) == (OK, 7, 2, 0)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "NOT-LEADER"])
def test_a_server_that_cannot_answer_now_is_followed_by_the_next(server, tmp_path, code):
    with Router() as second:
        flags = (*faculty_flags(server.address, second.address), "--min-programs=1", "--request-timeout=5")
        with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as program:
            program.send(b"", wish("a"))
            peer, first = next_request(server)
            server.send(peer, error_to(first, code, detail="later", **{"retry-after-ms": 10}))
            peer, again = next_request(second)
            assert again == first
            second.send(peer, reply_to(first))
            assert room_answer(program.receive()) == (OK, 7, 2, 0)


def test_a_server_that_has_too_much_to_do_is_asked_again(server, tmp_path):
    with serving(server, tmp_path) as program:
        program.send(b"", wish("a"))
        peer, first = next_request(server)
        server.send(peer, error_to(first, "OVERLOADED", detail="later", **{"retry-after-ms": 10}))
        peer, again = next_request(server)
        assert again == first
        server.send(peer, reply_to(first))
        assert room_answer(program.receive()) == (OK, 7, 2, 0)


def test_the_leader_that_a_server_names_is_asked_next(server, tmp_path):
    with Router() as second, Router() as third:
        servers = (server.address, second.address, third.address)
        flags = (*faculty_flags(*servers), "--min-programs=1", "--request-timeout=5")
        with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as program:
            program.send(b"", wish("a"))
            peer, body = next_request(server)
            server.send(peer, error_to(body, "NOT-LEADER", detail="another leads", leader=third.address))
            peer, body = next_request(third)
            third.send(peer, reply_to(body))
            assert room_answer(program.receive()) == (OK, 7, 2, 0)
            assert second.receives_nothing(0.1)


def test_with_no_retries_one_request_is_sent_and_no_other(server, tmp_path):
    flags = (*faculty_flags(server.address), f"--semester={SEMESTER}", *QUICK, "--retries=0")
    with running_faculty(tmp_path, *flags) as faculty:
        with Client(faculty.endpoint) as program:
            program.send(b"", wish("a"))
            next_request(server)
            _, body = program.receive()
            assert json.loads(body)["status"] == "UNAVAILABLE"
            assert "old DTI server" in json.loads(body)["detail"], "to ask again is not safe there, and it says so"
            assert faculty.exit_status() == 0
        assert server.receives_nothing(0.2)


def test_with_no_retries_a_request_that_could_not_be_sent_waits_for_its_server_and_is_sent_once(tmp_path):
    with Router() as gone:
        pass
    flags = (*faculty_flags(gone.address), "--min-programs=1", "--request-timeout=0.3", "--retries=0")
    with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as program:
        program.send(b"", wish("a"))
        until(lambda: faculty.log.count("try-lost") >= 2, what="the second attempt")
        with Router(gone.port) as server:
            peer, body = next_request(server)
            server.send(peer, reply_to(body))
            assert room_answer(program.receive()) == (OK, 7, 2, 0)
            assert server.receives_nothing(0.2)


def test_a_faculty_that_is_told_to_stop_does_not_wait_long_for_a_silent_server(server, tmp_path):
    with running_faculty(tmp_path, *faculty_flags(server.address), "--min-programs=1") as faculty:
        with Client(faculty.endpoint) as program:
            program.send(b"", wish("a"))
            next_request(server)
            assert faculty.stop(within=20) == 1  # its budget is 25 s
            assert room_answer(program.receive()) == ("UNAVAILABLE", 0, 0, 0)


def test_so_many_retries_are_made_and_no_more(server, tmp_path):
    flags = (*faculty_flags(server.address), "--min-programs=1", "--request-timeout=0.1", "--retries=2")
    with running_faculty(tmp_path, *flags) as faculty:
        assert ask_programs(faculty, [wish("a")]) == [("UNAVAILABLE", 0, 0, 0)]
        for _ in range(3):
            next_request(server)
        assert server.receives_nothing(0.3)
