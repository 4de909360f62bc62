"""dtictl copy: from SQLite to PostgreSQL and back, while nothing else uses the stores."""

import subprocess

import pytest

from tests_py.harness.commands import Commands, blocks_of
from tests_py.harness.postgresql import PASSWORD
from tests_py.harness.process import ROOT, Process, binary, clean_environment, owned, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
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
    assert output.splitlines()[-4:] == [
        "catalogue: 50 programs of 10 faculties",
        f'semester "{SEMESTER}": 3 entries, 2 grants; left 0 classrooms, 0 labs, 0 mobile labs; ok',
        "no differences", "the copy is the same as the source"]
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


def make_schema(postgresql):
    """The tables without a row, as after a start that was interrupted before it stored a catalogue."""
    for script in sorted((ROOT / "sql/postgresql").glob("*.up.sql")):
        number = int(script.name.split("_")[0])
        postgresql.cluster.sql(postgresql.database, script.read_text(encoding="utf-8") +
                               f"INSERT INTO schema_version VALUES ({number}, now());")


def test_a_copy_that_is_killed_leaves_the_target_empty_and_no_server_leads_it_meanwhile(sqlite, postgresql, tmp_path):
    fill(sqlite, tmp_path)
    make_schema(postgresql)
    cluster, database = postgresql.cluster, postgresql.database
    client = ["psql", "-XAtq", "-h", str(cluster.folder), "-p", str(cluster.port), "-U", "dti", database]
    with subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=clean_environment(tmp_path)) as holder:
        holder.stdin.write("BEGIN; LOCK TABLE ledger IN SHARE MODE; SELECT 'locked';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "locked\n"
        copying = Process([binary("dtictl"), "copy", sqlite.flag, to(postgresql), "--store-timeout=300"], tmp_path)
        with owned(copying):
            waits = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}' AND query LIKE 'INSERT INTO ledger%' AND wait_event_type = 'Lock'"
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


def test_incorrect_usage_is_one_line_that_shows_no_password(tmp_path, sqlite):
    for flags, words in [((), "--to"), (("--to=postgresql://u:s3cret@h/d",), "a password does not belong on a command line"),
                         ((to(sqlite),), "is the source itself"), (("--to=memory:",), "cannot be copied")]:
        status, output, errors = run(tmp_path, "dtictl", "copy", sqlite.flag, *flags)
        assert (status, output, errors.count("\n")) == (BAD_USE, "", 1)
        assert words in errors and "s3cret" not in errors
