"""The commands of docs/backup.md, run as they are written there, on stores that a server fills meanwhile."""

import contextlib
import os
import shutil
import subprocess

import pytest

from tests_py.harness.commands import Commands, blocks_of
from tests_py.harness.http import http_address, metric, scrape
from tests_py.harness.postgresql import PASSWORD, free_port, newest_bin_folder, scratch_cluster
from tests_py.harness.process import HANG_SECONDS, Daemon, binary, owned, run, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import PostgresqlStore
from tests_py.harness.wire import Client, grant, request

PAGE = "docs/backup.md"
BEFORE, AFTER = ("Derecho Civil", 7, 2), ("Derecho Penal", 3, 1)
OK = "no differences\n"


class Service:
    """A server on the store, as `systemctl` starts and stops it."""

    def __init__(self, stack, folder, *flags):
        self._stack, self._folder, self._flags = stack, folder, flags
        self._owned = None
        self.server = None
        self("start")

    def __call__(self, verb):
        if verb == "stop":
            self._owned.close()
            return
        assert verb == "start"
        daemon = Daemon([binary("dti_server"), "--port=0", *POOL, *self._flags], self._folder)
        self._owned = self._stack.enter_context(contextlib.ExitStack())
        self._owned.enter_context(owned(daemon, 0))
        daemon.wait_ready()
        self.server = daemon

    def grant(self, program):
        with Client(self.server.endpoint) as client:
            return grant(client, request(SEMESTER, "Derecho", program))


@pytest.fixture
def stack():
    with contextlib.ExitStack() as stack:
        yield stack


def programs(store):
    return sorted(program for _, program in store.allocations())


def test_a_sqlite_store_is_backed_up_while_its_server_runs_and_restored(sqlite, tmp_path, stack):
    service = Service(stack, tmp_path, sqlite.flag)
    folder, backup, restore = blocks_of(PAGE, "## SQLite")
    names = {"/var/lib/dti": sqlite.path.parent, "/backup": tmp_path / "backup"}
    commands = Commands(tmp_path, names, {"dti-server": service})
    commands.run(folder)
    first = service.grant(BEFORE)
    assert commands.run(backup)[-1].endswith(OK)
    service.grant(AFTER)
    assert commands.run(restore)[-1].endswith(OK)
    assert programs(sqlite) == ["Derecho Civil"], "the grant after the backup is lost"
    assert service.grant(BEFORE) == first, "a repeat of a grant in the backup"
    assert service.grant(AFTER), "the server decides again"


def connection_names(cluster, database):
    """The addresses of the page, here. `PGPASSFILE` has the passwords."""
    port = cluster.port
    return {"postgresql://dti@db.example.org/dti_restored": f"postgresql://dti@127.0.0.1:{port}/{database}_restored",
            "postgresql://dti@db.example.org/dti": f"postgresql://dti@127.0.0.1:{port}/{database}",
            "postgresql://postgres@db.example.org": f"postgresql://postgres@127.0.0.1:{port}",
            "DATABASE dti_restored": f"DATABASE {database}_restored", "DATABASE dti ": f"DATABASE {database} ",
            "TO dti_damaged_2025_10_01": f"TO {database}_damaged", "RENAME TO dti'": f"RENAME TO {database}'"}


@pytest.fixture
def passwords(tmp_path):
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{PASSWORD}\n")
    file.chmod(0o600)
    return {"PGPASSFILE": str(file)}


def test_a_dump_is_made_while_the_server_runs_and_replaces_the_database(postgresql, tmp_path, stack, passwords):
    service = Service(stack, tmp_path, postgresql.flag)
    backups = tmp_path / "backup"
    names = {**connection_names(postgresql.cluster, postgresql.database), "/backup": backups}
    commands = Commands(tmp_path, names, {"dti-server": service})
    folder, dump, restore, replace = blocks_of(PAGE, "### A dump")
    commands.run(folder)
    first = service.grant(BEFORE)
    commands.run(dump, passwords)
    [made], [roles] = backups.glob("dti-*.dump"), backups.glob("roles-*.sql")
    commands.names["dti-2025-10-01.dump"] = made.name
    assert "CREATE ROLE dti;" in roles.read_text() and "PASSWORD" not in roles.read_text()
    service.grant(AFTER)
    assert commands.run(restore, passwords)[-1].endswith(OK)
    assert programs(postgresql) == ["Derecho Civil", "Derecho Penal"], "the restore was to another place"
    assert commands.run(replace, passwords)[-1].endswith(OK)
    assert programs(postgresql) == ["Derecho Civil"]
    assert service.grant(BEFORE) == first
    assert service.grant(AFTER)
    postgresql.cluster.drop_database(f"{postgresql.database}_damaged")


def test_a_database_that_a_server_uses_is_not_replaced(postgresql, tmp_path, stack, passwords):
    Service(stack, tmp_path, postgresql.flag)
    commands = Commands(tmp_path, connection_names(postgresql.cluster, postgresql.database), {})
    rename = blocks_of(PAGE, "### A dump")[3][1]
    with pytest.raises(AssertionError, match="is being accessed by other users"):
        commands.run([rename], passwords)


class Archive:
    """A cluster of its own, with its settings outside of its data as in Debian, and the places of the page."""

    def __init__(self, stack, tmp_path):
        self.cluster = stack.enter_context(scratch_cluster())
        self.cluster.move_settings_to(self.cluster.folder / "settings")
        self.store = PostgresqlStore(self.cluster)
        self.restored = self.cluster.folder / "restored"
        self.port = free_port()
        self.backups = self.cluster.folder / "backup"  # in a folder that the user postgres can reach
        names = {"/usr/lib/postgresql/15/bin": newest_bin_folder(), "/var/lib/postgresql/restored": self.restored,
                 "/etc/postgresql/15/main": self.cluster.folder / "settings",
                 "-p 5433": f"-p {self.port} -c unix_socket_directories={self.cluster.folder} -c listen_addresses=127.0.0.1",
                 "/backup/": f"{self.backups}/", " /backup ": f" {self.backups} ",  # not of backup_label
                 **connection_names(self.cluster, self.store.database)}
        names["postgresql://dti@db.example.org:5433/dti"] = f"postgresql://dti@127.0.0.1:{self.port}/{self.store.database}"
        self.names = dict(sorted(names.items(), key=lambda item: -len(item[0])))
        self.environment = {"PGHOST": str(self.cluster.folder), "PGPORT": str(self.cluster.port), "PGUSER": "postgres",
                            "PGPASSFILE": str(tmp_path / "pgpass")}

    def restart(self, verb):
        assert verb == "restart"
        self.cluster.stop("fast")
        self.cluster.start()

    def sql(self, statement):
        return self.cluster.sql("postgres", statement, user="postgres")[0][0]

    def wait_for_all_segments(self):
        last = self.sql("SELECT pg_walfile_name(pg_switch_wal())")
        until(lambda: (self.backups / "wal" / last).exists(), what="the archived log")

    def segments(self):
        return sorted(path.name for path in (self.backups / "wal").iterdir() if len(path.name) == 24)

    def archives(self, segment, name):
        """Whether `archive_command` says that it has archived `segment` as `name`."""
        command = self.sql("SHOW archive_command").replace("%p", str(segment)).replace("%f", name)
        return subprocess.run(["/bin/sh", "-c", command], timeout=HANG_SECONDS).returncode == 0

    def end_restored(self):
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.restored / "postmaster.pid").read_text().split()[0]), 3)
            until(lambda: not (self.restored / "postmaster.pid").exists(), what="the end of the restored cluster")


@pytest.mark.usefixtures("passwords")
def test_a_cluster_is_restored_to_a_moment_between_two_grants(tmp_path, stack):
    archive = Archive(stack, tmp_path)
    store = archive.store
    set_up, base, check, remove_old_log, restore = blocks_of(PAGE, "### Any moment")
    commands = Commands(tmp_path, archive.names, {"postgresql": archive.restart})
    commands.run(set_up, archive.environment)
    service = Service(stack, tmp_path, store.flag)
    archive.wait_for_all_segments()
    [old, *_] = archive.segments()
    commands.run(base, archive.environment)
    [made] = archive.backups.glob("base-*")
    commands.names["base-2025-10-01"] = made.name
    commands.run(check, archive.environment)
    service.grant(BEFORE)
    moment = archive.sql("SELECT clock_timestamp()")
    service.grant(AFTER)
    archive.wait_for_all_segments()
    commands.run(remove_old_log, archive.environment)
    assert archive.segments() and old not in archive.segments()
    pid_file = (archive.cluster.folder / "external.pid").read_text()
    stack.callback(archive.end_restored)
    commands.names["2025-10-01 09:30:00+00"] = moment
    output = commands.run(restore, archive.environment)[-1]
    assert output.endswith(OK)
    assert "2 entries, 1 grant;" in output, "the grant before the moment, and not the one after it"
    assert programs(store) == ["Derecho Civil", "Derecho Penal"], "the old cluster is as it was"
    assert (archive.cluster.folder / "external.pid").read_text() == pid_file


@pytest.mark.usefixtures("passwords")
def test_a_segment_may_be_archived_twice_but_another_one_does_not_replace_it(tmp_path, stack):
    archive = Archive(stack, tmp_path)
    commands = Commands(tmp_path, archive.names, {"postgresql": archive.restart})
    commands.run(blocks_of(PAGE, "### Any moment")[0], archive.environment)
    segment, other, archived = tmp_path / "segment", tmp_path / "other", archive.backups / "wal" / "segment"
    segment.write_text("log")
    other.write_text("another log")
    assert archive.archives(segment, "segment") and archive.archives(segment, "segment")
    assert not archive.archives(other, "segment")
    assert archived.read_text() == "log"


def test_a_server_that_runs_notices_that_its_store_was_set_back(postgresql, tmp_path, stack):
    service = Service(stack, tmp_path, postgresql.flag, "--http=127.0.0.1:0")
    first = service.grant(BEFORE)
    service.grant(AFTER)
    postgresql.cluster.sql(postgresql.database, (
        "SET session_replication_role = replica; DELETE FROM ledger WHERE seq = 3;"
        "UPDATE semester SET head = 2, sealed_head = 2, seal = (SELECT seal FROM ledger WHERE seq = 2),"
        " classrooms_left = classrooms_left + 3, labs_left = labs_left + 1"), user="postgres")
    assert service.grant(BEFORE) == first
    assert "store-lost-entries" in service.server.log
    assert programs(postgresql) == ["Derecho Civil"]
    assert service.grant(AFTER), "it decides again"
    assert metric(scrape(http_address(service.server)), "dti_events_total", event="store-lost-entries") == 1
    status, output, _ = run(tmp_path, "dtictl", "verify", postgresql.flag)
    assert (status, output.endswith(OK)) == (0, True)
