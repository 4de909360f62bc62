"""Secured endpoints: who may connect, what a key may do, and what happens when keys change."""

import os
import re
import signal
import socket
import stat
import struct
from pathlib import Path

import pytest
import zmq

from tests_py.harness.process import run, running, running_faculty, until
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import (HEALTH_CHECK, HEALTHY, OK, Client, KeyList, check_failed, grant, lock, new_key, request,
                                    tcp)

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
MEDICINA = request(SEMESTER, "Medicina", ("Cirugía", 7, 2))
PLAIN = "--listen=tcp://127.0.0.1:0"
SECURED = "--listen=curve://127.0.0.1:0"
SILENT_SECONDS = 0.5  # a reply comes in a hundredth of it


@pytest.fixture
def place(tmp_path):
    """The key of a server, and a list with the keys of Derecho and the office."""
    class Place:
        folder = tmp_path
        server = new_key(tmp_path, "dti")
        keys = KeyList(tmp_path, derecho="faculty:Derecho", office="office")

        def flags(self, *endpoints):
            return (*POOL, f"--store=sqlite:{tmp_path}/dti.db", *endpoints, self.server.flag, self.keys.flag)

        def serve(self, *endpoints, flags=(), **options):
            return running(tmp_path, *self.flags(*(endpoints or (SECURED,))), *flags, **options)

        def client(self, endpoint, key, server=None, identity=None, context=None):
            more = {} if context is None else {"context": context}
            return Client(tcp(endpoint), identity, prepare=lambda it: lock(it, key, server or self.server), **more)

    return Place()


def reload(daemon, *events):
    """Sends SIGHUP; the log lines that follow, up to one of the events."""
    before = len(daemon.log)
    daemon.signal(signal.SIGHUP)
    until(lambda: re.search(rf" ({'|'.join(events or ('settings-reloaded', 'reload-refused'))}): .*\n", daemon.log[before:]),
          what="the reload")
    return daemon.log[before:]


def is_silent(client, *frames):
    client.send(*frames)
    return client.receive_if_any(SILENT_SECONDS) is None


# Who may connect.


def test_a_listed_key_is_served_and_gets_health_checks(place):
    with place.serve() as dti:
        assert dti.endpoint.startswith("curve://127.0.0.1:")
        with place.client(dti.endpoint, place.keys["derecho"]) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
            assert client.ask_frames(HEALTH_CHECK) == [HEALTHY]


def test_without_a_key_nobody_is_served_and_the_log_says_so(place):
    with place.serve() as dti:
        with Client(tcp(dti.endpoint)) as client:
            assert is_silent(client, DERECHO)
        until(lambda: " handshake-refused: " in dti.log, what="the log line")


def test_a_key_that_is_not_listed_is_refused_and_logged_by_its_prefix(place):
    stranger = new_key(place.folder, "stranger")
    with place.serve() as dti:
        with place.client(dti.endpoint, stranger) as client:
            assert is_silent(client, DERECHO)
        until(lambda: " key-refused: " in dti.log, what="the log line")
        [line, *_] = [line for line in dti.log.splitlines() if " key-refused: " in line]
        assert f"key={stranger.prefix} address=127.0.0.1 count=" in line
        assert stranger.public[:16] not in dti.log


def test_two_keys_of_one_owner_are_both_served_until_the_old_one_is_removed(place):
    successor = new_key(place.folder, "successor")
    successor.line = f"{successor.public} derecho"
    place.keys.add(successor, "faculty:Derecho")
    with place.serve() as dti:
        with place.client(dti.endpoint, place.keys["derecho"]) as old, place.client(dti.endpoint, successor) as new:
            assert grant(old, DERECHO) == grant(new, DERECHO) == [(OK, 7, 2, 0)]
            place.keys.remove(place.keys["derecho"].prefix)
            reload(dti, "connections-closed")
            assert is_silent(old, DERECHO)
            assert grant(new, DERECHO) == [(OK, 7, 2, 0)]


# What a key may do.


@pytest.mark.parametrize("name, body, may", [
    ("derecho", DERECHO, True),
    ("derecho", request(SEMESTER, "DERECHO", ("derecho-civil", 7, 2)), True),
    ("derecho", MEDICINA, False),
    ("derecho", request(SEMESTER, "", ("Cirugía", 7, 2)), False),
    ("office", DERECHO, True),
    ("office", request(SEMESTER, "derecho", ("derecho civil", 7, 2)), True),
    ("auditor", DERECHO, False),
])
def test_a_key_may_ask_only_for_what_its_role_allows(place, name, body, may):
    place.keys.keys["auditor"] = new_key(place.folder, "auditor")
    place.keys.add(place.keys["auditor"], "auditor")
    with place.serve() as dti, place.client(dti.endpoint, place.keys[name]) as client:
        if may:
            assert grant(client, body) == [(OK, 7, 2, 0)]
        else:
            check_failed(client.ask(body), body, "UNAUTHORIZED")
        assert client.ask_frames(HEALTH_CHECK) == [HEALTHY]


def test_a_program_its_faculty_and_the_server_use_keys_from_end_to_end(place):
    faculty_key = place.keys["derecho"]
    folder = place.folder / "faculty"
    folder.mkdir()
    programs = KeyList(folder, civil="faculty:Derecho", medicina="faculty:Medicina")
    with place.serve() as dti:
        address = tcp(dti.endpoint).removeprefix("tcp://")
        with running_faculty(place.folder, *faculty_flags(address), "--min-programs=1", SECURED, faculty_key.flag,
                             place.server.server_flag, programs.flag) as faculty:
            ask = ("--name=Derecho Civil", f"--semester={SEMESTER}", "--classrooms=7", "--labs=2",
                   f"--faculty-server={faculty.endpoint.removeprefix('curve://')}", faculty_key.server_flag, "--timeout=20")
            status, out, log = run(place.folder, "program", *ask, programs["civil"].flag)
            assert (status, "OK, 7 classrooms and 2 labs" in out) == (0, True), log
            status, out, log = run(place.folder, "program", *ask, programs["medicina"].flag)
            assert (status, "UNAUTHORIZED, 0 classrooms" in out) == (4, True), log


# Changes while the server runs.


def test_a_removed_key_is_disconnected_within_a_second_and_gets_nothing_more(place):
    with place.serve(PLAIN, SECURED) as dti:
        secured = dti.line("ALSO")
        with place.client(secured, place.keys["derecho"]) as removed, place.client(secured, place.keys["office"]) as other, \
                Client(dti.endpoint) as plain:
            assert grant(removed, DERECHO) == grant(other, DERECHO) == grant(plain, DERECHO) == [(OK, 7, 2, 0)]
            place.keys.remove("derecho")
            assert removed.closed_within(1, lambda: dti.signal(signal.SIGHUP))
            until(lambda: " key-removed: " in dti.log and " connections-closed: " in dti.log, what="the log lines")
            assert is_silent(removed, DERECHO)
            for client in (other, plain):  # they connect again
                assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        until(lambda: " key-refused: " in dti.log, what="the log line")


def test_a_key_that_was_not_connected_is_removed_without_disturbing_the_others(place):
    with place.serve() as dti, place.client(dti.endpoint, place.keys["office"]) as client:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        place.keys.remove("derecho")
        assert not client.closed_within(SILENT_SECONDS, lambda: reload(dti, "key-removed"))
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        assert "connections-closed" not in dti.log


def test_a_new_key_and_another_role_are_in_force_after_a_reload(place):
    new = new_key(place.folder, "new")
    with place.serve() as dti, place.client(dti.endpoint, place.keys["derecho"]) as client:
        check_failed(client.ask(MEDICINA), MEDICINA, "UNAUTHORIZED")
        place.keys.add(new, "office")
        text = place.keys.path.read_text()
        place.keys.path.write_text(text.replace("faculty:Derecho", "office"))
        lines = reload(dti)
        assert f" key-added: a key may connect from now on name=new role=office key={new.prefix}" in lines
        assert " key-changed: " in lines
        assert client.ask(MEDICINA)["error-message"] != "UNAUTHORIZED"
        with place.client(dti.endpoint, new) as other:
            assert grant(other, DERECHO) == [(OK, 7, 2, 0)]


@pytest.mark.parametrize("damage, reason", [
    (lambda path: path.write_text(path.read_text() + "[[key]]\nname = \"x\"\n"), ":7: the [[key]] has no role"),
    (lambda path: path.write_text(path.read_text().replace("office", "admin", 2)), ": the role is not a role"),
    (lambda path: path.write_text(path.read_text()[:-20]), ": the line has a text that does not end"),
    (lambda path: path.chmod(0o666), "its group or others may write it"),
    (lambda path: path.unlink(), "No such file or directory"),
])
def test_a_reload_with_a_fault_keeps_the_whole_list(place, damage, reason):
    with place.serve() as dti, place.client(dti.endpoint, place.keys["derecho"]) as client:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        place.keys.remove("derecho")
        damage(place.keys.path)
        lines = reload(dti)
        assert "error reload-refused: all settings stay as they are: --keys: " in lines and reason in lines
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        with place.client(dti.endpoint, place.keys["derecho"]) as again:
            assert grant(again, DERECHO) == [(OK, 7, 2, 0)]


def test_an_empty_list_lets_no_one_in_and_the_log_warns(place):
    with place.serve(PLAIN, SECURED) as dti, Client(dti.endpoint) as plain:
        place.keys.path.write_text("# no one\n")
        assert "warning no-keys: " in reload(dti, "no-keys")
        assert grant(plain, DERECHO) == [(OK, 7, 2, 0)]


def test_another_own_key_is_used_from_the_next_start_and_the_log_says_so(place):
    other = new_key(place.folder, "other")
    with place.serve() as dti:
        place.server.path.write_text(other.path.read_text())
        lines = reload(dti)
        assert "warning restart-needed: the file of --key has another key now" in lines and f"read={other.prefix}" in lines
        with place.client(dti.endpoint, place.keys["derecho"]) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
    with place.serve() as dti, place.client(dti.endpoint, place.keys["derecho"], server=other) as client:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_a_plain_client_that_waits_for_its_reply_is_not_disturbed_by_the_removal_of_a_key(place):
    folder = place.folder / "programs"
    folder.mkdir()
    with place.serve() as dti:
        address = tcp(dti.endpoint).removeprefix("tcp://")
        programs = KeyList(folder, civil="faculty:Derecho")
        with running_faculty(place.folder, *faculty_flags(address), "--min-programs=2", PLAIN, SECURED,
                             place.keys["derecho"].flag, place.server.server_flag, programs.flag) as faculty, \
                Client(faculty.endpoint) as old, \
                place.client(faculty.line("ALSO"), programs["civil"], server=place.keys["derecho"]) as secured:
            assert secured.ask_frames(HEALTH_CHECK)
            old.send(b"", wish("Derecho Civil"))  # waits for a second program
            programs.remove("civil")
            assert secured.closed_within(1, lambda: faculty.signal(signal.SIGHUP))
            with Client(faculty.endpoint) as second:
                second.send(b"", wish("Derecho Penal"))
                assert room_answer(old.receive()) == room_answer(second.receive()) == (OK, 7, 2, 0)


# A key that the first start makes.


def test_the_first_start_makes_a_private_key_and_the_log_has_what_the_operator_needs(place):
    key, keys = place.folder / "made.key", place.folder / "empty.toml"
    keys.write_text("")
    flags = (*POOL, f"--store=sqlite:{place.folder}/dti.db", SECURED, f"--key={key}", "--make-key", f"--keys={keys}")
    assert run(place.folder, "dti_server", *flags, "--check-config")[0] == 0 and not key.exists()
    with running(place.folder, *flags) as dti:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        line = run(place.folder, "dtictl", "key", "public", str(key))[1].strip()
        assert " key-made: " in dti.log and f'line="{line}"' in dti.log
        assert " own-key: " in dti.log and f"public={line.split()[0]}" in dti.log
        assert " key-list-empty: no key may connect" in dti.log and f"dtictl key add --keys={keys}" in dti.log
    made = key.read_text()
    with running(place.folder, *flags) as dti:
        assert key.read_text() == made and " key-made: " not in dti.log and f"public={line.split()[0]}" in dti.log
        key.unlink()
        assert "reload-refused: all settings stay as they are: --key: " in reload(dti)
        assert not key.exists()


def test_a_program_makes_its_key_and_says_which_line_to_hand_over(place):
    with place.serve() as dti:
        status, _, log = run(place.folder, "program", "--name=x", f"--semester={SEMESTER}", "--classrooms=1", "--labs=1",
                             f"--faculty-server={tcp(dti.endpoint).removeprefix('tcp://')}", "--timeout=3",
                             "--key=civil.key", "--make-key", place.server.server_flag)
        line = run(place.folder, "dtictl", "key", "public", "civil.key")[1].strip()
        assert status == 5 and f'line="{line}"' in log and "refused the key of this client" in log


# Faults of the files and the flags.


@pytest.mark.parametrize("damage, reason", [
    (lambda path: path.chmod(0o644), "its group or others may use it"),
    (lambda path: path.chmod(0o640), "its group or others may use it"),
    (lambda path: path.write_text(""), "is empty"),
    (lambda path: path.write_text("".join(path.read_text().splitlines(True)[:-1])), "is incomplete: it has no secret"),
    (lambda path: path.write_text(path.read_text()[:-30]), "4: the line has a text that does not end"),
    (lambda path: path.write_text(re.sub('public = "..', 'public = "00', path.read_text())), "public does not belong to secret"),
    (lambda path: path.unlink(), "No such file or directory"),
    (lambda path: (path.unlink(), path.mkdir()), "it is not a regular file"),
])
def test_a_damaged_or_exposed_key_file_is_refused_with_its_reason(place, damage, reason):
    secret = place.server.secret
    damage(place.server.path)
    status, _, log = run(place.folder, "dti_server", *place.flags(SECURED))
    assert (status, reason in log) == (2, True), log
    assert log.startswith("dti_server: --key: ") and secret[:8] not in log


@pytest.mark.parametrize("flags, reason", [
    (("--bind=0.0.0.0",), "--bind: tcp://0.0.0.0:6000 is plain and other machines can reach it"),
    (("--listen=tcp://192.0.2.1:1",), "--listen: tcp://192.0.2.1:1 is plain and other machines can reach it"),
    ((SECURED,), "--listen: a curve:// endpoint needs --key"),
    (("--keys=keys.toml",), "--keys: needs a curve:// endpoint"),
    (("--key=dti.key",), "--key: needs a curve:// endpoint"),
    ((SECURED, "--key=dti.key", "--keys=keys.toml", "--proxy-server=proxy:1"), "the first endpoint must be tcp://"),
])
def test_flags_that_would_leave_a_door_open_are_refused(place, flags, reason):
    status, _, log = run(place.folder, "dti_server", *POOL, *flags)
    assert (status, reason in log) == (2, True), log


def test_an_allowed_plain_endpoint_is_a_warning_at_each_start(place):
    with running(place.folder, *POOL, f"--store=sqlite:{place.folder}/dti.db", "--listen=tcp://0.0.0.0:0",
                 "--allow-plaintext") as dti:
        assert " warning plaintext-endpoint: " in dti.log and "endpoints=tcp://0.0.0.0:0" in dti.log


# Mix-ups: the client learns the reason.


def test_a_client_names_the_reason_why_it_cannot_connect(place):
    stranger = new_key(place.folder, "stranger")
    derecho = place.keys["derecho"]
    with place.serve(PLAIN, SECURED) as dti:
        secured = dti.line("ALSO").removeprefix("curve://")
        for address, flags, reason in (
                (secured, (), ".*is a secured endpoint, for which this client needs keys"),
                (secured, (derecho.flag, stranger.server_flag), "did not prove the server key"),
                (secured, (stranger.flag, place.server.server_flag), "refused the key of this client"),
                (dti.address, (derecho.flag, place.server.server_flag), "did not prove the server key")):
            status, _, log = run(place.folder, "program", "--name=x", f"--semester={SEMESTER}", "--classrooms=1", "--labs=1",
                                 f"--faculty-server={address}", "--timeout=3", *flags)
            assert status == 5 and re.search(f"{address} {reason}", log), log
            with running_faculty(place.folder, *faculty_flags(address), "--min-programs=1", "--request-timeout=1", "--retries=0",
                                 *flags, exit_status=1) as faculty, Client(faculty.endpoint) as peer:
                peer.send(b"", wish("Derecho Civil"))
                until(lambda it=faculty, why=f"{address} {reason}": re.search(why, it.log), what="the reason")


# An attacker.


def zmtp_greeting(mechanism=b"NULL"):
    return b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32)


def zmtp_ready(**properties):
    body = b"\x05READY"
    for name, value in properties.items():
        name = name.replace("_", "-").encode()
        body += bytes([len(name)]) + name + struct.pack("!I", len(value)) + value
    return b"\x04" + bytes([len(body)]) + body


def zmtp_frame(body):
    return b"\x02" + struct.pack("!Q", len(body)) + body


def raw_peer(endpoint, message, **properties):
    """A peer of a plain endpoint that claims properties and sends a message; what it gets in SILENT_SECONDS."""
    host, port = tcp(endpoint).removeprefix("tcp://").rsplit(":", 1)
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(zmtp_greeting() + zmtp_ready(Socket_Type=b"DEALER", **properties))
        ready = b""
        while b"Identity" not in ready:  # the end of the server's READY
            ready += peer.recv(1024)
        peer.sendall(zmtp_frame(message))
        peer.settimeout(SILENT_SECONDS)
        got = b""
        try:
            while piece := peer.recv(65536):
                got += piece
        except TimeoutError:
            pass
        return got


def test_a_routing_id_cannot_be_chosen_at_a_secured_endpoint(place):
    with place.serve() as dti, place.client(dti.endpoint, place.keys["office"]) as victim:
        assert grant(victim, DERECHO) == [(OK, 7, 2, 0)]
        for identity in (b"office", b"\0\0\0\0\1", b"\0" + b"0" * 32):
            with place.client(dti.endpoint, place.keys["derecho"], identity=identity) as first, \
                    place.client(dti.endpoint, place.keys["derecho"], identity=identity, context=zmq.Context()) as second:
                for client in (first, second, first, victim):  # with one id, each would take over the other's connection
                    assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_a_plain_peer_cannot_claim_a_key(place):

    with place.serve(PLAIN, SECURED) as dti:
        assert raw_peer(dti.endpoint, HEALTH_CHECK).endswith(b"\x00\x01" + HEALTHY)
        for user_id in (b"plain", b"0" * 32 + b":1", b"1"):
            for identity in (b"", b"\0" + b"0" * 32):
                got = raw_peer(dti.endpoint, b"x", User_Id=user_id, Identity=identity)
                assert b"INVALID-REQUEST" in got  # served as the plain peer that it is


def test_old_plain_peers_are_served_beside_a_secured_endpoint(place):
    with place.serve(PLAIN, SECURED) as dti:
        secured = dti.line("ALSO")
        with place.client(secured, place.keys["derecho"]) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
            for _ in range(2):  # it connects again under its id, and gets the replies
                with Client(dti.endpoint, identity=b"faculty-old") as old:
                    assert grant(old, DERECHO) == [(OK, 7, 2, 0)]
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_half_handshakes_and_nonsense_do_not_disturb_a_secured_endpoint(place):
    with place.serve() as dti:
        host, port = tcp(dti.endpoint).removeprefix("tcp://").rsplit(":", 1)
        hello = b"\x04\xc8\x05HELLO\x01\x00" + bytes(192)
        starts = (b"", b"GET / HTTP/1.1\r\n\r\n", zmtp_greeting(b"CURVE"), zmtp_greeting(b"PLAIN"),
                  zmtp_greeting(b"CURVE") + hello, zmtp_greeting(b"CURVE") + b"\x04\x08\x05HELLO\x01\x00",
                  zmtp_greeting(b"CURVE") + os.urandom(1000))
        peers = [socket.create_connection((host, int(port))) for _ in range(20) for _ in starts]
        for peer, start in zip(peers, starts * 20):
            peer.sendall(start)
        with place.client(dti.endpoint, place.keys["derecho"]) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        for peer in peers:
            peer.close()


def test_nothing_secret_is_in_logs_output_or_arguments(place):
    derecho = place.keys["derecho"]
    with place.serve(flags=("--log-level=debug",)) as dti:
        with place.client(dti.endpoint, derecho) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        reload(dti)
        arguments = Path(f"/proc/{dti.pid}/cmdline").read_bytes() + Path(f"/proc/{dti.pid}/environ").read_bytes()
        status, printed, _ = run(place.folder, "dti_server", *place.flags(SECURED), "--print-config")
        assert status == 0 and 'keys = "' in printed
        for secret in (place.server.secret, derecho.secret):
            for text in (dti.log, printed, arguments.decode(errors="replace")):
                assert secret[:8] not in text
