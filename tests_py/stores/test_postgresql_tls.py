"""PostgreSQL over TLS, as from another machine: batches of each way to write them, and a session that ends."""

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.database_faults import a_batch_waits, held_row
from tests_py.harness.postgresql import PASSWORD, newest_bin_folder, scratch_cluster
from tests_py.harness.process import run, running, until
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.stores import PostgresqlStore
from tests_py.harness.wire import OK, Client, ask_all, encode, grant, grant_after_recovery, receive_all, request

PROGRAMS = 7_000
MESSAGE = 1_000  # programs
POOL = (f"--semester={SEMESTER}", f"--classrooms={PROGRAMS}", "--labs=0")


@pytest.fixture(scope="module")
def tls_cluster():
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    with scratch_cluster() as cluster:
        cluster.offer_tls()
        yield cluster


@pytest.fixture
def store(tls_cluster):
    store = PostgresqlStore(tls_cluster)
    yield store
    store.drop()


def environment(store, **parameters):
    parameters = {"sslmode": "verify-full", "sslrootcert": store.cluster.certificate, **parameters}
    settings = "".join(f" {key}={value}" for key, value in parameters.items())
    return {"DTI_STORE": f"postgresql:host=127.0.0.1 port={store.cluster.port} dbname={store.database} user=dti_app "
                         f"password={PASSWORD}{settings}"}


def requests(count, first=0):
    """Messages that ask for this many programs."""
    end = first + count
    return [encode(request(SEMESTER, "Load", *[(f"p{i}", 1, 0) for i in range(at, min(at + MESSAGE, end))],
                           request_id=str(at))) for at in range(first, end, MESSAGE)]


@pytest.mark.parametrize("entries", [5, 900, 6_000], ids=["as parameters", "as arrays", "by COPY"])
def test_a_batch_goes_over_tls(store, tmp_path, entries):
    catalog = write_catalog(tmp_path / "catalog.csv", "Load", [f"p{i}" for i in range(PROGRAMS)])
    with running(tmp_path, *POOL, catalog, env=environment(store)) as dti, Client(dti.endpoint) as client:
        assert store.rows("SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                          "WHERE usename = 'dti_app' AND client_addr IS NOT NULL") == [("t",)]
        before, together = requests(1, PROGRAMS - 1), requests(entries)
        with held_row(store):
            client.send(before[0])
            until(lambda: a_batch_waits(store), what="a batch that waits")
            for body in together:
                client.send(body)
            client.ask({})  # is refused at once: the server has read all that was sent before it, so it is one batch
        replies = receive_all(client, before + together)
        assert all(b'"error-found":false' in frame for frame in replies)
        assert ask_all(client, together) == replies[1:]
    assert store.count("SELECT max(n) FROM (SELECT count(*) AS n FROM ledger GROUP BY at) batch") == entries
    assert store.count("SELECT count(*) FROM allocation") == entries + 1
    store.check_conserved()


def test_a_session_over_tls_that_ends_is_replaced(store, tmp_path):
    catalog = write_catalog(tmp_path / "catalog.csv", "Load", [f"p{i}" for i in range(PROGRAMS)])
    with running(tmp_path, *POOL, catalog, env=environment(store)) as dti, Client(dti.endpoint) as client:
        assert grant(client, request(SEMESTER, "Load", ("p1", 1, 0))) == [(OK, 1, 0, 0)]
        store.cluster.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dti_app' "
                                      "AND client_addr IS NOT NULL", user="postgres")
        assert grant_after_recovery(client, request(SEMESTER, "Load", ("p2", 1, 0))) == [(OK, 1, 0, 0)]
    store.check_conserved()


def test_a_certificate_that_is_not_the_databases_is_refused(store, tmp_path):
    other = tmp_path / "other.crt"
    store.cluster.make_certificate(other, tmp_path / "other.key")
    status, stdout, stderr = run(tmp_path, "dti_server", *POOL, env=environment(store, sslrootcert=other))
    assert (status, stdout) == (1, "")
    assert "certificate verify failed" in stderr and PASSWORD not in stderr
