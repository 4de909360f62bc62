"""One round of a scenario: a new store, a server that is killed again and again, faculties, the office, and the checks."""

import collections
import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from random import Random

from tests_py.harness.catalogs import write_pairs
from tests_py.harness.challenge.books import Books
from tests_py.harness.challenge.desk import Desk
from tests_py.harness.challenge.ledger import Ledger
from tests_py.harness.challenge.traffic import Crowd, Traffic
from tests_py.harness.process import FAULTS, Daemon, binary, run
from tests_py.harness.runs.crash_load import Patience
from tests_py.harness.runs.run_figures import Broken
from tests_py.harness.stores import PostgresqlStore, SqliteStore

FACULTIES = 8
PROGRAMS = 100  # of each faculty
IN_FLIGHT = 64  # requests
COMMANDS_IN_FLIGHT = 8
READY_SECONDS = 60
SETTLE_SECONDS = 60


class Round:
    """The scenario's play(round) asks and orders; finish() checks. A fault raises Broken, and the folder stays."""

    def __init__(self, folder, cluster, seed, prepare_endpoint=lambda endpoint: endpoint):
        """`prepare_endpoint`: where the clients connect instead, for a test with something between them and the server."""
        self.folder = folder
        self.random = Random(seed)
        self.store = PostgresqlStore(cluster) if cluster else SqliteStore(folder)
        self.ledger = Ledger(self.store)
        self.traffic = Traffic()
        self.desk = Desk()
        self._books = Books(self.ledger, self.traffic, self.desk)
        self.kills = 0
        self.orders = collections.deque()  # command-ids that are not sent yet
        self._is_cluster = cluster is not None
        self._prepare_endpoint = prepare_endpoint
        self._catalog = write_pairs(folder / "catalog.csv", self.programs())
        self._sockets = Path(tempfile.mkdtemp(prefix="dti-"))  # the path of a socket has at most 107 bytes
        self._daemon = self._crowd = None
        self._own_faults = []

    @staticmethod
    def programs():
        """(faculty, program) of the catalogue."""
        return [(f"Faculty {f}", f"p{i}") for f in range(FACULTIES) for i in range(PROGRAMS)]

    def __enter__(self):
        self._start()
        return self

    def __exit__(self, kind, *_):
        self._leave()
        shutil.rmtree(self._sockets)
        if self._is_cluster and kind is not Broken:
            self.store.drop()

    # What a scenario does.

    def open_semester(self, name, classrooms, labs, mobile_labs=None):
        self.order("open-semester", name, None, classrooms=classrooms, labs=labs,
                   mobile_labs=classrooms if mobile_labs is None else mobile_labs)

    def order(self, verb, semester, expects, **more):
        """A command that must be OK. The reply."""
        command_id = self.desk.command(verb, semester, expects, **more)
        self.orders.append(command_id)
        self.drive()
        command = self.desk.by_id[command_id]
        if command.status != "OK":
            self._own_faults.append(f"{command.message} got {command.final}")
        return command.final

    def fault(self, sentence):
        self._own_faults.append(sentence)

    def groups(self, programs, most):
        """Cuts (faculty, program) into requests of 1 to `most` programs of one faculty, in a random order."""
        programs = list(programs)
        self.random.shuffle(programs)
        by_faculty = collections.defaultdict(list)
        for faculty, program in programs:
            by_faculty[faculty].append(program)
        found = []
        for faculty, names in by_faculty.items():
            while names:
                take = self.random.randint(1, most)
                found.append((faculty, names[:take]))
                del names[:take]
        self.random.shuffle(found)
        return found

    def with_copies(self, request_ids, copies):
        """The requests, with that many copies of each on average: soon after it, read or not read by the peer."""
        plan = []
        for request_id in request_ids:
            plan.append((len(plan), request_id))
            while self.random.random() < copies / (1 + copies):
                unread = "unread " if self.random.random() < 0.3 else ""
                plan.append((len(plan) + self.random.uniform(0, 40), unread + request_id))
        return [request_id for _, request_id in sorted(plan)]

    def drive(self, plan=(), kills=0):
        """Sends the requests of the plan and the orders of the office, until all are answered. Kills the server that
        often in the middle of it."""
        crowd, desk = self._crowd, self.desk
        crowd.plan.extend(plan)
        whole = len(crowd.plan) + len(self.orders)
        moments = sorted(self.random.randint(1, whole) for _ in range(kills)) if whole else []
        patience = Patience(SETTLE_SECONDS)
        before = None
        while self.orders or not crowd.is_idle or desk.under_way:
            while self.orders and desk.under_way < COMMANDS_IN_FLIGHT:
                desk.send(self.orders.popleft())
            crowd.top_up(IN_FLIGHT)
            if moments and whole - len(crowd.plan) - len(self.orders) >= moments[0]:
                del moments[0]
                self.kill()
                crowd = self._crowd
                continue
            crowd.receive(0.0005 if desk.under_way else 0.02)
            desk.receive()
            state = (self.traffic.answers, desk.under_way, len(self.orders))
            if state != before:
                before, patience = state, Patience(SETTLE_SECONDS)
            if patience.is_over():
                self._own_faults.append(f"{len(self.traffic.waiting)} requests and {desk.under_way} commands are not "
                                        f"answered after {SETTLE_SECONDS} s")
                self.check()

    def kill(self):
        """SIGKILL; the next server starts; the ledger is compared with what was answered; then all is sent again."""
        self.kills += 1
        self._daemon.crash()
        self._crowd.drain()
        plan = self._crowd.plan
        self.desk.disconnect()
        self._leave()
        self._start(plan)

    # The server.

    def _start(self, plan=()):
        flags = ["--lease-seconds=1"] if self._is_cluster else []
        self._daemon = Daemon([binary("dti_server"), "--port=0", self._catalog, self.store.flag,
                               f"--admin={self._sockets}/a", *flags], self.folder)
        self._daemon.wait_ready(READY_SECONDS)
        self.check()
        self._crowd = Crowd(self._prepare_endpoint(self._daemon.endpoint), self.traffic)
        self._crowd.resend_waiting()
        self._crowd.plan.extend(plan)
        self.desk.connect(f"{self._sockets}/a/admin")

    def _leave(self):
        if self._crowd is not None:
            self._crowd.__exit__()
        self.desk.disconnect()
        if self._daemon is not None:
            self._daemon.remove()
            if FAULTS.search(self._daemon.log):
                self._own_faults.append(f"a fault in the log: {self._daemon.log}")
        self._daemon = self._crowd = None

    # The checks.

    def faults(self):
        """Sentences about everything that is wrong so far."""
        return [*self._own_faults, *(": ".join(fault) for fault in self._books.faults())]

    def check(self):
        if faults := self.faults():
            raise Broken("; ".join(faults[:3]), faults)

    def finish(self):
        """No request is in progress. The server stops in order, the ledger is checked as a whole, and by dtictl."""
        status = self._daemon.stop()
        if status != 0:
            self._own_faults.append(f"the server ended with {status}: {self._daemon.log}")
        self._leave()
        self.ledger.read()
        for semester in self.ledger.semesters.values():
            semester.finish()
        self._own_faults += [": ".join(fault) for fault in self.ledger.check_asked(self.traffic.by_id)]
        status, out, log = run(self.folder, "dtictl", "verify", self.store.flag)
        if status != 0:
            self._own_faults.append(f"dtictl verify: {status}, {out}{log}")
        self.check()


def play(scenario, folder, cluster, seed, programs, **options):
    """One round of about that many requested programs: its figures as keywords of ChallengeFigures.count(), and how many
    answers it got. A fault is Broken(sentence, faults, store), and the folder and the store stay."""
    folder.mkdir(parents=True)
    with Round(folder, cluster, seed, **options) as round_:
        try:
            scenario.play(round_, programs)
            round_.finish()
        except Broken as broken:
            raise Broken(*broken.args, round_.store) from broken
        figures = {"rounds": 1, "requests": round_.traffic.sent, "commands": len(round_.desk.by_id),
                   "kills": round_.kills, "entries": round_.ledger.entries}
    shutil.rmtree(folder)
    return figures, round_.traffic.answers
