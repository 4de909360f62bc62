"""The requests and replies of a crash run: seeded requests, many in progress at once, and every reply byte for byte."""

import collections
import itertools
import json
import time

import zmq

from tests_py.harness.wire import HEALTH_CHECK, HEALTHY

FACULTIES = 8
COME_AGAIN = ("UNAVAILABLE", "OVERLOADED", "NOT-LEADER")
GONE_SECONDS = 30  # until the end of a dead server's connections is seen
HEALTH_EVERY_SECONDS = 0.05
ENDED = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED  # the second: it was gone before it was reached


class Patience:
    """A bound on a wait that is looked at often. A pause of this whole process counts for half a second."""

    def __init__(self, seconds):
        self._left = seconds
        self._last = time.monotonic()

    def is_over(self):
        before, self._last = self._last, time.monotonic()
        self._left -= min(0.5, self._last - before)
        return self._left < 0


class Asked:
    """A request: its bytes, and what it asks for."""

    __slots__ = ("answers", "body", "faculty", "first", "is_whole", "programs", "semester")

    def __init__(self, body, semester, faculty, programs, is_whole):
        self.body = body
        self.semester = semester
        self.faculty = faculty
        self.programs = programs  # (name, classrooms, labs) of each, in order
        self.is_whole = is_whole  # no other request was the first to name its programs
        self.first = None  # the first reply that settled it, word for word
        self.answers = None  # what that reply says: (status, classrooms, labs, mobile labs) of each program


class Requests:
    """Those of one store, by request-id. The same seed makes the same requests, as long as as many are drawn."""

    def __init__(self, random, programs_each):
        self._random = random
        self._programs_each = programs_each  # of a faculty
        self._number = 0
        self._fresh = []
        self._settled = []  # request-ids
        self.by_id = {}
        self.waiting = {}  # request-id -> Asked: sent, and not settled yet
        self.semester = None
        self.answers = 0
        self.repeats = 0
        self.told_to_come_again = 0
        self.faults = []  # what may not be, as (kind, sentence)

    @staticmethod
    def faculty(number):
        return f"Crash {number}"

    def catalog(self):
        """The rows of the catalogue: faculty, program."""
        return [(self.faculty(f), f"p{i}") for f in range(FACULTIES) for i in range(self._programs_each)]

    def begin_semester(self, semester):
        """From here on the fresh requests are for that semester; each of its programs is asked for once."""
        self.semester = semester
        self._fresh = [(f, i) for f in range(FACULTIES) for i in range(self._programs_each)]
        by_faculty = collections.defaultdict(list)
        self._random.shuffle(self._fresh)
        for f, i in self._fresh:
            by_faculty[f].append(i)
        self._fresh = []
        while by_faculty:
            f = self._random.choice(list(by_faculty))
            take = min(self._random.choice((1, 1, 2, 3, 5)), len(by_faculty[f]))
            self._fresh.append((f, [by_faculty[f].pop() for _ in range(take)]))
            if not by_faculty[f]:
                del by_faculty[f]

    @property
    def used_up(self):
        return not self._fresh

    @property
    def fresh_left(self):
        return len(self._fresh)

    def next(self):
        """(request-id, bytes) of the next request: most are fresh, the others repeat or contradict earlier ones."""
        chance = self._random.random()
        if self._settled and (chance < 0.3 or (not self._fresh and chance < 0.9)):
            return self._repeat(self._random.choice(self._settled))
        if self.waiting and chance < 0.35:  # also while the first is still in progress
            return self._repeat(self._random.choice(list(itertools.islice(self.waiting, 64))))
        if self._settled and (chance < 0.4 or not self._fresh):
            return self._contradict(self.by_id[self._random.choice(self._settled)])
        if not self._fresh:
            return self._repeat(next(iter(self.waiting)))
        f, numbers = self._fresh.pop()
        programs = [(f"p{i}", self._random.randint(0, 6), self._random.randint(0, 3)) for i in numbers]
        return self._ask(self.semester, self.faculty(f), programs, is_whole=True)

    def _repeat(self, request_id):
        return request_id, self.by_id[request_id].body

    def _contradict(self, asked):
        """Other numbers for a program that holds a grant, and a program that there is not."""
        name, classrooms, labs = self._random.choice(asked.programs)
        return self._ask(asked.semester, asked.faculty, [(name, classrooms + 1, labs), ("nobody's", 1, 1)],
                         is_whole=False)

    def _ask(self, semester, faculty, programs, is_whole):
        self._number += 1
        request_id = f"r{self._number}"
        body = json.dumps({"semester": semester, "faculty-name": faculty, "request-id": request_id, "programs": [
            {"program-id": f"{request_id}-{i}", "program-name": name, "classrooms": classrooms, "labs": labs}
            for i, (name, classrooms, labs) in enumerate(programs)]}).encode()
        asked = Asked(body, semester, faculty, programs, is_whole)
        self.by_id[request_id] = self.waiting[request_id] = asked
        return request_id, body

    def counts(self):
        """By the names of the figures that they are added to."""
        return {"answers": self.answers, "repeats": self.repeats, "told_to_come_again": self.told_to_come_again}

    def sample_of_settled(self, count):
        return [(request_id, self.by_id[request_id])
                for request_id in self._random.sample(self._settled, min(count, len(self._settled)))]

    def on_reply(self, frame):
        """Its request-id, and whether the request is settled by it. What may not be is noted in `faults`."""
        reply = json.loads(frame)
        request_id = reply["request-id"]
        asked = self.by_id[request_id]
        if reply["error-found"]:
            if reply["error-message"] not in COME_AGAIN:
                self.faults.append(("refused", f"{request_id} got {frame!r}"))
            self.told_to_come_again += 1
            return request_id, False
        self.answers += 1
        if asked.first is not None:
            self.repeats += 1
            if frame != asked.first:
                self.faults.append(("changed", f"{request_id} got {asked.first!r}, and then {frame!r}"))
            return request_id, True
        asked.first = frame
        asked.answers = [(e["status-message"], e["classrooms"], e["labs"], e["mobile-labs"])
                         for e in reply["programs"]]
        if [(e["program-name"], e["requested-classrooms"], e["requested-labs"])
                for e in reply["programs"]] != asked.programs:
            self.faults.append(("changed", f"{asked.body!r} was answered for other programs: {frame!r}"))
        del self.waiting[request_id]
        self._settled.append(request_id)
        return request_id, True


def draw_pool(random, programs):
    """(classrooms, labs, conversions), which most often run out before the programs do: labs first, then classrooms."""
    classrooms = int(programs * random.uniform(1.5, 4.5))
    labs = int(programs * random.uniform(0.5, 1.6))
    return classrooms, labs, random.randint(classrooms // 10, classrooms)


class Peers:
    """Some DEALERs at one server process, and their requests in progress. Each request must get exactly one reply."""

    COUNT = 3

    def __init__(self, endpoint, requests):
        self._requests = requests
        self._under_way = collections.Counter()
        self._again = collections.deque()
        self._turn = 0
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._sockets = []
        self._monitors = []
        self.count = 0
        self.healthy = False
        for _ in range(self.COUNT):
            dealer = self._context.socket(zmq.DEALER)
            dealer.linger = 0
            dealer.sndhwm = dealer.rcvhwm = 0
            dealer.reconnect_ivl = 3_600_000  # never: another server may listen on this port by then
            self._monitors.append(dealer.get_monitor_socket(ENDED))
            dealer.connect(endpoint)
            self._poller.register(dealer, zmq.POLLIN)
            self._sockets.append(dealer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for dealer, monitor in zip(self._sockets, self._monitors):
            dealer.disable_monitor()
            monitor.close(0)
            dealer.close()
        self._context.term()

    def send(self, request_id, body):
        self._under_way[request_id] += 1
        self.count += 1
        self._turn += 1
        self._sockets[self._turn % self.COUNT].send(body)

    def resend_waiting(self):
        """Everything that was not answered, with the same ids."""
        for request_id, asked in self._requests.waiting.items():
            self.send(request_id, asked.body)

    def load(self, seconds, under_way_max, stop=lambda: False):
        """Keeps this many requests in progress until the time is over or stop() returns true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not stop():
            self.top_up(under_way_max)
            self.receive(0.01)

    def top_up(self, under_way_max):
        """Sends until this many requests are in progress. Those that got a status for a retry come first."""
        while self.count < under_way_max:
            if self._again:
                request_id = self._again.popleft()
                if request_id in self._requests.waiting:
                    self.send(request_id, self._requests.by_id[request_id].body)
            else:
                self.send(*self._requests.next())

    def receive(self, seconds):
        """Takes what has come, waiting so long for the first of it."""
        for dealer, _ in self._poller.poll(seconds * 1000):
            for _ in range(500):
                try:
                    frames = dealer.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self._on_frames(frames)

    def _on_frames(self, frames):
        if frames == [HEALTHY]:
            self.healthy = True
            return
        [frame] = frames
        request_id, settled = self._requests.on_reply(frame)
        self.count -= 1
        self._under_way[request_id] -= 1
        if self._under_way[request_id] < 0:
            self._requests.faults.append(("doubled", f"{request_id} got two replies"))
        (self._on_answer if settled else self._on_come_again)(request_id, frame)

    def _on_answer(self, _request_id, _frame):
        pass

    def _on_come_again(self, request_id, _frame):
        self._again.append(request_id)

    def settle(self, seconds):
        """Waits until every request has its final reply, and repeats those that got a status for a retry."""
        patience = Patience(seconds)
        while self.count or self._again:
            self.top_up(min(self.count + len(self._again), 500))
            self.receive(0.05)
            assert not patience.is_over(), f"{self.count} requests are not answered after {seconds} s"

    def until_healthy(self, seconds):
        """Waits until a health check is answered, receiving what comes meanwhile."""
        self.healthy = False
        patience = Patience(seconds)
        while not self.healthy:
            self._sockets[0].send(HEALTH_CHECK)
            self.receive(HEALTH_EVERY_SECONDS)
            assert not patience.is_over(), f"no health check is answered within {seconds} s"

    def drain(self):
        """After the server's death: everything that had left it."""
        for monitor in self._monitors:
            patience = Patience(GONE_SECONDS)
            while not monitor.poll(200):
                assert not patience.is_over(), "a connection outlives its server"
        before = -1
        while before != self._requests.answers + self._requests.told_to_come_again:
            before = self._requests.answers + self._requests.told_to_come_again
            self.receive(0)
