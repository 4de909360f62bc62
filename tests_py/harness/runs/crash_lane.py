"""One server on one store, killed again and again under load; all that it ever answered is compared with the ledger."""

import contextlib
import dataclasses
import shutil
import threading
import time
from random import Random

from tests_py.harness.catalogs import write_pairs
from tests_py.harness.runs.crash_ledger import check_semester
from tests_py.harness.runs.crash_load import Patience, Peers, Requests, draw_pool
from tests_py.harness.database_faults import FAILURES
from tests_py.harness.process import FAULTS, Daemon, binary, run
from tests_py.harness.runs.run_figures import Broken, CrashFigures
from tests_py.harness.runs.whole_life import WholeLife
from tests_py.harness.stores import PostgresqlStore, SqliteStore

READY_SECONDS = 60  # the lease of the server before, and a machine that has better things to do
SETTLE_SECONDS = 60
UNDER_WAY = 400


@dataclasses.dataclass
class Shape:
    """How large a store gets before the next one is made."""

    programs_each: int = 1200  # of each faculty
    semesters: int = 6


class Lane:
    """`cluster` is None for SQLite. `kill` is server, database or both. `on_checked(figures)` is called after each
    check of the ledger. The folder is left as it is if a fault is found, and is empty otherwise."""

    def __init__(self, folder, cluster, seed, kill="server", shape=None, on_checked=lambda figures: None,
                 goes_on=lambda: True):
        self._folder = folder
        self._cluster = cluster
        self._seed = seed
        self._random = Random(f"{seed}: moments")  # and nothing else: how far a load gets must not matter
        self._details = Random(f"{seed}: details")
        self._kill = kill
        self._shape = shape or Shape()
        self._on_checked = on_checked
        self._goes_on = goes_on
        self._burst = 0
        self._starts = 0
        self._daemons = []
        self._daemon = self._peers = self._life = None
        self.figures = CrashFigures()

    @property
    def store(self):
        """The current store, or the last one."""
        return self._store

    def run(self, kills):
        """Kills `kills` times, or until goes_on() returns false. Returns the figures; raises Broken at the first fault."""
        try:
            while self._wants_more(kills):
                self._run_store(kills)
        finally:
            self._leave_server()
            for daemon in self._daemons:
                daemon.remove()
            if self._life:
                self._life.close()
        return self.figures

    def _wants_more(self, kills):
        return self.figures.kills < kills and self._goes_on()

    def _run_store(self, kills):
        self._begin_store()
        while self._wants_more(kills):
            if self._requests.used_up:
                if len(self._pools) == self._shape.semesters:
                    break
                self._stop_server()
                self._begin_semester()
            self._kill_once(self._moment())
        self._end_store()

    def _begin_store(self):
        self.figures.stores += 1
        self._place = self._folder / f"store-{self.figures.stores}"
        self._place.mkdir(parents=True)
        self._store = PostgresqlStore(self._cluster) if self._cluster else SqliteStore(self._place)
        self._requests = Requests(Random(f"{self._seed}: store {self.figures.stores}"), self._shape.programs_each)
        self._life = WholeLife(self._store, Random(f"{self._seed}: life {self.figures.stores}"))
        self._counted = {}
        self._pools = {}
        self._catalog_flag = write_pairs(self._place / "catalog.csv", [*self._requests.catalog(), *self._life.catalog()])
        self._begin_semester()

    def _begin_semester(self):
        semester = f"semester-{len(self._pools) + 1}"
        self._requests.begin_semester(semester)
        self._pools[semester] = draw_pool(self._details, len(self._requests.catalog()))
        self.figures.semesters += 1

    def _end_store(self):
        """Everything is answered, a part of it once more, the server stops in order, and every semester is read, also by dtictl."""
        if self._pools:
            self._serve()
            self._peers.settle(SETTLE_SECONDS)
            for request_id, asked in self._requests.sample_of_settled(1000):
                self._peers.send(request_id, asked.body)
            self._settle()
            self._stop_server()
            self._check(self._pools, self._life.last_faults())
            status, output, log = run(self._place, "dtictl", "verify", self._store.flag)
            if status != 0:
                self._found([("sums", f"dtictl verify ended with {status}: {output[-500:]} {log[-500:]}")])
            self.figures.count_life(self._life.counts())
            self.figures.entries += self._store.count("SELECT count(*) FROM ledger")
        self._on_checked(self.figures)
        if self._cluster:
            self._store.drop()
        for daemon in self._daemons:
            daemon.remove()
        self._daemons = []
        self._life.close()
        shutil.rmtree(self._place)

    # The moments at which the lane kills a process.

    def _moment(self):
        """(what is killed and when, seconds)."""
        if self._kill == "database" or (self._kill == "both" and self._random.random() < 0.5):
            who = "database" if self._kill == "database" or self._random.random() < 0.5 else "both at once"
            return who, self._random.uniform(0.05, 0.4)
        if self._burst:
            self._burst -= 1
            return "at a start", self._random.uniform(0, 1.2) * self._usual_ready()
        chance = self._random.random()
        if chance < 0.05:
            self._burst = self._random.randint(1, 4)  # more, right after the next one
        if chance < 0.15:
            return "at a start", self._random.uniform(0, 1.2) * self._usual_ready()
        if chance < 0.25:
            return "right after READY", self._random.uniform(0, 0.02)
        if chance < 0.35 and self._cluster:
            return "with another server beside it", self._random.uniform(0.05, 0.4)
        return "under load", self._random.uniform(0.05, 0.4)

    def _usual_ready(self):
        recent = sorted(self.figures.ready[-15:])
        return recent[len(recent) // 2] if recent else 0.1

    def _kill_once(self, moment):
        what, seconds = moment
        if what == "at a start":
            self._kill_at_start(seconds)
        else:
            self._serve()
            if what == "right after READY":
                self._peers.top_up(UNDER_WAY)
            if what in ("database", "both at once"):
                self._kill_database(seconds, with_server=what == "both at once")
            else:
                self._load(seconds)
                if what == "with another server beside it":
                    self._kill_beside_another()
                else:
                    self._kill_server()
        self.figures.kills += 1
        by_moment = self.figures.kills_by_moment
        by_moment[what] = by_moment.get(what, 0) + 1

    def _load(self, seconds, stop=lambda: False):
        """Plain requests, and beside them the whole life of grants."""
        def turn():
            self._life.turn()
            return stop()

        self._peers.load(seconds, UNDER_WAY, turn)

    def _settle(self):
        self._peers.settle(SETTLE_SECONDS)
        self._life.settle(SETTLE_SECONDS)

    def _kill_at_start(self, seconds):
        self._stop_server()
        daemon = self._start()
        with contextlib.suppress(AssertionError):
            daemon.line("READY", seconds)
        self._end_daemon(daemon)

    def _kill_server(self):
        self._daemon.crash()
        self._drain()
        self._leave_server()

    def _kill_beside_another(self):
        """The second either takes the lead, and the first says so and ends, or stands by until the first is gone."""
        first, started, second = self._daemon, time.monotonic(), self._start()
        self._load(self._details.uniform(0, 0.2), stop=first.has_ended)
        if not first.has_ended():
            first.crash()
        elif (status := first.exit_status()) not in (1, -9):
            raise AssertionError(f"replaced, and ended with {status}{first.describe()}")
        self._drain()
        self._leave_server()
        self._become_ready(second, started)

    def _kill_database(self, seconds, with_server):
        """While requests go on coming. The server lives on and must serve again by itself."""
        name = self._details.choice(list(FAILURES))
        fault = []

        def fail():
            try:
                FAILURES[name](self._cluster, self._details)
            except BaseException as error:
                fault.append(error)

        self._load(seconds)
        failing = threading.Thread(target=fail)
        failing.start()
        try:
            if with_server:
                self._kill_server()
            else:
                self._load(READY_SECONDS * 2, stop=lambda: not failing.is_alive())
        finally:
            failing.join()
        if fault:
            raise fault[0]
        if not with_server:
            is_back = time.monotonic()
            self._peers.until_healthy(READY_SECONDS)
            self.figures.back.append(time.monotonic() - is_back)
            self._settle()
            self._check([self._requests.semester], self._life.faults())

    # The server.

    def _start(self):
        semester = self._requests.semester
        classrooms, labs, conversions = self._pools[semester]
        flags = [f"--semester={semester}", f"--classrooms={classrooms}", f"--labs={labs}",
                 f"--mobile-labs={conversions}", self._catalog_flag, self._store.flag]
        if self._cluster:
            flags += ["--lease-seconds=1"]
        admin = self._life.admin(self._starts % 2)  # another one than that of the server before, which may still run
        self._starts += 1
        daemon = Daemon([binary("dti_server"), "--port=0", f"--admin={admin}", *flags], self._place)
        daemon.admin = admin
        self._daemons.append(daemon)
        return daemon

    def _serve(self):
        """Starts a server, waits until it is ready, and sends it all requests without an answer."""
        if self._daemon is None:
            started = time.monotonic()
            self._become_ready(self._start(), started)

    def _become_ready(self, daemon, started):
        daemon.endpoint = _ready_line(daemon)
        self._daemon = daemon
        self.figures.ready.append(round(time.monotonic() - started, 4))
        self._check([self._requests.semester], self._life.faults())
        self._peers = Peers(daemon.endpoint, self._requests)
        self._peers.resend_waiting()
        self._life.connect(daemon.endpoint, daemon.admin)

    def _stop_server(self):
        """Sends SIGTERM: the server answers all requests that wait, and its exit status is 0."""
        if self._daemon is not None:
            status = self._daemon.stop()
            if status != 0:
                raise AssertionError(f"stopped, and ended with {status}{self._daemon.describe()}")
            self._drain()
            self._leave_server()

    def _drain(self):
        self._peers.drain()
        self._life.disconnect()

    def _leave_server(self):
        if self._peers is not None:
            self._peers.__exit__()
            self._life.disconnect(drain=False)
        if self._daemon is not None:
            self._end_daemon(self._daemon)
        self._daemon = self._peers = None

    def _end_daemon(self, daemon):
        daemon.remove()
        self._daemons.remove(daemon)
        if FAULTS.search(daemon.log):
            raise AssertionError(f"a fault in the log{daemon.describe()}")

    def _check(self, semesters, life_faults):
        """No request is in progress when this is called."""
        faults = [*self._requests.faults, *life_faults]
        for semester in semesters:
            faults += check_semester(self._store, semester, self._pools[semester], self._requests.by_id)
        figures, requests = self.figures, self._requests
        counts = {**requests.counts(), "life_answers": self._life.answers}
        figures.count_up(counts, self._counted)
        self._counted = counts
        self._on_checked(figures)
        self._found(faults)

    def _found(self, faults):
        self.figures.note(faults)
        if faults:
            self._on_checked(self.figures)
            raise Broken("; ".join(self.figures.sentences[:3]))


def _ready_line(daemon):
    patience = Patience(READY_SECONDS)
    while True:
        try:
            return daemon.line("READY", 0.4)
        except AssertionError:
            if patience.is_over() or daemon.has_ended():
                raise
