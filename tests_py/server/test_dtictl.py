"""dtictl verify: what it says of a store, beside a server and without one, and what it leaves alone."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.disks import mounted_read_only
from tests_py.harness.process import BROKEN_STDOUT, binary, clean_environment, run, run_with_broken_stdout, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import Client, ask_all, encode, grant, request

FITS, DIFFERS, BAD_USE = 0, 1, 2
SECONDS = 60  # of one run
PAGE = 4096


def verify(folder, *flags, env=None):
    return run(folder, "dtictl", "verify", *flags, env=env, seconds=SECONDS)


def verify_json(folder, *flags):
    status, stdout, stderr = verify(folder, "--json", *flags)
    assert stderr == "" or status == DIFFERS
    return status, json.loads(stdout)


def fill(store, folder):
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("Derecho Penal", 1000, 61)))


def tamper(store, *statements):
    """Changes what only a superuser, or who has the file, can change."""
    if store.kind == "sqlite":
        with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
    else:
        checks = "ALTER TABLE ledger DROP CONSTRAINT ledger_classrooms_within_wanted"
        store.cluster.sql(store.database, ";".join(("SET session_replication_role = replica", checks, *statements)),
                          user="postgres")


def test_a_store_that_fits_is_summed_up_in_a_line_a_semester(store, tmp_path):
    fill(store, tmp_path)
    status, stdout, stderr = verify(tmp_path, store.flag)
    lines = stdout.splitlines()
    assert (status, stderr) == (FITS, "")
    assert lines[-4:-2] == ["catalogue: 50 programs of 10 faculties",
                            f'semester "{SEMESTER}": 3 entries, 2 grants; left 0 classrooms, 0 labs, 0 mobile labs; ok']
    assert re.fullmatch("seals: store [0-9a-f]{32}, registry of 61 entries", lines[-2]), lines[-2]
    assert lines[-1] == "no differences"
    assert lines[:-4] == (["file: integrity_check ok"] if store.kind == "sqlite" else [])


def test_the_report_as_json(store, tmp_path):
    fill(store, tmp_path)
    status, report = verify_json(tmp_path, store.flag)
    assert status == FITS and report["ok"] is True
    assert report["semesters"] == [{"semester": SEMESTER, "ok": True, "entries": 3, "grants": 2, "left": {
        "classrooms": 0, "labs": 0, "conversions": 377, "mobile-labs": 0}}]
    assert ("file-faults" in report) == (store.kind == "sqlite")


def test_a_tampered_store_is_told_by_its_entry_and_the_server_refuses_it(store, tmp_path):
    fill(store, tmp_path)
    tamper(store, "UPDATE ledger SET classrooms_granted = 8 WHERE seq = 2")
    status, stdout, _ = verify(tmp_path, store.flag)
    assert status == DIFFERS
    assert (f'semester "{SEMESTER}": DIFFERS at "Derecho Civil" of "Derecho": entry 2, program ') in stdout
    assert "stored: 8 classrooms, 2 labs and 0 mobile labs; expected: 7 classrooms" in stdout
    status, report = verify_json(tmp_path, store.flag)
    difference = report["semesters"][0]["difference"]
    assert status == DIFFERS and report["ok"] is False
    assert (difference["seq"], difference["faculty"], difference["program"]) == (2, "Derecho", "Derecho Civil")
    status, stdout, stderr = run(tmp_path, "dti_server", "--port=0", store.flag)
    assert (status, stdout) == (1, "")
    assert f'the store contradicts itself: semester "{SEMESTER}": entry 2, program ' in stderr


def test_a_loaded_server_is_not_disturbed_and_each_look_sees_one_moment(store, tmp_path):
    messages, each = 400, 5
    names = [f"m{number} p{i}" for number in range(messages) for i in range(each)]
    catalog = write_catalog(tmp_path / "catalog.csv", "Load", names)
    bodies = [encode(request(SEMESTER, "Load", *[(f"m{number} p{i}", i, 1) for i in range(each)]))
              for number in range(messages)]
    looks = []
    with running(tmp_path, *POOL, store.flag, catalog) as dti:
        answered = threading.Event()

        def look():
            while not (answered.is_set() and looks):
                looks.append(verify_json(tmp_path / "looks", store.flag))

        looking = threading.Thread(target=look)
        looking.start()
        try:
            with Client(dti.endpoint) as client:
                for first in range(0, messages, 20):
                    ask_all(client, bodies[first:first + 20])
        finally:
            answered.set()
            looking.join(SECONDS)
        assert not looking.is_alive()
        status, last = verify_json(tmp_path, store.flag)
        assert (status, last["semesters"][0]["entries"]) == (FITS, messages * each + 1)
        assert "taking-over-anew" not in dti.log, "verify must not cost the server its lead"
    assert {status for status, _ in looks} == {FITS}, looks
    entries = [report["semesters"][0]["entries"] for _, report in looks]
    assert entries == sorted(entries)
    assert {(count - 1) % each for count in entries} == {0}, "a message is there wholly or not at all"
    store.check_conserved()


def test_what_is_not_there_is_not_made(tmp_path):
    status, stdout, stderr = verify(tmp_path, f"--store=sqlite:{tmp_path}/none/dti.db")
    assert (status, stdout) == (DIFFERS, "")
    assert "none/dti.db: No such file or directory" in stderr
    assert not (tmp_path / "none").exists()
    status, report = verify_json(tmp_path)  # the default store, in HOME
    assert (status, report["ok"]) == (DIFFERS, False)
    assert ".local/state/dti/dti.db" in report["error"]
    assert not (tmp_path / ".local").exists()


def test_a_store_without_a_schema_is_said_to_be_empty(tmp_path, cluster, sqlite):
    sqlite.path.write_bytes(b"")
    database = cluster.create_database()
    for flag in (sqlite.flag, f"--store={cluster.uri(database)}"):
        status, _, stderr = verify(tmp_path, flag)
        assert status == DIFFERS
        assert "is empty: no dti_server has used it yet" in stderr
    assert sqlite.path.read_bytes() == b""
    assert cluster.sql(database, "SELECT count(*) FROM pg_class WHERE relname = 'ledger'") == [["0"]]
    cluster.drop_database(database)


def test_what_is_no_store_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database\n" * 1000)
    for path in (tmp_path, tmp_path / "notes.txt"):
        status, _, stderr = verify(tmp_path, f"--store=sqlite:{path}")
        assert status == DIFFERS and str(path) in stderr
    status, _, stderr = verify(tmp_path, "--store=postgresql://127.0.0.1:1/dti", "--store-timeout=2")
    assert status == DIFFERS and "PostgreSQL" in stderr


def test_bad_use_is_2_and_help_0(tmp_path):
    bad = [(), ("vrfy",), ("--json", "verify"), ("verify", "--jsn"), ("verify", "x"), ("verify", "--store=memory:"),
           ("verify", "--store=postgresql://u:s3cret@h/d"), ("verify", "--store-timeout=0")]
    for flags in bad:
        status, stdout, stderr = run(tmp_path, "dtictl", *flags)
        assert (status, stdout, stderr.count("\n")) == (BAD_USE, "", 1), (flags, stderr)
        assert "s3cret" not in stderr
    for flags in (("--help",), ("verify", "--help"), ("--version",), ("verify", "--version")):
        status, stdout, stderr = run(tmp_path, "dtictl", *flags)
        assert (status, stderr) == (0, "") and stdout, flags


def test_a_servers_variable_and_config_file_say_where_the_store_is(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    config = tmp_path / "dti.toml"
    config.write_text(f'semester = "{SEMESTER}"\nport = 0\nstore = "sqlite:{sqlite.path}"\n')
    assert verify(tmp_path, f"--config={config}")[0] == FITS
    assert verify(tmp_path, env={"DTI_STORE": f"sqlite:{sqlite.path}"})[0] == FITS


@pytest.mark.parametrize("kind", BROKEN_STDOUT)
def test_a_report_that_cannot_be_written_is_no_success(sqlite, tmp_path, kind):
    fill(sqlite, tmp_path)
    status, stderr = run_with_broken_stdout(tmp_path, BROKEN_STDOUT[kind], "dtictl", "verify", sqlite.flag)
    assert status == 1
    assert "could not be written" in stderr


def test_the_file_stays_as_it_was_and_a_server_can_start_meanwhile(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    before = sqlite.path.read_bytes()
    assert verify(tmp_path, sqlite.flag)[0] == FITS
    assert sqlite.path.read_bytes() == before
    fill(sqlite, tmp_path)  # what the look left beside the file is no hindrance


def test_what_a_crash_left_in_the_log_is_seen(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
        dti.crash()
    assert Path(f"{sqlite.path}-wal").stat().st_size > 0
    status, report = verify_json(tmp_path, sqlite.flag)
    assert (status, report["semesters"][0]["entries"]) == (FITS, 2)


def test_a_truncated_file_is_reported(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    size = sqlite.path.stat().st_size
    for pages in range(1, size // PAGE):
        cut = tmp_path / "cut.db"
        cut.write_bytes(sqlite.path.read_bytes()[:pages * PAGE])
        status, stdout, stderr = verify(tmp_path, f"--store=sqlite:{cut}")
        assert status == DIFFERS, (pages, stdout)
        assert "DAMAGED" in stdout or "UNREADABLE" in stdout or "cut.db" in stderr, (pages, stdout, stderr)
    assert pages > 5


def test_a_ledger_page_whose_header_is_damaged_is_reported(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    whole = sqlite.path.read_bytes()
    with contextlib.closing(sqlite3.connect(f"file:{sqlite.path}?mode=ro", uri=True)) as connection:
        [(root,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ledger'").fetchall()
    page = (root - 1) * PAGE
    for offset in (0, 3, 4, 5, 6, 8, 9, 10, 11):  # its kind, how many cells it has, where they are
        damaged = bytearray(whole)
        damaged[page + offset] ^= 0xFF
        bad = tmp_path / "bad.db"
        bad.write_bytes(damaged)
        status, stdout, stderr = verify(tmp_path, f"--store=sqlite:{bad}")
        assert status == DIFFERS, (offset, stdout)
        assert "DAMAGED" in stdout or "UNREADABLE" in stdout or stderr, (offset, stdout)


@contextlib.contextmanager
def folder_for_all():
    """A folder that other users can reach, with the programs and without write access for them."""
    folder = Path(tempfile.mkdtemp(prefix="dti-dtictl-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def store_for_readers(folder):
    """A store that other users may read. SQLite gives the write-ahead log and its index the mode of the database."""
    store = SqliteStore(folder)
    assert run(folder, "dtictl", "migrate", store.flag)[0] == FITS
    for suffix in ("", ".lock"):
        Path(f"{store.path}{suffix}").chmod(0o644)
    return store


def dtictl_as_nobody(folder, path):
    """The exit status and both outputs of a `dtictl verify` of a user that may read the store and write nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user: run this test as root")
    shutil.copy(binary("dtictl"), folder / "dtictl")
    result = subprocess.run(["runuser", "-u", "nobody", "--", folder / "dtictl", "verify", f"--store=sqlite:{path}"],
                            cwd="/", env=clean_environment(folder), capture_output=True, text=True, timeout=SECONDS)
    return result.returncode, result.stdout, result.stderr


CIVIL = ("Derecho Civil", 7, 2)


def stopped(folder, store):
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", CIVIL))
    yield


def killed(folder, store):
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", CIVIL))
        dti.crash()
    yield


def alive(folder, store):
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", CIVIL))
        yield


@pytest.mark.parametrize("server", [stopped, killed, alive])
def test_who_may_only_read_the_folder_of_a_store_can_verify_it(tmp_path, server):
    with folder_for_all() as folder:
        store = store_for_readers(folder)
        for _ in server(tmp_path, store):
            before = [(entry.name, entry.stat().st_mtime_ns) for entry in sorted(folder.glob("dti.db*"))]
            status, stdout, stderr = dtictl_as_nobody(folder, store.path)
            assert (status, stderr) == (FITS, ""), stdout
            assert "2 entries" in stdout
            assert [(entry.name, entry.stat().st_mtime_ns) for entry in sorted(folder.glob("dti.db*"))] == before


@pytest.mark.parametrize("server", [stopped, killed, alive])
def test_a_store_on_a_read_only_disk_can_be_verified(tmp_path, server):
    store = SqliteStore(tmp_path / "100% #?")
    store.path.parent.mkdir()
    for _ in server(tmp_path, store):
        with mounted_read_only(store.path.parent, tmp_path / "read-only") as folder:
            status, report = verify_json(tmp_path, f"--store=sqlite:{folder}/dti.db")
            assert (status, report["semesters"][0]["entries"]) == (FITS, 2), report


def test_a_store_on_a_read_only_disk_whose_log_is_missing_does_not_fit(sqlite, tmp_path):
    for _ in killed(tmp_path, sqlite):
        for suffix in ("-wal", "-shm", ".lock"):
            Path(f"{sqlite.path}{suffix}").unlink()
        with mounted_read_only(sqlite.path.parent, tmp_path / "read-only") as folder:
            status, _, stderr = verify(tmp_path, f"--store=sqlite:{folder}/{sqlite.path.name}")
            assert status == DIFFERS
            assert "dti.db-wal is not beside it" in stderr


def test_who_cannot_use_the_write_ahead_log_of_a_running_server_is_told_so(tmp_path):
    with folder_for_all() as folder:
        store = store_for_readers(folder)
        for _ in alive(tmp_path, store):
            Path(f"{store.path}-shm").chmod(0o600)
            status, stdout, stderr = dtictl_as_nobody(folder, store.path)
            assert status == DIFFERS, stdout
            assert "its write-ahead log cannot be used" in stderr
            assert "run this as the user that runs the server" in stderr
