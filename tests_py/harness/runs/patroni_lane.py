"""Two servers on three PostgreSQL under Patroni, whose nodes fail again and again under load. It measures how long no
grant is answered, and compares every answer with the ledger."""

import os
import re
import shutil
import threading
import time
from datetime import datetime
from random import Random

from tests_py.harness.catalogs import write_pairs
from tests_py.harness.patroni.cluster import CLIENT, SERVERS, WATCH_SECONDS
from tests_py.harness.patroni.faults import KINDS
from tests_py.harness.process import FAULTS, binary, run
from tests_py.harness.runs.crash_ledger import check_semester
from tests_py.harness.runs.crash_load import Requests, draw_pool
from tests_py.harness.runs.failover_lane import Server
from tests_py.harness.runs.patroni_figures import PatroniFigures
from tests_py.harness.runs.patroni_load import PatroniLoad
from tests_py.harness.runs.run_figures import Broken
from tests_py.harness.stores import PostgresqlStore

UNDER_WAY = 40
RATE = 15  # requests a second; six of ten are new
STORE_TIMEOUT_SECONDS = 10
MOVE_SECONDS = 240  # bounds on waits only, on a machine that others use too
WHOLE_SECONDS = 300
ANSWER_SECONDS = 300
START_SECONDS = 240
SETTLE_SECONDS = 120
FRESH_MIN = 1000  # requests that a round may need
PROGRAMS_EACH = 1200
STALE_SLACK_SECONDS = 1
PROBE_SECONDS = 0.05
SEMESTER = "semester-1"


def leading_times(log):
    """When a server has taken over, by its own log, in seconds of UTC."""
    return [datetime.fromisoformat(at).timestamp() for at in re.findall(r"^(\S+) info leading:", log, re.M)]


class PatroniLane:
    """`on_checked(figures)` is called after each round. Call run() on the clients' host."""

    def __init__(self, folder, cluster, seed, lease_seconds=5, on_checked=lambda figures: None, goes_on=lambda: True,
                 programs_each=PROGRAMS_EACH, say=lambda text: None):
        self._folder = folder
        self._cluster = cluster
        self._seed = seed
        self._random = Random(f"{seed}: moments")
        self._lease = lease_seconds
        self._on_checked = on_checked
        self._goes_on = goes_on
        self._programs_each = programs_each
        self._say = say
        self._servers = []
        self._load = None
        self._timeline = 0
        self.figures = PatroniFigures()

    def run(self, kinds):
        """A round of each of these kinds, in this order; one whose fault did not happen is done once more at the end.
        Raises Broken at the first fault of ours."""
        todo = list(kinds)
        again = list(kinds)  # as many more at most
        try:
            while todo and self._goes_on():
                self._begin_store()
                while todo and self._goes_on() and self._requests.fresh_left > FRESH_MIN:
                    kind = todo.pop(0)
                    if not self._round(kind) and kind in again:
                        again.remove(kind)
                        todo.append(kind)
                self._end_store()
        except AssertionError:
            self.figures.given_up += 1
            self._on_checked(self.figures)
            raise
        finally:
            if self._load:
                self._load.close()
            for server in self._servers:
                server.remove()
        return self.figures

    # A store: a database, two servers, and what they were asked.

    def _begin_store(self):
        self.figures.stores += 1
        self._place = self._folder / f"store-{self.figures.stores}"
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)
        self._store = PostgresqlStore(self._cluster)
        random = Random(f"{self._seed}: store {self.figures.stores}")
        self._requests = Requests(random, self._programs_each)
        self._counted = {}
        catalog_flag = write_pairs(self._place / "catalog.csv", self._requests.catalog())
        self._requests.begin_semester(SEMESTER)
        self._pool = draw_pool(random, len(self._requests.catalog()))
        classrooms, labs, conversions = self._pool
        self._servers = []
        for number, host in enumerate(SERVERS):
            hosts = self._cluster.hosts
            server = Server([*hosts.enter(host), binary("dti_server"), f"--bind={hosts.address(host, 'clients')}",
                             "--allow-plaintext", "--port=0", f"--semester={SEMESTER}", f"--classrooms={classrooms}", f"--labs={labs}",
                             f"--mobile-labs={conversions}", catalog_flag, self._store.flag,
                             f"--store-timeout={STORE_TIMEOUT_SECONDS}", f"--lease-seconds={self._lease}"],
                            self._place)
            self._servers.append(server)
            (server.wait_standby if number else server.wait_ready)(START_SECONDS)
            server.state = "STANDBY" if number else "READY"
        self._load = PatroniLoad(self._requests, [server.address for server in self._servers], random,
                                 budget_seconds=ANSWER_SECONDS)
        for number in range(len(self._servers)):
            self._load.connect(number)
        self._pump(1)

    def _end_store(self):
        """A part is asked once more; all is read back, by ourselves and by dtictl; the servers stop in order."""
        self._load.ask_again(self._requests.sample_of_settled(500))
        self._load.settle(SETTLE_SECONDS)
        self._check()
        status, output, log = run(self._place, "dtictl", "verify", self._store.flag, seconds=120)
        if status != 0:
            self._found([("sums", f"dtictl verify ended with {status}: {output[-500:]} {log[-500:]}")])
        self._load.close()
        for server in self._servers:
            status = server.stop()
            assert status == 0, f"stopped, and ended with {status}{server.describe()}"
            server.remove()
            if FAULTS.search(server.log):
                raise AssertionError(f"a fault in the log{server.describe()}")
        self.figures.entries += self._store.count("SELECT count(*) FROM ledger")
        self._load = None
        self._servers = []
        self._store.drop()
        shutil.rmtree(self._place)
        self._on_checked(self.figures)

    # A round.

    def _round(self, kind):
        """Did its fault happen?"""
        self._wait(lambda: self._cluster.view.is_whole and self._grants_flow(), WHOLE_SECONDS, "a whole cluster")
        self._pump(self._random.uniform(0.3, 1))
        view = self._cluster.view
        if not view.is_whole:  # it moves by itself just now
            self._wait(lambda: self._cluster.view.is_whole, WHOLE_SECONDS, "a whole cluster")
            view = self._cluster.view
        fault = KINDS[kind](self._cluster, view, self._random)
        self._timeline = self._timeline or view.timeline
        self._load.forget()
        stalls = self._load.clock.stalls
        if fault.repeats_only:  # they need no commit
            self._load.settle(SETTLE_SECONDS)
            self._begin(fault, self._probe)
            self._probe(lambda: time.monotonic() > fault.began_at + self._lease + 2 * STALE_SLACK_SECONDS)
        else:
            self._begin(fault, lambda stop: self._pump(MOVE_SECONDS, stop))
        if fault.moves:
            self._wait(lambda: self._has_moved(view) and self._grants_flow(), MOVE_SECONDS, f"another primary ({kind})")
        else:
            self._hold(fault, view)
        healed = time.monotonic()
        fault.heal()
        self._wait(lambda: self._cluster.view.is_whole and self._cluster.view.streams_at > healed + WATCH_SECONDS
                   and self._grants_flow(), WHOLE_SECONDS, f"a whole cluster after {kind}")
        whole = time.monotonic()
        self._load.settle(SETTLE_SECONDS)
        self._note(kind, fault, healed, whole)
        if kind == "stale-primary":
            self._note_stale(self._answers_of_stale(fault))
        self.figures.stalls += self._load.clock.stalls - stalls
        self._check()
        self._on_checked(self.figures)
        return not fault.is_void

    @staticmethod
    def _begin(fault, load):
        """Beside the load, which ends when its argument returns true."""
        failed = []

        def begin():
            try:
                fault.begin()
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=begin)
        thread.start()
        try:
            load(lambda: not thread.is_alive())
        finally:
            thread.join()
        if failed:
            raise failed[0]

    def _hold(self, fault, view):
        """Until the time of the fault is over, or another node leads."""
        end = fault.began_at + fault.hold_seconds
        self._pump(max(0.0, end - time.monotonic()), lambda: fault.moves is None and self._has_moved(view))
        if self._has_moved(view) or fault.needs_answers:
            self._wait(self._grants_flow, MOVE_SECONDS, "a grant")

    def _answers_of_stale(self, fault):
        """In s, when each came after the primary had lost its standbys. Until the next one leads, no commit is possible,
        not even that of a take-over, so that each answer before the next `leading` rests on the stale primary."""
        began = fault.began_at_utc
        leading = [at for server in self._servers for at in leading_times(server.log) if at > began]
        assert leading, f"no server says that it took over after a stale primary{self.describe()}"
        return [at - began for at in self._load.answers if began < at < min(leading)]

    def _probe(self, stop):
        """Sends only repeats, to all servers."""
        sample = self._requests.sample_of_settled(500)
        while not stop():
            for number in range(len(self._servers)):
                link = self._load.link(number)
                if link:
                    request_id, asked = self._random.choice(sample)
                    link.send(request_id, asked.body)
            self._load.pump(PROBE_SECONDS, 0, stop=self._look)

    def _pump(self, seconds, stop=lambda: False):
        self._load.pump(seconds, UNDER_WAY, stop=lambda: self._look() or stop(), rate=RATE)

    def _look(self):
        """Raises AssertionError if a server has ended by itself."""
        for server in self._servers:
            server.look()
        return False

    def _wait(self, condition, seconds, what):
        self._pump(seconds, condition)
        assert condition(), f"{what} did not come about within {seconds} s\n{self.describe()}"

    def _grants_flow(self):
        return bool(self._load.grants) and time.monotonic() - self._load.grants[-1] < 0.5

    def _has_moved(self, view):
        now = self._cluster.view
        return now.leader not in (None, view.leader) and now.timeline > view.timeline

    def describe(self):
        return self._cluster.describe() + "".join(server.describe() for server in self._servers)

    # What came of it.

    def _note(self, kind, fault, healed, whole):
        figures, view = self.figures, self._cluster.view
        gap = self._load.longest_gap(fault.began_at, healed)
        if fault.is_void:
            figures.void += 1
        else:
            figures.rounds[kind] += 1
            figures.moved[kind] += view.leader != fault.view.leader
            figures.gaps[kind].append(round(gap, 3))
            figures.return_gaps[kind].append(round(self._load.longest_gap(healed, whole), 3))
            figures.whole[kind].append(round(whole - healed, 3))
            figures.stalled[kind].append(len(self._load.waits))
        figures.loads.append(round(os.getloadavg()[0], 1))
        figures.waits.append(max(self._load.waits, default=0.0))
        figures.cancelled += fault.cancelled
        promotions = view.timeline - self._timeline
        figures.promotions += promotions
        figures.unexpected += max(0, promotions - (fault.moves is not False))
        self._timeline = view.timeline
        figures.history.append([view.timeline, view.leader, kind])
        self._say(f"{kind}{f' ({fault.note})' if fault.note else ''}: {fault.view.leader} -> {view.leader}, timeline "
                  f"{view.timeline}, no grant for {gap:.2f} s, whole after {whole - healed:.1f} s")

    def _note_stale(self, answers):
        longest = max(answers, default=0.0)
        self._say(f"  {len(answers)} answers on the stale primary, the last after {longest:.2f} s")
        self.figures.stale.append(round(longest, 3))
        self.figures.stale_answers += len(answers)
        if longest > self._lease + STALE_SLACK_SECONDS:
            self._found([("stale", f"a server answered for {longest:.2f} s on a stale primary, with a lease of "
                                   f"{self._lease} s")])

    def _check(self):
        """No request is in progress when this is called."""
        faults = self._requests.faults[:]
        faults += check_semester(self._store, SEMESTER, self._pool, self._requests.by_id)
        counts = self._requests.counts()
        self.figures.count_up(counts, self._counted)
        self._counted = counts
        self._found(faults + [("unanswered", f"a request had no answer within {ANSWER_SECONDS} s")]
                    * self._load.unanswered)

    def _found(self, faults):
        self.figures.note(faults)
        if faults:
            self._on_checked(self.figures)
            raise Broken("; ".join(self.figures.sentences[:3]))
