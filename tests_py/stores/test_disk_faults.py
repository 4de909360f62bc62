"""A disk that is full or read-only under the store: every request is answered, none wrongly, and all that was answered
is in the ledger."""

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from random import Random

import pytest

from tests_py.harness.catalogs import write_catalog, write_pairs
from tests_py.harness.disks import disk_in_a_file, disk_in_memory
from tests_py.harness.postgresql import FOLDERS, newest_bin_folder, scratch_cluster
from tests_py.harness.process import HANG_SECONDS, run, running, until
from tests_py.harness.runs.whole_life import WholeLife
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.stores import PostgresqlStore, SqliteStore
from tests_py.harness.wire import (HEALTH_CHECK, HEALTHY, OK, Client, answers, grant_after_recovery, receive_all,
                                   request, statuses)

FACULTY = "Disk"
TIMEOUT_SECONDS = 2
MESSAGES_MAX = 400
PROGRAMS_EACH = 10
WAITING = 8
POOL = (f"--semester={SEMESTER}", "--classrooms=100000", "--labs=100000", f"--store-timeout={TIMEOUT_SECONDS}")


def message(number):
    programs = [(f"m{number} p{i}", (number + i) % 4, i % 3) for i in range(PROGRAMS_EACH)]
    return request(SEMESTER, FACULTY, *programs, request_id=f"r{number}")


def right_answers(body):
    """There are rooms for all programs."""
    return [(OK, program["classrooms"], program["labs"], 0) for program in body["programs"]]


def flags(tmp_path, store):
    names = [f"m{number} p{i}" for number in range(MESSAGES_MAX) for i in range(PROGRAMS_EACH)]
    return [*POOL, store.flag, write_catalog(tmp_path / "catalog.csv", FACULTY, names)]


class Asker:
    """Asks, and keeps what was answered: a grant is never another one later."""

    def __init__(self, client):
        self._client = client
        self._asked = 0
        self.granted = {}  # message -> the answers

    def ask_next(self, count):
        """Sends this many new requests at once. Returns the number of those that were refused for now."""
        bodies = [message(self._asked + i) for i in range(count)]
        self._asked += count
        return self.ask(bodies)

    def ask(self, bodies):
        for body in bodies:
            self._client.send(body)
        replies = [json.loads(reply) for reply in receive_all(self._client, bodies)]
        refused = 0
        for body, reply in zip(bodies, replies):
            if reply["error-message"] == "UNAVAILABLE":
                refused += 1
                continue
            assert not reply["error-found"], reply
            assert answers(reply) == right_answers(body)
            self.granted[body["request-id"]] = (body, answers(reply))
        return refused

    def ask_until_refused(self):
        """New requests, until the store can take no more."""
        while not (refused := self.ask_next(WAITING)):
            assert self._asked < MESSAGES_MAX - 4 * WAITING, "the disk was never full"
        return refused

    def ask_all_again(self):
        """Once the store takes requests: all that were ever asked, also those that were refused."""
        for number in range(self._asked):
            body = message(number)
            assert grant_after_recovery(self._client, body) == right_answers(body)
            self.granted[body["request-id"]] = (body, right_answers(body))


def check_what_writes_nothing(asker, client):
    """A repeat and a refusal need no room."""
    assert asker.ask([message(0)]) == 0
    reply = client.ask(request(SEMESTER, FACULTY, ("nobody", 1, 1)))
    assert statuses(reply) == ["INVALID-PROGRAM"], reply


def check_ledger(store, asker):
    allocations = store.allocations()
    for body, given in asker.granted.values():
        assert [allocations[FACULTY, program["program-name"]] for program in body["programs"]] == given
    store.check_conserved()


def test_a_full_disk_under_sqlite_refuses_for_now_and_the_same_server_goes_on(tmp_path):
    with disk_in_memory(tmp_path / "disk", 4) as disk:
        store = SqliteStore(disk.folder)
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            asker = Asker(client)
            assert asker.ask_next(WAITING) == 0
            disk.fill()
            asker.ask_until_refused()
            assert asker.ask_next(3 * WAITING) > 0
            until(lambda: "free some room on its disk" in dti.log, what="a line that says what to do")
            check_what_writes_nothing(asker, client)
            disk.free()
            asker.ask_all_again()
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            for body, given in asker.granted.values():
                assert grant_after_recovery(client, body) == given
        check_ledger(store, asker)


def test_a_full_disk_during_changes_about_holds_loses_no_answer_and_frees_no_hold_early(tmp_path):
    """Holds, the office and rounds go on when there is room again; holds that ended meanwhile are freed then."""
    with disk_in_memory(tmp_path / "disk", 4) as disk:
        store = SqliteStore(disk.folder)
        life = WholeLife(store, Random(FACULTY))
        catalog = write_pairs(tmp_path / "catalog.csv", life.catalog())
        with running(tmp_path, store.flag, catalog, f"--admin={life.admin(0)}", f"--store-timeout={TIMEOUT_SECONDS}") as dti:
            life.connect(dti.endpoint, life.admin(0))
            until(lambda: life.turn() or life.counts()["holds"] > 10)
            disk.fill()
            until(lambda: life.turn() or "free some room on its disk" in dti.log, what="a line that says what to do")
            assert life.faults() == []
            before = life.counts()
            disk.free()
            until(lambda: life.turn() or all(life.counts()[name] > before[name] for name in ("holds", "confirmed", "expired", "closed")))
            life.settle(HANG_SECONDS)
            life.disconnect(drain=False)
        assert life.last_faults() == []
        life.close()
        status, output, log = run(tmp_path, "dtictl", "verify", store.flag)
        assert status == 0, output + log


def test_a_start_on_a_full_disk_is_exit_1_and_says_so(tmp_path):
    with disk_in_memory(tmp_path / "disk", 4) as disk:
        store = SqliteStore(disk.folder)
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            assert Asker(client).ask_next(1) == 0
            dti.crash()
        disk.fill()
        status, stdout, stderr = run(tmp_path, "dti_server", *flags(tmp_path, store))
        assert (status, stdout) == (1, "")
        assert str(store.path) in stderr
        assert "free some room on its disk" in stderr or "No space left on device" in stderr, stderr
        disk.free()
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            assert Asker(client).ask_next(1) == 0


def test_a_start_on_a_read_only_disk_is_exit_1_and_says_so(tmp_path):
    with disk_in_memory(tmp_path / "disk", 4) as disk:
        store = SqliteStore(disk.folder)
        with running(tmp_path, *flags(tmp_path, store)):
            pass
        disk.make_read_only()
        status, stdout, stderr = run(tmp_path, "dti_server", *flags(tmp_path, store))
        assert (status, stdout) == (1, "")
        assert str(store.path) in stderr and "Read-only file system" in stderr, stderr


def test_a_disk_that_goes_read_only_under_sqlite_loses_no_answer(tmp_path):
    image = tmp_path / "disk.img"
    with disk_in_a_file(tmp_path / "disk", image) as disk:
        store = SqliteStore(disk.folder)
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            asker = Asker(client)
            assert asker.ask_next(WAITING) == 0
            disk.fail()
            assert asker.ask_next(WAITING) == WAITING
            assert asker.ask_next(1) == 1
            assert not healthy(client)
            until(lambda: "mounted read-only" in dti.log, what="a line that says what to look at")
            assert not dti.has_ended()
    with disk_in_a_file(tmp_path / "disk", image) as disk:  # as after a repair
        store = SqliteStore(disk.folder)
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            for body, given in asker.granted.values():
                assert grant_after_recovery(client, body) == given
            assert grant_after_recovery(client, message(WAITING)) == right_answers(message(WAITING))
        check_ledger(store, asker)


def healthy(client):
    client.send(HEALTH_CHECK)
    return client.receive_if_any(0.3) == [HEALTHY]


@contextlib.contextmanager
def store_in_tablespace(cluster, folder):
    """A database of its own in that folder."""
    shutil.chown(folder, "postgres")
    store = PostgresqlStore(cluster)
    cluster.sql("postgres", f"CREATE TABLESPACE small LOCATION '{folder}'", user="postgres")
    try:
        cluster.sql("postgres", f"ALTER DATABASE {store.database} SET TABLESPACE small", user="postgres")
        yield store
    finally:
        store.drop()
        cluster.sql("postgres", "DROP TABLESPACE small", user="postgres")


@pytest.fixture
def open_folder():
    """A folder that the database's user can reach, as it cannot those of root's tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="dti-disk-", dir=FOLDERS))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_full_disk_under_a_postgresql_table_refuses_for_now_and_the_same_server_goes_on(cluster, tmp_path,
                                                                                        open_folder):
    with disk_in_memory(open_folder / "disk", 14) as disk, store_in_tablespace(cluster, disk.folder) as store:
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            asker = Asker(client)
            assert asker.ask_next(WAITING) == 0
            disk.fill()
            asker.ask_until_refused()
            assert asker.ask_next(WAITING) > 0
            until(lambda: "No space left on device" in dti.log, what="a line that says what to do")
            check_what_writes_nothing(asker, client)
            disk.free()
            asker.ask_all_again()
        check_ledger(store, asker)


def test_a_full_disk_under_postgresqls_log_ends_it_and_the_same_server_serves_once_it_is_back(tmp_path, open_folder):
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    with disk_in_memory(open_folder / "disk", 48) as disk, scratch_cluster() as own:
        own.move_log_to(disk.folder)
        store = PostgresqlStore(own)
        with running(tmp_path, *flags(tmp_path, store)) as dti, Client(dti.endpoint) as client:
            asker = Asker(client)
            assert asker.ask_next(WAITING) == 0
            own.sql("postgres", "CHECKPOINT", user="postgres")
            disk.fill()
            with contextlib.suppress(AssertionError):  # it may be what ends the database
                for _ in range(3):  # the segments that there are already
                    own.sql("postgres", "SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()", user="postgres")
            asker.ask_until_refused()
            own.wait_for_its_end()  # it recovers once more, if a little room is left
            assert asker.ask_next(WAITING) == WAITING
            assert not healthy(client)
            assert not dti.has_ended()
            disk.free()
            own.start()
            asker.ask_all_again()
            assert healthy(client)
        check_ledger(store, asker)
