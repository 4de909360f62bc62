"""faculty with a real server behind it, and programs that the test plays or starts."""

import json
import socket
import time

import pytest

from tests_py.harness.process import BROKEN_STDOUT, run, run_with_broken_stdout, running, running_faculty, start_program
from tests_py.harness.rooms import ask_programs, faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL, Client, Router, grant, request

NAMES = ("Derecho Civil", "Derecho Penal", "Derecho Laboral")


@pytest.fixture
def dti(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as daemon:
        yield daemon


def test_a_batch_of_one_semester_is_served_and_then_the_faculty_exits_0_whatever_the_status(dti, tmp_path):
    flags = (*faculty_flags(dti.address), f"--semester={SEMESTER}", "--min-programs=3")
    with running_faculty(tmp_path, *flags) as faculty:
        wishes = [wish(NAMES[0], 400, 1), wish("nobody"), wish(NAMES[1], 0, 3)]
        assert ask_programs(faculty, wishes) == [(PARTIAL, 380, 1, 0), ("INVALID-PROGRAM", 0, 0, 0), (OK, 0, 3, 0)]
        assert faculty.exit_status() == 0


def test_a_semester_that_is_not_the_facultys_is_answered_at_once(dti, tmp_path):
    flags = (*faculty_flags(dti.address), f"--semester={SEMESTER}", "--min-programs=1")
    with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as peer:
        for semester in ("2026-10", "2025-1", ""):
            assert room_answer(peer.ask_frames(b"", wish(NAMES[0], semester=semester))) == (
                "INVALID-SEMESTER", 0, 0, 0)
        assert room_answer(peer.ask_frames(b"", wish(NAMES[0]))) == (OK, 7, 2, 0)
        assert faculty.exit_status() == 0


def test_without_a_semester_it_serves_on_and_counts_batches_for_each_semester(store, tmp_path):
    for semester in ("A", "B"):
        with running(tmp_path, store.flag, f"--semester={semester}", "--classrooms=10", "--labs=10"):
            pass
    with running(tmp_path, store.flag) as dti:
        with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=2") as faculty:
            with Client(faculty.endpoint) as alone:
                alone.send(b"", wish(NAMES[0], 1, 1, "B"))
                assert ask_programs(faculty, [wish(name, 1, 1, "A") for name in NAMES[:2]]) == [(OK, 1, 1, 0)] * 2
                assert alone.receive_if_any(0.1) is None, "a batch of A was completed by a program of B"
                assert ask_programs(faculty, [wish(NAMES[1], 1, 1, "B")]) == [(OK, 1, 1, 0)]
                assert room_answer(alone.receive()) == (OK, 1, 1, 0)
            assert ask_programs(faculty, [wish(NAMES[0], 1, 1, "C"), wish(NAMES[1], 1, 1, "C")]) == [
                ("INVALID-SEMESTER", 0, 0, 0)] * 2


def ask_in_order(faculty, wishes):
    """All wishes by one peer, so that they arrive in that order; the answers as they come."""
    with Client(faculty.endpoint) as peer:
        for body in wishes:
            peer.send(b"", body)
        return [room_answer(peer.receive()) for _ in wishes]


def test_a_program_that_asks_again_gets_each_answer_and_takes_nobodys_place_in_the_batch(dti, sqlite, tmp_path):
    with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=2") as faculty:
        again = [wish(NAMES[0]), wish(NAMES[0]), wish("derecho_civil")]
        assert ask_in_order(faculty, [*again, wish(NAMES[1], 1, 0)]) == [(OK, 7, 2, 0)] * 3 + [(OK, 1, 0, 0)]
        got = ask_in_order(faculty, [wish(NAMES[2], 1, 0), wish(NAMES[2], 2, 0), wish(NAMES[1], 1, 0)])
        assert got == [(OK, 1, 0, 0), (HAS_ALREADY, 1, 0, 0), (OK, 1, 0, 0)]
    assert sqlite.left()[1] == 58


def test_a_batch_that_is_not_full_is_sent_when_the_oldest_has_waited_so_long(dti, tmp_path):
    with running_faculty(tmp_path, *faculty_flags(dti.address), "--batch-seconds=0.3") as faculty:
        started = time.monotonic()
        assert ask_programs(faculty, [wish(NAMES[0])]) == [(OK, 7, 2, 0)]
        assert time.monotonic() - started >= 0.3


MALFORMED = [b"", b"hello", b'{"program-name":"x"}', b"[" * 1000, json.dumps(wish(NAMES[1], -1)).encode(),
             json.dumps(wish(NAMES[1], 1.5)).encode()]


@pytest.mark.parametrize("body", MALFORMED)
def test_a_malformed_wish_is_answered_at_once_and_is_no_part_of_a_batch(dti, tmp_path, body):
    with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=1") as faculty:
        with Client(faculty.endpoint) as peer:
            assert room_answer(peer.ask_frames(b"", body)) == ("INVALID-REQUEST", 0, 0, 0)
            assert room_answer(peer.ask_frames(b"", wish(NAMES[0]))) == (OK, 7, 2, 0)


@pytest.mark.parametrize("body", MALFORMED)
@pytest.mark.parametrize("comes_first", [True, False])
def test_programs_do_not_wait_for_one_whose_wish_was_malformed(dti, tmp_path, body, comes_first):
    flags = (*faculty_flags(dti.address), f"--semester={SEMESTER}", "--min-programs=2", "--batch-seconds=600")
    with running_faculty(tmp_path, *flags) as faculty, Client(faculty.endpoint) as one, Client(faculty.endpoint) as two:
        wrong, right = (one, two) if comes_first else (two, one)
        if not comes_first:
            right.send(b"", wish(NAMES[0]))
        assert room_answer(wrong.ask_frames(b"", body)) == ("INVALID-REQUEST", 0, 0, 0)
        if comes_first:
            right.send(b"", wish(NAMES[0]))
        assert room_answer(right.receive()) == (OK, 7, 2, 0)
        assert faculty.exit_status() == 0


@pytest.mark.parametrize("before, after", [([], []), ([b""], []), ([b"\0\0\0\1", b""], []), ([b""], [b"x"])])
def test_a_program_is_answered_in_the_envelope_in_which_it_asked(dti, tmp_path, before, after):
    with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=1") as faculty:
        with Client(faculty.endpoint) as peer:
            frames = peer.ask_frames(*before, wish(NAMES[0]), *after)
            assert frames[:len(before)] == before and frames[len(before) + 1:] == after
            assert json.loads(frames[len(before)])["status"] == OK


@pytest.mark.parametrize("name, semester, code", [("Filosofia", SEMESTER, "INVALID-FACULTY"),
                                                  ("Derecho", "1999", "INVALID-SEMESTER")])
def test_an_error_of_the_server_reaches_every_program(dti, tmp_path, name, semester, code):
    flags = (*faculty_flags(dti.address, name=name), f"--semester={semester}", "--min-programs=3")
    with running_faculty(tmp_path, *flags) as faculty:
        assert ask_programs(faculty, [wish(n, semester=semester) for n in NAMES]) == [(code, 0, 0, 0)] * 3
        assert faculty.exit_status() == 0


def test_a_silent_server_means_unavailable_within_the_bound(tmp_path):
    bounds = ("--request-timeout=0.2", "--retries=2")
    with Router() as silent, running_faculty(tmp_path, *faculty_flags(silent.address), f"--semester={SEMESTER}",
                                             "--min-programs=2", *bounds) as faculty:
        programs = [start_program(tmp_path, f"--name={name}", f"--semester={SEMESTER}", "--classrooms=1", "--labs=1",
                                  f"--faculty-server={faculty.address}") for name in ("a", "b")]
        try:
            assert [program.exit_status() for program in programs] == [5, 5]
        finally:
            for program in programs:
                program.remove()
        assert faculty.exit_status() == 0
    assert list(tmp_path.glob("*.txt")) == []


def test_a_crash_of_the_first_server_is_made_up_for_by_the_second(sqlite, tmp_path):
    """The first answered and was killed; the second, on the same store, repeats the grant."""
    with running(tmp_path, *POOL, sqlite.flag) as first, Client(first.endpoint) as client:
        assert grant(client, request(SEMESTER, "Derecho", (NAMES[0], 7, 2))) == [(OK, 7, 2, 0)]
        first.crash()
    with running(tmp_path, sqlite.flag) as second:
        flags = (*faculty_flags(first.address, second.address), "--min-programs=2", "--request-timeout=0.3")
        with running_faculty(tmp_path, *flags) as faculty:
            assert ask_programs(faculty, [wish(name) for name in NAMES[:2]]) == [(OK, 7, 2, 0)] * 2
    assert sqlite.left()[:2] == (366, 56)


def test_programs_that_wait_are_answered_when_the_faculty_is_told_to_stop(dti, tmp_path):
    with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=5", "--batch-seconds=600") as faculty:
        with Client(faculty.endpoint) as peer:
            peer.send(b"", wish(NAMES[0]))
            # An answer to what was sent later shows that the faculty has read the wish.
            assert room_answer(peer.ask_frames(b"", b"hello")) == ("INVALID-REQUEST", 0, 0, 0)
            assert faculty.stop() == 0
            assert room_answer(peer.receive())[0] in (OK, "UNAVAILABLE")


BAD_USE = {
    "no name": (["--dti-server=127.0.0.1:1"], "--name"),
    "no server": (["--name=x"], "--dti-server"),
    "a server without a port": (["--name=x", "--dti-server=127.0.0.1"], "--dti-server"),
    "no programs": ([*faculty_flags("127.0.0.1:1"), "--min-programs=0"], "--min-programs"),
    "negative retries": ([*faculty_flags("127.0.0.1:1"), "--retries=-1"], "--retries"),
    "an unknown flag": ([*faculty_flags("127.0.0.1:1"), "--colour=red"], "--colour"),
}


@pytest.mark.parametrize("flags, named", BAD_USE.values(), ids=BAD_USE)
def test_bad_use_is_exit_2_and_names_the_flag(tmp_path, flags, named):
    status, stdout, stderr = run(tmp_path, "faculty", *flags)
    assert (status, stdout) == (2, "") and named in stderr


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, stdout, stderr = run(tmp_path, "faculty", *faculty_flags("127.0.0.1:1"), f"--listen-port={port}")
    assert (status, stdout) == (1, "") and f"127.0.0.1:{port}" in stderr


@pytest.mark.parametrize("redirection", BROKEN_STDOUT.values(), ids=BROKEN_STDOUT)
@pytest.mark.parametrize("name", ["dti_server", "faculty"])
def test_a_ready_line_that_cannot_be_written_is_exit_1(tmp_path, name, redirection):
    flags = {"dti_server": (*POOL, "--port=0", f"--store=sqlite:{tmp_path}/dti.db"),
             "faculty": (*faculty_flags("127.0.0.1:1"), "--listen-port=0")}
    status, stderr = run_with_broken_stdout(tmp_path, redirection, name, *flags[name])
    assert status == 1 and "READY" in stderr


def test_it_serves_over_ipv6(tmp_path):
    require_ipv6()
    flags = (*POOL, f"--store=sqlite:{tmp_path}/dti.db")
    with running(tmp_path, *flags, "--bind=[::1]") as dti:
        assert dti.endpoint.startswith("tcp://[::1]:")
        with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=1", "--bind=::1") as faculty:
            assert faculty.endpoint.startswith("tcp://[::1]:")
            status, _, _ = run(tmp_path, "program", f"--name={NAMES[0]}", f"--semester={SEMESTER}", "--classrooms=7",
                               "--labs=2", f"--faculty-server={faculty.address}")
            assert status == 0


def require_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as fault:
        pytest.skip(f"this machine has no IPv6 loopback: {fault}")
