"""--check-config and --print-config of the real programs: what they say, and that they touch nothing."""

import os
import re
import socket

import pytest

from tests_py.harness.process import ROOT, run, run_with_broken_stdout, running, until
from tests_py.harness.rooms import faculty_flags
from tests_py.harness.scenario import POOL
from tests_py.harness.wire import OK, Client, KeyList, grant, request

DAEMONS = ("dti_server", "faculty")
AWKWARD = 'ñ "a" \\u0041 x#='


def flags_of(name):
    return () if name == "dti_server" else faculty_flags("127.0.0.1:1")


def tree(folder):
    """What the folder holds, without what the harness writes there."""
    return sorted(str(path) for path in folder.rglob("*") if path.suffix != ".stderr")


@pytest.mark.parametrize("task", ["--check-config", "--print-config"])
def test_a_question_about_the_settings_makes_no_file_and_no_connection(tmp_path, task):
    with socket.create_server(("127.0.0.1", 0)) as database:
        database.settimeout(0)
        address = f"127.0.0.1:{database.getsockname()[1]}"
        store = f"postgresql://dti@{address}/dti"
        for name, flags in (("dti_server", POOL), ("dti_server", (*POOL, f"--store={store}", f"--proxy-server={address}")),
                            ("faculty", faculty_flags(address))):
            port = "--port" if name == "dti_server" else "--listen-port"
            # Its port is in use.
            status, _, log = run(tmp_path, name, *flags, f"{port}={database.getsockname()[1]}", task)
            assert (status, log) == (0, ""), log
        with pytest.raises(BlockingIOError):
            database.accept()
    assert tree(tmp_path) == []


def test_a_running_server_is_not_disturbed_by_a_check_of_its_own_settings(tmp_path):
    with running(tmp_path, *POOL) as dti, Client(dti.endpoint) as client:
        status, out, _ = run(tmp_path, "dti_server", *POOL, f"--port={dti.port}", "--check-config")
        assert (status, out) == (0, "dti_server: the configuration is valid\n")
        assert grant(client, request("2025-10", "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]


def test_a_fault_begins_with_its_file_and_line(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("port = 6000\nlease-seconds = 0\n", encoding="utf-8")
    status, out, log = run(tmp_path, "dti_server", f"--config={config}", "--check-config")
    assert (status, out) == (2, "")
    assert log == f"{config}:2: lease-seconds: \"0\" must be more than 0 seconds\n"


def print_config(folder, name, *flags, env=None):
    status, out, log = run(folder, name, *flags, "--print-config", env=env)
    assert (status, log) == (0, "")
    return out


@pytest.mark.parametrize("name", DAEMONS)
def test_what_is_printed_is_a_config_file_that_prints_itself(tmp_path, name):
    flags = (*flags_of(name), "--bind=::1")
    env = {"DTI_LOG_FORMAT": "json", "STATE_DIRECTORY": f"/{AWKWARD}"} if name == "dti_server" else {"DTI_RETRIES": "3"}
    first = tmp_path / "first.toml"
    second = tmp_path / "second.toml"
    first.write_text(print_config(tmp_path, name, *flags, env=env), encoding="utf-8")
    again = print_config(tmp_path, name, f"--config={first}", *flags, env=env)
    assert again == first.read_text(encoding="utf-8")
    # Without the flags, their values are in the file.
    second.write_text(print_config(tmp_path, name, f"--config={first}", env=env), encoding="utf-8")
    assert second.read_text(encoding="utf-8") == re.sub(r"  # --\S+\n", "  # config file\n", again)
    assert print_config(tmp_path, name, f"--config={second}", env=env) == second.read_text(encoding="utf-8")
    assert run(tmp_path, name, f"--config={second}", "--check-config", env=env)[0] == 0


def test_a_printed_config_starts_a_server_with_the_same_store(tmp_path):
    config = tmp_path / "dti.toml"
    store = f"--store=sqlite:{tmp_path}/{AWKWARD}.db"
    status, out, log = run(tmp_path, "dti_server", *POOL, store, "--port=0", "--print-config")
    assert status == 0, log
    config.write_text(out, encoding="utf-8")
    with running(tmp_path, f"--config={config}"):
        assert os.path.exists(tmp_path / f"{AWKWARD}.db")


def test_no_part_of_a_password_is_printed_or_replaced(tmp_path):
    config = tmp_path / "dti.toml"
    for store in ("postgresql://dti:s3cr%40t@db/dti", "postgresql:host=db password='s3cr@t' sslpassword=s3cr@t"):
        config.write_text(f'store = "{store}"\n', encoding="utf-8")
        from_variable = print_config(tmp_path, "dti_server", env={"DTI_STORE": store})
        from_file = print_config(tmp_path, "dti_server", f"--config={config}")
        config.write_text(from_file, encoding="utf-8")
        fed_back = print_config(tmp_path, "dti_server", f"--config={config}")
        assert fed_back == from_file
        for out in (from_variable, from_file):
            assert "s3cr" not in out
            assert "host='db'" in out
            assert "password=" not in out


@pytest.mark.parametrize("task", ["--check-config", "--print-config"])
def test_an_answer_that_cannot_be_printed_is_a_failure(tmp_path, task):
    assert run_with_broken_stdout(tmp_path, ">/dev/full", "dti_server", task)[0] == 1


def test_a_password_that_every_user_can_read_is_told_by_the_check_and_in_the_log(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text('store = "postgresql://dti:s3cret@127.0.0.1:1/dti"\n', encoding="utf-8")
    warning = f"{config}:1: store: the mode of the file lets every user read this password"
    for mode, is_told in ((0o644, True), (0o640, False)):
        config.chmod(mode)
        status, out, _ = run(tmp_path, "dti_server", f"--config={config}", "--check-config")
        assert status == 0
        assert out.startswith("dti_server: the configuration is valid\n")
        with running(tmp_path, f"--config={config}", "--port=0", ready=False) as dti:
            until(lambda: "store-unavailable" in dti.log, what="the first try")
            assert (warning in out, warning in dti.log, "password-exposed" in dti.log) == (is_told,) * 3
            assert "s3cret" not in out + dti.log


def test_the_example_of_a_faculty_is_valid_with_each_of_its_comments_as_a_key(tmp_path):
    text = (ROOT / "packaging/examples/faculty.toml").read_text(encoding="utf-8")
    keys = KeyList(tmp_path, civil="faculty:Ingenieria")
    example = text.replace("PUBLIC-KEY", keys["civil"].public).replace("/etc/dti/faculties/ingenieria.keys", str(keys.path))
    config = tmp_path / "faculty.toml"
    config.write_text(text, encoding="utf-8")
    status, _, log = run(tmp_path, "faculty", f"--config={config}", "--check-config")
    assert status == 2 and "server-key" in log  # the one value that the operator must give
    for text in (example, re.sub(r"^#(?=[a-z-]+ = )", "", example, flags=re.MULTILINE)):
        config.write_text(text, encoding="utf-8")
        status, _, log = run(tmp_path, "faculty", f"--config={config}", "--check-config")
        assert (status, log) == (0, "")
    assert 'http = "127.0.0.1:5080"' in print_config(tmp_path, "faculty", f"--config={config}")
