"""Which measurements there are, and how often and how long each is made."""

from dataclasses import dataclass

PARTS = {
    "ours": "dti_server on memory:, SQLite and PostgreSQL, closed loop",
    "echo": "a bare ZeroMQ ROUTER that sends replies of the same size",
    "others": "what people use instead, by pgbench",
    "ceiling": "the ledger's table alone, from one connection",
    "open-loop": "latency at half of the greatest throughput",
    "repeats": "requests that were granted before",
    "monitoring": "dti_server with --http and a scrape a second, over the same without",
    "secured": "dti_server at a secured endpoint, over the same at a plain one",
    "growth": "a ledger that grows",
}
STORES = ("memory", "sqlite", "postgresql")
# The greatest first: it then meets the emptiest table, as the ceiling that it is compared with does.
IN_FLIGHT = (4096, 1024, 256, 64, 16, 4, 1)
REPEATED = (4096, 1024)  # in flight
SCRIPTS = {"hot-row": "hot_row.sql", "select-for-update": "select_for_update.sql",
           "stored-function": "stored_function.sql"}  # of sql/, for pgbench
CONNECTIONS_OF_OTHERS = (1, 8, 32)
BATCHES = (1, 10, 100, 1000, 5000, 20000)
PROGRAMS_A_REQUEST = 5
SEMESTERS_A_POINT = 3  # of a store on disk: enough programs for each
CONNECTIONS = 2  # of dti_load
BARE_METHODS = ("unnest", "copy", "copy-binary")  # of ledger_ceiling, in batches
# Requests/s for each in flight, and in all, of a store on disk: more than two cores answer. Bounds what dti_load
# prepares beforehand; a point that runs out of requests is a fault.
RATE_OF_ONE_MAX = 25_000
RATE_MAX = 120_000


@dataclass(frozen=True)
class Catalog:
    """Made by dti_load, which names them."""

    faculties: int
    programs: int  # of each faculty

    @property
    def size(self):
        return self.faculties * self.programs


@dataclass(frozen=True)
class Growth:
    """A ledger that is filled semester by semester, each in a random order of its programs."""

    semesters: int
    early: slice  # the semesters in which the ledger has some 50 thousand rows …
    late: slice  # … and those in which it has nearly all
    catalog: Catalog = Catalog(50, 1000)
    in_flight: int = 4096
    method: str = "unnest"  # of the bare table: as the server writes
    batch: int = 2000
    early_again: int = 0  # how often the early stretch is measured again, on fresh ledgers

    @property
    def rows(self):
        return self.semesters * self.catalog.size


@dataclass(frozen=True)
class Point:
    """Of dti_load, in seconds."""

    seconds: float
    warm_up: float  # before that, and not counted

    @property
    def whole(self):
        return self.seconds + self.warm_up


@dataclass(frozen=True)
class Plan:
    quick: bool
    parts: tuple
    repetitions: int
    point: Point  # of a store on disk
    point_of_memory: Point  # of memory: and of the echo beside it, at most: one semester's programs must suffice
    point_of_many: Point  # of a store on disk, from 1024 in flight: few of its batches fit into a short point
    bare_seconds: float  # of a point of ledger_ceiling
    pgbench_seconds: int  # it knows whole seconds only
    open_loop: Point
    open_loop_stores: tuple
    growth: Growth
    catalog: Catalog

    def point_at(self, in_flight):
        """On a store on disk."""
        return self.point_of_many if in_flight >= 1024 else self.point


def make_plan(quick, parts):
    if quick:
        return Plan(quick, parts, repetitions=3, point=Point(0.35, 0.05), point_of_memory=Point(0.2, 0.04),
                    point_of_many=Point(0.7, 0.15), bare_seconds=0.25, pgbench_seconds=1, open_loop=Point(1.5, 0.3),
                    open_loop_stores=("postgresql",), catalog=Catalog(1000, 300),
                    growth=Growth(semesters=10, early=slice(1, 3), late=slice(8, 10)))
    return Plan(quick, parts, repetitions=3, point=Point(1.5, 0.3), point_of_memory=Point(0.3, 0.05),
                point_of_many=Point(2, 0.5), bare_seconds=1.5, pgbench_seconds=2, open_loop=Point(5, 0.5),
                open_loop_stores=("postgresql", "sqlite"),
                catalog=Catalog(1000, 500),  # more would not fit the server's bound on a catalogue's file
                growth=Growth(semesters=100, early=slice(1, 5), late=slice(90, 100), early_again=2))
