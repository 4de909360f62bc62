"""dtictl key: new keys, and the list of the keys that may connect."""

import csv
import fcntl
import io
import json
import os
import stat

import pytest

from tests_py.harness.process import owned, run, start_program
from tests_py.harness.wire import KeyList, new_key


def list_keys(folder, *flags):
    status, out, log = run(folder, "dtictl", "key", "list", f"--keys={folder}/keys.toml", *flags)
    assert (status, log) == (0, "")
    return out


def listed_names(folder):
    return [json.loads(line)["name"] for line in list_keys(folder, "--format=jsonl").splitlines()]


def test_a_new_key_replaces_no_file_and_only_its_owner_may_read_it(tmp_path):
    key = new_key(tmp_path, "derecho civil")
    assert stat.S_IMODE(key.path.stat().st_mode) == 0o600
    text = key.path.read_text()
    assert key.public in text and key.secret not in key.line
    status, out, log = run(tmp_path, "dtictl", "key", "new", "derecho civil")
    assert (status, out) == (1, "") and "File exists" in log
    assert key.path.read_text() == text
    for name in ("../x", "/tmp/x", "a/b", ".hidden", "-x", "", " x", "a\nb", "x" * 65):
        status, out, _ = run(tmp_path, "dtictl", "key", "new", name)
        assert (status, out) == (2, ""), name
    (tmp_path / "linked.key").symlink_to(tmp_path / "target")
    assert run(tmp_path, "dtictl", "key", "new", "linked")[0] == 1
    assert not (tmp_path / "target").exists()


def test_the_public_line_of_a_key_file_is_printed_again_without_the_secret(tmp_path):
    key = new_key(tmp_path, "derecho civil")
    assert run(tmp_path, "dtictl", "key", "public", str(key.path))[:2] == (0, key.line + "\n")
    key.path.write_text(key.path.read_text().replace(key.public[:8], "00000000"))
    status, out, log = run(tmp_path, "dtictl", "key", "public", str(key.path))
    assert (status, out) == (1, "") and "does not belong to secret" in log and key.secret[:8] not in log
    for arguments, expected in ((("none.key",), 1), ((), 2)):
        assert run(tmp_path, "dtictl", "key", "public", *arguments)[:2] == (expected, "")


def test_each_command_accepts_the_config_file_of_a_server(tmp_path):
    """An image names it in DTI_CONFIG."""
    config = tmp_path / "dti.toml"
    config.write_text(f'listen = "curve://127.0.0.1:0"\nkey = "dti.key"\nmake-key = true\nkeys = "{tmp_path}/keys.toml"\n')
    env = {"DTI_CONFIG": str(config)}
    status, line, log = run(tmp_path, "dtictl", "key", "new", "dti", env=env)
    assert status == 0, log
    assert run(tmp_path, "dtictl", "key", "public", "dti.key", env=env)[:2] == (0, line)
    for command in (("add", "--role=office", line.strip()), ("list",), ("remove", "dti")):
        status, _, log = run(tmp_path, "dtictl", "key", *command, env=env)
        assert status == 0, log


def test_a_list_is_made_changed_and_printed(tmp_path):
    first, second = new_key(tmp_path, "first"), new_key(tmp_path, "second")
    keys = f"--keys={tmp_path}/keys.toml"
    assert run(tmp_path, "dtictl", "key", "add", keys, "--role=faculty:Derecho", *first.line.split())[0] == 0
    assert run(tmp_path, "dtictl", "key", "add", keys, "--role", "office", second.line)[0] == 0
    assert run(tmp_path, "dtictl", "key", "list", keys)[:2] == (0, (
        "NAME    ROLE             PUBLIC-KEY\n"
        f"first   faculty:Derecho  {first.public}\n"
        f"second  office           {second.public}\n"))
    for bad in (("add", keys, "--role=office", first.line),  # twice
                ("remove", keys, "third"), ("remove", keys, second.public[:7]), ("list", f"--keys={tmp_path}/none.toml")):
        status, out, log = run(tmp_path, "dtictl", "key", *bad)
        assert (status, out) == (1, "") and log.startswith(f"dtictl key {bad[0]}: "), log
    for bad in (("add", keys, "--role=admin", first.line), ("add", keys, "--role=office", "nonsense"), ("add", keys, "--role=office"),
                ("remove", keys), ("list",), ("fetch",), ()):
        assert run(tmp_path, "dtictl", "key", *bad)[0] == 2, bad
    assert run(tmp_path, "dtictl", "key", "remove", keys, second.public[:8].upper())[0] == 0
    assert listed_names(tmp_path) == ["first"]
    assert stat.S_IMODE((tmp_path / "keys.toml").stat().st_mode) == 0o644


def test_each_format_of_a_list_has_the_same_keys(tmp_path):
    keys = KeyList(tmp_path, **{"Diseño, \"B\"": "office", "=1+1": "faculty:Derecho", "日本": "auditor"})
    expected = [{"name": key.name, "role": role, "public-key": key.public}
                for key, role in zip(keys.keys.values(), ("office", "faculty:Derecho", "auditor"))]
    assert json.loads(list_keys(tmp_path, "--format=json")) == expected
    assert [json.loads(line) for line in list_keys(tmp_path, "--format=jsonl").splitlines()] == expected
    rows = list(csv.DictReader(io.StringIO(list_keys(tmp_path, "--format=csv"), newline="")))
    assert [{**row, "name": row["name"].removeprefix("'")} for row in rows] == expected
    assert rows[1]["name"] == "'=1+1"  # a text for spreadsheets, not a formula
    table = list_keys(tmp_path).splitlines()
    assert [line.split()[-1] for line in table] == ["PUBLIC-KEY"] + [row["public-key"] for row in expected]


def test_columns_are_chosen_by_name_and_a_wrong_name_lists_them(tmp_path):
    key = KeyList(tmp_path, derecho="office")["derecho"]
    assert list_keys(tmp_path, "--format=csv", "--columns=public-key,name") == f"public-key,name\n{key.public},derecho\n"
    status, out, log = run(tmp_path, "dtictl", "key", "list", f"--keys={tmp_path}/keys.toml", "--columns=key")
    assert (status, out) == (2, "")
    assert log == 'dtictl key list: --columns: "key" is not one of name, role, public-key\n'


@pytest.mark.parametrize("output_format, expected", [
    ("table", "NAME  ROLE  PUBLIC-KEY\n"), ("csv", "name,role,public-key\n"), ("json", "[]\n"), ("jsonl", "")])
def test_an_empty_list_is_no_failure(tmp_path, output_format, expected):
    KeyList(tmp_path)
    assert list_keys(tmp_path, f"--format={output_format}") == expected


def test_a_folder_that_another_program_keeps_locked_is_named_after_some_seconds(tmp_path):
    key = new_key(tmp_path, "derecho")
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        status, _, log = run(tmp_path, "dtictl", "key", "add", f"--keys={tmp_path}/keys.toml", "--role=office", key.line)
    finally:
        os.close(folder)
    assert status == 1 and f"{tmp_path}: another program keeps the folder locked" in log, log
    assert not (tmp_path / "keys.toml").exists()


def test_two_operators_at_once_lose_no_key(tmp_path):
    keys = [new_key(tmp_path, f"key {i}") for i in range(8)]
    adding = [start_program(tmp_path, "key", "add", f"--keys={tmp_path}/keys.toml", "--role=office", key.line, name="dtictl")
              for key in keys]
    for process in adding:
        with owned(process):
            assert process.exit_status() == 0
    assert sorted(listed_names(tmp_path)) == [key.name for key in keys]
