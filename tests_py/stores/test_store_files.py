"""Files on which a SQLite store's durability rests: mounted, linked, lost or cut short. The server refuses, or nothing
is lost."""

import contextlib
import os
import re
import resource
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests_py.harness.disks import disk_in_a_file, disk_in_memory, mounted_elsewhere
from tests_py.harness.process import ROOT, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import HAS_ALREADY, OK, Client, grant, grant_after_recovery, request, statuses

FIRST, SECOND = ("Derecho Civil", 7, 2), ("Derecho Penal", 3, 1)
OTHER = ("Derecho Civil", 1, 1)  # other numbers for the first one
FIRST_STANDS = [(HAS_ALREADY, 7, 2, 0)]


def ask_for(client, *programs):
    return grant(client, request(SEMESTER, "Derecho", *programs))


def killed(folder, store):
    """A store with a grant, as a server leaves it that is killed."""
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        ask_for(client, FIRST)
        dti.crash()


def refusal(folder, store):
    status, stdout, stderr = run(folder, "dti_server", *POOL, store.flag, "--port=0")
    assert (status, stdout) == (1, ""), stderr
    return stderr


def beside(store, suffix):
    return Path(f"{store.path}{suffix}")


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock"])
def test_a_file_of_a_store_that_is_mounted_without_its_folder_is_refused(tmp_path, suffix):
    volume, container = tmp_path / "volume", tmp_path / "container"
    for folder in (volume, container):
        folder.mkdir()
    kept, store = SqliteStore(volume), SqliteStore(container)
    killed(tmp_path, kept)
    with mounted_elsewhere(beside(kept, suffix), beside(store, suffix)):
        stderr = refusal(tmp_path, store)
        assert "mount the folder, not the file" in stderr
        assert f"{store.path}{suffix} is mounted by itself" in stderr
        link = tmp_path / "link.db"
        link.symlink_to(store.path)
        assert "mount the folder" in run(tmp_path, "dti_server", *POOL, f"--store=sqlite:{link}")[2]
    with running(tmp_path, *POOL, kept.flag) as dti, Client(dti.endpoint) as client:
        assert ask_for(client, OTHER) == FIRST_STANDS


def test_a_folder_that_is_mounted_is_taken(tmp_path):
    (tmp_path / "volume").mkdir()
    killed(tmp_path, SqliteStore(tmp_path / "volume"))
    with mounted_elsewhere(tmp_path / "volume", tmp_path / "container") as folder:
        with running(tmp_path, *POOL, SqliteStore(folder).flag) as dti, Client(dti.endpoint) as client:
            assert ask_for(client, OTHER) == FIRST_STANDS


def test_a_store_with_a_second_name_is_refused_by_both(sqlite, tmp_path):
    killed(tmp_path, sqlite)
    other = SqliteStore(tmp_path / "other")
    other.path.parent.mkdir()
    other.path.hardlink_to(sqlite.path)
    for store in (sqlite, other):
        assert "2 names (hard links)" in refusal(tmp_path, store)


def test_a_store_without_the_log_of_its_server_is_refused_until_it_is_back_or_given_up(sqlite, tmp_path):
    killed(tmp_path, sqlite)
    log, kept = beside(sqlite, "-wal"), tmp_path / "kept"
    log.rename(kept)
    for _ in range(2):
        stderr = refusal(tmp_path, sqlite)
        assert f"its write-ahead log {log}" in stderr and "restore a backup" in stderr
    kept.rename(log)
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        assert ask_for(client, OTHER) == FIRST_STANDS
        ask_for(client, SECOND)
        dti.crash()
    log.unlink()
    refusal(tmp_path, sqlite)
    copy = tmp_path / "copy"
    copy.write_bytes(sqlite.path.read_bytes())
    copy.rename(sqlite.path)
    status, report, _ = run(tmp_path, "dtictl", "verify", sqlite.flag)
    assert status == 0 and "WARNING: the database is a copy of one that a server was using" in report
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        until(lambda: "store-is-a-copy" in dti.log, what="a warning")
        assert ask_for(client, OTHER, ("Derecho Penal", 1, 1)) == [*FIRST_STANDS, (OK, 1, 1, 0)]


def test_a_store_whose_log_another_program_has_ended_is_taken(sqlite, tmp_path):
    killed(tmp_path, sqlite)
    with contextlib.closing(sqlite3.connect(sqlite.path)) as client:  # as a backup does
        assert client.execute("SELECT count(*) FROM ledger").fetchall() == [(2,)]
    assert not beside(sqlite, "-wal").exists()
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        assert ask_for(client, OTHER) == FIRST_STANDS


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped in order"])
def test_a_backup_is_taken_as_the_manual_says(sqlite, tmp_path, is_killed):
    backup = tmp_path / "backup.db"
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        ask_for(client, FIRST)
        with contextlib.closing(sqlite3.connect(sqlite.path)) as connection:
            connection.execute(f"VACUUM INTO '{backup}'")
        ask_for(client, SECOND)
        if is_killed:
            dti.crash()
    for suffix in ("", "-wal", "-shm"):
        beside(sqlite, suffix).unlink(missing_ok=True)
    sqlite.path.write_bytes(backup.read_bytes())  # on many file systems it gets the inode of the one before
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        assert ask_for(client, OTHER, ("Derecho Penal", 1, 1)) == [*FIRST_STANDS, (OK, 1, 1, 0)]
    assert "store-is-a-copy" not in dti.log


def test_a_power_loss_right_after_the_first_start_of_a_moved_store_is_no_missing_log(tmp_path):
    image = tmp_path / "image"
    with disk_in_a_file(tmp_path / "disk", image) as disk:
        store = SqliteStore(disk.folder)
        with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
            ask_for(client, FIRST)
        beside(store, ".lock").unlink()  # the file was moved alone
        os.sync()
        with running(tmp_path, *POOL, store.flag):
            with open(disk.folder / "another file", "w", encoding="utf-8") as other:
                os.fsync(other.fileno())  # brings the names and sizes of all files to the disk
            shutil.copyfile(image, tmp_path / "image after")  # lacks what else the system has not written yet
    with disk_in_a_file(tmp_path / "disk after", tmp_path / "image after") as disk:
        with running(tmp_path, *POOL, SqliteStore(disk.folder).flag) as dti, Client(dti.endpoint) as client:
            assert ask_for(client, OTHER) == FIRST_STANDS


def test_a_limit_of_file_sizes_refuses_at_once_and_repeats_are_answered(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, "--store-timeout=600") as dti, Client(dti.endpoint) as client:
        ask_for(client, FIRST)
        size = beside(sqlite, "-wal").stat().st_size
        _, hard = resource.prlimit(dti.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(dti.pid, resource.RLIMIT_FSIZE, (size, hard))

        for _ in range(2):
            reply = client.ask(request(SEMESTER, "Derecho", SECOND))
            assert statuses(reply) == ["UNAVAILABLE"], reply
        until(lambda: "limit of file sizes" in dti.log, what="a line that says what to do")
        assert ask_for(client, OTHER) == FIRST_STANDS
        resource.prlimit(dti.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert grant_after_recovery(client, request(SEMESTER, "Derecho", SECOND)) == [(OK, 3, 1, 0)]


def test_another_program_that_may_write_disturbs_no_server(sqlite, tmp_path):
    killed(tmp_path, sqlite)
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        for asked in (SECOND, ("Derecho Romano", 1, 0)):
            with contextlib.closing(sqlite3.connect(sqlite.path)) as other:
                assert other.execute("SELECT count(*) FROM faculty").fetchall() == [(10,)]
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("PRAGMA journal_mode = DELETE")
            assert beside(sqlite, "-wal").exists(), "closed as if there were no server"
            client.ask(request(SEMESTER, "Derecho", asked))
        assert ask_for(client, OTHER) == FIRST_STANDS


def test_a_server_whose_lock_file_was_removed_is_replaced_and_nothing_is_lost(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as old, Client(old.endpoint) as old_client:
        ask_for(old_client, FIRST)
        beside(sqlite, ".lock").unlink()
        with running(tmp_path, *POOL, sqlite.flag) as new, Client(new.endpoint) as client:
            assert statuses(old_client.ask(request(SEMESTER, "Derecho", SECOND))) == ["NOT-LEADER"]
            assert ask_for(client, OTHER, SECOND) == [*FIRST_STANDS, (OK, 3, 1, 0)]
            assert old.exit_status() == 1
            assert "was the lock file removed?" in old.log
            assert ask_for(client, OTHER) == FIRST_STANDS


@pytest.mark.parametrize("deed", ["mounted over", "moved"])
def test_a_server_whose_folder_is_taken_away_ends(tmp_path, deed):
    folder = tmp_path / "folder"
    folder.mkdir()
    store = SqliteStore(folder)
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        ask_for(client, FIRST)
        with contextlib.ExitStack() as stack:
            if deed == "moved":
                folder.rename(tmp_path / "elsewhere")
            else:
                stack.enter_context(disk_in_memory(folder, 4))
            assert statuses(client.ask(request(SEMESTER, "Derecho", SECOND))) == ["UNAVAILABLE"]
            assert dti.exit_status() == 1
            assert "removed or replaced while the server used it" in dti.log


def test_no_check_of_the_ledger_calls_a_function_that_can_fail(sqlite, tmp_path):
    """SQLite would then write a journal of each INSERT to a temporary file, and grants would take a fifth longer."""
    with running(tmp_path, *POOL, sqlite.flag):
        pass
    with contextlib.closing(sqlite3.connect(sqlite.path)) as store:
        [[table]] = store.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'ledger'")
    called = set(re.findall(r"\b([a-z_]+)\(", re.sub("--.*", "", table)))
    assert called == {"coalesce"}


def schema_of(version, migrated_to=None):
    """The tables, indexes, triggers and views of a new store of that version, or of a newer one that was taken back to it."""
    files = sorted((ROOT / "sql/sqlite").glob("*.up.sql"))
    newest = migrated_to or version
    with contextlib.closing(sqlite3.connect(":memory:")) as store:
        for file in files[:newest]:
            store.executescript(file.read_text(encoding="utf-8"))
        for file in reversed(files[version:newest]):
            store.executescript(file.with_name(file.name.replace(".up.", ".down.")).read_text(encoding="utf-8"))
        rows = store.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {(kind, name): " ".join(re.sub("--.*", "", sql).replace('"', "").split()) for kind, name, sql in rows}


@pytest.mark.parametrize("version", range(1, 8))
def test_a_migration_that_is_taken_back_leaves_the_schema_of_the_version_before(version):
    assert schema_of(version, migrated_to=8) == schema_of(version)
