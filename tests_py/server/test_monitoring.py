"""deploy/monitoring in use: a real Prometheus scrapes real servers and a real faculty, the dashboard's queries have data,
and each alert fires when its fault is made and ends afterwards. The times of the rules are divided here; promtool holds
the real ones."""

import contextlib
import itertools
import os
import re
import signal
import time

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.database_faults import a_batch_waits, held_row, postmaster_stopped
from tests_py.harness.disks import disk_in_memory, disk_that_does_not_answer
from tests_py.harness.hostile import RawPeer, frame
from tests_py.harness.http import metric, scrape, status_of
from tests_py.harness.postgresql import free_port
from tests_py.harness.process import ROOT, running, running_faculty, until
from tests_py.harness.prometheus import AlertWatch, is_installed, panel_queries, prometheus
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import PostgresqlStore, SqliteStore
from tests_py.harness.wire import OK, Client, ask_all, grant, request

pytestmark = pytest.mark.skipif(not is_installed(), reason="Prometheus is not installed")
DIVISOR = 30  # of each `for:`, range and step
VARIABLES = {"semester": SEMESTER, "__rate_interval": "10s"}
ONLY_SQLITE = re.compile(r"dti_store_(file|log|disk)_")
MIB = 1024 * 1024
FACULTY = "Monitoring"
REPEATED = 50  # programs whose requests are repeated, as load
USUAL, NEW = ("f0", "f1"), ("f2", "f3")  # the programs of a batch of the faculty
PROGRAMS = ["labs", "held", *(f"p{number}" for number in range(300)), *USUAL, *NEW]
SETTINGS = ("--lease-seconds=1", "--memory-max=100")
FACULTY_SETTINGS = ("--min-programs=2", "--request-timeout=0.5", "--retries=1")  # it gives a batch up soon
WAITS_SECONDS = 10  # of DtiFacultyWaits


class Monitored:
    """A daemon that can be ended, and started again at the same addresses."""

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir()
        self.settings = folder / "settings"
        self.settings.mkdir()
        (self.settings / "settings.toml").touch()
        self._http = ("127.0.0.1", free_port())
        self._stack = contextlib.ExitStack()
        self.target = f"127.0.0.1:{self._http[1]}"
        self.daemon = None

    def _run(self, run, *flags, **options):
        flags = (*flags, f"--config={self.settings / 'settings.toml'}", f"--http={self.target}")
        self.daemon = self._stack.enter_context(run(self._folder, *flags, **options))

    def crash(self):
        self.daemon.crash()
        self.stop()

    def stop(self):
        self._stack.close()

    def answers(self, path):
        return status_of(self._http, path) == 200

    def metric(self, name, **labels):
        return metric(scrape(self._http), name, **labels)


class Server(Monitored):
    def __init__(self, folder):
        super().__init__(folder)
        self.address = f"127.0.0.1:{free_port()}"

    def start(self, store):
        catalog = write_catalog(self._folder / "catalog.csv", FACULTY, PROGRAMS)
        port = self.address.split(":")[1]
        self._run(running, *POOL, *SETTINGS, store.flag, catalog, f"--port={port}", ready=False)
        self.daemon.wait_listening()


class Faculty(Monitored):
    def __init__(self, folder, *servers):
        super().__init__(folder)
        self._servers = [server.address for server in servers]

    def start(self):
        self._run(running_faculty, *faculty_flags(*self._servers, name=FACULTY), *FACULTY_SETTINGS)

    @contextlib.contextmanager
    def batch(self, programs=USUAL):
        """The requests of these programs: a batch, if two are different. Gives a function that waits for their statuses."""
        with Client(self.daemon.endpoint) as peer:
            for program in programs:
                peer.send(b"", wish(program, 1, 0))
            yield lambda: [room_answer(peer.receive())[0] for _ in programs]


class Pair:
    """Two servers on one database, of which one leads and the other one stands by, and a faculty that uses them."""

    def __init__(self, folder, store):
        self.store = store
        self.leader, self.standby = Server(folder / "first"), Server(folder / "second")
        self.faculty = Faculty(folder / "faculty", self.leader, self.standby)

    def start(self):
        self.leader.start(self.store)
        until(lambda: self.leader.answers("/leader"), what="a leader")
        self.standby.start(self.store)
        until(lambda: self.standby.answers("/standby?lag=0"), what="a standby")
        self.faculty.start()

    def stop(self):
        self.faculty.stop()
        self.standby.stop()
        self.leader.stop()

    def settle(self):
        """Waits until one leads and the other one follows, whichever."""

        def found():
            for leader, standby in ((self.leader, self.standby), (self.standby, self.leader)):
                if leader.answers("/leader") and leader.answers("/readyz") and standby.answers("/standby?lag=0"):
                    return leader, standby
            return None

        self.leader, self.standby = until(found, what="a leader and a standby")

    def move_the_lead(self):
        self.leader.daemon.signal(signal.SIGSTOP)
        until(lambda: self.standby.answers("/leader"), what="the other leader")
        self.leader.daemon.signal(signal.SIGCONT)
        self.settle()

    def standby_sessions(self):
        return [pid for pid in self.store.cluster.backends(self.store.database)
                if pid != self.store.count("SELECT backend_pid FROM leadership")]


@pytest.fixture
def pair(postgresql, tmp_path):
    pair = Pair(tmp_path, postgresql)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()


def requests(first, count, semester=SEMESTER):
    """One request for each of this many programs: a classroom."""
    return [request(semester, FACULTY, (f"p{number}", 1, 0)) for number in range(first, first + count)]


def load(pair):
    """A few hundred requests: most are repeats, and some are rejected. One is from the faculty."""
    with pair.faculty.batch() as statuses:
        statuses()
    with Client(pair.leader.daemon.endpoint) as client:
        for _ in range(5):
            ask_all(client, requests(0, REPEATED))
        ask_all(client, requests(0, REPEATED, "2031-10"))


def wait_for_data(server, queries, load=lambda: None):
    """Waits until each query has had data, at whichever moment."""
    missing = queries

    def all_have_had_data():
        nonlocal missing
        load()
        missing = without_data(server, missing)
        return not missing

    assert missing
    until(all_have_had_data, what="panels with data")


def without_data(server, queries):
    return [(title, query) for title, query in queries if not server.values(query)]


# The faults. Each is made until its block is left.

@contextlib.contextmanager
def standby_cannot_read(pair, _):
    """Its session stops, and it gets no new one."""
    sessions = pair.standby_sessions()
    assert sessions
    with postmaster_stopped(pair.store.cluster):
        for pid in sessions:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in sessions:
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def database_is_stopped(pair, _):
    pair.store.cluster.stop("fast")
    try:
        yield
    finally:
        pair.store.cluster.start()


@contextlib.contextmanager
def only_server_crashes_in_a_loop(pair, fires):
    """It leads for at most a second in each of its lives."""
    pair.standby.stop()
    while not fires():
        pair.leader.crash()
        pair.leader.start(pair.store)
        until(lambda: pair.leader.answers("/leader"), what="a leader")
        with contextlib.suppress(AssertionError):
            until(fires, seconds=1)
    yield
    pair.standby.start(pair.store)


@contextlib.contextmanager
def faculty_crashes_in_a_loop(pair, fires):
    while not fires():
        pair.faculty.crash()
        pair.faculty.start()
        with contextlib.suppress(AssertionError):
            until(fires, seconds=1)
    yield


@contextlib.contextmanager
def lead_moves(pair, fires):
    """The leader pauses for longer than its lease, again and again."""
    while not fires():
        pair.move_the_lead()
    yield


@contextlib.contextmanager
def client_leaves_before_its_replies(pair, fires):
    """While a batch waits in the database, its client goes away."""
    first = itertools.count(REPEATED, 20)
    while not fires():
        with held_row(pair.store):
            others = pair.leader.metric("dti_peers")  # the faculty
            with Client(pair.leader.daemon.endpoint) as client:
                for body in requests(next(first), 20):
                    client.send(body)
                until(lambda: a_batch_waits(pair.store), what="a batch that waits")
            until(lambda: pair.leader.metric("dti_peers") <= others, what="a client that has left")
        pair.settle()
        with contextlib.suppress(AssertionError):
            until(fires, seconds=2)
    yield


@contextlib.contextmanager
def message_does_not_end(pair, _):
    """Its parts are sent until little memory is left, and then no more."""
    limit = pair.leader.metric("dti_memory_max_bytes")
    part = frame(bytes(MIB // 4), more=True)
    with RawPeer(pair.leader.daemon.endpoint) as peer:
        while (memory := pair.leader.metric("dti_memory_bytes")) < 0.92 * limit:
            assert peer.send(part * max(1, int(0.95 * limit - memory) // 2 // len(part)))
            with contextlib.suppress(AssertionError):
                until(lambda: pair.leader.metric("dti_memory_bytes") > memory, seconds=2)
        yield
    assert pair.leader.metric("dti_connections_closed_total") == 0


@contextlib.contextmanager
def standby_crashes(pair, _):
    pair.standby.crash()
    yield
    pair.standby.start(pair.store)


@contextlib.contextmanager
def both_crash(pair, _):
    pair.standby.crash()
    pair.leader.crash()
    yield
    pair.leader.start(pair.store)
    pair.standby.start(pair.store)


@contextlib.contextmanager
def database_freezes(pair, _):
    pair.store.cluster.freeze()
    try:
        yield
    finally:
        pair.store.cluster.resume()


@contextlib.contextmanager
def faculty_crashes(pair, _):
    pair.faculty.crash()
    yield
    pair.faculty.start()


@contextlib.contextmanager
def leader_waits_for_a_lock(pair, _):
    """For longer than the faculty waits for the leader."""
    with held_row(pair.store), pair.faculty.batch(NEW) as statuses:
        assert statuses() == ["UNAVAILABLE"] * 2
    yield


@contextlib.contextmanager
def servers_are_away_for_a_while(pair, fires):
    """For longer than a batch should wait, but not so long that the faculty gives it up."""
    while not fires():
        with contextlib.ExitStack() as stack:
            with both_crash(pair, fires):
                begun = time.monotonic()
                statuses = stack.enter_context(pair.faculty.batch())
                until(lambda begun=begun: time.monotonic() > begun + WAITS_SECONDS)
            statuses()
        with contextlib.suppress(AssertionError):
            until(fires, seconds=2)
    yield


@contextlib.contextmanager
def programs_leave_before_their_replies(pair, fires):
    """A program asks five times, and goes away while the faculty waits for another program."""
    first, second = USUAL
    while not fires():
        with pair.faculty.batch([first] * 5):
            until(lambda: pair.faculty.metric("dti_faculty_programs_waiting") == 5, what="requests that wait")
        until(lambda: pair.faculty.metric("dti_peers") == 0, what="a program that has left")
        with pair.faculty.batch([second]) as statuses:
            statuses()
        with contextlib.suppress(AssertionError):
            until(fires, seconds=2)
    yield


@contextlib.contextmanager
def labs_run_out(pair, _):
    with Client(pair.leader.daemon.endpoint) as client:
        grant(client, request(SEMESTER, FACULTY, ("labs", 0, 60)))
    yield


@contextlib.contextmanager
def database_keeps_a_hold(pair, _):
    """A trigger in the database refuses the release of a hold that has ended."""

    def sql(text):
        pair.store.cluster.sql(pair.store.database, text, user="postgres")

    sql("""CREATE FUNCTION keep_holds() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'no hold expires here'; END $$;
           CREATE TRIGGER keep_holds BEFORE INSERT ON ledger FOR EACH ROW WHEN (NEW.cause = 6) EXECUTE FUNCTION keep_holds()""")
    with Client(pair.leader.daemon.endpoint) as client:
        assert grant(client, request(SEMESTER, FACULTY, ("held", 1, 0)) | {"hold-seconds": 1})[0][0] == OK
    yield
    sql("DROP TRIGGER keep_holds ON ledger; DROP FUNCTION keep_holds")


@contextlib.contextmanager
def database_is_set_back(pair, _):
    """The last entry is taken away, as a restored backup does."""
    pair.store.cluster.sql(pair.store.database, """
        SET session_replication_role = replica;
        WITH lost AS (DELETE FROM ledger USING semester WHERE semester_id = id AND seq = head RETURNING ledger.*)
        UPDATE semester SET head = head - 1, sealed_head = head - 1, classrooms_left = classrooms_left + classrooms_granted + mobile_labs_granted,
          labs_left = labs_left + labs_granted, conversions_left = conversions_left + mobile_labs_granted
        FROM lost WHERE id = semester_id""", user="postgres")
    yield


@contextlib.contextmanager
def loop_waits_for_a_disk(monitored):
    """The process reads its settings again, from a disk that does not answer."""
    with disk_that_does_not_answer(monitored.settings):
        monitored.daemon.signal(signal.SIGHUP)
        yield


FAULTS = (  # each with the alerts that must fire
    (standby_cannot_read, "DtiStandbyLags"),
    (only_server_crashes_in_a_loop, "DtiRestarts", "DtiLeaseWanders"),
    (database_is_stopped, "DtiStoreFailing"),
    (client_leaves_before_its_replies, "DtiRepliesDropped"),
    (message_does_not_end, "DtiMemoryHigh"),
    (standby_crashes, "DtiTargetDown"),
    (both_crash, "DtiNoLeader"),
    (database_freezes, "DtiStoreSilent"),
    (faculty_crashes, "DtiFacultyDown"),
    (leader_waits_for_a_lock, "DtiFacultyGivesUp"),
    (servers_are_away_for_a_while, "DtiFacultyWaits"),
    (lead_moves, "DtiLeaseWanders"),
    (programs_leave_before_their_replies, "DtiFacultyRepliesDropped"),
    (faculty_crashes_in_a_loop, "DtiRestarts"),
    (database_keeps_a_hold, "DtiHoldOverdue"),
    (labs_run_out, "DtiPoolLow"),
    (database_is_set_back, "DtiLedgerDiffers"),
)
TITLE = f"{'alert':24} {'fault':35} {'fired':>6} {'ended':>6}"


def row(alert, fault, fired, ended):
    return f"{alert:24} {fault:35} {fired:4.1f} s {ended:4.1f} s"


def test_every_panel_has_data_and_each_alert_fires_with_its_fault_and_ends(pair, cluster, tmp_path):
    jobs = {"dti": [pair.leader.target, pair.standby.target], "dti-faculty": [pair.faculty.target]}
    with prometheus(tmp_path / "prometheus", jobs, DIVISOR) as server, AlertWatch(server) as watch:
        until(lambda: server.values("sum(up)") == [3], what="two servers and a faculty that are scraped")
        results = []
        for fault, *alerts in FAULTS:
            pair.settle()
            until(lambda alerts=alerts: not any(map(watch.fires, alerts)), what=f"{alerts} not firing before the fault")
            begun = time.monotonic()
            with fault(pair, lambda alerts=alerts: all(map(watch.fires, alerts))):
                fired = [watch.seconds_until_fired(alert, begun) for alert in alerts]
                repaired = time.monotonic()
            results += [(alert, fault.__name__, seconds, repaired) for alert, seconds in zip(alerts, fired)]
            if fault is database_is_stopped:  # of which a server has warned: every panel can have data
                pair.settle()
                queries = [query for query in panel_queries(**VARIABLES) if not ONLY_SQLITE.search(query[1])]
                wait_for_data(server, queries, lambda: load(pair))

        pair.stop()
        pair.store = PostgresqlStore(cluster)
        pair.start()
        lines = [row(alert, fault, fired, watch.seconds_until_ended(alert, repaired))
                 for alert, fault, fired, repaired in results]
        print("\n" + "\n".join([TITLE, *lines]))
        until(lambda: server.firing() == set(), what="the end of all alerts")


def test_the_disk_of_a_sqlite_store_has_its_panels_and_its_alert(tmp_path):
    with disk_in_memory(tmp_path / "disk", 64) as disk:
        single = Server(tmp_path / "server")
        single.start(SqliteStore(disk.folder))
        try:
            jobs = {"dti": [single.target]}
            with prometheus(tmp_path / "prometheus", jobs, DIVISOR) as server, AlertWatch(server) as watch:
                queries = [query for query in panel_queries(**VARIABLES) if ONLY_SQLITE.search(query[1])]
                wait_for_data(server, queries)
                begun = time.monotonic()
                disk.fill()
                fired = watch.seconds_until_fired("DtiStoreDiskLow", begun)
                repaired = time.monotonic()
                disk.free()
                ended = watch.seconds_until_ended("DtiStoreDiskLow", repaired)
                print("\n" + "\n".join([TITLE, row("DtiStoreDiskLow", "disk_is_full", fired, ended)]))
        finally:
            single.stop()


def test_a_server_and_a_faculty_whose_loops_hang_have_an_alert_each(tmp_path):
    firing = 'ALERTS{alertname="DtiLoopSilent", alertstate="firing"}'
    with contextlib.ExitStack() as stack:
        server = Server(tmp_path / "server")
        stack.callback(server.stop)
        server.start(SqliteStore(tmp_path))
        faculty = Faculty(tmp_path / "faculty", server)
        stack.callback(faculty.stop)
        faculty.start()
        jobs = {"dti": [server.target], "dti-faculty": [faculty.target]}
        with prometheus(tmp_path / "prometheus", jobs, DIVISOR) as figures, AlertWatch(figures) as watch:
            until(lambda: figures.values("sum(up)") == [2], what="a server and a faculty that are scraped")
            begun = time.monotonic()
            with loop_waits_for_a_disk(server), loop_waits_for_a_disk(faculty):
                fired = watch.seconds_until_fired("DtiLoopSilent", begun)
                until(lambda: figures.values(firing) == [1, 1], what="an alert for each of the two")
                assert not server.answers("/livez") and not faculty.answers("/livez")
                repaired = time.monotonic()
            ended = watch.seconds_until_ended("DtiLoopSilent", repaired)
            print("\n" + "\n".join([TITLE, row("DtiLoopSilent", loop_waits_for_a_disk.__name__, fired, ended)]))


def test_each_alert_has_a_fault():
    rules = (ROOT / "deploy/monitoring/dti.rules.yml").read_text(encoding="utf-8")
    of_test_limits = "DtiClientLimited"  # its clients must be on another host
    assert set(re.findall(r"alert: (\w+)", rules)) == {
        "DtiStoreDiskLow", "DtiLoopSilent", of_test_limits, *(alert for _, *alerts in FAULTS for alert in alerts)}
