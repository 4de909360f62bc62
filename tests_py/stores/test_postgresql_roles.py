"""The roles of sql/postgresql/roles.sql: what each may do, and who changes the schema."""

import contextlib
import re
import subprocess

import pytest

from tests_py.harness.commands import Commands, blocks_of
from tests_py.harness.postgresql import APP, AUDITOR, PASSWORD, ROLE, ROLES
from tests_py.harness.process import HANG_SECONDS, binary, clean_environment, run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import take_back
from tests_py.harness.wire import OK, Client, grant, request

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
DENIED = "permission denied for table"
KEPT = {"ledger": "at = now()", "registry": "name = 'x'", "faculty": "name = 'x'", "program": "name = 'x'"}
CHANGES = [statement.format(table=table, change=change) for table, change in KEPT.items()
           for statement in ("UPDATE {table} SET {change}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE")]
NOT_OF_THE_APP = ["UPDATE semester SET id = 9", "UPDATE semester SET name = 'x'", "DELETE FROM semester",
                  "UPDATE schema_version SET version = 9", "DELETE FROM leadership", "INSERT INTO schema_version VALUES (9, now())",
                  "UPDATE ledger_note SET note = ''", "DELETE FROM ledger_note"]
OF_THE_OWNER = ["DROP TABLE ledger", "ALTER TABLE ledger DISABLE TRIGGER USER", "CREATE TABLE mine (a integer)"]
OLDER = take_back("postgresql", 2)
RIGHTS = """
SELECT 'database', datacl::text FROM pg_database WHERE datname = current_database()
UNION ALL SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname = 'public'
UNION ALL SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT attrelid::regclass || '.' || attname, attacl::text FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384
UNION ALL SELECT rolname, r::text || coalesce((SELECT string_agg(setconfig::text, ' ') FROM pg_db_role_setting WHERE setrole = r.oid), '')
  FROM pg_authid r ORDER BY 1, 2"""


@pytest.fixture
def filled(postgresql, tmp_path):
    """A store in which a server has granted rooms."""
    with running(tmp_path, *POOL, postgresql.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    return postgresql


def refused(store, role, *statements):
    """Why each of them is refused; the ledger has the same rows afterwards."""
    cluster = store.cluster
    before = store.rows("SELECT * FROM history ORDER BY seq")
    result = subprocess.run(
        ["psql", "-Xq", "-h", cluster.folder, "-p", str(cluster.port), "-U", role, "-d", store.database, "-f", "-"],
        input=";\n".join(statements), capture_output=True, text=True, timeout=HANG_SECONDS, env=clean_environment(cluster.folder))
    assert store.rows("SELECT * FROM history ORDER BY seq") == before
    errors = [line for line in result.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
    assert len(errors) == len(statements), result.stderr
    return errors


@contextlib.contextmanager
def database_without_schema(cluster):
    database = cluster.create_database()
    cluster.grant_rights(database)
    try:
        yield database
    finally:
        cluster.drop_database(database)


def test_the_server_s_role_may_not_change_a_row_of_the_ledger_and_with_the_right_a_trigger_refuses_it(filled):
    assert all(DENIED in error for error in refused(filled, APP, *CHANGES))
    filled.rows(f"GRANT ALL ON ledger, registry, faculty, program TO {APP}")
    for role in (APP, ROLE):
        assert all("is only added to" in error for error in refused(filled, role, *CHANGES))


def test_the_server_s_role_may_do_nothing_that_the_server_does_not(filled):
    errors = refused(filled, APP, *NOT_OF_THE_APP, *OF_THE_OWNER)
    assert all(re.search("permission denied|must be owner", error) for error in errors), errors


def test_the_auditor_may_read_everything_and_write_nothing(filled, tmp_path):
    cluster, database = filled.cluster, filled.database
    changes = [*CHANGES, *NOT_OF_THE_APP, "INSERT INTO ledger SELECT * FROM ledger"]
    errors = refused(filled, AUDITOR, *changes)
    assert all("read-only transaction" in error or DENIED in error for error in errors), errors
    cluster.sql(database, f"ALTER ROLE {AUDITOR} SET default_transaction_read_only = off", user="postgres")
    errors = refused(filled, AUDITOR, *changes)
    cluster.grant_rights(database)
    assert all(DENIED in error for error in errors), errors
    assert cluster.sql(database, "SHOW default_transaction_read_only; SELECT program FROM allocation", AUDITOR) == [
        ["on"], ["Derecho Civil"]]
    status, stdout, stderr = run(tmp_path, "dtictl", "verify", f"--store={cluster.uri(database, AUDITOR)}")
    assert (status, stderr) == (0, "") and "no differences" in stdout


def test_a_role_without_any_right_does_not_reach_the_database(filled):
    cluster = filled.cluster
    cluster.grant_rights(filled.database)
    cluster.sql("postgres", "CREATE ROLE stranger LOGIN", user="postgres")
    try:
        assert "permission denied for database" in refused(filled, "stranger", "SELECT 1")[0]
    finally:
        cluster.sql("postgres", "DROP ROLE stranger", user="postgres")


def test_the_file_changes_nothing_when_it_runs_again(filled):
    cluster, database = filled.cluster, filled.database
    cluster.grant_rights(database)
    first = cluster.sql(database, RIGHTS, user="postgres")
    for user in ("postgres", ROLE):
        cluster.grant_rights(database, user)
        assert cluster.sql(database, RIGHTS, user="postgres") == first


def test_the_file_takes_back_what_was_granted_besides(filled):
    cluster, database = filled.cluster, filled.database
    cluster.grant_rights(database)
    first = cluster.sql(database, RIGHTS, user="postgres")
    cluster.sql(database, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {APP}, {AUDITOR}, PUBLIC;"
                          f"GRANT CREATE ON SCHEMA public TO {APP}; GRANT ALL ON DATABASE {database} TO PUBLIC", user="postgres")
    cluster.grant_rights(database)
    assert cluster.sql(database, RIGHTS, user="postgres") == first


def run_file(cluster, database, *settings):
    result = subprocess.run(
        ["psql", "-Xq", "-h", cluster.folder, "-p", str(cluster.port), "-U", "postgres", *settings, "-f", ROLES, database],
        capture_output=True, text=True, timeout=HANG_SECONDS, env=clean_environment(cluster.folder))
    return result.returncode, result.stderr


def test_without_names_the_roles_have_those_of_the_manual(cluster):
    database = cluster.create_database()
    roles = ["dti_app", "dti_auditor", "dti_owner"]
    assert run_file(cluster, database) == (0, "")
    assert cluster.sql(database, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'dti_%' ORDER BY 1") == [[r] for r in roles]
    cluster.drop_database(database)
    cluster.sql("postgres", "DROP ROLE dti_owner", user="postgres")


@pytest.mark.parametrize("statement, settings, says", [
    ("ALTER ROLE dti_app CREATEDB", ["--set=owner=dti"], "the role dti_app may do too much"),
    ("GRANT dti TO dti_auditor", ["--set=owner=dti"], "the role dti_auditor may do too much"),
    ("SELECT 1", ["--set=owner=dti", "--set=app=dti"], "must be three roles"),
    ("SELECT 1", [], "the tables belong to the role dti: run this file with --set=owner=dti"),
])
def test_roles_that_would_make_the_rights_worthless_are_refused(filled, statement, settings, says):
    before = filled.cluster.sql(filled.database, RIGHTS, user="postgres")
    try:
        filled.rows(statement)
        status, stderr = run_file(filled.cluster, filled.database, *settings)
        assert status == 3 and says in stderr
    finally:
        filled.rows("ALTER ROLE dti_app NOCREATEDB; REVOKE dti FROM dti_auditor")
    assert filled.cluster.sql(filled.database, RIGHTS, user="postgres") == before


def test_the_commands_of_the_page_set_the_roles_up_and_migrate(cluster, tmp_path):
    set_up, migrate = blocks_of("docs/operations.md", "## Roles in PostgreSQL")
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:*:{PASSWORD}\n")
    passwords.chmod(0o600)
    place, database, env = f"@127.0.0.1:{cluster.port}", "of_the_page", {"PGPASSFILE": str(passwords)}
    names = {"/usr/share/dti/postgresql/roles.sql": ROLES, "DATABASE dti'": f"DATABASE {database}'",
             "@db.example.org/dti'": f"{place}/{database}'", "@db.example.org/postgres": f"{place}/postgres"}
    stopped = []
    commands = Commands(tmp_path, names, {"dti-server": stopped.append})
    assert commands.run(set_up, env, typed=f"{PASSWORD}\n{PASSWORD}\n")[-1].endswith("no differences\n")
    store = f"--store=postgresql://{APP}{place}/{database}"
    with running(tmp_path, *POOL, store, env=env) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    cluster.sql(database, f"SET ROLE dti_owner; {OLDER}", user="postgres")
    commands.run(migrate, env)
    assert stopped == ["stop", "start"]
    with running(tmp_path, store, env=env) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    cluster.drop_database(database)
    cluster.sql("postgres", "DROP ROLE dti_owner", user="postgres")


def command_of(stderr):
    """The command that the error names, with the program that was built."""
    command = re.search(r"run: (dtictl migrate --store='[^']+')", stderr)[1]
    return command.replace("dtictl", binary("dtictl"), 1)


def migrated_by(command, folder):
    result = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, env=clean_environment(folder),
                            timeout=HANG_SECONDS)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_server_without_a_schema_names_the_owner_s_command_and_starts_after_it(cluster, tmp_path):
    with database_without_schema(cluster) as database:
        flags = [*POOL, f"--store={cluster.app_uri(database)}"]
        status, stdout, stderr = run(tmp_path, "dti_server", "--port=0", *flags)
        assert (status, stdout) == (1, "") and "has no ledger yet, and the role dti_app may not create its schema" in stderr
        assert migrated_by(command_of(stderr), tmp_path).endswith(": made the schema: version 8\n")
        cluster.grant_rights(database, ROLE)
        with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]


def test_a_server_on_an_older_schema_names_the_owner_s_command_and_starts_after_it(filled, tmp_path):
    filled.rows(f"SET ROLE {ROLE}; {OLDER}")
    for name, flags in (("dti_server", ["--port=0"]), ("dtictl", ["migrate"])):
        status, stdout, stderr = run(tmp_path, name, *flags, filled.flag)
        assert (status, stdout) == (1, "")
        assert "version 2, this program needs version 8, and the role dti_app may not change the schema" in stderr
    epoch = filled.count("SELECT epoch FROM leadership")
    assert migrated_by(command_of(stderr), tmp_path).endswith(": migrated the schema: version 2 -> version 8\n")
    assert filled.count("SELECT epoch FROM leadership") == epoch + 1, "a server that froze before cannot write"
    with running(tmp_path, filled.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    filled.check_conserved()


def test_a_server_that_owns_the_schema_makes_and_migrates_it_itself(cluster, tmp_path):
    database = cluster.create_database()
    flags = [*POOL, f"--store={cluster.uri(database)}"]
    for _ in range(2):
        with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        cluster.sql(database, OLDER)
    cluster.drop_database(database)


def test_an_up_to_date_schema_is_left_alone_while_a_server_leads(postgresql, tmp_path):
    store = f"--store={postgresql.cluster.uri(postgresql.database)}"
    with running(tmp_path, *POOL, postgresql.flag) as dti:
        assert run(tmp_path, "dtictl", "migrate", store)[1].endswith("has version 8 already: nothing was changed\n")
        assert "taking-over-anew" not in dti.log


def test_a_password_is_in_no_argument_no_log_no_report_and_no_error(postgresql, tmp_path):
    uri = postgresql.cluster.uri_with_password(postgresql.database)
    env = {"DTI_STORE": uri, "DTI_LOG_LEVEL": "debug"}
    wrong = {**env, "DTI_STORE": uri.replace(f"/{postgresql.database}", "/no_such_database")}
    shown = []
    with running(tmp_path, *POOL, env=env) as dti:
        with open(f"/proc/{dti.pid}/cmdline", encoding="utf-8") as arguments:
            shown.append(arguments.read())
        shown.append("".join(map(str, run(tmp_path, "dtictl", "verify", "--json", env=env))))
        shown.append("".join(map(str, run(tmp_path, "dtictl", "migrate", env=env))))
        shown.append("".join(map(str, run(tmp_path, "dtictl", "copy", "--to=sqlite:x/dti.db", env=env))))
    shown.append(dti.log)
    for name, flags in (("dti_server", ["--print-config"]), ("dti_server", ["--port=0"]), ("dtictl", ["verify"]),
                        ("dtictl", ["migrate"]), ("dtictl", ["copy", "--to=sqlite:y/dti.db"])):
        status, stdout, stderr = run(tmp_path, name, *flags, env=wrong)
        assert status == (0 if flags == ["--print-config"] else 1), stderr
        shown.append(stdout + stderr)
    assert len(shown) == 10 and all(shown)
    assert [text for text in shown if PASSWORD in text] == []
