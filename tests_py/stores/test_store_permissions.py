"""The files of a SQLite store belong to the user of the server alone, and a store that others can change is refused."""

import contextlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests_py.harness.process import run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import OK, Client, grant, request

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
SUFFIXES = ("", "-wal", "-shm", ".lock")


@contextlib.contextmanager
def umask(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path):
    return path.stat().st_mode & 0o7777


def modes(store):
    return {suffix: mode(path) for suffix in SUFFIXES if (path := Path(f"{store.path}{suffix}")).exists()}


def make(folder, store):
    """A store as a server leaves it that is killed: with a write-ahead log."""
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        dti.crash()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids="{:03o}".format)
def test_a_server_makes_its_files_for_its_user_alone_whatever_the_umask_is(tmp_path, mask):
    store = SqliteStore(tmp_path / "state" / "dti")
    with umask(mask):
        with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
            assert modes(store) == dict.fromkeys(SUFFIXES, 0o600)
        copy = SqliteStore(tmp_path / "copies" / "dti")
        assert run(tmp_path, "dtictl", "copy", store.flag, f"--to=sqlite:{copy.path}")[0] == 0
        made = SqliteStore(tmp_path / "made" / "dti")
        assert run(tmp_path, "dtictl", "migrate", made.flag)[0] == 0
    for each in (store, copy, made):
        assert set(modes(each).values()) == {0o600}
        assert mode(each.path.parent) == mode(each.path.parent.parent) == 0o700


@pytest.mark.parametrize("suffix", ["/", *SUFFIXES], ids=["folder", "database", "log", "index", "lock"])
@pytest.mark.parametrize("wrong", [0o020, 0o002], ids=["the group", "all"])
def test_a_store_that_others_may_write_to_is_refused_until_the_named_command_has_run(tmp_path, suffix, wrong):
    store = SqliteStore(tmp_path / "store")
    make(tmp_path, store)
    path = store.path.parent if suffix == "/" else Path(f"{store.path}{suffix}")
    path.chmod(mode(path) | wrong)
    for program, flags in (("dti_server", [*POOL, "--port=0"]), ("dtictl", ["migrate"])):
        status, stdout, stderr = run(tmp_path, program, *flags, store.flag)
        assert (status, stdout) == (1, ""), stderr
        assert f"{path} (mode {mode(path):04o}) can be written by other users" in stderr
    status, stdout, _ = run(tmp_path, "dtictl", "verify", store.flag)
    assert status == 0 and f"WARNING: {path} (mode {mode(path):04o})" in stdout, "reading harms nothing"
    subprocess.run(re.search(r"run (chmod go-w .*)", stderr)[1].split(), check=True)
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]


def test_a_folder_for_all_users_is_refused_and_the_named_path_is_not(tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    folder.chmod(0o1777)
    status, _, stderr = run(tmp_path, "dti_server", *POOL, "--port=0", f"--store=sqlite:{folder}/dti.db")
    assert status == 1 and f"the folder {folder} (mode 1777) is for the files of several users" in stderr
    assert list(folder.iterdir()) == [], "nothing was made"
    path = re.search(r"such as (\S+),", stderr)[1]
    with running(tmp_path, *POOL, f"--store=sqlite:{path}"):
        assert mode(folder / "dti") == 0o700


def test_a_group_that_was_given_the_right_to_read_keeps_it(tmp_path):
    store = SqliteStore(tmp_path / "store")
    assert run(tmp_path, "dtictl", "migrate", store.flag)[0] == 0
    store.path.parent.chmod(0o750)
    for suffix in ("", ".lock"):
        Path(f"{store.path}{suffix}").chmod(0o640)
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        assert modes(store) == dict.fromkeys(SUFFIXES, 0o640)
    assert modes(store) == {"": 0o640, ".lock": 0o640}


def test_a_file_that_a_server_has_is_not_migrated(tmp_path):
    store = SqliteStore(tmp_path / "store")
    with running(tmp_path, *POOL, store.flag):
        status, _, stderr = run(tmp_path, "dtictl", "migrate", store.flag)
        assert status == 1 and "another server has it" in stderr
