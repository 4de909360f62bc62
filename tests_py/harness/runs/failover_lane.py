"""Several servers on one PostgreSQL, whose leader is killed, stopped or paused again and again under load. It measures
how long no server answers, and compares every answer with the ledger."""

import json
import os
import queue
import shutil
import signal
import time
from random import Random

from tests_py.harness.catalogs import write_pairs
from tests_py.harness.runs.crash_ledger import check_semester
from tests_py.harness.runs.crash_load import Requests, draw_pool
from tests_py.harness.runs.failover_load import FacultyLoad
from tests_py.harness.runs.failover_programs import RealPrograms
from tests_py.harness.process import FAULTS, Daemon, binary, run
from tests_py.harness.runs.run_figures import Broken, FailoverFigures
from tests_py.harness.runs.whole_life import WholeLife
from tests_py.harness.stores import PostgresqlStore
from tests_py.harness.wire import HAS_ALREADY, answers

UNDER_WAY = 150
LIGHT = 20  # requests in progress while the lane waits for something
LIGHT_RATE = 300  # fresh ones a second
PROGRAMS_EACH_ROUND = 2  # real ones; one more repeats an earlier one
LEAD_SECONDS = 60  # a bound on a wait only; what is promised is checked on the figures
SETTLE_SECONDS = 60
ROUNDS_OF_STORE_MAX = 40
PAUSE_LEASES = 3
SEMESTER = "semester-1"


class Server(Daemon):
    """A dti_server that says by its lines what it is."""

    state = None  # its last line: READY or STANDBY; None: it has said nothing yet
    changed_at = 0.0

    def look(self):
        """Takes the lines that it has printed since."""
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return self
            if line is None:
                self._lines.put(None)
                raise AssertionError(f"ended by itself{self.describe()}")
            self._seen.append(line)
            self.state, _, self.endpoint = line.strip().partition(" ")
            self.changed_at = time.monotonic()

    def leads(self):
        return self.look().state == "READY"

    def may_lead(self):
        """Like leads(), of a server that may end at any moment."""
        try:
            return self.leads()
        except AssertionError:
            return False


def host_of_our_own():
    """A loopback address that is this process's: a server that is started again finds its port free."""
    number = os.getpid() % 0xfffffe + 1
    return f"127.{number >> 16 & 0xff}.{number >> 8 & 0xff}.{max(2, number & 0xff)}"


class FailoverLane:
    """`on_checked(figures)` is called after each round. The folder is left as it is if a fault is found, and is empty
    otherwise."""

    def __init__(self, folder, cluster, seed, lease_seconds=1, server_count=2, programs_each=4000, figures=None,
                 on_checked=lambda figures: None, with_programs=True):
        self._folder = folder
        self._cluster = cluster
        self._seed = seed
        self._random = Random(f"{seed}: moments")
        self._lease = lease_seconds
        self._count = server_count
        self._programs_each = programs_each
        self._on_checked = on_checked
        self._with_programs = with_programs
        self._host = host_of_our_own()
        self._servers = []
        self._load = self._real = self._life = self._followed = None
        self.figures = figures or FailoverFigures()

    def run(self, kinds):
        """A round of each of these kinds, in this order; a round that was not measured is done once more at the end.
        Raises Broken at the first fault."""
        todo = list(kinds)
        again = list(kinds)  # as many more at most
        try:
            while todo:
                self._begin_store()
                for _ in range(ROUNDS_OF_STORE_MAX):
                    if not todo or self._requests.used_up or (self._real and self._real.used_up):
                        break
                    kind = todo.pop(0)
                    if not self._round(kind) and kind in again:
                        again.remove(kind)
                        todo.append(kind)
                self._end_store()
        finally:
            self._leave()
        return self.figures

    # A store: a database, some servers, and what they were asked.

    def _begin_store(self):
        self.figures.stores += 1
        self._place = self._folder / f"store-{self.figures.stores}"
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)
        self._store = PostgresqlStore(self._cluster)
        random = Random(f"{self._seed}: store {self.figures.stores}")
        self._requests = Requests(random, self._programs_each)
        self._life = WholeLife(self._store, Random(f"{self._seed}: life {self.figures.stores}"))
        self._followed = None
        self._counted = {}
        self._catalog_flag = write_pairs(self._place / "catalog.csv",
                                         [*self._requests.catalog(), *RealPrograms.rows(), *self._life.catalog()])
        self._requests.begin_semester(SEMESTER)
        self._pool = draw_pool(random, len(self._requests.catalog()))
        self._servers = []
        for number in range(self._count):
            self._servers.append(self._start(number))
            self._servers[number].wait_ready() if number == 0 else self._servers[number].wait_standby()
            self._servers[number].state = "STANDBY" if number else "READY"
        addresses = [server.address for server in self._servers]
        self._load = FacultyLoad(self._requests, addresses, random)
        self._load.beside = self._live
        for number in range(self._count):
            self._load.connect(number)
        if self._with_programs:
            self._real = RealPrograms(self._place, random)
            self._real.start(addresses)

    def _start(self, number, port=0):
        classrooms, labs, conversions = self._pool
        admin = self._life.admin(number)
        server = Server([binary("dti_server"), f"--bind={self._host}", f"--port={port}", f"--semester={SEMESTER}",
                         f"--classrooms={classrooms}", f"--labs={labs}", f"--mobile-labs={conversions}",
                         self._catalog_flag, self._store.flag, f"--admin={admin}",
                         f"--lease-seconds={self._lease}"], self._place)
        server.admin = admin
        return server

    def _end_store(self):
        """A part is asked once more; all is read back, by ourselves and by dtictl; the servers stop in order."""
        self._load.ask_again(self._requests.sample_of_settled(1000))
        self._load.settle(SETTLE_SECONDS)
        self._life.settle(SETTLE_SECONDS, self._follow)
        self._check()
        status, output, log = run(self._place, "dtictl", "verify", self._store.flag, seconds=60)
        if status != 0:
            self._found([("sums", f"dtictl verify ended with {status}: {output[-500:]} {log[-500:]}")])
        if self._real:
            self._real.stop()
        self._load.close()
        self._life.disconnect(drain=False)
        for server in self._servers:
            status = server.stop()
            assert status == 0, f"stopped, and ended with {status}{server.describe()}"
            self._remove(server)
        self._found(self._life.last_faults())
        self.figures.count_life(self._life.counts())
        self._life.close()
        self.figures.entries += self._store.count("SELECT count(*) FROM ledger")
        self._store.drop()
        self._load = self._real = self._life = None
        self._servers = []
        shutil.rmtree(self._place)

    def _leave(self):
        if self._load:
            self._load.close()
        if self._real:
            self._real.remove()
        if self._life:
            self._life.close()
        for server in self._servers:
            server.remove()

    # The whole life of grants, beside the plain requests.

    def _live(self):
        self._follow()
        self._life.turn()

    def _follow(self):
        """Its clients go to the server that has said last that it leads."""
        leader = max((server for server in self._servers if server.may_lead()), key=lambda server: server.changed_at, default=None)
        if leader is None or leader is self._followed:
            return
        self._life.disconnect(drain=self._followed is not None and self._followed.has_ended())
        self._followed = leader
        self._life.connect(leader.endpoint, leader.admin)

    # A round.

    def _round(self, kind):
        """Was it measured?"""
        if self._real:
            self._real.ask(SEMESTER, PROGRAMS_EACH_ROUND)
        self._wait(lambda: self._leader() is not None and self._load.link(self._leader()), "a leader")
        self._load.pump(self._random.uniform(0.05, 0.3), UNDER_WAY)
        victim = self._leader()
        if victim is None:  # the lead moves by itself just now
            self.figures.void += 1
            return False
        if self._real:
            self._real.ask(SEMESTER, PROGRAMS_EACH_ROUND)
        self._load.forget_first_answers()
        stalls = self._load.clock.stalls
        fault = time.monotonic()
        self._harm(kind, self._servers[victim])
        self._load.pump(LEAD_SECONDS, UNDER_WAY, stop=lambda: self._load.first_answer_but_of(victim))
        answered = self._load.first_answer_but_of(victim)
        assert answered, f"no server answered within {LEAD_SECONDS} s{self._servers[victim].describe()}"
        is_measured = self._load.clock.stalls == stalls
        self._load.pump(0.1, UNDER_WAY)
        self._heal(kind, victim, fault)
        self._settle()
        self._check()
        figures = self.figures
        if is_measured:
            figures.rounds[kind] += 1
            figures.gaps[kind].append(round(answered - fault, 4))
        else:
            figures.void += 1
        self._on_checked(figures)
        return is_measured

    def _leader(self):
        """The place of the server that leads; None: none or, while the lead moves, two of them say so."""
        leaders = [place for place, server in enumerate(self._servers) if server.leads()]
        return leaders[0] if len(leaders) == 1 else None

    @staticmethod
    def _harm(kind, server):
        if kind == "crash":
            server.crash()
        else:
            server.signal(signal.SIGTERM if kind == "stop" else signal.SIGSTOP)

    def _heal(self, kind, victim, fault):
        """The victim is a standby again."""
        if kind == "pause":
            self._end_pause(victim, fault)
            return
        server = self._servers[victim]
        if kind == "stop":
            status = server.exit_status()
            assert status == 0, f"stopped, and ended with {status}{server.describe()}"
        self._wait(lambda: self._load.link(victim) is None, "the end of the connections")
        port = server.port
        self._remove(server)
        self._servers[victim] = self._start(victim, port)
        self._wait(lambda: self._servers[victim].look().state, "a server that is started again")
        self._load.connect(victim)

    def _end_pause(self, victim, fault):
        """After three leases the leader continues, and finds that it was replaced. Its answers until then must have been in
        the ledger before."""
        server, link = self._servers[victim], self._load.link(victim)
        left = PAUSE_LEASES * self._lease - (time.monotonic() - fault)
        self._load.pump(max(0, left), LIGHT, rate=LIGHT_RATE)
        stored = self._store.allocations(SEMESTER)
        link.kept = []
        seen = server.changed_at
        server.signal(signal.SIGCONT)
        self._wait(lambda: server.look().changed_at > seen, "a leader that stands by after a pause")
        self._load.pump(0.1, LIGHT, rate=LIGHT_RATE)
        kept, link.kept = link.kept, None
        self.figures.answered_after_pause += len(kept)
        if not server.leads():  # it may lead again: then its answers are new ones
            self._found([("stale", f"{frame!r} came from a server that was replaced, and was not in the ledger")
                         for frame in kept if not was_stored(stored, self._requests, frame)])

    def _settle(self):
        self._load.settle(SETTLE_SECONDS)
        if self._real:
            self._load.pump(SETTLE_SECONDS, LIGHT, stop=lambda: self._real.have_ended, rate=LIGHT_RATE)
            self._load.settle(SETTLE_SECONDS)
            self._real.collect(SEMESTER)
        self._life.settle(SETTLE_SECONDS, self._follow)

    def _wait(self, condition, what):
        """Under light load."""
        self._load.pump(LEAD_SECONDS, LIGHT, stop=condition, rate=LIGHT_RATE)
        assert condition(), f"{what} did not come about within {LEAD_SECONDS} s" + "".join(
            server.describe() for server in self._servers)

    def _remove(self, server):
        server.remove()
        if FAULTS.search(server.log):
            raise AssertionError(f"a fault in the log{server.describe()}")

    # What came of it.

    def _check(self):
        """No request is in progress when this is called."""
        asked = dict(self._requests.by_id)
        faults = [*self._requests.faults, *self._life.faults()]
        if self._real:
            asked.update(self._real.as_asked(self._store, SEMESTER))
            faults += self._real.faults
        faults += check_semester(self._store, SEMESTER, self._pool, asked)
        self._count_up()
        unanswered = self._load.unanswered + (self._real.unanswered if self._real else 0)
        self._found(faults + [("unanswered", "a request had no answer within 25 s")] * unanswered)

    def _count_up(self):
        figures, requests = self.figures, self._requests
        counts = {**requests.counts(), "life_answers": self._life.answers, "program_answers": self._real.answers if self._real else 0}
        figures.count_up(counts, self._counted)
        self._counted = counts
        figures.longest_wait = max(figures.longest_wait, round(self._load.longest_wait, 4))
        if self._real:
            figures.longest_program_wait = max(figures.longest_program_wait, self._real.longest_wait)

    def _found(self, faults):
        self.figures.note(faults)
        if faults:
            self._on_checked(self.figures)
            raise Broken("; ".join(self.figures.sentences[:3]))


def was_stored(stored, requests, frame):
    """Is all that this reply grants in these allocations?"""
    reply = json.loads(frame)
    faculty = requests.by_id[reply["request-id"]].faculty
    for entry, (status, *rooms) in zip(reply["programs"], answers(reply)):
        held = stored.get((faculty, entry["program-name"]))
        if status == "INVALID-PROGRAM":
            continue
        if held is None or list(held[1:]) != rooms or (status != HAS_ALREADY and held[0] != status):
            return False
    return True
