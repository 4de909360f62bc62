"""The conventions of the platform: signals, the environment that Kubernetes, Docker and systemd set, a bare process."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.process import Daemon, binary, owned, running, running_faculty
from tests_py.harness.rooms import ask_programs, faculty_flags, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, answers, grant, request

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
REQUESTS = 2000
IGNORED = (signal.SIGUSR1, signal.SIGUSR2)
NOT_STOPPING = (signal.SIGHUP, *IGNORED)
SERVICE = "tcp://10.96.0.12:6000"


def check_signals_taken(daemon, reloaded="settings-reloaded"):
    assert all(f"signal={number.name}" in daemon.log for number in IGNORED), daemon.log
    assert f"{reloaded}:" in daemon.log


def server_flags(folder):
    return *POOL, f"--store=sqlite:{folder}/dti.db"


def test_signals_that_do_not_stop_a_server_under_load_lose_nothing(store, tmp_path):
    names = [f"p{number}" for number in range(REQUESTS)]
    flags = ("--semester=S", "--classrooms=100000", "--labs=0", write_catalog(tmp_path / "c.csv", "Load", names))
    with running(tmp_path, *flags, store.flag) as dti, Client(dti.endpoint) as client:
        for name in names:
            client.send(request("S", "Load", (name, 1, 0)))
        granted = 0
        for number in range(REQUESTS):
            granted += answers(json.loads(client.receive()[0])) == [(OK, 1, 0, 0)]
            if number < 2 * len(NOT_STOPPING):
                dti.signal(NOT_STOPPING[number % len(NOT_STOPPING)])
        assert granted == REQUESTS
        assert dti.stop() == 0
        check_signals_taken(dti)
    assert len(store.allocations("S")) == REQUESTS


def test_signals_that_do_not_stop_a_faculty_keep_its_batch(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=2") as faculty:
            with Client(faculty.endpoint) as first:
                first.send(b"", wish("Derecho Civil"))
                for number in NOT_STOPPING:
                    faculty.signal(number)
                assert ask_programs(faculty, [wish("Derecho Penal")]) == [(OK, 7, 2, 0)]
                assert first.receive()


@pytest.mark.parametrize("name", ["dti_server", "faculty"])
def test_sigquit_ends_in_order(tmp_path, name):
    flags = server_flags(tmp_path) if name == "dti_server" else faculty_flags("127.0.0.1:1")
    with running(tmp_path, *flags, name=name) as daemon:
        daemon.signal(signal.SIGQUIT)
        assert daemon.exit_status() == 0


FIRST_SIGNALS = {"dti_server": NOT_STOPPING, "faculty": NOT_STOPPING, "program": ()}


@pytest.mark.parametrize("name", FIRST_SIGNALS)
def test_signals_that_arrive_while_the_settings_are_read_are_taken_afterwards(tmp_path, name):
    """The config file is a pipe, and the process waits in it."""
    config = tmp_path / "config.toml"
    os.mkfifo(config)
    flags = {"dti_server": [*server_flags(tmp_path), "--port=0"],
             "faculty": [*faculty_flags("127.0.0.1:1"), "--listen-port=0"],
             "program": ["--name=Derecho Civil", f"--semester={SEMESTER}", "--classrooms=7", "--labs=2",
                         "--faculty-server=127.0.0.1:1"]}[name]
    process = Daemon([binary(name), *map(str, flags), f"--config={config}"], tmp_path)
    with owned(process, exit_status=5 if name == "program" else 0):
        with open(config, "w", encoding="utf-8"):  # it reads
            for number in (*FIRST_SIGNALS[name], signal.SIGTERM):
                process.signal(number)
        assert process.exit_status() == (5 if name == "program" else 0), process.describe()
        if FIRST_SIGNALS[name]:
            check_signals_taken(process, "reload-refused")  # a pipe can be read at a start only


@pytest.mark.parametrize("name", FIRST_SIGNALS)
def test_a_stop_ends_a_process_that_waits_for_a_config_file_that_nobody_writes(tmp_path, name):
    config = tmp_path / "config.toml"
    os.mkfifo(config)
    process = Daemon([binary(name), f"--config={config}"], tmp_path)
    with owned(process, exit_status=2):
        with open(config, "w", encoding="utf-8"):  # it reads
            process.signal(signal.SIGTERM)
            assert process.exit_status() == 2, process.describe()
        assert "a signal requested a stop" in process.log


@pytest.mark.parametrize("name", ["dti_server", "faculty"])
def test_signals_that_a_daemon_gets_at_its_very_start_are_taken(tmp_path, name):
    """They are blocked and pending when the program is executed."""
    flags = [*server_flags(tmp_path), "--port=0"] if name == "dti_server" else faculty_flags("127.0.0.1:1")
    script = ("import os, signal, sys\n"
              "numbers = [int(number) for number in sys.argv[1].split(',')]\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, numbers)\n"
              "for number in numbers: os.kill(os.getpid(), number)\n"
              "os.execv(sys.argv[2], sys.argv[2:])\n")
    numbers = ",".join(str(number.value) for number in (*NOT_STOPPING, signal.SIGTERM))
    process = Daemon([sys.executable, "-c", script, numbers, binary(name), *map(str, flags)], tmp_path)
    with owned(process):
        assert process.exit_status() == 0, process.describe()
        check_signals_taken(process)


def test_the_first_process_of_a_container_takes_the_same_signals(tmp_path):
    unshare = [shutil.which("unshare") or "unshare", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not make a PID namespace")
    dti = Daemon([*unshare, binary("dti_server"), *server_flags(tmp_path), "--port=0"], tmp_path)
    with owned(dti):
        dti.wait_ready()
        with open(f"/proc/{dti.pid}/task/{dti.pid}/children", encoding="utf-8") as children:
            first = int(children.read().split()[0])
        for number in (*NOT_STOPPING, signal.SIGTERM):
            subprocess.run(["kill", f"-{number.value}", str(first)], check=True)
        assert dti.exit_status() == 0
        check_signals_taken(dti)


def test_a_service_or_a_link_named_dti_does_not_change_the_settings(tmp_path):
    """Kubernetes sets these in each pod of the namespace, Docker in a container that is linked."""
    env = {"DTI_PORT": SERVICE, "DTI_SERVICE_HOST": "10.96.0.12", "DTI_SERVICE_PORT": "6000",
           "DTI_PORT_6000_TCP": SERVICE, "DTI_PORT_6000_TCP_PROTO": "tcp", "DTI_PORT_6000_TCP_PORT": "6000",
           "DTI_PORT_6000_TCP_ADDR": "10.96.0.12", "DTI_LISTEN_PORT": "tcp://10.96.0.13:5000", "DTI_NAME": "/web/dti",
           "DTI_STORE_TIMEOUT": "udp://10.96.0.14:1"}
    with running(tmp_path, *server_flags(tmp_path), env=env) as dti:
        with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=1", env=env) as faculty:
            assert ask_programs(faculty, [wish("Derecho Civil")]) == [(OK, 7, 2, 0)]
        assert dti.stop() == 0
        assert "variable=DTI_STORE_TIMEOUT" in dti.log


def test_a_server_without_stdin_home_locale_and_a_folder_to_write_to_serves(tmp_path):
    script = f'cd /proc && exec env -i LANG=C "{binary("dti_server")}" "$@" --port=0 <&-'
    dti = Daemon(["/bin/sh", "-c", script, "sh", *server_flags(tmp_path)], tmp_path)
    with owned(dti), Client(dti.wait_ready().endpoint) as client:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
