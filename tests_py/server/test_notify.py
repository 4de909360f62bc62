"""Type=notify: what a server and a faculty tell systemd."""

import os
import signal
import time

import pytest

from tests_py.harness.notify import notify_socket
from tests_py.harness.process import running, running_faculty, until
from tests_py.harness.rooms import ask_programs, faculty_flags, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
WATCHDOG = {"WATCHDOG_USEC": "400000"}
SEVERAL_BEATS = 1.0  # a beat comes each 0.2 s


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_a_server_says_that_it_is_ready_what_it_does_and_that_it_stops(sqlite, tmp_path, kind):
    with notify_socket(tmp_path, kind) as systemd:
        with running(tmp_path, *POOL, sqlite.flag, env=systemd.environment) as dti, Client(dti.endpoint) as client:
            systemd.wait_for("READY=1", "STATUS=leads in epoch 1")
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
            # 58 of 60 labs are left, and 373 of 380 classrooms.
            status = systemd.wait_for("STATUS=leads in epoch 1; 0 decisions/s, 0 requests waiting; fullest pool: labs")
            assert status[0].endswith(f'labs of "{SEMESTER}", 58 of 60 left')
            dti.signal(signal.SIGTERM)
            systemd.wait_for("STOPPING=1")
            assert dti.exit_status() == 0
        assert not any(word.startswith("EXTEND") for word in systemd.drain())


def test_a_standby_is_ready_and_says_so(postgresql, tmp_path):
    with notify_socket(tmp_path) as systemd, running(tmp_path, *POOL, postgresql.flag) as leader:
        with running(tmp_path, postgresql.flag, env=systemd.environment, ready=False, standby=True) as standby:
            systemd.wait_for("READY=1", f"STATUS=stands by for {leader.address}")
            assert leader.stop() == 0
            standby.wait_ready()
            systemd.wait_for("STATUS=leads in epoch 2")
            assert "READY=1" not in systemd.drain()


def test_a_reload_begins_and_ends_for_systemd(sqlite, tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("", encoding="utf-8")
    flags = (*POOL, sqlite.flag, f"--config={config}")
    with notify_socket(tmp_path) as systemd, running(tmp_path, *flags, env=systemd.environment) as dti:
        systemd.wait_for("READY=1")
        for text in ("lease-seconds = 9\n", "wrong = 1\n"):
            config.write_text(text, encoding="utf-8")
            before = time.monotonic_ns() // 1000
            dti.signal(signal.SIGHUP)
            stamp = systemd.wait_for("RELOADING=1", "MONOTONIC_USEC=", "READY=1")[1]
            assert before <= int(stamp.split("=")[1]) <= time.monotonic_ns() // 1000


def test_the_watchdog_hears_nothing_of_a_server_whose_store_is_silent(postgresql, tmp_path):
    flags = (*POOL, postgresql.flag, "--store-timeout=2")
    with notify_socket(tmp_path) as systemd:
        with running(tmp_path, *flags, env={**systemd.environment, **WATCHDOG}) as dti, Client(dti.endpoint) as client:
            systemd.wait_for("READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1")
            postgresql.cluster.freeze()
            client.send(DERECHO)
            until(lambda: "store-silent" in dti.log, what="the silence")
            systemd.wait_for_silence("WATCHDOG", SEVERAL_BEATS)
            postgresql.cluster.resume()
            systemd.wait_for("WATCHDOG=1", "WATCHDOG=1")
            assert client.receive()


def test_the_watchdog_hears_a_server_whose_database_refuses_connections(postgresql, tmp_path):
    with notify_socket(tmp_path) as systemd:
        env = {**systemd.environment, **WATCHDOG}
        with running(tmp_path, *POOL, postgresql.flag, "--store-timeout=2", env=env) as dti:
            systemd.wait_for("READY=1", "WATCHDOG=1")
            postgresql.cluster.stop()
            until(lambda: "store-unavailable" in dti.log, what="the outage")
            systemd.drain().clear()
            systemd.wait_for(*["WATCHDOG=1"] * 12)  # longer than the store timeout
            postgresql.cluster.start()


def test_a_server_that_waits_for_its_database_says_so_and_asks_for_time(tmp_path):
    with notify_socket(tmp_path) as systemd:
        flags = (*POOL, "--store=postgresql://dti@127.0.0.1:1/dti")
        with running(tmp_path, *flags, env=systemd.environment, ready=False):
            systemd.wait_for("STATUS=waits for the database")
            systemd.wait_for("EXTEND_TIMEOUT_USEC=30000000")
            assert "READY=1" not in systemd.drain()


def test_a_reload_before_it_is_ready_does_not_make_it_ready(tmp_path):
    with notify_socket(tmp_path) as systemd:
        flags = (*POOL, "--store=postgresql://dti@127.0.0.1:1/dti")
        with running(tmp_path, *flags, env=systemd.environment, ready=False) as dti:
            systemd.wait_for("STATUS=waits for the database")
            dti.signal(signal.SIGHUP)
            until(lambda: "settings-reloaded" in dti.log)
            assert dti.stop() == 0
            systemd.wait_for("STOPPING=1")
            assert not {"READY=1", "RELOADING=1"} & set(systemd.drain())


def test_a_systemd_that_does_not_read_delays_neither_the_service_nor_the_end(sqlite, tmp_path):
    with notify_socket(tmp_path) as systemd:
        systemd.fill()
        env = {**systemd.environment, **WATCHDOG}
        with running(tmp_path, *POOL, sqlite.flag, env=env) as dti, Client(dti.endpoint) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
            dti.signal(signal.SIGHUP)
            until(lambda: "settings-reloaded" in dti.log)
            assert dti.stop() == 0


def test_without_a_service_manager_there_is_no_thread_for_it(sqlite, tmp_path):
    def threads(daemon):
        return len(os.listdir(f"/proc/{daemon.pid}/task"))

    with notify_socket(tmp_path) as systemd:
        with running(tmp_path / "a", *POOL, env=systemd.environment) as told:
            systemd.wait_for("READY=1")
            with running(tmp_path / "b", *POOL) as untold, running(tmp_path / "c", *POOL, env={"NOTIFY_SOCKET": ""}) as empty:
                assert threads(told) == threads(untold) + 1 == threads(empty) + 1


def test_a_faculty_says_that_it_is_ready_what_waits_and_that_it_stops(sqlite, tmp_path):
    with notify_socket(tmp_path) as systemd, running(tmp_path / "dti", *POOL, sqlite.flag) as dti:
        flags = (*faculty_flags(dti.address), "--min-programs=2")
        with running_faculty(tmp_path, *flags, env={**systemd.environment, **WATCHDOG}) as faculty:
            systemd.wait_for("READY=1", "WATCHDOG=1", "WATCHDOG=1")
            with Client(faculty.endpoint) as first:
                first.send(b"", wish("Derecho Civil"))
                systemd.wait_for("STATUS=1 program waits for its reply")
                assert ask_programs(faculty, [wish("Derecho Penal")]) == [(OK, 7, 2, 0)]
            systemd.wait_for("STATUS=no program waits")
            faculty.signal(signal.SIGHUP)
            systemd.wait_for("RELOADING=1", "MONOTONIC_USEC=", "READY=1")
            faculty.signal(signal.SIGTERM)
            systemd.wait_for("STOPPING=1")
            assert faculty.exit_status() == 0
