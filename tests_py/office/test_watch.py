"""dtictl watch: lines for a pipe, a screen for a terminal, across a restart of the server, until a signal."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios

import pytest

from tests_py.harness.process import HANG_SECONDS, binary, clean_environment, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request
from tests_py.office.messages import SocketFile


def start(folder, store, *flags, stdout=subprocess.PIPE, term="xterm"):
    return subprocess.Popen([binary("dtictl"), "watch", store.flag, "--interval=0.05", *flags], stdout=stdout,
                            stderr=subprocess.PIPE, env=clean_environment(folder) | {"TERM": term}, cwd=folder)


def read_until(descriptor, text):
    seen = b""
    while text not in seen:
        assert select.select([descriptor], [], [], HANG_SECONDS)[0], seen
        piece = os.read(descriptor, 65536)
        assert piece, seen
        seen += piece
    return seen


def ask(client, program, classrooms):
    [answer] = grant(client, request(SEMESTER, "Derecho", (program, classrooms, 0), request_id=program))
    return answer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_each_new_entry_is_a_line_and_a_signal_ends_in_order(store, tmp_path, number):
    with running(tmp_path, *POOL, store.flag, f"--admin={tmp_path}/a") as dti, Client(dti.endpoint) as client:
        assert ask(client, "Derecho Civil", 300) == (OK, 300, 0, 0)
        watch = start(tmp_path, store)
        out = watch.stdout.fileno()
        first = read_until(out, b"no wait list\n").decode()
        assert "server: a server leads" in first and f"{SEMESTER} is open, entry 2; left: 80 of 380 classrooms" in first
        assert "entry 2:" not in first
        assert ask(client, "Derecho Penal", 100)[1] == 80
        seen = read_until(out, b"entry 3; left: 0 of 380 classrooms").decode()
        assert "entry 3: Derecho Penal of Derecho asked for" in seen
        with SocketFile(tmp_path / "a") as office:
            assert office.order("set-wait-list", 0, wait_list=True)["status"] == OK
        read_until(out, b"1 program waits")
    read_until(out, b"server: no server leads")
    with running(tmp_path, store.flag):
        read_until(out, b"server: a server leads")
        watch.send_signal(number)
        rest, said = watch.communicate(timeout=30)
        assert (watch.returncode, said) == (0, b""), rest


def test_a_terminal_gets_a_screen_that_follows(store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        watch = start(tmp_path, store, stdout=terminal)
        os.close(terminal)
        screen = read_until(main, b"Ctrl-C ends")
        assert b"\x1b[H" in screen and b"380 of 380 classrooms" in screen
        assert ask(client, "Derecho Civil", 300) == (OK, 300, 0, 0)
        assert b"80 of 380 classrooms" in read_until(main, b"Derecho Civil of Derecho asked for 300 classrooms")
        watch.send_signal(signal.SIGINT)
        until(lambda: watch.poll() is not None, what="the end")
        assert watch.returncode == 0
        watch.stderr.close()
        os.close(main)


def test_a_terminal_that_knows_no_screen_gets_lines(tmp_path, sqlite):
    with running(tmp_path, *POOL, sqlite.flag):
        main, terminal = pty.openpty()
        watch = start(tmp_path, sqlite, stdout=terminal, term="dumb")
        os.close(terminal)
        assert b"\x1b" not in read_until(main, b"no wait list")
        watch.send_signal(signal.SIGTERM)
        watch.communicate(timeout=30)
        os.close(main)
        assert watch.returncode == 0


def test_a_semester_that_is_not_there_is_incorrect_usage(tmp_path, sqlite):
    with running(tmp_path, *POOL, sqlite.flag):
        pass
    code, out, log = run(tmp_path, "dtictl", "watch", sqlite.flag, "--semester=2031-10")
    assert (code, out, "no semester is" in log) == (2, "", True), log
    assert run(tmp_path, "dtictl", "watch", sqlite.flag, "--interval=0")[0] == 2
