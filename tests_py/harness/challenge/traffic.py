"""Requests that race for the same rooms, their copies, and every reply to them."""

import collections
import json
import time

from tests_py.harness.runs.crash_load import COME_AGAIN, Peers
from tests_py.harness.wire import Client

DEAF = 3  # connections on which nothing is read
DEAF_SENDS = 40  # requests, until such a connection is closed and another one made


class Asked:
    """A request: its bytes, what it asks for, and all that was answered."""

    __slots__ = ("answers", "body", "ends", "faculty", "first", "hold_seconds", "is_refused", "programs", "request_id", "semester",
                 "sent_at")

    def __init__(self, request_id, semester, faculty, programs, more):
        self.request_id = request_id
        self.semester = semester
        self.faculty = faculty
        self.programs = programs  # (name, classrooms, labs) of each, in order
        self.first = None  # the first reply, word for word
        self.answers = set()  # (name, classrooms and labs wanted, status, classrooms, labs, mobile labs)
        self.ends = set()  # (name, the end of its hold)
        self.hold_seconds = more.get("hold-seconds")
        self.sent_at = None  # when it was sent first, by time.time()
        self.is_refused = False  # once at least, as a whole: the semester is closed
        self.body = json.dumps({"semester": semester, "faculty-name": faculty, "request-id": request_id, "programs": [
            {"program-id": f"{request_id}-{i}", "program-name": name, "classrooms": classrooms, "labs": labs}
            for i, (name, classrooms, labs) in enumerate(programs)], **more}).encode()


class Traffic:
    """The requests of a round by request-id, in the form that Peers needs."""

    def __init__(self):
        self.by_id = {}
        self.waiting = {}  # request-id -> Asked: sent, and not answered yet
        self.answers = 0
        self.told_to_come_again = 0
        self.faults = []  # what may not be, as (kind, sentence)
        self.sent = 0  # programs
        self.must_repeat = True  # each reply to a copy is the first one, byte for byte
        self.new_answers = []  # Asked, whose answers were not compared with the ledger yet

    def ask(self, semester, faculty, programs, **more):
        """A request that is not sent yet. `more`: further fields."""
        asked = Asked(f"r{len(self.by_id) + 1}", semester, faculty, programs, more)
        self.by_id[asked.request_id] = asked
        return asked.request_id

    def on_sent(self, request_id):
        asked = self.by_id[request_id]
        self.sent += len(asked.programs)
        asked.sent_at = asked.sent_at or time.time()
        return asked

    def on_reply(self, frame):
        """Its request-id, and whether it is final. What may not be is noted in `faults`."""
        reply = json.loads(frame)
        request_id = reply["request-id"]
        asked = self.by_id.get(request_id)
        if asked is None:
            self.faults.append(("foreign", f"a reply to no request: {frame!r}"))
            return request_id, True
        if reply["error-found"] and reply["error-message"] in COME_AGAIN:
            self.told_to_come_again += 1
            return request_id, False
        self.answers += 1
        if reply["error-found"]:
            asked.is_refused = True
            self.new_answers.append(asked)
            if reply["error-message"] != "INVALID-SEMESTER":
                self.faults.append(("refused", f"{request_id} got {frame!r}"))
        elif asked.first is None or frame != asked.first:
            self._on_answers(asked, reply, frame)
        self.waiting.pop(request_id, None)
        return request_id, True

    def _on_answers(self, asked, reply, frame):
        if asked.first is not None and self.must_repeat:
            self.faults.append(("changed", f"{asked.request_id} got {asked.first!r}, and then {frame!r}"))
        asked.first = asked.first or frame
        entries = reply["programs"]
        if [(e["program-name"], e["requested-classrooms"], e["requested-labs"]) for e in entries] != asked.programs:
            self.faults.append(("changed", f"{asked.body!r} was answered for other programs: {frame!r}"))
        asked.answers.update((e["program-name"], (e["requested-classrooms"], e["requested-labs"]), e["status-message"],
                              (e["classrooms"], e["labs"], e["mobile-labs"])) for e in entries)
        asked.ends.update((e["program-name"], e["expires-at"]) for e in entries if "expires-at" in e)
        self.new_answers.append(asked)


class Crowd(Peers):
    """Faculties at one server process: what they read, and connections beside them on which nothing is read."""

    COUNT = 8

    def __init__(self, endpoint, traffic):
        super().__init__(endpoint, traffic)
        self._traffic = traffic
        self._endpoint = endpoint
        self._deaf = collections.deque(Client(endpoint) for _ in range(DEAF))
        self._unread = 0
        self.plan = collections.deque()  # request-ids

    def __exit__(self, *_):
        for client in self._deaf:
            client.__exit__()
        super().__exit__()

    def ask(self, request_id):
        asked = self._traffic.on_sent(request_id)
        self._traffic.waiting.setdefault(request_id, asked)
        self.send(request_id, asked.body)

    def ask_unread(self, request_id):
        """A copy over a connection that reads no reply, and is closed some time later."""
        self._unread += 1
        if self._unread % DEAF_SENDS == 0:
            self._deaf.popleft().__exit__()
            self._deaf.append(Client(self._endpoint))
        self._deaf[self._unread % DEAF].send(self._traffic.on_sent(request_id).body)

    def resend_waiting(self):
        for request_id in list(self._traffic.waiting):
            self.ask(request_id)

    def top_up(self, under_way_max):
        """Sends until this many requests are in progress. Those that got a status for a retry come first."""
        while self.count < under_way_max and (self._again or self.plan):
            if self._again:
                self.ask(self._again.popleft())
                continue
            request_id = self.plan.popleft()
            if request_id.startswith("unread "):
                self.ask_unread(request_id.removeprefix("unread "))
            else:
                self.ask(request_id)

    @property
    def is_idle(self):
        return not (self.count or self.plan or self._again)
