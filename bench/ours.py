"""Parts `ours`, `open-loop` and `repeats`: dti_server under load, on each store."""

import contextlib
from collections import Counter

from bench.drivers import load, programs_asked, requests_max
from bench.ledgers import OPEN, running_server, semester_names
from bench.plan import IN_FLIGHT, SEMESTERS_A_POINT, Point

PROGRAMS_USED_MAX = 0.6  # of a memory: server's, by one point as fast as the one that the window was found with
CALIBRATED_AT = 1024  # in flight


class Driver:
    """Loads a server on a ledger. Each fresh point requests rooms for programs that have none yet; what was granted is
    noted."""

    def __init__(self, plan, folder, server, semesters):
        self._plan = plan
        self._folder = folder
        self.server = server
        self._semesters = list(semesters)
        self.grants = Counter()  # semester -> how many

    def fresh(self, in_flight, rate=None, **more):
        """What dti_load found, and the semesters that it took. With a rate (requests a second): an open loop.
        @param more  flags of dti_load"""
        plan = self._plan
        point = plan.open_loop if rate else plan.point_at(in_flight)
        flags = {"rate": rate} if rate else {"requests": requests_max(in_flight, point)}
        taken, self._semesters = self._semesters[:SEMESTERS_A_POINT], self._semesters[SEMESTERS_A_POINT:]
        found = load(self._folder, self.server.address, plan.catalog, taken, in_flight, point, **flags, **more)
        asked = programs_asked(found)
        for semester in taken:  # one is filled after the other
            self.grants[semester] = min(asked, plan.catalog.size)
            asked -= self.grants[semester]
        return found, taken

    def repeat(self, in_flight, found, semesters):
        """The requests of that fresh point once more, from the first to the last, and again."""
        return load(self._folder, self.server.address, self._plan.catalog, semesters, in_flight,
                    self._plan.point_at(in_flight), first=found["sent_in_all"], repeats=100)


class MemoryServers:
    """memory: has one semester a server, and answers so fast that a point uses up most of its programs: each point gets
    a new server, and a window that the programs suffice for."""

    def __init__(self, plan, folder, catalog_path):
        self._plan = plan
        self._folder = folder
        self._catalog_path = catalog_path

    def find_point(self):
        """The plan's point for memory:, or a shorter one if the server is so fast that it would use up more than
        PROGRAMS_USED_MAX of the programs."""
        found = max((self._load(CALIBRATED_AT) for _ in range(2)), key=lambda each: each["decisions_per_second"])
        at_most = PROGRAMS_USED_MAX * self._plan.catalog.size / found["decisions_per_second"]
        planned = self._plan.point_of_memory
        shorter = min(1.0, at_most / planned.whole)
        return Point(round(planned.seconds * shorter, 3), round(planned.warm_up * shorter, 3)), found

    def fresh(self, in_flight, point):
        """What dti_load found."""
        return self._load(in_flight, point)

    def _load(self, in_flight, point=None):
        semesters = semester_names(1)
        with running_server(self._folder, "--store=memory:", f"--semester={semesters[0]}", *OPEN,
                            f"--catalog={self._catalog_path}") as server:
            return load(self._folder, server.address, self._plan.catalog, semesters, in_flight, point)


def semesters_needed():
    """By the points that one server gets: those of part `ours`, and two more of the open loop."""
    return semester_names(SEMESTERS_A_POINT * (len(IN_FLIGHT) + 2))


@contextlib.contextmanager
def driven(plan, folder, ledgers, verified, name, flags=()):
    """A Driver of a server on a fresh copy. The ledger is proved at the end; `verified` gets what was found."""
    with ledgers.copy() as ledger:
        with running_server(folder, ledger.flag, *flags) as server:
            driver = Driver(plan, folder, server, ledgers.semesters)
            yield driver
        verified.append({"ledger": name, **ledger.verify(driver.grants)})
