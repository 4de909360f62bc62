"""Real programs that ask a real faculty while its servers change; their replies are compared with the ledger."""

import json
import re

from tests_py.harness.runs.crash_load import Asked
from tests_py.harness.process import Daemon, Process, binary

FACULTY = "Real"
PROGRAM_SECONDS = 40  # the faculty's 25 s, and a machine that others use too
KNOWN = (0, 3)  # exit codes: all was granted, a part was granted


class RealPrograms:
    """A `faculty` with all the servers, and `program`s of it. The catalogue needs rows()."""

    COUNT = 200

    def __init__(self, folder, random):
        self._folder = folder
        self._random = random
        self._next = 0
        self._running = []  # (name, wanted, process)
        self._faculty = None
        self.asked = {}  # name -> (classrooms, labs)
        self.told = {}  # name -> ((classrooms, labs), (status, classrooms, labs, mobile labs))
        self.answers = 0
        self.unanswered = 0
        self.longest_wait = 0.0
        self.faults = []

    @classmethod
    def rows(cls):
        return [(FACULTY, f"real {i}") for i in range(cls.COUNT)]

    @property
    def used_up(self):
        return self._next + 10 > self.COUNT

    def start(self, addresses):
        flags = (f"--name={FACULTY}", f"--dti-server={','.join(addresses)}", "--min-programs=1",
                 "--request-timeout=0.5", "--listen-port=0")
        self._faculty = Daemon([binary("faculty"), *flags], self._folder).wait_ready()

    def ask(self, semester, fresh, repeats=1):
        """Starts this many programs that have not asked yet, and some that ask again."""
        wishes = []
        for _ in range(fresh):
            wishes.append((f"real {self._next}", (self._random.randint(0, 6), self._random.randint(0, 3))))
            self._next += 1
        known = sorted(self.told)
        for name in self._random.sample(known, min(repeats, len(known))):
            wishes.append((name, self.told[name][0]))
        for name, wanted in wishes:
            self.asked[name] = wanted
            flags = (f"--name={name}", f"--semester={semester}", f"--classrooms={wanted[0]}", f"--labs={wanted[1]}",
                     f"--faculty-server={self._faculty.address}", "--json")
            process = Process([binary("program"), *flags], self._folder / "programs")
            self._running.append((name, wanted, process))

    @property
    def have_ended(self):
        return all(process.has_ended() for *_, process in self._running)

    def collect(self, semester):
        """Waits for the programs that run, and reads their replies."""
        for name, wanted, process in self._running:
            status = process.exit_status(PROGRAM_SECONDS)
            output = process.stdout()
            process.remove()
            if status in KNOWN:
                self._note(name, wanted, json.loads(output))
                self.longest_wait = max(self.longest_wait, self._seconds_taken(name, semester))
            elif status == 5:
                self.unanswered += 1
            else:
                self.faults.append(("refused", f"{name} of {FACULTY} ended with {status}: {output}"))
        self._running = []

    def _seconds_taken(self, name, semester):
        """By the program's own clock."""
        text = (self._folder / "programs" / f"{name}_{semester}.txt").read_text(encoding="utf-8")
        return int(re.search(r"MILLISECONDS: (\d+)", text)[1]) / 1000

    def _note(self, name, wanted, answer):
        told = (answer["status"], answer["classrooms-assigned"], answer["labs-assigned"],
                answer["mobile-labs-assigned"])
        self.answers += 1
        if self.told.setdefault(name, (wanted, told)) != (wanted, told):
            self.faults.append(("changed", f"{name} of {FACULTY} got {self.told[name][1]}, and then {told}"))

    def as_asked(self, store, semester):
        """{request-id: Asked} for check_semester(): the faculty chose the request-ids, and the ledger has them."""
        asked = {}
        found = set()
        for name, request_id, *granted in store.rows(
                "SELECT program, request_id, status, classrooms_granted, labs_granted, mobile_labs_granted "
                f"FROM history WHERE kind = 'granted' AND faculty = '{FACULTY}' AND semester = '{semester}' "
                "ORDER BY seq"):
            if name in self.asked:
                one = asked.setdefault(request_id, Asked(b"", semester, FACULTY, [], False))
                one.programs.append((name, *self.asked[name]))
            if name in self.told:
                found.add(name)
                if self.told[name][1] != tuple(granted):
                    self.faults.append(("lost", f"{name} of {FACULTY} got {self.told[name][1]}, and the ledger "
                                                f"says {granted}"))
        for name in set(self.told) - found:
            self.faults.append(("lost", f"{name} of {FACULTY} got {self.told[name]}, and has no entry"))
        return asked

    def stop(self):
        """The exit status must be 0."""
        status = self._faculty.stop()
        assert status == 0, f"the faculty ended with {status}{self._faculty.describe()}"
        self.remove()

    def remove(self):
        for *_, process in self._running:
            process.remove()
        if self._faculty:
            self._faculty.remove()
