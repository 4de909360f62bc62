"""dtictl copy: from SQLite to PostgreSQL and back, while nothing else uses the stores."""

import contextlib
import os
import signal
import subprocess

import pytest

from tests_py.harness.commands import Commands, blocks_of
from tests_py.harness.postgresql import PASSWORD, Replica, newest_bin_folder, scratch_cluster, uri_of_hosts
from tests_py.harness.process import Daemon, Process, binary, clean_environment, owned, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import PostgresqlStore, SqliteStore
from tests_py.harness.wire import Client, grant, request

DONE, FAILED, BAD_USE = 0, 1, 2
PROGRAMS = ("Derecho Civil", 7, 2), ("Derecho Penal", 1000, 61)
HISTORY = "SELECT * FROM history ORDER BY semester, seq"


def ask(endpoint):
    with Client(endpoint) as client:
        return grant(client, request(SEMESTER, "Derecho", *PROGRAMS))


def fill(store, folder):
    with running(folder, *POOL, store.flag) as dti:
        return ask(dti.endpoint)


def to(store):
    return store.flag.replace("--store=", "--to=")


def copy(folder, source, target, *flags, seconds=60):
    return run(folder, "dtictl", "copy", source.flag, to(target), *flags, seconds=seconds)


@pytest.fixture(params=["from sqlite", "from postgresql"])
def stores(request, sqlite, postgresql):
    """(source, target)"""
    return (sqlite, postgresql) if request.param == "from sqlite" else (postgresql, sqlite)


def test_a_copied_store_has_the_same_history_and_gives_the_same_grants(stores, tmp_path):
    source, target = stores
    first = fill(source, tmp_path)
    status, output, errors = copy(tmp_path, source, target)
    assert (status, errors) == (DONE, "")
    lines = output.splitlines()
    assert lines[-5:-3] == [
        "catalogue: 50 programs of 10 faculties",
        f'semester "{SEMESTER}": 3 entries, 2 grants; left 0 classrooms, 0 labs, 0 mobile labs; ok']
    assert lines[-3].startswith("seals: store ")
    assert lines[-2:] == ["no differences", "the copy is the same as the source"]
    assert target.rows(HISTORY) == source.rows(HISTORY)
    with running(tmp_path, *POOL, target.flag) as dti:
        assert ask(dti.endpoint) == first
    target.check_conserved()


def test_a_store_that_a_server_uses_is_not_copied(stores, tmp_path):
    source, target = stores
    with running(tmp_path, *POOL, source.flag):
        status, output, errors = copy(tmp_path, source, target)
    assert (status, output) == (FAILED, "")
    assert ("another server has it" if source.kind == "sqlite" else "a server leads the PostgreSQL database (") in errors
    assert copy(tmp_path, source, target)[0] == DONE, "nothing of the first try is in the way"


def test_a_store_that_a_server_has_used_is_no_target(stores, tmp_path):
    source, target = stores
    fill(source, tmp_path)
    with running(tmp_path, target.flag):
        status, _, errors = copy(tmp_path, source, target)
        assert status == FAILED
        assert ("another server has it" if target.kind == "sqlite" else "is not empty: it has 50 programs") in errors
    status, _, errors = copy(tmp_path, source, target)
    assert status == FAILED
    assert "is not empty: it has 50 programs, 0 semesters and 0 entries" in errors


def test_a_store_with_a_difference_is_not_copied(sqlite, postgresql, tmp_path):
    fill(postgresql, tmp_path)
    postgresql.cluster.sql(postgresql.database, "UPDATE semester SET labs_left = 1", user="postgres")
    status, output, errors = copy(tmp_path, postgresql, sqlite)
    assert status == FAILED
    assert f'semester "{SEMESTER}": DIFFERS' in output
    assert errors == "dtictl copy: the source has a difference, so nothing was copied\n"
    assert not sqlite.path.exists()


def test_a_copy_that_is_killed_leaves_the_target_empty_and_no_server_leads_it_meanwhile(sqlite, postgresql, tmp_path):
    fill(sqlite, tmp_path)
    cluster, database = postgresql.cluster, postgresql.database
    client = ["psql", "-XAtq", "-h", str(cluster.folder), "-p", str(cluster.port), "-U", "dti", database]
    with subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=clean_environment(tmp_path)) as holder:
        holder.stdin.write("BEGIN; LOCK TABLE ledger IN SHARE MODE; SELECT 'locked';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "locked\n"
        copying = Process([binary("dtictl"), "copy", sqlite.flag, to(postgresql), "--store-timeout=300"], tmp_path)
        with owned(copying):
            waits = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}' AND query LIKE '%INSERT INTO ledger%' AND wait_event_type = 'Lock'"
            until(lambda: cluster.sql("postgres", waits, user="postgres"), what="the copy's wait for the lock")
            status, _, errors = run(tmp_path, "dti_server", "--port=0", sqlite.flag)
            assert status == FAILED and "another server has it" in errors
            with owned(Process([binary("dti_server"), "--port=0", *POOL, postgresql.flag], tmp_path)) as server:
                until(lambda: "another session holds locks" in server.log, what="the server's wait for the lead")
                assert server.stop() == 0
                assert server.stdout() == ""
            copying.crash()
        holder.stdin.close()
    assert postgresql.count("SELECT count(*) FROM program") == 0
    assert copy(tmp_path, sqlite, postgresql)[0] == DONE


@pytest.fixture
def own_cluster():
    """For tests that change its settings."""
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    with scratch_cluster() as cluster:
        yield cluster


def set_standby(cluster, name):
    """Commits wait for the standby of that name; "": for none."""
    cluster.sql("postgres", f"ALTER SYSTEM SET synchronous_standby_names = '{name}'", user="postgres")
    cluster.sql("postgres", "SELECT pg_reload_conf()", user="postgres")
    until(lambda: cluster.sql("postgres", "SHOW synchronous_standby_names", user="postgres") == [[name]], what="the setting")


@contextlib.contextmanager
def waiting_for_its_commit(source, target, folder, status, stderr=None):
    """A copy that waits in its COMMIT for a standby that does not exist. On leaving it has that exit status."""
    set_standby(target.cluster, "missing")
    copying = Process([binary("dtictl"), "copy", source.flag, to(target)], folder, stderr=stderr)
    with owned(copying):
        waits = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{target.database}' AND wait_event = 'SyncRep'"
        until(lambda: target.cluster.sql("postgres", waits, user="postgres"), what="the copy's wait in its commit")
        yield copying
        assert copying.exit_status() == status, copying.describe()


def test_a_server_that_takes_the_lead_before_the_comparison_does_not_make_the_copy_differ(sqlite, own_cluster, tmp_path):
    first = fill(sqlite, tmp_path)
    target = PostgresqlStore(own_cluster)
    with waiting_for_its_commit(sqlite, target, tmp_path, FAILED) as copying:
        with owned(Daemon([binary("dti_server"), "--port=0", *POOL, target.flag], tmp_path)) as server:
            until(lambda: "another session holds locks" in server.log, what="the server's wait for the lead")
            copying.signal(signal.SIGSTOP)  # it does not see the end of its commit
            set_standby(own_cluster, "")
            server.wait_ready()
            copying.signal(signal.SIGCONT)
            copying.exit_status()
            assert copying.log == ("dtictl copy: the copy is stored, but a server has taken its lead before it could be "
                                   "compared: run dtictl verify on it\n")
            assert ask(server.endpoint) == first
            assert run(tmp_path, "dtictl", "verify", target.flag)[0] == DONE


def test_a_commit_without_an_answer_is_said_to_be_in_doubt(sqlite, own_cluster, tmp_path):
    fill(sqlite, tmp_path)
    target = PostgresqlStore(own_cluster)
    with waiting_for_its_commit(sqlite, target, tmp_path, FAILED) as copying:
        own_cluster.stop()
        copying.exit_status()
        assert copying.log.endswith("; the copy may be stored: run dtictl verify on the target\n")
    own_cluster.start()
    assert run(tmp_path, "dtictl", "verify", target.flag)[0] == DONE, "it was stored"


def test_a_copy_that_cannot_be_compared_is_said_to_be_stored(sqlite, own_cluster, tmp_path):
    fill(sqlite, tmp_path)
    target = PostgresqlStore(own_cluster)
    with waiting_for_its_commit(sqlite, target, tmp_path, FAILED) as copying:
        own_cluster.sql("postgres", "SET synchronous_commit = local; ALTER ROLE dti_app NOLOGIN", user="postgres")
        set_standby(own_cluster, "")
        copying.exit_status()
        assert copying.log.startswith("dtictl copy: the copy is stored, but it could not be compared: ")
        assert copying.log.endswith("; run dtictl verify on it\n")
    own_cluster.sql("postgres", "ALTER ROLE dti_app LOGIN", user="postgres")
    assert target.rows(HISTORY) == sqlite.rows(HISTORY)


def test_a_terminal_shows_that_the_copy_waits_for_the_commit(sqlite, own_cluster, tmp_path):
    fill(sqlite, tmp_path)
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal, os.fdopen(theirs, "wb") as stderr:
        with waiting_for_its_commit(sqlite, PostgresqlStore(own_cluster), tmp_path, DONE, stderr):
            shown = b""
            while b"waiting for the commit ..." not in shown:
                shown += terminal.read(4096)
            set_standby(own_cluster, "")


def test_of_several_hosts_a_copy_reads_the_one_that_may_be_written_to(own_cluster, tmp_path):
    source, target, file = PostgresqlStore(own_cluster), PostgresqlStore(own_cluster), SqliteStore(tmp_path)
    replica = Replica(own_cluster, "other")
    try:
        with running(tmp_path, *POOL, source.flag) as dti:
            until(lambda: replica.sql(source.database, "SELECT to_regclass('history')") == [["history"]],
                  what="the schema on the replica")
            replica.sql("postgres", "SELECT pg_wal_replay_pause()", user="postgres")
            until(lambda: replica.sql("postgres", "SELECT pg_get_wal_replay_pause_state()", user="postgres") == [["paused"]],
                  what="the pause of the replica")
            ask(dti.endpoint)

        def hosts(store):
            return uri_of_hosts(store.database, replica, own_cluster)

        status, _, errors = run(tmp_path, "dtictl", "copy", f"--store={hosts(source)}", f"--to=sqlite:{file.path}")
        assert (status, errors) == (DONE, "")
        assert file.rows(HISTORY) == source.rows(HISTORY) != []
        status, _, errors = run(tmp_path, "dtictl", "copy", file.flag, f"--to={hosts(target)}")
        assert (status, errors) == (DONE, "")
        assert target.rows(HISTORY) == file.rows(HISTORY)
    finally:
        replica.remove()


def test_the_reason_why_a_password_file_is_not_used_is_shown(sqlite, postgresql, tmp_path):
    fill(sqlite, tmp_path)
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:*:unused\n")
    passwords.chmod(0o644)
    status, _, errors = run(tmp_path, "dtictl", "copy", sqlite.flag, to(postgresql), env={"PGPASSFILE": str(passwords)})
    assert status == DONE
    assert errors == (f"WARNING: PostgreSQL: the password file {passwords} is not used: it must be a plain file that only "
                      "its owner can read (chmod 600)\n")


def test_the_commands_of_the_page_move_a_service_to_postgresql(sqlite, cluster, tmp_path):
    first = fill(sqlite, tmp_path)
    [commands] = blocks_of("docs/deployment.md", "## From SQLite to PostgreSQL")
    files = {role: tmp_path / f"pgpass-{role}" for role in ("dti", "postgres")}
    for role, file in files.items():
        file.write_text(f"127.0.0.1:{cluster.port}:*:{role}:{PASSWORD}\n")
        file.chmod(0o600)
    names = {"DATABASE dti ": "DATABASE moved ", "/var/lib/dti": sqlite.path.parent, "/etc/dti/credentials/pgpass": files["dti"],
             "postgresql://postgres@db.example.org": f"postgresql://postgres@127.0.0.1:{cluster.port}",
             "postgresql://dti@db.example.org/dti": cluster.tcp_uri("moved")}
    stopped = []
    outputs = Commands(tmp_path, names, {"dti-server": stopped.append}).run(
        commands, {"PGPASSFILE": str(files["postgres"])})
    assert stopped == ["stop"]
    assert outputs[-1].endswith("the copy is the same as the source\n")
    with running(tmp_path, *POOL, f"--store={cluster.uri('moved')}") as dti:
        assert ask(dti.endpoint) == first
    cluster.drop_database("moved")


def test_a_file_is_not_copied_to_itself_under_another_name(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    (tmp_path / "link.db").symlink_to(sqlite.path)
    for name in ("./dti.db", tmp_path / "link.db"):
        status, output, errors = run(tmp_path, "dtictl", "copy", sqlite.flag, f"--to=sqlite:{name}")
        assert (status, output, errors.count("\n")) == (BAD_USE, "", 1)
        assert "is the source itself" in errors


def test_incorrect_usage_is_one_line_that_shows_no_password(tmp_path, sqlite):
    for flags, words in [((), "--to"), (("--to=postgresql://u:s3cret@h/d",), "a password does not belong on a command line"),
                         ((to(sqlite),), "is the source itself"), (("--to=memory:",), "exists only inside its server")]:
        status, output, errors = run(tmp_path, "dtictl", "copy", sqlite.flag, *flags)
        assert (status, output, errors.count("\n")) == (BAD_USE, "", 1)
        assert words in errors and "s3cret" not in errors
