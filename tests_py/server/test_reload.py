"""SIGHUP: a server and a faculty read their settings again, as a whole or not at all."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from tests_py.harness.process import Daemon, binary, owned, running, running_faculty, until
from tests_py.harness.rooms import ask_programs, faculty_flags, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))


def reload(daemon, config, text, pid=None):
    """Writes the file, sends SIGHUP and returns the log lines that follow."""
    config.write_text(text, encoding="utf-8")
    before = len(daemon.log)
    os.kill(pid or daemon.pid, signal.SIGHUP)
    until(lambda: re.search(r"(settings-reloaded|reload-refused): .*\n", daemon.log[before:]), what="the reload")
    return daemon.log[before:].splitlines()


def lines_with(lines, event):
    return [line for line in lines if f" {event}: " in line]


def test_a_server_changes_what_it_can_and_names_what_needs_a_restart(tmp_path):
    config = tmp_path / "ñ.toml"
    config.write_text("lease-seconds = 5\n", encoding="utf-8")
    with running(tmp_path, *POOL, f"--config={config}", "--memory-max=512") as dti, Client(dti.endpoint) as client:
        lines = reload(dti, config, 'log-level = "debug"\nlease-seconds = 7.5\nstore-timeout = 9\nmemory-max = 100\n')
        changed = lines_with(lines, "setting-changed")
        assert len(changed) == 2
        assert f"setting=lease-seconds old=5 new=7.5 origin={config}:2" in changed[0]
        assert f"setting=log-level old=info new=debug origin={config}:1" in changed[1]
        assert "setting=store-timeout old=10 new=9" in lines_with(lines, "restart-needed")[0]
        assert lines_with(lines, "settings-reloaded")[0].endswith("changed=2 need-restart=1")
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        lines = reload(dti, config, "lease-seconds = 5\n")
        assert lines_with(lines, "settings-reloaded")[0].endswith("changed=2 need-restart=0")


def test_the_log_level_changes(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("", encoding="utf-8")
    with running(tmp_path, *POOL, f"--config={config}") as dti:
        reload(dti, config, 'log-level = "error"\n')
        config.write_text("lease-seconds = 9\n", encoding="utf-8")
        dti.signal(signal.SIGHUP)   # its `setting-changed` has the level info
        dti.signal(signal.SIGUSR2)  # so has its `signal-ignored`, but SIGHUP comes first
        until(lambda: "signal=SIGUSR2" in dti.log)
        assert "new=9" not in dti.log
        assert "old=9 new=5" in lines_with(reload(dti, config, ""), "setting-changed")[0]


@pytest.mark.parametrize("text, fault", [
    ("lease-seconds = 9\nport = true\n", ":2: port: needs a whole number without quotes"),
    ("lease-seconds = 9\nlease-seconds = 9\n", ":2: not valid TOML"),
    ("lease-seconds = 9\nlease-second = 1\n", ':2: unknown key "lease-second"; did you mean lease-seconds?'),
    ("lease-seconds = 9\nmemory-max = -1\n", ':2: memory-max: "-1" is not a whole number'),
])
def test_a_wrong_line_changes_nothing_and_is_logged_with_its_place(tmp_path, text, fault):
    config = tmp_path / "dti.toml"
    config.write_text("", encoding="utf-8")
    with running(tmp_path, *POOL, f"--config={config}") as dti, Client(dti.endpoint) as client:
        lines = reload(dti, config, text)
        assert f"all settings stay as they are: {config}{fault}" in lines_with(lines, "error reload-refused")[0]
        assert not lines_with(lines, "setting-changed")
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        lines = reload(dti, config, "lease-seconds = 9\n")
        assert "old=5 new=9" in lines_with(lines, "setting-changed")[0]


def test_a_file_that_is_gone_or_a_pipe_changes_nothing_and_does_not_stop_the_service(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("lease-seconds = 9\n", encoding="utf-8")
    with running(tmp_path, *POOL, f"--config={config}") as dti, Client(dti.endpoint) as client:
        for make, reason in ((lambda: None, "No such file or directory"),
                             (lambda: os.mkfifo(config), "it is not a regular file"),
                             (config.mkdir, "it is not a regular file")):
            if config.exists():
                config.unlink()
            make()
            before = len(dti.log)
            dti.signal(signal.SIGHUP)
            until(lambda start=before: "reload-refused" in dti.log[start:], what="the refusal")
            assert reason in dti.log[before:]
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_a_password_is_not_logged(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("", encoding="utf-8")
    with running(tmp_path, *POOL, f"--config={config}") as dti:
        lines = reload(dti, config, 'store = "postgresql://dti:s3cret@db/dti"\n')
        assert "host='db'" in lines_with(lines, "restart-needed")[0]
        reload(dti, config, 'store = "postgresql://dti:s3cret@db/dti?bogus=1"\n')
        assert "s3cret" not in dti.log


def test_a_shorter_lease_is_in_the_store_soon(postgresql, tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("lease-seconds = 300\n", encoding="utf-8")
    left = "SELECT EXTRACT(epoch FROM lease_until - clock_timestamp()) FROM leadership"
    with running(tmp_path, *POOL, postgresql.flag, f"--config={config}") as dti:
        assert float(postgresql.rows(left)[0][0]) > 100
        reload(dti, config, "lease-seconds = 2\n")
        until(lambda: float(postgresql.rows(left)[0][0]) < 3, what="the shorter lease")


def test_a_faculty_changes_its_batches(sqlite, tmp_path):
    config = tmp_path / "faculty.toml"
    config.write_text("min-programs = 2\nretries = 3\n", encoding="utf-8")
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        with running_faculty(tmp_path, *faculty_flags(dti.address), f"--config={config}") as faculty:
            with Client(faculty.endpoint) as first:
                first.send(b"", wish("Derecho Civil"))
                lines = reload(faculty, config, "min-programs = 1\nretries = 4\n")
                assert "setting=min-programs old=2 new=1" in lines_with(lines, "setting-changed")[0]
                assert "setting=retries old=3 new=4" in lines_with(lines, "restart-needed")[0]
                assert first.receive()
            assert ask_programs(faculty, [wish("Derecho Penal")]) == [(OK, 7, 2, 0)]


def test_a_server_without_stdin_home_and_locale_reloads(tmp_path):
    config = tmp_path / "ñ.toml"
    config.write_text("", encoding="utf-8")
    script = f'cd /proc && exec env -i LANG=C "{binary("dti_server")}" "$@" --port=0 <&-'
    dti = Daemon(["/bin/sh", "-c", script, "sh", *POOL, f"--store=sqlite:{tmp_path}/dti.db", f"--config={config}"], tmp_path)
    with owned(dti):
        dti.wait_ready()
        lines = reload(dti, config, 'lease-seconds = 9\ncatalog = "ñ.csv"\n')
        assert "new=ñ.csv" in lines_with(lines, "restart-needed")[0]
        assert lines_with(lines, "setting-changed")


def test_the_first_process_of_a_container_reloads(tmp_path):
    unshare = [shutil.which("unshare") or "unshare", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not make a PID namespace")
    config = tmp_path / "dti.toml"
    config.write_text("", encoding="utf-8")
    command = [*unshare, binary("dti_server"), *POOL, f"--store=sqlite:{tmp_path}/dti.db", "--port=0", f"--config={config}"]
    dti = Daemon(command, tmp_path)
    with owned(dti):
        dti.wait_ready()
        with open(f"/proc/{dti.pid}/task/{dti.pid}/children", encoding="utf-8") as children:
            first = int(children.read().split()[0])
        assert lines_with(reload(dti, config, "lease-seconds = 9\n", first), "setting-changed")
        os.kill(first, signal.SIGTERM)
        assert dti.exit_status() == 0


def test_a_reload_while_a_server_waits_for_its_database_is_done(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("", encoding="utf-8")
    with running(tmp_path, *POOL, "--store=postgresql://dti@127.0.0.1:1/dti", f"--config={config}", ready=False) as dti:
        until(lambda: "store-unavailable" in dti.log, what="the wait")
        assert lines_with(reload(dti, config, "lease-seconds = 9\n"), "setting-changed")
