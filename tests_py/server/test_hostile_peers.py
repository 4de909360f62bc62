"""One server and peers that mean harm, or are broken: the others are served meanwhile, and memory is bounded."""

import contextlib
import itertools
import json
import re
import resource
import threading
import time

import pytest

from tests_py.harness.hostile import (COMMAND, GREETING, LONG, MORE, Bystander, RawPeer, descriptors, frame, header,
                                      limit_descriptors, raise_own_limit, ready)
from tests_py.harness.process import memory_mib, running, running_faculty, until
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, answers, check_failed, encode, grant, only_body, request

MIB = 1024 * 1024
PROMPT_SECONDS = 2  # half of all answers; a peer that held up the others would do so until it is closed
HANDSHAKE_SECONDS = 5  # which the server gives a connection
OVERLOADED_ABOVE = 16_384
CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
PENAL = request(SEMESTER, "Derecho", ("Derecho Penal", 5, 1))
LARGE = encode(request(SEMESTER, "Nobody", *[("p" * 150, 1, 1)] * 1000))  # its reply is larger than itself


def ask_civil(client):
    assert grant(client, CIVIL) == [(OK, 7, 2, 0)]


def asked_again(client, body, seconds=0.5, tries=40):
    """What a client does whose connection may break: asks until an answer comes."""
    for _ in range(tries):
        client.send(body)
        if reply := client.receive_if_any(seconds):
            return answers(only_body(reply))
    raise AssertionError("no answer")


def ask_civil_again(client):
    assert asked_again(client, CIVIL) == [(OK, 7, 2, 0)]


def times_closed(daemon):
    return daemon.log.count("endpoint-closed")


@pytest.fixture
def dti(tmp_path):
    with running(tmp_path, *POOL, "--store=memory:") as daemon:
        yield daemon


@contextlib.contextmanager
def others_served(daemon, times=20, promptly=True):
    """While the block runs, another client asks; then it asks as often again."""
    with Bystander(daemon.endpoint, ask_civil) as bystander:
        until(lambda: bystander.has_asked(times))
        before = len(bystander.seconds)
        yield bystander
        until(lambda: bystander.has_asked(before + times))
    assert len(bystander.seconds) >= before + times
    assert not promptly or bystander.median() < PROMPT_SECONDS


# Replies that no client reads.

def test_peers_that_do_not_read_their_replies_lose_them_and_the_others_do_not_notice(dti):
    replies = 4 * 800
    with others_served(dti), contextlib.ExitStack() as stack:
        deaf = [stack.enter_context(RawPeer(dti.endpoint, receive_bytes=4096)) for _ in range(4)]
        for _ in range(replies // len(deaf)):
            for peer in deaf:
                assert peer.send(frame(LARGE))
        until(lambda: "reply-dropped" in dti.log)
    # 16 MiB may be with ZeroMQ and 154 aside; besides, requests that came faster than they were read, and that wait.
    assert replies * len(LARGE) > 720 * MIB  # and their replies are a third larger
    assert memory_mib(dti) < 700


def test_drops_are_logged_at_most_once_a_second(dti):
    started = time.monotonic()
    with RawPeer(dti.endpoint, receive_bytes=4096) as deaf:
        while dti.log.count("reply-dropped") < 2:
            assert deaf.send(frame(LARGE) * 4)
            assert time.monotonic() < started + 30
    assert dti.log.count("reply-dropped") <= 2 + (time.monotonic() - started)
    assert [int(count) for count in re.findall(r"dropped-in-all=(\d+)", dti.log)][-1] > 2


def test_a_peer_with_thousands_of_requests_in_flight_gets_every_reply(dti):
    count = 8000
    with Client(dti.endpoint) as client:
        for number in range(count):
            client.send(CIVIL, str(number).encode())
        seen = [client.receive() for _ in range(count)]
    assert sorted(int(number) for _, number in seen) == list(range(count))
    assert "reply-dropped" not in dti.log


# Connections.

def test_ten_thousand_idle_connections_cost_the_others_nothing(dti):
    count = min(10_000, raise_own_limit() - 1000, descriptors_allowed(dti) - 100)
    with others_served(dti), contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(RawPeer(dti.endpoint))
        until(lambda: descriptors(dti) > count)
    assert memory_mib(dti) < 100 + count * 0.04
    until(lambda: descriptors(dti) < 100)


def descriptors_allowed(daemon):
    return resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)[0]


def test_the_limit_of_descriptors_is_raised_at_the_start(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        with running(tmp_path, *POOL, "--store=memory:") as daemon:
            assert descriptors_allowed(daemon) == min(hard, 2**20)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connect_storms_pass_by(dti):
    with others_served(dti):
        for number in range(3000):
            peer = RawPeer(dti.endpoint, hello=(b"", GREETING, GREETING + ready() + frame(b"x", more=True))[number % 3])
            if number % 2:
                peer.reset()
            else:
                peer.close()
    until(lambda: descriptors(dti) < 50)
    assert memory_mib(dti) < 150


NO_HANDSHAKE = {
    "nothing": b"",
    "a byte": b"\xff",
    "half a greeting": GREETING[:30],
    "a greeting and nothing": GREETING,
    "half a command": GREETING + ready()[:10],
    "HTTP": b"GET / HTTP/1.1\r\nHost: dti\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(190),
    "a line of text": b"hello\n",
    "zeros": bytes(1000),
    "ones": b"\xff" * 1000,
    "every byte": bytes(range(256)) * 8,
    "another mechanism": GREETING[:12] + b"CURVE".ljust(20, b"\0") + GREETING[32:],
    "ZMTP 2.0 and nothing": b"\xff" + bytes(8) + b"\x7f\x01\x05",
    "ZMTP 1.0 and nothing": b"\x01\x00",
    "a command that is none": GREETING + frame(b"\x05HELLO"),
    "a huge command": GREETING + header(1 << 40, COMMAND),
}


def test_who_does_not_finish_a_handshake_is_closed_in_time(dti):
    with others_served(dti), contextlib.ExitStack() as stack:
        peers = {what: stack.enter_context(RawPeer(dti.endpoint, hello)) for what, hello in NO_HANDSHAKE.items()}
        deadline = time.monotonic() + HANDSHAKE_SECONDS + 10
        still_open = [what for what, peer in peers.items() if not peer.is_closed(deadline - time.monotonic())]
        assert not still_open
    until(lambda: descriptors(dti) < 50)


HUGE = {
    "one byte over 1 MiB": header(MIB + 1) + b"x",
    "a part of a message": header(MIB + 1, MORE) + b"x",
    "2^62 bytes": header(1 << 62),
    "2^64 - 1 bytes": bytes([LONG]) + b"\xff" * 8,
    "after parts that are allowed": frame(b"x" * MIB, more=True) * 3 + header(MIB + 1),
}


def test_a_frame_that_is_too_large_closes_its_connection_by_its_header(dti):
    with others_served(dti):
        for what, data in HUGE.items():
            with RawPeer(dti.endpoint) as peer:
                peer.shake_hands()
                assert peer.send(data)
                assert peer.is_closed(10), what
    assert memory_mib(dti) < 100


def test_a_slow_sender_holds_up_nobody_and_is_answered_in_the_end(dti):
    message = frame(encode(CIVIL))
    with RawPeer(dti.endpoint) as slow, Client(dti.endpoint) as client:
        slow.shake_hands()
        for byte in message:
            ask_civil(client)  # between any two bytes of the other
            assert slow.send(bytes([byte]))
        flags, body = slow.read_frame()
        assert flags & ~LONG == 0 and answers(json.loads(body)) == [(OK, 7, 2, 0)]


def test_a_forged_routing_id_takes_a_connection_and_no_grant(dti):
    with others_served(dti):
        for _ in range(20):
            with Client(dti.endpoint, identity=b"victim") as victim:
                ask_civil(victim)
                with RawPeer(dti.endpoint, GREETING + ready(b"victim")) as forger:
                    forger.shake_hands()
                    assert forger.send(frame(encode(CIVIL)))
                    assert answers(json.loads(forger.read_frame()[1])) == [(OK, 7, 2, 0)]
                    victim.send(PENAL)  # libzmq leaves the connection open, and hears nothing on it any more
            with Client(dti.endpoint, identity=b"victim") as victim:
                assert asked_again(victim, PENAL) == [(OK, 5, 1, 0)]
    until(lambda: descriptors(dti) < 50)


def test_endless_connections_under_changing_ids_leave_nothing_behind(dti):
    descriptors_before = descriptors(dti)
    with others_served(dti):
        for number in range(3000):
            with RawPeer(dti.endpoint, GREETING + ready(b"id" * 100 + str(number).encode()) + frame(encode(CIVIL))):
                pass
        first = memory_mib(dti, "VmRSS")
        for number in range(3000):
            with RawPeer(dti.endpoint, GREETING + ready(b"id" * 100 + str(-number).encode()) + frame(encode(CIVIL))):
                pass
    assert memory_mib(dti) < first + 50
    until(lambda: descriptors(dti) <= descriptors_before + 5)


# Without descriptors.

def test_without_descriptors_those_connected_are_served_and_others_once_some_leave(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti, contextlib.ExitStack() as stack:
        with others_served(dti):
            limit_descriptors(dti, descriptors(dti) + 10)
            crowd = [stack.enter_context(RawPeer(dti.endpoint)) for _ in range(100)]
            until(lambda: "descriptors-exhausted" in dti.log)
            with Client(dti.endpoint) as newcomer:
                newcomer.send(PENAL)
                assert newcomer.receive_if_any(0.3) is None
                for peer in crowd:
                    peer.close()
                assert answers(only_body(newcomer.receive())) == [(OK, 5, 1, 0)]
        until(lambda: "descriptors-left" in dti.log)
        assert set(sqlite.allocations()) == {("Derecho", "Derecho Civil"), ("Derecho", "Derecho Penal")}


# Messages that do not end.

@contextlib.contextmanager
def filling(daemon, peers=8, part_bytes=MIB // 2, pause=0.005):
    """This many peers send parts of endless messages, 800 MB/s in all, and reconnect when they are closed.
    Gives a list that has the bytes sent by each."""
    part = frame(b"x" * part_bytes, more=True)
    stop = threading.Event()
    sent = [0] * peers

    def send_parts(number):
        while not stop.is_set():
            with contextlib.suppress(OSError), RawPeer(daemon.endpoint) as peer:
                while not stop.wait(pause) and peer.send(part):
                    sent[number] += part_bytes

    threads = [threading.Thread(target=send_parts, args=(number,), daemon=True) for number in range(peers)]
    for thread in threads:
        thread.start()
    try:
        yield sent
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def test_endless_messages_end_with_their_connections_and_clients_come_back(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, "--memory-max=100") as dti:
        with Bystander(dti.endpoint, ask_civil_again) as bystander:
            with filling(dti) as sent:
                for times in (1, 2, 3):
                    until(lambda: times_closed(dti) >= times)
                    before = len(bystander.seconds)
                    until(lambda: bystander.has_asked(before + 5))
                until(lambda: sum(sent) > 1000 * MIB)
            before = len(bystander.seconds)
            until(lambda: bystander.has_asked(before + 20))
        assert memory_mib(dti) < 900  # 100, and what comes until it may be closed again
        with Client(dti.endpoint) as client:
            assert asked_again(client, PENAL) == [(OK, 5, 1, 0)]
    assert sqlite.left()[:2] == (368, 57)
    assert "memory-max-too-low" not in dti.log


def test_what_was_accepted_before_the_endpoint_closed_is_committed_and_a_repeat_gets_it(postgresql, tmp_path):
    flags = (*POOL, postgresql.flag, "--memory-max=100", "--store-timeout=600")
    with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
        ask_civil(client)
        postgresql.cluster.freeze()
        client.send(PENAL)
        assert client.ask_frames(b'{"health-check":true}') == [b"\x01"]  # it was read
        with filling(dti):
            until(lambda: times_closed(dti) > 0)
        postgresql.cluster.resume()
        until(lambda: ("Derecho", "Derecho Penal") in postgresql.allocations())
        assert asked_again(client, PENAL) == [(OK, 5, 1, 0)]
        until(lambda: "reply-dropped" in dti.log)
    assert postgresql.left()[:2] == (368, 57)


def test_a_state_that_needs_more_than_memory_max_is_said_once_and_served(tmp_path):
    catalog = tmp_path / "large.csv"
    rows = (f"Faculty {f},Program {p}\n" for f, p in itertools.product(range(200), range(200)))
    catalog.write_text("faculty,program\n" + "".join(rows), encoding="utf-8")
    ask = request(SEMESTER, "Faculty 7", ("Program 9", 7, 2))
    with running(tmp_path, *POOL, "--store=memory:", f"--catalog={catalog}", "--memory-max=8") as dti:
        until(lambda: "memory-max-too-low" in dti.log)
        with Client(dti.endpoint) as client:
            deadline = time.monotonic() + 1.5  # it could close its endpoint again after half a second
            while time.monotonic() < deadline:
                assert asked_again(client, ask) == [(OK, 7, 2, 0)]
        assert times_closed(dti) == dti.log.count("memory-max-too-low") == 1


def test_without_memory_max_nothing_is_closed(tmp_path):
    with running(tmp_path, *POOL, "--store=memory:", "--memory-max=0") as dti, others_served(dti, promptly=False):
        with filling(dti) as sent:
            until(lambda: sum(sent) > 200 * MIB)
        assert times_closed(dti) == 0


# More than is decided.

def test_under_overload_what_was_accepted_is_answered_and_the_rest_is_told_to_come_later_at_once(postgresql, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag, "--store-timeout=600") as dti, contextlib.ExitStack() as stack:
        accepted, late, deaf = (stack.enter_context(Client(dti.endpoint)) for _ in range(3))
        ask_civil(accepted)
        postgresql.cluster.freeze()
        for number in range(OVERLOADED_ABOVE):
            accepted.send(PENAL, str(number).encode())
        assert accepted.ask_frames(b'{"health-check":true}') == [b"\x01"]  # all was read
        for _ in range(40_000):
            deaf.send(PENAL)  # its answers are not asked for
        times = []
        for _ in range(50):
            started = time.monotonic()
            reply = late.ask(CIVIL)
            times.append(time.monotonic() - started)
            check_failed(reply, CIVIL, "OVERLOADED")
            assert reply["retry-after-ms"] > 0
        assert sorted(times)[len(times) // 2] < PROMPT_SECONDS
        postgresql.cluster.resume()
        numbers = [int(accepted.receive()[1]) for _ in range(OVERLOADED_ABOVE)]
        assert sorted(numbers) == list(range(OVERLOADED_ABOVE))
        assert memory_mib(dti) < 300
    assert postgresql.left()[:2] == (368, 57)


# A faculty, whose peers are programs.

def ask_as_program(client):
    assert room_answer(client.ask_frames(b"", wish("Derecho Civil"))) == (OK, 7, 2, 0)


@contextlib.contextmanager
def faculty_beside_others(dti, folder, mib_max):
    """A faculty that is attacked while the block runs, and must go on serving a program meanwhile and afterwards."""
    with running_faculty(folder, *faculty_flags(dti.address), "--min-programs=1") as faculty:
        with Bystander(faculty.endpoint, ask_as_program) as bystander:
            until(lambda: bystander.has_asked(20))
            yield faculty
            before = len(bystander.seconds)
            until(lambda: bystander.has_asked(before + 20))
        assert bystander.median() < PROMPT_SECONDS
        assert memory_mib(faculty) < mib_max


def test_programs_that_do_not_read_lose_their_answers_and_the_others_do_not_notice(dti, tmp_path):
    large = frame(b"x" * MIB, more=True) + frame(b"", more=True) + frame(b"{}")  # refused, with all that stands before
    # The answers are 1,200 MiB. On a busy machine up to 4 x 128 requests wait to be read.
    with faculty_beside_others(dti, tmp_path / "faculty", 900) as faculty, contextlib.ExitStack() as stack:
        deaf = [stack.enter_context(RawPeer(faculty.endpoint, receive_bytes=4096)) for _ in range(4)]
        for _ in range(300):
            for peer in deaf:
                assert peer.send(large)
        until(lambda: "answer-dropped" in faculty.log)


def ask_as_program_again(client):
    """What a program does whose connection may break: asks until an answer comes."""
    for _ in range(40):
        client.send(b"", wish("Derecho Civil"))
        if reply := client.receive_if_any(0.5):
            assert room_answer(reply) == (OK, 7, 2, 0)
            return
    raise AssertionError("no answer")


def test_endless_messages_to_a_faculty_end_with_their_connections_and_programs_come_back(dti, tmp_path):
    flags = (*faculty_flags(dti.address), "--min-programs=1", "--memory-max=100")
    with running_faculty(tmp_path / "faculty", *flags) as faculty:
        with Bystander(faculty.endpoint, ask_as_program_again) as bystander:
            with filling(faculty):
                for times in (1, 2):
                    until(lambda: times_closed(faculty) >= times)
                    before = len(bystander.seconds)
                    until(lambda: bystander.has_asked(before + 5))
            before = len(bystander.seconds)
            until(lambda: bystander.has_asked(before + 20))
        assert memory_mib(faculty) < 900  # 100, and what comes until it may be closed again
        assert "the faculty used more memory than --memory-max" in faculty.log
    assert "memory-max-too-low" not in faculty.log


def test_a_faculty_lives_through_bytes_that_are_none_of_its_business(dti, tmp_path):
    with faculty_beside_others(dti, tmp_path / "faculty", 100) as faculty, contextlib.ExitStack() as stack:
        peers = [stack.enter_context(RawPeer(faculty.endpoint, hello)) for hello in NO_HANDSHAKE.values()]
        for what, data in HUGE.items():
            with RawPeer(faculty.endpoint) as peer:
                peer.shake_hands()
                assert peer.send(data)
                assert peer.is_closed(10), what
        deadline = time.monotonic() + HANDSHAKE_SECONDS + 10
        assert all(peer.is_closed(deadline - time.monotonic()) for peer in peers)
