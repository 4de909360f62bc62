"""Attacks on secured endpoints, and names that are attacks. docs/threat-model.md lists all attacks with their tests."""

import contextlib
import csv
import os
import re
import socket
import threading

import pytest

from tests_py.harness.hostile import (COMMAND, CURVE_GREETING as GREETING, CurvePeer, RawPeer, dealer, descriptors, header,
                                      raise_own_limit)
from tests_py.harness.process import run, running, running_faculty, until
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, KeyList, grant, lock, new_key, request, tcp

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
SECURED = "--listen=curve://127.0.0.1:0"
HANDSHAKE_SECONDS = 5  # which the server gives a connection


@pytest.fixture
def place(tmp_path):
    class Place:
        server = new_key(tmp_path, "dti")
        keys = KeyList(tmp_path, derecho="faculty:Derecho")

        def serve(self, *flags):
            return running(tmp_path, *POOL, f"--store=sqlite:{tmp_path}/dti.db", SECURED, self.server.flag, self.keys.flag, *flags)

        def client(self, endpoint):
            return Client(tcp(endpoint), prepare=lambda it: lock(it, self.keys["derecho"], self.server))

        def is_served(self, dti):
            with self.client(dti.endpoint) as client:
                return grant(client, DERECHO) == [(OK, 7, 2, 0)]

    return Place()


# Handshakes.

@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 500, 1000, 8000, 60_000, 1_000_000])
def test_metadata_of_any_length_in_a_handshake_harms_nothing(place, size):
    """CVE-2019-13132: libzmq before 4.3.2 wrote the metadata of a client over its stack."""
    with place.serve() as dti:
        with CurvePeer(tcp(dti.endpoint), place.keys["derecho"], place.server) as peer:
            peer.initiate(dealer())
            assert peer.is_ready(HANDSHAKE_SECONDS)  # so the handshake of this test is a right one
        for key in (place.keys["derecho"], new_key(place.keys.path.parent, "stranger")):
            with CurvePeer(tcp(dti.endpoint), key, place.server) as peer:
                peer.initiate(dealer() + os.urandom(size))
                peer.is_ready(0.2)
        assert place.is_served(dti)


def test_a_handshake_with_the_cookie_of_another_one_is_refused(place):
    with place.serve() as dti:
        first, second = (CurvePeer(tcp(dti.endpoint), place.keys["derecho"], place.server) for _ in range(2))
        with first, second:
            second.initiate(dealer(), cookie=first._cookie)
            assert second.is_closed(HANDSHAKE_SECONDS)
            first.initiate(dealer())
            assert first.is_ready(HANDSHAKE_SECONDS)


def test_connections_without_a_handshake_keep_no_client_out(place):
    """CVE-2020-15166: with libzmq before 4.3.3, one of them kept all later clients out of a secured endpoint."""
    with place.serve() as dti, contextlib.ExitStack() as stack:
        for hello in (b"", GREETING[:10], GREETING) * 5:
            stack.enter_context(RawPeer(tcp(dti.endpoint), hello))
            assert place.is_served(dti)


def test_ten_thousand_half_handshakes_end_and_clients_are_served_meanwhile(place):
    count = min(10_000, raise_own_limit() - 1000)
    with place.serve() as dti:
        before = descriptors(dti)
        with contextlib.ExitStack() as stack:
            for number in range(count):
                stack.enter_context(RawPeer(tcp(dti.endpoint), GREETING))
                if number % 2500 == 2499:
                    assert place.is_served(dti)
            until(lambda: descriptors(dti) < before + 20, seconds=HANDSHAKE_SECONDS + 60, what="the end of the connections")
            assert place.is_served(dti)


class Recorder:
    """Forwards one connection to a server, and keeps what its client has sent."""

    def __init__(self, endpoint):
        host, port = tcp(endpoint).removeprefix("tcp://").rsplit(":", 1)
        self.target = (host, int(port))
        self.sent = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._forward, daemon=True).start()

    def _forward(self):
        client, _ = self._listener.accept()
        self.server = socket.create_connection(self.target)
        threading.Thread(target=self._pump, args=(self.server, client, False), daemon=True).start()
        self._pump(client, self.server, True)

    def _pump(self, source, sink, is_kept):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_kept:
                    self.sent += data
                sink.sendall(data)

    def close(self):
        self._listener.close()


def fill_before_the_handshake(daemon):
    """Strangers without a key begin a handshake message of the longest length, and do not end it, until they are closed."""
    part = header(1_000_000, COMMAND) + bytes(999_999)
    with contextlib.ExitStack() as stack:
        for _ in range(3_000):
            if "endpoint-closed" in daemon.log:
                return
            with contextlib.suppress(OSError):  # it is being closed
                stack.enter_context(RawPeer(tcp(daemon.endpoint), GREETING)).send(part)
    raise AssertionError("the strangers were not closed")


def test_strangers_that_fill_the_memory_of_a_server_before_their_handshake_are_closed(place):
    with place.serve("--memory-max=100") as dti:
        fill_before_the_handshake(dti)
        assert place.is_served(dti)


def test_strangers_that_fill_the_memory_of_a_faculty_before_their_handshake_are_closed(place, tmp_path):
    folder = tmp_path / "faculty"
    folder.mkdir()
    programs = KeyList(folder, civil="faculty:Derecho")
    own = place.keys["derecho"]
    with place.serve() as dti, running_faculty(
            folder, *faculty_flags(tcp(dti.endpoint).removeprefix("tcp://")), "--min-programs=1", "--memory-max=100", SECURED,
            own.flag, place.server.server_flag, programs.flag) as faculty:
        fill_before_the_handshake(faculty)
        with Client(tcp(faculty.endpoint), prepare=lambda it: lock(it, programs["civil"], own)) as program:
            program.send(b"", wish("Derecho Civil"))
            assert room_answer(program.receive()) == (OK, 7, 2, 0)


def ledger_of(folder):
    status, out, log = run(folder, "dtictl", "verify", f"--store=sqlite:{folder}/dti.db")
    assert status == 0, log
    return out


@pytest.mark.parametrize("is_same_connection", [True, False], ids=["in its connection", "in another connection"])
def test_a_recorded_message_that_is_sent_again_reaches_no_one(place, tmp_path, is_same_connection):
    with place.serve() as dti, contextlib.closing(Recorder(dti.endpoint)) as recorder:
        with Client(recorder.endpoint, prepare=lambda it: lock(it, place.keys["derecho"], place.server)) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
            before, sent, log = ledger_of(tmp_path), recorder.sent, len(dti.log)
            start = sent.rindex(b"\x07MESSAGE")
            is_long = int.from_bytes(sent[start - 8:start], "big") == len(sent) - start
            message = sent[start - (9 if is_long else 2):]
            assert b"Derecho" not in sent  # nothing is readable on the way
            if is_same_connection:
                recorder.server.sendall(message)
                until(lambda: " handshake-refused: " in dti.log[log:], what="the log line")
                assert client.receive_if_any(0.5) is None  # a request that reaches the server gets a reply
            else:
                with RawPeer(tcp(dti.endpoint), hello=sent) as peer:
                    assert peer.is_closed(HANDSHAKE_SECONDS + 5)
        assert ledger_of(tmp_path) == before
        assert place.is_served(dti)


# Names.

SQL = ["'; DROP TABLE ledger; --", "\" OR \"1\"=\"1", "1); DELETE FROM semester; --", "$$; DROP SCHEMA public CASCADE; $$",
       "\\'; UPDATE ledger SET classrooms = 0; --", "%s%n{0}:name", "NULL; --", "x' UNION SELECT * FROM leadership --"]


def test_sql_in_each_name_is_a_name_and_no_statement(store, tmp_path):
    catalog = tmp_path / "catalog.csv"
    with open(catalog, "w", encoding="utf-8") as file:
        csv.writer(file).writerows([("faculty", "program"), *((name, name) for name in SQL)])
    for semester in SQL[:3]:
        flags = (f"--semester={semester}", "--classrooms=100", "--labs=10", store.flag, f"--catalog={catalog}")
        with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
            for name in SQL:
                body = {**request(semester, name, (name, 2, 1)), "request-id": name[:64]}
                body["programs"][0]["program-id"] = name[:64]
                assert grant(client, body)[0] == (OK, 2, 1, 0)
                assert client.ask({**body, "faculty-name": name + "'"})["error-message"] == "INVALID-FACULTY"
    status, out, log = run(tmp_path, "dtictl", "verify", store.flag)
    assert status == 0 and len(out.splitlines()) >= 3, log + out


STEERS = ["\x1b[2J\x1b[H", "\x1b]0;title\x07", "a\nb", "a\r\nfake 2026-11-29 info ready: x", "a\tb", "\x00", "\x7f", "\x9b31m",
          "\u202egnp.exe", "\u2028line"]
LINE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* \w+ +[a-z-]+: |\{")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_name_steers_a_terminal_or_makes_a_line_of_a_log(tmp_path, log_format):
    flags = (*POOL, f"--store=sqlite:{tmp_path}/dti.db", "--log-level=debug", f"--log-format={log_format}")
    with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
        for name in STEERS:
            for field in ("faculty-name", "semester", "request-id", "program-id", "program-name"):
                body = {**request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)), "request-id": "r"}
                part = body["programs"][0] if field.startswith("program-") else body
                assert field == "request-id" or field in part
                part[field] = name
                client.ask(body)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", dti.log), repr(dti.log)
    assert [line for line in dti.log.splitlines() if line and not LINE.match(line)] == []
    for name in STEERS:
        if "\x00" in name:
            continue
        for command in (("program", f"--name={name}", f"--semester={SEMESTER}", "--classrooms=1", "--labs=1",
                         "--faculty-server=127.0.0.1:1", "--timeout=1"),
                        ("dtictl", "key", "new", name), ("dtictl", "verify", f"--store=sqlite:{tmp_path}/{name}.db"),
                        ("dti_server", f"--semester={name}", "--classrooms=1", "--labs=1", "--store=memory:")):
            status, out, log = run(tmp_path, *command)
            assert status != 0 and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out + log), repr(out + log)


PATHS = ["../../escape", "/tmp/escape", "..", ".", "a/../../escape", "..\\escape", "~/escape", "$HOME/escape", "escape/",
         "%2e%2e%2fescape"]


@pytest.mark.parametrize("name", PATHS)
def test_a_name_with_the_parts_of_a_path_is_one_file_in_the_folder(tmp_path, name):
    output = tmp_path / "in" / "out"
    output.mkdir(parents=True)
    catalog = tmp_path / "catalog.csv"
    catalog.write_text(f'faculty,program\nDerecho,"{name}"\n', encoding="utf-8")
    with running(tmp_path, f"--semester={name}", "--classrooms=9", "--labs=9", "--store=memory:", f"--catalog={catalog}") as dti:
        before = {path for path in tmp_path.rglob("*")}
        with running_faculty(tmp_path, "--name=Derecho", f"--dti-server={dti.address}", "--min-programs=1",
                             "--listen-port=0") as faculty:
            status, _, log = run(tmp_path, "program", f"--name={name}", f"--semester={name}", "--classrooms=2", "--labs=1",
                                 f"--faculty-server={faculty.address}", f"--output-dir={output}")
            assert status == 0, log
        made = {path for path in tmp_path.rglob("*")} - before
    [file] = [path for path in made if path.suffix == ".txt"]
    assert file.parent == output and file.is_file()
