"""Two campuses with a store, a server and a faculty each, started as docs/deployment.md says."""

import contextlib
import shlex

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.commands import blocks_of
from tests_py.harness.process import running, running_faculty
from tests_py.harness.rooms import ask_programs, wish
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.stores import PostgresqlStore
from tests_py.harness.wire import OK

CAMPUSES = {"north": "Ingenieria", "south": "Derecho"}  # and the faculty of each


@pytest.fixture
def stores(cluster):
    stores = {campus: PostgresqlStore(cluster) for campus in CAMPUSES}
    yield stores
    for store in stores.values():
        store.drop()


def test_each_campus_grants_its_own_rooms(stores, tmp_path):
    [commands] = blocks_of("docs/deployment.md", "## Scaling out")
    servers, faculties = {}, {}
    with contextlib.ExitStack() as stack:
        for command in commands:
            program, *flags = shlex.split(command)
            flags = dict(flag.split("=", 1) for flag in flags)
            if program == "dti_server":
                campus = flags.pop("--store").rsplit("/", 1)[1]
                assert flags.pop("--catalog") == f"{campus}.csv"
                port = flags.pop("--port")
                catalog = write_catalog(tmp_path / f"{campus}.csv", CAMPUSES[campus], ["uno", "dos"])
                servers[port] = stack.enter_context(running(tmp_path / campus, stores[campus].flag, catalog,
                                                            *map("=".join, flags.items())))
            else:
                assert program == "faculty"
                server = servers[flags["--dti-server"].removeprefix("127.0.0.1:")]
                assert flags.pop("--listen-port")
                flags["--dti-server"] = server.address
                faculties[flags["--name"]] = stack.enter_context(running_faculty(
                    tmp_path / flags["--name"], "--min-programs=1", *map("=".join, flags.items())))
        assert set(faculties) == set(CAMPUSES.values())
        for faculty in faculties.values():
            assert ask_programs(faculty, [wish("uno", 7, 2)]) == [(OK, 7, 2, 0)]
        assert ask_programs(faculties["Derecho"], [wish("dos", 1, 0, "2026-10")])[0][0] == "INVALID-SEMESTER"
    assert {campus: store.left(SEMESTER)[:2] for campus, store in stores.items()} == {"north": (193, 38), "south": (173, 18)}
