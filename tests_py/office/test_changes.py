"""dtictl grant and semester: what they change, what they ask, how they retry, and each exit code."""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import termios

import pytest

from tests_py.harness.process import binary, clean_environment, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, KeyList, Router, grant, new_key, request, tcp
from tests_py.office.messages import ABOUT_PROGRAM, SocketFile, change

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
RELEASE = ("grant", "release", *ABOUT_PROGRAM)
AMEND = ("grant", "amend", *ABOUT_PROGRAM, "--classrooms=5", "--labs=1")


@pytest.fixture
def place(tmp_path, store):
    class Place:
        folder = tmp_path
        admin = tmp_path / "a"

        def serve(self, *flags):
            return running(tmp_path, *POOL, store.flag, f"--admin={self.admin}", *flags)

        def change(self, *args, **options):
            return change(tmp_path, *args, admin=self.admin, **options)

    return Place()


@pytest.fixture
def served(place):
    """A server in which Derecho Civil holds 7 classrooms and 2 labs, since entry 2."""
    with place.serve() as dti, Client(dti.endpoint) as client:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        place.dti = dti
        yield place


def test_a_change_tells_what_is_true_now_and_what_comes_next(served):
    code, out, log = served.change(*AMEND, "--yes", "--note=smaller groups")
    assert (code, "holds 5 classrooms, 1 labs" in out, "entry 4" in out) == (0, True, True), log
    assert "next: dtictl grant show" in log
    code, out, log = served.change(*RELEASE, "--yes")
    assert (code, "holds nothing" in out) == (0, True), log


def test_a_dry_run_exits_with_10_and_changes_nothing(served):
    code, out, log = served.change(*RELEASE, "--dry-run")
    assert (code, "would be: " in out, "holds nothing" in out) == (10, True, True), log
    code, out, log = served.change("grant", "amend", *ABOUT_PROGRAM, "--classrooms=7", "--labs=2", "--dry-run")
    assert (code, "nothing is to be changed" in log) == (0, True)


ABOUT_HOLD = ("--faculty=Derecho", "--program=Derecho Penal")
ABOUT_OTHER_HOLD = ("--faculty=Derecho", "--program=Derecho Laboral")
ABOUT_WAITING = ("--faculty=Derecho", "--program=Derecho Internacional")
LIFE = [  # in this order, each after the one before it
    ("wait", "on", "--yes"),
    ("wait", "leave", *ABOUT_WAITING, "--yes"),
    ("quota", "set", "--faculty=Derecho", "--soft-classrooms", "--classrooms=1", "--yes"),
    ("quota", "clear", "--faculty=Derecho", "--yes"),
    ("hold", "extend", *ABOUT_HOLD, "--hold-seconds=7200", "--yes"),
    ("hold", "confirm", *ABOUT_HOLD, "--yes"),
    ("hold", "cancel", *ABOUT_OTHER_HOLD, "--yes"),
    (*AMEND, "--yes"),
    (*RELEASE, "--yes"),
    ("wait", "off", "--yes"),
    ("semester", "resize", "--classrooms=390", "--labs=60"),
    ("semester", "close", f"--confirm={SEMESTER}"),
    ("semester", "reopen"),
]


def test_each_command_does_what_its_dry_run_has_told_and_the_dry_run_changes_nothing(served, store):
    with Client(served.dti.endpoint) as client:
        for program in "Derecho Penal", "Derecho Laboral":
            client.ask({**request(SEMESTER, "Derecho", (program, 3, 1)), "hold-seconds": 3600})
        client.ask(request(SEMESTER, "Derecho", ("Derecho Internacional", 400, 0)))
    history = lambda: run(served.folder, "dtictl", "history", store.flag, f"--semester={SEMESTER}", "--format=jsonl")  # noqa: E731

    def without_numbers(text):
        """Of entries, and of times, which differ by the moment between the two."""
        return re.sub(r"entry \d+|\d{4}-\d\d-\d\d\S*( \d\S*)?", "#", text)

    for words in LIFE:
        before = history()
        code, foreseen, log = served.change(*words, "--dry-run")
        assert (code, foreseen.startswith("would be: "), "server " in log) == (10, True, True), (words, log)
        assert history() == before, words
        code, out, log = served.change(*words)
        assert code == 0 and history() != before, (words, log)
        assert without_numbers(foreseen.removeprefix("would be: ")) == without_numbers(out), words


def test_without_a_terminal_no_question_is_asked_and_the_flag_is_named(served):
    for args, flag in ((RELEASE, "--yes"), (AMEND, "--yes"), (("semester", "close"), f"--confirm={SEMESTER}"),
                       (("semester", "resize", "--classrooms=300", "--labs=60"), f"--confirm={SEMESTER}")):
        code, out, log = served.change(*args)
        assert (code, out, f"{flag} is needed" in log) == (2, "", True), log
    assert served.change("semester", "close", "--confirm=other")[0] == 2
    with SocketFile(served.admin) as office:
        assert office.order("close-semester", 1, dry_run=True)["left"]["classrooms"] == 373


def test_a_mild_change_needs_no_answer(served):
    code, out, log = served.change("semester", "resize", "--classrooms=400", "--labs=60")
    assert (code, "400 classrooms, 60 labs and 400 conversions" in out) == (0, True), log
    assert served.change("semester", "open", "--classrooms=4", "--labs=1", semester="2026-10")[0] == 0
    assert served.change("semester", "close", "--confirm=2026-10", semester="2026-10")[0] == 0
    assert served.change("semester", "reopen", semester="2026-10")[0] == 0


@pytest.mark.parametrize("answer, code", [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1), ("\x03", 130)])
def test_a_person_is_asked_on_a_terminal(served, answer, code):
    main, terminal = pty.openpty()
    flags = (f"--semester={SEMESTER}", f"--admin={served.admin}", *RELEASE[2:])
    process = subprocess.Popen([binary("dtictl"), *RELEASE[:2], *flags], stdin=terminal, stdout=subprocess.PIPE,
                               stderr=terminal, env=clean_environment(served.folder), cwd=served.folder,
                               preexec_fn=lambda: take_terminal(terminal))
    os.close(terminal)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(main, 4096)
    os.write(main, answer.encode())
    out, _ = process.communicate(timeout=30)
    os.close(main)
    assert (process.returncode, b"holds nothing" in out) == (code, code == 0)


def take_terminal(terminal):
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def test_a_rule_that_forbids_the_change_exits_with_1(served):
    for args in ((*AMEND[:4], "--classrooms=1000", "--labs=1", "--yes"), (*RELEASE, "--yes", "--expects=1"),
                 ("semester", "reopen")):
        code, out, log = served.change(*args)
        assert (code, out) == (1, ""), log


def test_names_that_the_store_does_not_have_exit_with_2(served):
    for program in (("--faculty=Derecho", "--program=Alquimia"), ("--faculty=Alquimia", "--program=Alquimia")):
        code, out, log = served.change("grant", "release", *program, "--yes")
        assert (code, out) == (2, ""), log
    assert served.change(*RELEASE, "--yes", semester="2031-10")[0] == 2


def test_an_earlier_copy_that_may_have_made_the_change_is_no_failure(served):
    """The reply to a command was lost, and a colleague has changed the same since."""
    assert served.change(*AMEND, "--yes", "--command-id=c-1", "--expects=2")[0] == 0
    assert served.change(*AMEND[:4], "--classrooms=4", "--labs=1", "--yes")[0] == 0
    code, out, log = served.change(*AMEND, "--yes", "--command-id=c-1", "--expects=2")
    assert (code, out) == (5, ""), log
    assert "CONFLICT: " in log and "may have made its change before" in log and "c-1" in log


def test_the_actor_is_the_user_who_called_sudo(served):
    code, out, log = run(served.folder, "dtictl", *RELEASE[:2], f"--semester={SEMESTER}", f"--admin={served.admin}", *RELEASE[2:],
                         "--yes", env={"SUDO_UID": "1234"})
    assert code == 0, out + log
    until(lambda: "local/1234" in served.dti.log, what="the log")


def test_a_part_is_accepted_only_if_the_flag_says_so(served):
    code, out, log = served.change(*AMEND[:4], "--classrooms=1000", "--labs=1", "--yes", "--accept-part")
    assert (code, "holds 380 classrooms" in out) == (0, True), log


@pytest.mark.parametrize("flags", [("--classrooms=5",), ("--classrooms=x", "--labs=1"),
                                   ("--classrooms=5", "--labs=1", "--command-id=c"),
                                   ("--classrooms=5", "--labs=1", "--note=" + "n" * 501)])
def test_incorrect_usage_exits_with_2(place, flags):
    code, _, log = place.change("grant", "amend", *ABOUT_PROGRAM, *flags)
    assert code == 2, log


def test_what_is_to_be_changed_comes_from_flags_only(place):
    code, _, log = run(place.folder, "dtictl", "grant", "release", "--semester=s", "--faculty=f", f"--admin={place.admin}",
                       env={"DTI_PROGRAM": "Derecho Civil"})
    assert (code, "give the flag --program" in log) == (2, True), log


def test_a_peer_without_the_right_exits_with_4(served):
    address = served.dti.endpoint.removeprefix("tcp://")
    code, _, log = run(served.folder, "dtictl", *RELEASE, f"--semester={SEMESTER}", f"--server={address}", "--yes")
    assert (code, "UNAUTHORIZED" in log) == (4, True), log


def test_a_key_of_the_office_may_change_grants(place):
    server = new_key(place.folder, "dti")
    keys = KeyList(place.folder, ana="office")
    with place.serve(server.flag, keys.flag, "--listen=curve://127.0.0.1:0", "--listen=tcp://127.0.0.1:0") as dti:
        with Client(dti.line("ALSO")) as client:
            grant(client, DERECHO)
        address = tcp(dti.endpoint).removeprefix("tcp://")
        code, out, log = run(place.folder, "dtictl", *RELEASE, f"--semester={SEMESTER}", f"--server={address}", "--yes",
                             keys["ana"].flag, server.server_flag)
        assert (code, "holds nothing" in out) == (0, True), log
        until(lambda: "actor=key/ana command=release-grant" in dti.log, what="the log line")


def test_no_server_exits_with_6(place):
    code, _, log = place.change(*RELEASE, "--yes")
    assert (code, "does a server run on this machine" in log) == (6, True), log
    code, _, log = run(place.folder, "dtictl", *RELEASE[:2], f"--semester={SEMESTER}", *RELEASE[2:], "--yes", "--timeout=0.5",
                       "--server=127.0.0.1:1")
    assert (code, "no server could be reached" in log) == (6, True), log


# Retries, with servers that answer as a test says.


def reply_to(message, status=OK, seq=2, **more):
    rooms = {"classrooms": 1, "labs": 1, "mobile-labs": 1}
    reply = {"dti-command": 1, "command-id": message["command-id"], "status": status,
             "dry-run": message.get("dry-run", False)}
    if status in (OK, "CONFLICT", "REFUSED"):
        reply |= {"repeat": False, "seq": seq, "grant": None, "capacity": rooms, "left": rooms, "open": True}
    return reply | more


def released_by(folder, servers, *flags):
    return subprocess.Popen([binary("dtictl"), *RELEASE, f"--semester={SEMESTER}", f"--server={servers}", "--yes", *flags],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=clean_environment(folder))


def answer_dry_runs(server):
    """Answers what comes before the command itself, which it returns with its peer."""
    while True:
        peer, [frame] = server.receive()
        message = json.loads(frame)
        if not message.get("dry-run"):
            return peer, message
        server.send(peer, reply_to(message, "CONFLICT") if message["expects"] == 0 else reply_to(message, seq=3))


def test_a_command_goes_to_the_leader_that_a_standby_names(place):
    with Router() as standby, Router() as leader:
        process = released_by(place.folder, f"{standby.address},{leader.address}")
        peer, [frame] = standby.receive()
        standby.send(peer, reply_to(json.loads(frame), "NOT-LEADER", leader=leader.address))
        peer, message = answer_dry_runs(leader)
        leader.send(peer, reply_to(message, seq=3))
        assert (process.wait(30), message["expects"]) == (0, 2), process.stderr.read()
        assert standby.receives_nothing(0)


def test_a_command_without_an_answer_is_repeated_with_its_id_and_what_it_expects(place):
    with Router() as server:
        process = released_by(place.folder, server.address)
        peer, first = answer_dry_runs(server)
        server.send(peer, reply_to(first, "UNAVAILABLE"))
        peer, [frame] = server.receive()
        assert json.loads(frame) == first
        server.send(peer, reply_to(first, seq=3, repeat=True))
        assert process.wait(30) == 0
        assert "an earlier copy of this command has made the change" in process.stderr.read()


def test_a_command_without_an_answer_until_the_deadline_exits_with_5_and_tells_how_to_ask_again(place):
    with Router() as server:
        process = released_by(place.folder, server.address, "--timeout=1")
        _, message = answer_dry_runs(server)
        assert process.wait(30) == 5
        assert f"--command-id={message['command-id']} --expects=2" in process.stderr.read()


def test_a_command_that_no_leader_has_taken_exits_with_6(place):
    with Router() as server:
        process = released_by(place.folder, server.address, "--timeout=1")
        until(lambda: answer_next(server, "NOT-LEADER") or process.poll() is not None, what="the end")
        assert process.wait(30) == 6


def answer_next(server, status):
    """Answers a message if there is one. False."""
    if not server.receives_nothing(0.05):
        peer, [frame] = server.receive()
        server.send(peer, reply_to(json.loads(frame), status))
    return False


def test_an_interrupted_command_exits_with_130_and_tells_how_to_ask_again(place):
    with Router() as server:
        process = released_by(place.folder, server.address)
        _, message = answer_dry_runs(server)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert f"--command-id={message['command-id']}" in process.stderr.read()


def test_a_server_that_knows_no_commands_is_named(place):
    with Router() as server:
        process = released_by(place.folder, server.address)
        peer, _ = server.receive()
        server.send(peer, {"semester": "", "error-found": True, "error-message": "INVALID-REQUEST", "programs": []})
        assert process.wait(30) == 6
        assert "knows no commands of the office" in process.stderr.read()
