"""What durability rests on beside the database itself: poolers, settings, warnings, and a database that starts later."""

import json
import re
import socket
from pathlib import Path

import pytest

from tests_py.harness.pgbouncer import BINARY, pgbouncer
from tests_py.harness.postgresql import PASSWORD, newest_bin_folder, scratch_cluster
from tests_py.harness.process import Daemon, binary, owned, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, check_failed, grant, only_body, request

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
TEATRO = request(SEMESTER, "Artes", ("Teatro", 2, 1))


@pytest.fixture(scope="module")
def own_cluster():
    """One whose settings a test may change."""
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    with scratch_cluster() as cluster:
        yield cluster


@pytest.fixture
def own_database(own_cluster):
    name = own_cluster.create_store()
    yield name
    own_cluster.sql("postgres", "ALTER SYSTEM RESET ALL", user="postgres")
    own_cluster.sql("postgres", "SELECT pg_reload_conf()", user="postgres")
    own_cluster.drop_database(name)


def configure(cluster, database, setting, value):
    """Changes a setting under the running server. The postmaster wakes the sessions that there are before it makes a new
    one, which has the setting."""
    cluster.sql("postgres", f"ALTER SYSTEM SET {setting} = '{value}'", user="postgres")
    cluster.sql("postgres", "SELECT pg_reload_conf()", user="postgres")
    until(lambda: cluster.sql(database, f"SHOW {setting}") == [[value]], what=f"{setting} = {value}")


def count_entries(cluster, database):
    return int(cluster.sql(database, "SELECT count(*) FROM ledger")[0][0])


@pytest.mark.parametrize("mode", ["transaction", "session", "statement"])
def test_a_start_through_a_pooler_is_refused_in_any_of_its_modes(postgresql, tmp_path, mode):
    if not Path(BINARY).exists():
        pytest.skip(f"PgBouncer is not installed: no {BINARY}")
    with pgbouncer(postgresql.cluster, mode) as pooler:
        status, stdout, stderr = run(tmp_path, "dti_server", *POOL, f"--store={pooler.uri(postgresql.database)}")
        assert (status, stdout) == (1, "")
        assert re.search(r"pooler .*Connect to PostgreSQL directly", stderr), stderr
        with running(tmp_path, *POOL, postgresql.flag) as dti, Client(dti.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        if mode != "statement":  # which has no transactions
            status, _, stderr = run(tmp_path, "dtictl", "verify", f"--store={pooler.uri(postgresql.database)}")
            assert status == 0, f"reading loses nothing: {stderr}"


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
@pytest.mark.parametrize("asks", [True, False])
def test_a_setting_that_is_weakened_under_the_server_ends_it_and_nothing_is_answered(own_cluster, own_database, tmp_path,
                                                                                  setting, asks):
    flags = [*POOL, f"--store={own_cluster.app_uri(own_database)}", "--lease-seconds=" + ("60" if asks else "1")]
    with running(tmp_path, *flags, exit_status=1) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        before = count_entries(own_cluster, own_database)
        configure(own_cluster, own_database, setting, "off")
        if asks:
            check_failed(client.ask(TEATRO), TEATRO, "UNAVAILABLE")
        assert dti.exit_status() == 1
        assert f"{setting} = off" in dti.log
        assert count_entries(own_cluster, own_database) == before
    status, _, stderr = run(tmp_path, "dti_server", *flags)
    assert status == 1 and f"{setting} = off" in stderr


def test_a_cancelled_wait_for_a_synchronous_standby_is_in_doubt(own_cluster, own_database, tmp_path):
    flags = [*POOL, f"--store={own_cluster.app_uri(own_database)}", "--store-timeout=600"]
    with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        configure(own_cluster, own_database, "synchronous_standby_names", "nobody")
        client.send(TEATRO)

        def waiting():
            return own_cluster.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND"
                                   f" datname = '{own_database}'", user="postgres")

        def doubted():
            """The batch, or a renewal of the lease that comes before it."""
            if "taking-over-anew" in dti.log:
                return True
            for (pid,) in waiting():
                own_cluster.sql("postgres", f"SELECT pg_cancel_backend({pid})", user="postgres")
            return False

        until(doubted, what="the doubt")
        assert "canceling wait for synchronous replication" in dti.log
        assert client.receive_if_any(0.1) is None, "answered before it was known"
        configure(own_cluster, own_database, "synchronous_standby_names", "")
        assert only_body(client.receive())["error-found"] is False
    assert count_entries(own_cluster, own_database) == 3


def test_a_take_over_whose_wait_for_a_synchronous_standby_is_cancelled_does_not_lead(own_cluster, own_database, tmp_path):
    """Its commit, and the entries before it, may be missing where the standby is promoted."""
    flags = [*POOL, f"--store={own_cluster.app_uri(own_database)}", "--store-timeout=600"]
    configure(own_cluster, own_database, "synchronous_standby_names", "nobody")
    with running(tmp_path, *flags, ready=False) as dti:

        def doubted():
            if "while the lead was taken" in dti.log:
                return True
            for (pid,) in own_cluster.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                                          f" AND datname = '{own_database}'", user="postgres"):
                own_cluster.sql("postgres", f"SELECT pg_cancel_backend({pid})", user="postgres")
            return False

        until(doubted, what="the doubt")
        assert "leading" not in dti.log and "canceling wait for synchronous replication" in dti.log
        configure(own_cluster, own_database, "synchronous_standby_names", "")
        until(lambda: "leading" in dti.log, what="the lead")


def test_a_warning_with_every_commit_changes_nothing_and_is_logged_once(postgresql, tmp_path):
    """As PostgreSQL warns when its transaction ids run out, and as any trigger may."""
    names = [f"p{i}" for i in range(40)]
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("faculty,program\n" + "".join(f"Big,{name}\n" for name in names))
    with running(tmp_path, *POOL, f"--catalog={catalog}", postgresql.flag) as dti, Client(dti.endpoint) as client:
        postgresql.rows("CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING"
                        " 'must be vacuumed within % transactions', txid_current(); RETURN NULL; END $$")
        postgresql.rows("CREATE TRIGGER warn AFTER INSERT ON ledger FOR EACH STATEMENT EXECUTE FUNCTION warn()")
        for name in names:
            assert grant(client, request(SEMESTER, "Big", (name, 1, 0))) == [(OK, 1, 0, 0)]
        assert postgresql.rows("SELECT epoch FROM leadership") == [(1,)]
        assert "taking-over-anew" not in dti.log
        assert dti.log.count("store-warned") == 1 and "must be vacuumed" in dti.log


def test_a_warning_while_connecting_is_an_event_of_the_chosen_format(cluster, tmp_path):
    """As after an upgrade of the system: texts may sort in another way than when the database was made."""
    name = "of_an_older_system"
    for statement in (f"CREATE DATABASE {name} OWNER dti TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'und'",
                      f"UPDATE pg_database SET datcollversion = '1' WHERE datname = '{name}'"):
        cluster.sql("postgres", statement, user="postgres")
    try:
        flags = [*POOL, f"--store={cluster.uri(name)}", "--log-format=json"]
        with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        events = [json.loads(line) for line in dti.log.splitlines()]
        warned = [event["message"] for event in events if event["event"] == "store-warned"]
        assert len(warned) == 1 and "collation version mismatch" in warned[0], dti.log
    finally:
        cluster.drop_database(name)


def test_a_password_file_that_others_can_read_is_an_event_of_the_chosen_format(cluster, tmp_path):
    file = tmp_path / "passwords"
    file.write_text(f"*:*:*:*:{PASSWORD}\n")
    file.chmod(0o644)
    flags = [*POOL, f"--store=postgresql://dti@127.0.0.1:{cluster.port}/postgres", "--log-format=json"]
    status, _, stderr = run(tmp_path, "dti_server", *flags, env={"PGPASSFILE": str(file)})
    assert status == 1
    events = {event["event"]: event["message"] for event in map(json.loads, stderr.splitlines())}
    assert str(file) in events["store-warned"] and "no password supplied" in events["fatal"], stderr
    assert PASSWORD not in stderr


def test_a_password_file_that_is_not_needed_is_not_warned_of(cluster, tmp_path):
    file = tmp_path / "passwords"
    file.touch(0o644)
    store = f"--store=postgresql://dti@127.0.0.1:{cluster.port}/no_such_database"
    status, _, stderr = run(tmp_path, "dti_server", *POOL, store, env={"PGPASSFILE": str(file), "PGPASSWORD": PASSWORD})
    assert status == 1 and "3D000" in stderr and "store-warned" not in stderr, stderr


def test_a_reader_tells_of_an_open_password_file_only_in_its_own_error(cluster, tmp_path):
    file = tmp_path / "passwords"
    file.touch(0o644)
    store = f"postgresql://dti@127.0.0.1:{cluster.port}/postgres"
    status, _, stderr = run(tmp_path, "dtictl", "verify", f"--store={store}", env={"PGPASSFILE": str(file)})
    assert status == 1 and stderr.startswith("dtictl verify: "), stderr
    assert f"(the password file {file} is not used" in stderr and "WARNING" not in stderr, stderr


def test_a_server_that_starts_before_its_database_waits_for_it(own_cluster, own_database, tmp_path):
    own_cluster.stop("fast")
    try:
        flags = [*POOL, "--port=0", f"--store={own_cluster.app_uri(own_database)}", "--store-timeout=1"]
        with owned(Daemon([binary("dti_server"), *flags], tmp_path)) as dti:
            until(lambda: "store-unavailable" in dti.log, what="the log of the wait")
            own_cluster.start()
            dti.wait_ready()
            with Client(dti.endpoint) as client:
                assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
            assert dti.log.count("store-unavailable") == 1
    finally:
        if not (own_cluster.folder / f".s.PGSQL.{own_cluster.port}").exists():
            own_cluster.start()


def test_requests_to_a_server_that_waits_for_its_database_are_unavailable_and_a_stop_ends_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with running(tmp_path, *POOL, f"--port={port}", "--store=postgresql://127.0.0.1:1/dti", "--store-timeout=1",
                 ready=False) as dti:
        with Client(f"tcp://127.0.0.1:{port}") as client:
            check_failed(client.ask(CIVIL), CIVIL, "UNAVAILABLE")
        assert dti.stop() == 0
        assert dti.stdout() == ""


@pytest.mark.parametrize("address, says", [
    ("postgresql:///no_such_database?host={folder}&port={port}&user=dti", "3D000"),
    ("postgresql:///postgres?host={folder}&port={port}&user=nobody_of_that_name", "28000"),
    ("postgresql:///postgres?host={folder}&port={port}&user=dti&sslmode=s3cret", "does not accept a value"),
])
def test_what_waiting_does_not_mend_is_exit_1_at_once(cluster, tmp_path, address, says):
    store = address.format(folder=cluster.folder, port=cluster.port)
    status, stdout, stderr = run(tmp_path, "dti_server", *POOL, f"--store={store}")
    assert (status, stdout) == (1, "")
    assert says in stderr and "s3cret" not in stderr


def test_a_right_that_is_missing_to_check_the_session_is_exit_1_at_once(own_cluster, own_database, tmp_path):
    """A server that waits does not get the right."""
    function = "pg_catalog.set_config(text, text, boolean)"
    own_cluster.sql(own_database, f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC", user="postgres")
    status, stdout, stderr = run(tmp_path, "dti_server", *POOL, f"--store={own_cluster.app_uri(own_database)}")
    assert (status, stdout) == (1, "")
    assert "set_config" in stderr and "42501" in stderr


def test_a_role_whose_statements_may_take_a_millisecond_is_served(own_cluster, own_database, tmp_path):
    """PostgreSQL takes a number without a unit for milliseconds."""
    own_cluster.sql("postgres", "ALTER ROLE dti_app SET statement_timeout = 1", user="postgres")
    try:
        store = f"--store={own_cluster.app_uri(own_database)}"
        with running(tmp_path, *POOL, store) as dti, Client(dti.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        status, _, stderr = run(tmp_path, "dtictl", "verify", store)
        assert status == 0, stderr
    finally:
        own_cluster.sql("postgres", "ALTER ROLE dti_app RESET statement_timeout", user="postgres")


def test_the_log_says_why_postgresql_ended_an_idle_session(own_cluster, own_database, tmp_path):
    flags = [*POOL, f"--store={own_cluster.app_uri(own_database)}", "--lease-seconds=1"]
    with running(tmp_path, *flags) as dti:
        for pid in own_cluster.backends(own_database):
            own_cluster.sql("postgres", f"SELECT pg_terminate_backend({pid})", user="postgres")
        until(lambda: "epoch 2" in dti.log, what="the next take-over")
        reason = r"taking-over-anew: .*(server closed the connection|terminating connection)"
        assert re.search(reason, dti.log), dti.log  # the second, if the session ends during a renewal


def test_a_policy_that_hides_rows_from_the_server_is_refused(postgresql, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    for statement in ("ENABLE", "FORCE"):
        postgresql.rows(f"ALTER TABLE ledger {statement} ROW LEVEL SECURITY")
    status, stdout, stderr = run(tmp_path, "dti_server", *POOL, postgresql.flag)
    assert (status, stdout) == (1, "")
    assert "row-level security" in stderr
    status, _, stderr = run(tmp_path, "dtictl", "verify", postgresql.flag)
    assert status == 1 and "row-level security" in stderr


def test_a_ledger_is_verified_where_nothing_may_be_written(postgresql, tmp_path):
    """As on a standby."""
    with running(tmp_path, *POOL, postgresql.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    postgresql.rows(f"ALTER DATABASE {postgresql.database} SET default_transaction_read_only = on")
    status, stdout, stderr = run(tmp_path, "dtictl", "verify", postgresql.flag)
    assert status == 0 and "no differences" in stdout, stderr
