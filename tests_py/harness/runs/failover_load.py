"""Load on several servers of which one leads, which does what a faculty does when one refuses, breaks or is silent."""

import json
import time

from tests_py.harness.runs.crash_load import Peers
from tests_py.harness.runs.run_figures import REQUEST_TIMEOUT_SECONDS

BUDGET_SECONDS = 25  # as a faculty's: later than this a request counts as not answered
ABSENT_SECONDS = 1  # for so long a server that was not there is not tried again
PAUSE_MIN_SECONDS, PAUSE_MAX_SECONDS = 0.05, 1
STALL_SECONDS = 0.25  # between two looks at the clock: this process did not run, and what it measured meanwhile is void
TURN_SECONDS = 0.002


class AwakeClock:
    """Seconds in which this process ran. What is measured while it stalls says nothing of the servers."""

    def __init__(self):
        self._last = time.monotonic()
        self._now = 0.0
        self.stalls = 0

    def now(self):
        last, self._last = self._last, time.monotonic()
        passed = self._last - last
        self.stalls += passed > STALL_SECONDS
        self._now += min(passed, STALL_SECONDS)
        return self._now


class Link(Peers):
    """The connections to one server process."""

    def __init__(self, endpoint, requests, load):
        super().__init__(endpoint, requests)
        self._load = load
        self.first_answer = None  # when it arrived, by time.monotonic(); may be set back to None
        self.kept = None  # a list: the answers that come from now on

    @property
    def is_broken(self):
        return any(monitor.poll(0) for monitor in self._monitors)

    def _on_answer(self, request_id, frame):
        if self.first_answer is None:
            self.first_answer = time.monotonic()
        if self.kept is not None:
            self.kept.append(frame)
        self._load.on_answer(self, request_id)

    def _on_come_again(self, request_id, frame):
        self._load.on_refusal(self, request_id, json.loads(frame))


class _Asking:
    """A request of a faculty that has no answer yet: where it is, or where it goes next."""

    __slots__ = ("asked_at", "is_redirected", "is_under_way", "next_at", "refusals", "server")

    def __init__(self, now, server):
        self.asked_at = self.next_at = now
        self.server = server
        self.is_under_way = self.is_redirected = False
        self.refusals = 0


class FacultyLoad:
    """Keeps requests in progress at the servers of `addresses`. A server is its place in that list."""

    turn_seconds = TURN_SECONDS

    def __init__(self, requests, addresses, random, budget_seconds=None):
        self._budget_seconds = BUDGET_SECONDS if budget_seconds is None else budget_seconds
        self._requests = requests
        self._addresses = addresses
        self._random = random
        self._links = [None] * len(addresses)
        self._avoid_until = [0.0] * len(addresses)
        self._asking = {}  # request-id -> _Asking
        self._preferred = 0
        self.clock = AwakeClock()
        self.beside = lambda: None  # called often while requests are in progress
        self.unanswered = 0
        self.longest_wait = 0.0

    def close(self):
        for link in filter(None, self._links):
            link.__exit__()
        self._links = [None] * len(self._addresses)

    def connect(self, server):
        """To the process that listens there now. Until then the system refuses its connections."""
        self._links[server] = Link(f"tcp://{self._addresses[server]}", self._requests, self)

    def link(self, server):
        return self._links[server]

    def forget_first_answers(self):
        for link in filter(None, self._links):
            link.first_answer = None

    def first_answer_but_of(self, server):
        """When the first of the other servers answered since, by time.monotonic(); None: none has."""
        return min((link.first_answer for other, link in enumerate(self._links)
                    if other != server and link and link.first_answer), default=None)

    def pump(self, seconds, under_way_max, stop=lambda: False, rate=None):
        """Keeps this many in progress, with a limit for fresh ones per second, until the time is over or stop() is true."""
        end = self.clock.now() + seconds
        allowed, before = 1.0, self.clock.now()
        while (now := self.clock.now()) < end and not stop():
            allowed = min(under_way_max, allowed + (now - before) * rate) if rate else under_way_max
            before = now
            allowed -= self._top_up(min(int(allowed), under_way_max - len(self._asking)))
            self._turn()
            self.beside()

    def settle(self, seconds):
        """Everything is answered, and each living server has sent one reply to each request. Else AssertionError."""
        self.pump(seconds, 0, stop=lambda: self.is_settled)
        assert self.is_settled, (f"{len(self._asking)} requests and {self._open_replies} replies are open after "
                                 f"{seconds} s")

    @property
    def is_answered(self):
        """Tells whether no request waits. A server may still owe a reply to a client that went to another server."""
        return not self._asking

    @property
    def is_settled(self):
        return self.is_answered and self._open_replies == 0

    @property
    def _open_replies(self):
        return sum(link.count for link in filter(None, self._links))

    def ask_again(self, sample):
        """[(request-id, Asked)], as fresh ones."""
        for request_id, _ in sample:
            self._begin(request_id)

    def _top_up(self, count):
        for _ in range(count):
            request_id, body = self._requests.next()
            asking = self._asking.get(request_id)
            if asking is None:
                self._begin(request_id)
            elif asking.is_under_way:
                self._links[asking.server].send(request_id, body)  # the same twice, while the first is in progress
        return max(0, count)

    def _begin(self, request_id):
        now = self.clock.now()
        asking = self._asking[request_id] = _Asking(now, self._preferred)
        self._try(request_id, asking, now)

    def _turn(self):
        for server, link in enumerate(self._links):
            if link:
                link.receive(self.turn_seconds)
                if link.is_broken:
                    self._on_broken(server, link)
        now = self.clock.now()
        for request_id, asking in list(self._asking.items()):
            if now >= asking.next_at:
                self._on_time(request_id, asking, now)

    def _on_time(self, request_id, asking, now):
        if now - asking.asked_at >= self._budget_seconds:
            self.unanswered += 1
            del self._asking[request_id]
            return
        if asking.is_under_way:  # silent
            self._avoid_until[asking.server] = now + REQUEST_TIMEOUT_SECONDS
            asking.server = self._next_server(asking.server, now)
        self._try(request_id, asking, now)

    def _try(self, request_id, asking, now):
        link = self._links[asking.server]
        if link is None:
            self._avoid_until[asking.server] = now + ABSENT_SECONDS
            self._try_later(asking, None, now)
            return
        asking.is_under_way = True
        asking.next_at = now + REQUEST_TIMEOUT_SECONDS
        link.send(request_id, self._requests.by_id[request_id].body)

    def _on_broken(self, server, link):
        link.drain()
        link.__exit__()
        self._links[server] = None
        now = self.clock.now()
        self._avoid_until[server] = now + ABSENT_SECONDS
        for asking in self._asking.values():
            if asking.is_under_way and asking.server == server:
                self._try_later(asking, None, now)

    def on_answer(self, link, request_id):
        asking = self._asking.pop(request_id, None)
        if asking:
            self.longest_wait = max(self.longest_wait, self.clock.now() - asking.asked_at)
            self._preferred = self._links.index(link)
            self._avoid_until[self._preferred] = 0.0

    def on_refusal(self, link, request_id, reply):
        asking = self._asking.get(request_id)
        if asking and asking.is_under_way and self._links[asking.server] is link:
            self._avoid_until[asking.server] = 0.0
            self._try_later(asking, reply.get("leader"), self.clock.now())

    def _try_later(self, asking, leader, now):
        asking.is_under_way = False
        named = self._addresses.index(leader) if leader in self._addresses else None
        if named is not None and (self._avoid_until[named] > now or named == asking.server):
            named = None
        if named is not None and not asking.is_redirected:  # once without a pause
            asking.is_redirected = True
            asking.server, asking.next_at = named, now
            return
        asking.is_redirected = False
        asking.refusals += 1
        longest = min(PAUSE_MAX_SECONDS, PAUSE_MIN_SECONDS * 2 ** min(asking.refusals, 10))
        asking.next_at = now + longest * self._random.uniform(0.5, 1)
        asking.server = self._next_server(asking.server, now) if named is None else named

    def _next_server(self, server, now):
        count = len(self._links)
        others = [(server + i) % count for i in range(1, count + 1)]
        return next((other for other in others if self._avoid_until[other] <= now), others[0])
