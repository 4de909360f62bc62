"""Fixtures: the two kinds of store, a PostgreSQL cluster for the session, and a bound on each test."""

import mmap
import signal
import struct
import subprocess

import pytest

from tests_py.harness.postgresql import newest_bin_folder, scratch_cluster
from tests_py.harness.process import ROOT
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


class WallClock:
    """The wall clock of the processes that get its environment. libfaketime would do it, and would be one more package
    for one test; a time namespace of the kernel has no wall clock of its own."""

    def __init__(self, folder, library):
        self._file = open(folder / "offset", "w+b")
        self._file.write(bytes(8))
        self._file.flush()
        self._map = mmap.mmap(self._file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": self._file.name}

    def jump_to(self, seconds):
        """So far from the true time."""
        self._map[:] = struct.pack("=q", round(seconds * 1_000_000))

    def close(self):
        self._map.close()
        self._file.close()


@pytest.fixture(scope="session")
def wall_clock_library(tmp_path_factory):
    path = tmp_path_factory.mktemp("wall-clock") / "wall_clock.so"
    source = ROOT / "tests_py/harness/wall_clock.c"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", path, source], check=True, timeout=60)
    return path


@pytest.fixture
def clock(tmp_path, wall_clock_library):
    """A wall clock that jumps, for the processes that get its environment."""
    clock = WallClock(tmp_path, wall_clock_library)
    yield clock
    clock.close()
