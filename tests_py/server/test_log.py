"""The log and the READY line, with readers that are slow, silent or gone, and on a full disk."""

import contextlib
import fcntl
import json
import os
import resource
import signal
import subprocess

import pytest

from tests_py.harness.process import HANG_SECONDS, binary, clean_environment, run, running, running_faculty, until
from tests_py.harness.rooms import ask_programs, faculty_flags, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request

JSON = "--log-format=json"
DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
DAEMONS = ("dti_server", "faculty")
FULL_PIPE_BYTES = 4096


class Reader:
    """Of a pipe that is full from the start."""

    def __init__(self):
        self._reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, FULL_PIPE_BYTES)
        os.write(self.writing, b"-" * (FULL_PIPE_BYTES - 1) + b"\n")

    def lines(self):
        """Reads to the end, which comes with the process that writes."""
        os.close(self.writing)
        with open(self._reading, encoding="utf-8") as pipe:
            return pipe.read().splitlines()[1:]

    def leave(self):
        os.close(self._reading)


@contextlib.contextmanager
def broken(kind):
    """A descriptor for stderr that takes nothing, or nothing more."""
    with contextlib.ExitStack() as stack:
        if kind == "a full disk":
            yield stack.enter_context(open("/dev/full", "wb", buffering=0))
        elif kind == "a descriptor that cannot be written":
            yield stack.enter_context(open("/dev/null", "rb", buffering=0))
        elif kind == "a terminal that has gone":
            ours, theirs = os.openpty()
            os.close(ours)
            yield theirs
            os.close(theirs)
        else:
            reader = Reader()
            if kind == "a reader that has gone":
                reader.leave()
            yield reader.writing


def check_serves_and_ends(name, folder, stderr, *flags):
    """Requests are answered, those of a faculty with two log lines each; the faculty logs more than a pipe takes."""
    pool = (*POOL, f"--store=sqlite:{folder}/dti.db")
    if name == "dti_server":
        with running(folder, *pool, *flags, stderr=stderr) as dti, Client(dti.endpoint) as client:
            for _ in range(50):
                dti.signal(signal.SIGHUP)
                assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
            assert dti.stop() == 0
    else:
        with running(folder / "dti", *pool) as dti:
            flags = (*faculty_flags(dti.address), "--min-programs=1", *flags)
            with running_faculty(folder, *flags, stderr=stderr) as faculty:
                for _ in range(50):
                    assert ask_programs(faculty, [wish("Derecho Civil")]) == [(OK, 7, 2, 0)]
                assert faculty.stop() == 0


@pytest.mark.parametrize("name", DAEMONS)
@pytest.mark.parametrize("kind", ["a full pipe without a reader", "a full disk", "a terminal that has gone",
                                  "a reader that has gone", "a descriptor that cannot be written"])
def test_a_log_that_cannot_be_written_stops_neither_service_nor_the_end(tmp_path, name, kind):
    with broken(kind) as stderr:
        check_serves_and_ends(name, tmp_path, stderr)


@pytest.mark.parametrize("name", DAEMONS)
def test_a_reader_that_comes_back_finds_whole_lines_of_json(tmp_path, name):
    reader = Reader()
    flags = (*POOL, f"--store=sqlite:{tmp_path}/dti.db") if name == "dti_server" else faculty_flags("127.0.0.1:1")
    with running(tmp_path, *flags, JSON, name=name, stderr=reader.writing) as daemon:
        for _ in range(20):
            daemon.signal(signal.SIGUSR1)
        until(lambda: not signal_is_pending(daemon.pid), what="the signal to be taken")
        daemon.signal(signal.SIGTERM)
        lines = [json.loads(line) for line in reader.lines()]
        assert daemon.exit_status() == 0
    assert "signal-ignored" in {line["event"] for line in lines}


def signal_is_pending(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        pending = next(line for line in status if line.startswith("ShdPnd:"))
    return int(pending.split()[1], 16) != 0


@pytest.mark.parametrize("name", DAEMONS)
def test_a_ready_line_that_nobody_reads_keeps_nobody_from_serving_or_ending(tmp_path, name):
    reader = Reader()
    flags = (*POOL, f"--store=sqlite:{tmp_path}/dti.db", "--port=0") if name == "dti_server" else (
        *faculty_flags("127.0.0.1:1"), "--listen-port=0")
    process = subprocess.Popen([binary(name), *flags], stdout=reader.writing, stderr=reader.writing, cwd=tmp_path,
                               stdin=subprocess.DEVNULL, env=clean_environment(tmp_path))
    try:
        until(lambda: listens(process.pid), what="a port to listen on")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def listens(pid):
    sockets = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            sockets.add(os.readlink(f"/proc/{pid}/fd/{number}"))
    with open("/proc/net/tcp", encoding="utf-8") as table:
        rows = [line.split() for line in table][1:]
    return any(row[3] == "0A" and f"socket:[{row[9]}]" in sockets for row in rows)


FATAL = {  # exit code 1, and its reason
    "a port that is none of ours": ("dti_server", (*POOL, "--store=memory:", "--bind=192.0.2.1", "--allow-plaintext")),
    "a store that is a folder": ("dti_server", (*POOL, "--store=sqlite:/")),
    "a faculty's port": ("faculty", (*faculty_flags("127.0.0.1:1"), "--bind=192.0.2.1", "--allow-plaintext")),
}


@pytest.mark.parametrize("name, flags", FATAL.values(), ids=FATAL)
def test_the_reason_of_an_exit_is_a_line_of_the_chosen_format(tmp_path, name, flags):
    status, _, stderr = run(tmp_path, name, *flags, JSON)
    assert status == 1
    events = [json.loads(line) for line in stderr.splitlines()]
    assert (events[-1]["level"], events[-1]["event"]) == ("error", "fatal") and events[-1]["message"]


LIMITS = {  # too few for libzmq, which then writes a line of its own and aborts
    "threads": ((resource.RLIMIT_NPROC, 3), "cannot start the 5 threads"),
    "files": ((resource.RLIMIT_NOFILE, 9), "cannot open the 16 files"),
}
USER_OF_NO_OTHER_PROCESS = 61_234


@pytest.mark.parametrize("limit, text", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("name, flags", [
    ("dti_server", (*POOL, "--store=memory:", "--port=0")), ("faculty", (*faculty_flags("127.0.0.1:1"), "--listen-port=0")),
    ("program", ("--semester=S", "--name=P", "--classrooms=1", "--labs=0",
                 "--faculty-server=127.0.0.1:1"))])
def test_a_limit_that_is_too_low_is_exit_1_and_a_line_of_the_chosen_format(name, flags, limit, text):
    check_fatal_with(limit, name, flags, text)


@pytest.mark.parametrize("limit, text", [((resource.RLIMIT_NPROC, 7), "cannot start the 7 threads"),
                                         ((resource.RLIMIT_NOFILE, 22), "cannot open the 24 files")])
@pytest.mark.parametrize("name, flags", [
    ("dti_server", (*POOL, "--store=memory:", "--port=0")), ("faculty", (*faculty_flags("127.0.0.1:1"), "--listen-port=0"))])
def test_a_limit_that_is_enough_without_http_is_too_low_with_it(name, flags, limit, text):
    check_fatal_with(limit, name, (*flags, "--http=127.0.0.1:0"), text)


def check_fatal_with(limit, name, flags, text):
    if os.geteuid() != 0:
        pytest.skip("the limit of threads counts all processes of a user: run this test as root")

    def be_limited():
        os.setgroups([])
        os.setgid(USER_OF_NO_OTHER_PROCESS)
        number, value = limit
        resource.setrlimit(number, (value, value))
        os.setuid(USER_OF_NO_OTHER_PROCESS)

    result = subprocess.run([binary(name), *flags, JSON], cwd="/tmp", env=clean_environment("/tmp"), preexec_fn=be_limited,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_SECONDS)
    [event] = [json.loads(line) for line in result.stderr.splitlines()]
    assert (result.returncode, event["event"]) == (1, "fatal") and text in event["message"], result.stderr
