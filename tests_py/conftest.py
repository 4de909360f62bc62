"""Fixtures: the two kinds of store, a PostgreSQL cluster for the session, and a bound on each test."""

import signal

import pytest

from tests_py.harness.postgresql import newest_bin_folder, scratch_cluster
from tests_py.harness.stores import PostgresqlStore, SqliteStore

TEST_SECONDS = 600  # for what hangs, on a machine many times slower than usual
# What shows soonest that a whole process works on another system: `scripts/test smoke`.
SMOKE = {"test_cases", "test_rules", "test_start", "test_stop", "test_program", "test_faculty", "test_hostile_peers",
         "test_postgresql_tls", "test_crash", "test_dtictl"}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in SMOKE:
            item.add_marker("smoke")


@pytest.fixture(autouse=True)
def bounded():
    """Ends a test that hangs."""

    def too_long(*_):
        raise TimeoutError(f"the test takes longer than {TEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def cluster():
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    with scratch_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgresql(cluster):
    """A fresh database."""
    store = PostgresqlStore(cluster)
    yield store
    cluster.resume()
    store.drop()


@pytest.fixture
def sqlite(tmp_path):
    """A place for a fresh SQLite file."""
    return SqliteStore(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request):
    """Each test that names it runs on both databases."""
    return request.getfixturevalue(request.param)
