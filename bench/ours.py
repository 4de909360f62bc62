"""Parts `ours`, `open-loop` and `repeats`: dti_server under load, on each store."""

import contextlib
from collections import Counter

from bench.drivers import load, programs_asked, requests_max
from bench.ledgers import OPEN, running_server, semester_names
from bench.plan import IN_FLIGHT, PROGRAMS_A_REQUEST, SEMESTERS_A_POINT


class Driver:
    """Loads a server on a ledger. Each fresh point asks programs that nobody has asked before; what was granted is
    noted."""

    def __init__(self, plan, folder, store, server, semesters):
        self._plan = plan
        self._store = store
        self._folder = folder
        self._server = server
        self._semesters = list(semesters)
        self.grants = Counter()  # semester -> how many

    def fresh(self, in_flight, rate=None):
        """What dti_load found, and the semesters that it took. With a rate (requests a second): an open loop."""
        plan = self._plan
        point = plan.open_loop if rate else plan.point_at(in_flight)
        flags = {"rate": rate} if rate else {"requests": requests_max(self._store, in_flight, point)}
        taken, self._semesters = self._semesters[:SEMESTERS_A_POINT], self._semesters[SEMESTERS_A_POINT:]
        found = load(self._folder, self._server.address, plan.catalog, taken, in_flight, point, **flags)
        asked = programs_asked(found)
        for semester in taken:  # one is filled after the other
            self.grants[semester] = min(asked, plan.catalog.size)
            asked -= self.grants[semester]
        return found, taken

    def repeat(self, in_flight, found, semesters):
        """The requests of that fresh point once more, from the first to the last, and again."""
        return load(self._folder, self._server.address, self._plan.catalog, semesters, in_flight,
                    self._plan.point, first=found["sent_in_all"], repeats=100)


class MemoryServers:
    """memory: has one semester a server. Its points go through the programs of that one after the other, and a new
    server is started where too few are left."""

    def __init__(self, plan, folder, catalog_path):
        self._plan = plan
        self._folder = folder
        self._catalog_path = catalog_path
        self._stack = contextlib.ExitStack()
        self._server = None
        self._used = 0  # requests
        self._needed = 0  # by the next point: it has fewer in flight, and will hardly be faster than the last one

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        return self._stack.__exit__(*fault)

    def fresh(self, in_flight):
        """What dti_load found."""
        plan = self._plan
        if self._server is None or self._used + self._needed > plan.catalog.size // PROGRAMS_A_REQUEST:
            self._start()
        found = load(self._folder, self._server.address, plan.catalog, semester_names(1), in_flight, plan.point,
                     first=self._used, requests=requests_max("memory", in_flight, plan.point))
        self._needed = 1.3 * (found["sent_in_all"] - self._used)
        self._used = found["sent_in_all"]
        return found

    def _start(self):
        self._stack.close()
        self._server = self._stack.enter_context(running_server(
            self._folder, "--store=memory:", f"--semester={semester_names(1)[0]}", *OPEN,
            f"--catalog={self._catalog_path}"))
        self._used = 0


def semesters_needed():
    """By the points that one server gets: those of part `ours`, and two more of the open loop."""
    return semester_names(SEMESTERS_A_POINT * (len(IN_FLIGHT) + 2))


@contextlib.contextmanager
def driven(plan, folder, ledgers, verified, name):
    """A Driver of a server on a fresh copy. The ledger is proved at the end; `verified` gets what was found."""
    with ledgers.copy() as ledger:
        with running_server(folder, ledger.flag) as server:
            driver = Driver(plan, folder, ledgers.kind, server, ledgers.semesters)
            yield driver
        verified.append({"ledger": name, **ledger.verify(driver.grants)})
