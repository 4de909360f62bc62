"""The whole life of grants, beside the plain requests of a run: holds, a wait list, quotas, a round, and what the office changes.

One semester after the other is opened, lived in, and closed. Its faculties are its own, so that the plain requests stay as
they are. Each request and each command is sent again, with its ids, to the next server, until it has a final reply."""

import hashlib
import shutil
import tempfile
import time
from pathlib import Path

from tests_py.harness.challenge.books import Books
from tests_py.harness.challenge.desk import Desk, decide_again
from tests_py.harness.challenge.ledger import Ledger
from tests_py.harness.challenge.traffic import Crowd, Traffic
from tests_py.harness.runs.crash_load import Patience

FACULTIES = [f"Life {i}" for i in range(4)]
ASKERS = [f"p{i}" for i in range(40)]  # of each faculty
OF_ROUND = [f"r{i}" for i in range(15)]  # of each faculty: they get their rooms in the round
STEPS = 150  # of a semester
REST_SECONDS = 1.2  # once in a semester nothing is asked, and short holds end
REQUESTS_IN_FLIGHT, COMMANDS_IN_FLIGHT = 8, 4
TURN_SECONDS = 0.005
SHORT_SECONDS, LONG_SECONDS = (1, 2), 3600  # of holds
POLICIES = ("max-min", "weighted", "first-come")
ABOUT_HOLDS = ("confirm-hold", "confirm-hold in part", "extend-hold", "cancel-hold")
VERBS = (*ABOUT_HOLDS, *ABOUT_HOLDS, "release-grant", "release-grant", "amend-grant", "amend-grant", "leave-wait-list", "set-quota",
         "resize-semester")

# What the ledger has of it, by the names of the figures.
COUNTED = {
    "holds": "kind = 'granted' AND cause = 'asked' AND expires_at IS NOT NULL",
    "confirmed": "kind = 'confirmed'",
    "confirmed in part": "kind = 'released' AND cause = 'confirmed-in-part'",
    "extended": "kind = 'hold-extended'",
    "cancelled": "cause = 'cancelled'",
    "expired": "cause = 'expired'",
    "released": "cause = 'released'",
    "amended": "kind = 'granted' AND cause = 'amended'",
    "topped up": "kind = 'granted' AND cause = 'topped-up'",
    "quotas": "kind = 'quota-set'",
    "rounds": "kind = 'round'",
    "grants of rounds": "kind = 'granted' AND cause = 'round'",
    "closed": "kind = 'semester-closed'",
}


class WholeLife:
    """Call turn() often while a server runs. `random` decides what is asked, not when."""

    def __init__(self, store, random):
        self._store = store
        self._random = random
        self.traffic = Traffic()
        self.traffic.must_repeat = False
        self.desk = Desk()
        self.desk.must_repeat = False  # only a change is remembered: a copy of a refused one is decided once more
        self.ledger = Ledger(store, "life %")
        self._books = Books(self.ledger, self.traffic, self.desk)
        self._sockets = Path(tempfile.mkdtemp(prefix="dti-"))  # the path of a socket has at most 107 bytes
        self._crowd = None
        self._next_turn = 0.0
        self._ids = {}  # (faculty, program) -> its number in the store
        self._store_id = None
        self._steps = self._live()
        self._awaited = []  # command-ids without whose replies nothing else is sent
        self._must_be_made = []  # command-ids
        self._own_faults = []

    @staticmethod
    def catalog():
        """The rows of the catalogue: faculty, program."""
        return [(faculty, program) for faculty in FACULTIES for program in (*ASKERS, *OF_ROUND)]

    def admin(self, number):
        """The folder of the socket file of a server, one of those that run at the same time."""
        return f"{self._sockets}/{number}"

    def close(self):
        self.disconnect(drain=False)
        shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def answers(self):
        return self.traffic.answers + sum(len(command.replies) for command in self.desk.by_id.values())

    # The server.

    def connect(self, endpoint, admin):
        """To a server that leads. What was not answered is sent again."""
        self._crowd = Crowd(endpoint, self.traffic)
        self._crowd.resend_waiting()
        self.desk.connect(f"{admin}/admin")

    def disconnect(self, drain=True):
        """`drain`: the server has ended; what it had sent is received."""
        if self._crowd is not None:
            if drain:
                self._crowd.drain()
            self._crowd.__exit__()
        self.desk.disconnect()
        self._crowd = None

    def turn(self):
        """Receives, and sends what is next. It returns soon; at once if the last turn was a moment ago."""
        now = time.monotonic()
        if self._crowd is None or now < self._next_turn:
            return
        self._next_turn = now + TURN_SECONDS
        self._receive()
        while self._may_send():
            if next(self._steps) == "wait":
                break
        self._crowd.top_up(REQUESTS_IN_FLIGHT)

    def settle(self, seconds, before_each=lambda: None):
        """Everything that was sent has its final reply. `before_each`: called before it looks for replies."""
        patience = Patience(seconds)
        while not self._crowd.is_idle or self.desk.waiting or self.desk.under_way:
            before_each()
            self._receive()
            self._crowd.top_up(REQUESTS_IN_FLIGHT)
            time.sleep(TURN_SECONDS)
            assert not patience.is_over(), (f"{len(self.traffic.waiting)} requests and {len(self.desk.waiting)} commands about the "
                                            f"whole life of grants are not answered after {seconds} s")
        # The server gives freed rooms after its replies. If it is stopped before, it leaves that to the next one.
        self.ledger.read()
        while any(semester.is_open and semester.first_place() for semester in self.ledger.semesters.values()):
            before_each()
            time.sleep(TURN_SECONDS)
            self.ledger.read()
            assert not patience.is_over(), f"programs that wait did not get what is left after {seconds} s"

    def _receive(self):
        self._crowd.receive(0)
        self.desk.receive()

    def _may_send(self):
        self._awaited = [command_id for command_id in self._awaited if self.desk.by_id[command_id].final is None]
        return (not self._awaited and len(self._crowd.plan) + self._crowd.count < REQUESTS_IN_FLIGHT
                and self.desk.under_way < COMMANDS_IN_FLIGHT)

    # What is asked.

    def _live(self):
        """Endless: each step sends something; "wait": something must be answered first."""
        number = 0
        while True:
            number += 1
            yield from self._semester(f"life {number}")

    def _semester(self, name):
        random = self._random
        programs = len(FACULTIES) * len(ASKERS)
        yield self._must("open-semester", name, None, classrooms=programs * 2, labs=programs // 2,
                         mobile_labs=random.choice((0, 20, programs)))
        if random.random() < 0.8:
            yield self._must("set-wait-list", name, 0, wait_list=True)
        opens_at, asked = random.randrange(STEPS // 3), []
        holds_at = opens_at + random.randint(1, STEPS // 3)
        for step in range(STEPS):
            if step == opens_at:
                while not self._knows_store():
                    yield "wait"
                opened, plan = self._open_round(name)
                yield "wait"
            elif step == holds_at:
                yield self._must("run-round", name, self.desk.by_id[opened].final.get("seq", 0), **plan)
            elif random.random() < 0.55 or not asked:
                self._ask(name, asked)
            else:
                self._change(name, random.choice(VERBS), random.choice(asked))
            yield "sent"
            if step == STEPS * 3 // 4:
                yield from self._rest()
        yield self._must("close-semester", name, 1, holds=random.choice(("confirm", "cancel")))
        self._ask(name, asked)
        yield "sent"

    @staticmethod
    def _rest():
        end = time.monotonic() + REST_SECONDS
        while time.monotonic() < end:
            yield "wait"

    def _must(self, verb, semester, expects, **more):
        """A command that must be made before anything else is sent."""
        command_id = self.desk.command(verb, semester, expects, **more)
        self._awaited.append(command_id)
        self._must_be_made.append(command_id)
        self.desk.send(command_id)
        return "wait"

    def _ask(self, semester, asked):
        """Programs ask for rooms, or repeat what they asked, as a copy or as a confirmation of their hold."""
        random = self._random
        chance = random.random()
        if chance < 0.2 and asked:
            self._crowd.plan.append(random.choice(asked).request_id)
            return
        if chance < 0.35 and asked:
            earlier = random.choice(asked)
            faculty, programs, more = earlier.faculty, earlier.programs, {}
        else:
            faculty = random.choice(FACULTIES)
            names = random.sample(ASKERS, random.choice((1, 1, 2, 3, 5)))
            programs = [(name, random.randint(0, 6), random.randint(0, 3)) for name in names]
            seconds = random.choice((None, random.choice(SHORT_SECONDS), LONG_SECONDS))
            more = {"hold-seconds": seconds} if seconds else {}
        request_id = self.traffic.ask(semester, faculty, programs, **more)
        asked.append(self.traffic.by_id[request_id])
        self._crowd.plan.append(request_id)

    def _change(self, semester, verb, asked):
        """The office changes something about a program that has asked. It learns by a CONFLICT what is true, and decides again."""
        random = self._random
        name, classrooms, labs = random.choice(asked.programs)
        about, more, needs = {"faculty": asked.faculty, "program": name}, {}, "grant"
        if verb in ABOUT_HOLDS:
            needs = "expires-at"
            if verb == "confirm-hold in part":
                verb, more = "confirm-hold", {"classrooms": classrooms // 2, "labs": labs // 2}
            elif verb == "extend-hold":
                more = {"hold_seconds": random.choice((*SHORT_SECONDS, LONG_SECONDS, 2 * LONG_SECONDS))}
        elif verb == "amend-grant":
            more = {"classrooms": random.randint(0, 8), "labs": random.randint(0, 3), "accepts_part": random.random() < 0.5}
        elif verb == "leave-wait-list":
            needs = "waits-since"
        elif verb == "set-quota":
            about, needs = {"faculty": asked.faculty}, "open"
            more = {kind: most for kind, most in (("classrooms", random.randint(20, 120)), ("labs", random.randint(5, 40)))
                    if random.random() < 0.7}
            more |= {f"{kind}-soft": True for kind in more if random.random() < 0.3}
        elif verb == "resize-semester":
            about, needs = {}, "open"
            more = {"classrooms": random.randint(250, 350), "labs": random.randint(60, 90), "mobile_labs": random.randint(20, 60)}
        command_id = self.desk.command(verb, semester, 0, decide_again(self.desk, lambda facts: {} if facts.get(needs) else None),
                                       **about, **more)
        self.desk.send(command_id, copies=random.choice((1, 1, 1, 2)))

    def _open_round(self, semester):
        """Opens a round of the programs of rounds, and some of those that may have a grant by now: its id, and its plan."""
        random = self._random
        chosen = [(faculty, program) for faculty in FACULTIES for program in (*OF_ROUND, *ASKERS[:5])]
        random.shuffle(chosen)
        asks = [(self._ids[key], random.randint(0, 6), random.randint(0, 3)) for key in chosen]
        policy, secret = random.choice(POLICIES), random.randbytes(32)
        plan = "".join(f"\n{part}" for part in (self._store_id, semester, policy))
        plan += "".join(f"\n{number}\n{classrooms}\n{labs}\n1\n1\n0" for number, classrooms, labs in asks)
        hashed = hashlib.blake2b(f"dti-round-plan-1{plan}".encode(), digest_size=32).digest()
        commitment = hashlib.blake2b(b"dti-round-1" + secret + hashed, digest_size=32).hexdigest()
        self._must("open-round", semester, 0, commitment=commitment)
        return self._awaited[-1], {
            "store": self._store_id, "policy": policy, "secret": secret.hex(),
            **{field: list(numbers) for field, numbers in zip(("programs", "classrooms", "labs"), zip(*asks))}}

    def _knows_store(self):
        """Reads the id of the store and the numbers of its programs, once. A run may have killed the database meanwhile: then
        the next turn reads them."""
        if self._store_id is None:
            digits = "lower(hex(store_id))" if self._store.kind == "sqlite" else "encode(store_id, 'hex')"
            try:
                programs = self._store.rows("SELECT f.name, p.name, p.id FROM program p JOIN faculty f ON f.id = p.faculty_id")
                self._ids = {(faculty, program): number for faculty, program, number in programs}
                self._store_id = self._store.count(f"SELECT {digits} FROM leadership")
            except AssertionError:
                return False
        return True

    # What came of it.

    def faults(self):
        """(kind, sentence) of everything that is wrong so far. Call it when no request is in progress."""
        found = self._books.faults()
        for command_id in self._must_be_made[:]:
            command = self.desk.by_id[command_id]
            if command.final:
                self._must_be_made.remove(command_id)
                if command.status != "OK":
                    self._own_faults.append(("refused", f"{command.message} got {command.final}"))
        return [*found, *self._own_faults]

    def last_faults(self):
        """The same at the end, when everything is answered and the server has stopped: also what is missing."""
        found = self.faults()
        for semester in self.ledger.semesters.values():
            before = len(semester.faults)
            semester.finish()
            found += semester.faults[before:]
        return [*found, *self.ledger.check_asked(self.traffic.by_id)]

    def counts(self):
        """What the ledger has of it, by the names of COUNTED."""
        columns = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in COUNTED.values())
        [row] = self._store.rows(f"SELECT {columns} FROM history WHERE semester LIKE 'life %'")
        return dict(zip(COUNTED, row))
