"""A role that lacks a right in PostgreSQL: the log has the statement that gives it, and the statement is enough."""

import contextlib
import re
import subprocess

import pytest

from tests_py.harness.postgresql import APP, ROLE as OWNER
from tests_py.harness.process import HANG_SECONDS, Daemon, binary, clean_environment, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request

ROLE = "limited"
STATEMENTS_MAX = 20
CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))


@contextlib.contextmanager
def limited_role(cluster, database):
    """The database's address for a role without rights, and what runs a statement as the superuser."""
    def administer(statement):
        return cluster.sql(database, statement, user="postgres")

    administer(f"CREATE ROLE {ROLE} LOGIN")
    administer(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO {APP}")
    administer(f"REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT ALL ON SCHEMA public TO {OWNER}")
    try:
        yield f"--store={cluster.uri(database, ROLE)}", administer
    finally:
        administer(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


@pytest.fixture
def limited(postgresql):
    with limited_role(postgresql.cluster, postgresql.database) as role:
        yield role


@pytest.fixture
def limited_without_schema(cluster):
    database = cluster.create_database()
    with limited_role(cluster, database) as role:
        yield role
    cluster.drop_database(database)


def follow_the_advice(tmp_path, store, administer, program="dti_server", *flags):
    """Runs the program again and again, each time after the statement that it named. Returns the statements."""
    followed = []
    while len(followed) < STATEMENTS_MAX:
        process = Daemon([binary(program), *flags, store], tmp_path)
        with contextlib.ExitStack() as stack:
            stack.callback(process.remove)
            if program == "dti_server":
                with contextlib.suppress(AssertionError):
                    endpoint = process.wait_ready().endpoint
                    with Client(endpoint) as client:
                        assert grant(client, CIVIL) == [(OK, 7, 2, 0)], process.describe()
                    assert process.stop() == 0
                    return followed
            elif process.exit_status() == 0:
                return followed
            assert process.exit_status() == 1, process.describe()
            named = re.search(r"run in database \w+: (.*?;)|run: (.*?;)", process.log)
            assert named, process.describe()
            statement = named[1] or named[2]
            assert statement not in followed, f"«{statement}» does not help{process.describe()}"
            administer(statement)
            followed.append(statement)
    raise AssertionError(f"still refused after {followed}")


def test_the_statements_that_the_server_names_one_after_the_other_let_it_make_a_ledger(limited_without_schema, tmp_path):
    store, administer = limited_without_schema
    followed = follow_the_advice(tmp_path, store, administer, "dti_server", *POOL, "--port=0")
    assert followed[0].startswith("GRANT CONNECT ON DATABASE ")
    assert f"GRANT USAGE, CREATE ON SCHEMA public TO {ROLE};" in followed


@pytest.mark.parametrize("program", ["dti_server", "dtictl"])
def test_the_statements_that_a_program_names_let_it_use_the_ledger_of_another_role(postgresql, limited, tmp_path, program):
    with running(tmp_path, *POOL, postgresql.flag):
        pass
    store, administer = limited
    flags = (*POOL, "--port=0") if program == "dti_server" else ("verify",)
    followed = follow_the_advice(tmp_path, store, administer, program, *flags)
    assert f"GRANT USAGE ON SCHEMA public TO {ROLE};" in followed
    rights = "SELECT, INSERT" if program == "dti_server" else "SELECT"
    assert f"GRANT {rights} ON TABLE ledger TO {ROLE};" in followed
    assert program == "dti_server" or not any("INSERT" in statement for statement in followed), "a reader only reads"


def test_the_right_to_end_the_session_of_a_leader_that_hangs_is_named(postgresql, limited, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag):
        pass
    store, administer = limited
    administer(f"GRANT CONNECT ON DATABASE {postgresql.database} TO {ROLE}; GRANT USAGE ON SCHEMA public TO {ROLE};"
               f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {ROLE}; GRANT pg_read_all_stats TO {ROLE}")
    cluster = postgresql.cluster
    hanging = subprocess.Popen(
        ["psql", "-XAtq", "-h", str(cluster.folder), "-p", str(cluster.port), "-U", "dti", "-d", postgresql.database],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=clean_environment(tmp_path))
    try:
        hanging.stdin.write("UPDATE leadership SET backend_pid = pg_backend_pid(), backend_start = (SELECT backend_start"
                            " FROM pg_stat_activity WHERE pid = pg_backend_pid());\n"
                            "BEGIN; SELECT 'locked' FROM leadership FOR UPDATE;\n")
        hanging.stdin.flush()
        assert hanging.stdout.readline() == "locked\n"
        followed = follow_the_advice(tmp_path, store, administer, "dti_server", *POOL, "--port=0")
        assert followed == [f"GRANT pg_signal_backend TO {ROLE};"]
    finally:
        hanging.kill()
        hanging.communicate(timeout=HANG_SECONDS)
