"""Part `growth`: what millions of entries do to the rate, to the server's memory, and to a new start.

The memory of an allocation is that with all programs of each semester holding. An early stretch takes a second or two,
and is measured again on a fresh ledger just after the late one: a machine that is slow for a moment is then slow in
few of the steps whose median counts."""

import time
from statistics import median

from bench.bare import drop_tables, make_tables
from bench.drivers import ceiling, load, programs_asked
from bench.figures import figure
from bench.ledgers import PostgresqlLedgers, running_server, semester_names
from bench.plan import PROGRAMS_A_REQUEST
from tests_py.harness.process import memory_mib

STARTS = 3


def measure(plan, cluster, database, folder, catalog_path, verified, step):
    """`step`: called with a sentence before each thing that takes a while."""
    growth = plan.growth
    step("opening the semesters")
    ledgers = PostgresqlLedgers(cluster, folder, "growth", catalog_path, semester_names(growth.semesters))
    with ledgers.copy() as ledger:
        step("dti_server fills the ledger")
        steps, memory = fill(growth, folder, ledger.flag, ledgers.semesters)
        again = [fill_early(growth, folder, ledgers) for _ in range(growth.early_again)]
        step("starting again, and reading the table out")
        restart = start_again(folder, ledger)
        verified.append({"ledger": f"PostgreSQL, grown to {growth.rows:,} rows", **ledger.verify(
            {semester: growth.catalog.size for semester in ledgers.semesters})})
    ledgers.remove()
    found = {"rows": growth.rows, "in_flight": growth.in_flight, "semesters": growth.semesters,
             "early_rows": rows_in(growth, growth.early), "early_runs": 1 + growth.early_again,
             "late_rows": rows_in(growth, growth.late),
             "ours": rates(growth, steps, again), "memory": memory, "restart": restart}
    for name, count, programs, what in (
            ("bare", growth.semesters, growth.catalog.size, "the bare table, the same order"),
            ("one_semester", 1, growth.rows, "the bare table, all in one semester")):
        step(what)
        steps = fill_bare(growth, cluster, database, folder, count, programs)
        again = [fill_bare(growth, cluster, database, folder, count, programs, rows=early_rows(growth))
                 for _ in range(growth.early_again)]
        found[name] = {"method": growth.method, "batch": growth.batch, **rates(growth, steps, again)}
    return found


def rows_in(growth, part):
    """How many rows the ledger has before the first and after the last of these semesters."""
    return part.start * growth.catalog.size, part.stop * growth.catalog.size


def early_rows(growth):
    """How many rows a ledger has once the early stretch is over."""
    return growth.early.stop * growth.catalog.size


def rates(growth, steps, again=()):
    """Medians of the steps of the early and of the late stretch.

    `steps`: (rows, seconds) of each semester, or as many rows as one has; `again`: such steps of fresh ledgers, up to
    the end of the early stretch."""
    early, late = (median(rows / seconds for rows, seconds in some) for some in (
        [step for run in (steps, *again) for step in run[growth.early]], steps[growth.late]))
    return {"early_rate": early, "late_rate": late, "ratio": late / early,
            "rows_per_second": [round(rows / seconds) for rows, seconds in steps]}


def fill(growth, folder, flag, semesters):
    """(rows, seconds) of each semester; and the server's memory before them, after a fifth of them and after all."""
    first = growth.rows // 5 // PROGRAMS_A_REQUEST
    steps = []
    sizes = []
    with running_server(folder, flag) as server:
        empty = resident_bytes(server)
        for begin, flags in ((0, {"requests": first}), (first, {"first": first})):
            found = load(folder, server.address, growth.catalog, semesters, growth.in_flight, **flags)
            steps += [(part["decisions"], part["seconds"]) for part in found["parts"]]
            sizes.append((begin * PROGRAMS_A_REQUEST + programs_asked(found, begin), resident_bytes(server)))
    (few, small), (many, large) = sizes
    return steps, {"empty_bytes": empty, "first_allocations": few, "first_bytes": small, "last_allocations": many,
                   "last_bytes": large, "bytes_per_allocation": (large - small) / (many - few)}


def fill_early(growth, folder, ledgers):
    """(rows, seconds) of each semester of a fresh ledger, up to the end of the early stretch."""
    with ledgers.copy() as ledger, running_server(folder, ledger.flag) as server:
        found = load(folder, server.address, growth.catalog, ledgers.semesters, growth.in_flight,
                     requests=early_rows(growth) // PROGRAMS_A_REQUEST)
    return [(part["decisions"], part["seconds"]) for part in found["parts"]]


def resident_bytes(server):
    return round(memory_mib(server, "VmRSS") * 2**20)


def start_again(folder, ledger):
    """Seconds to READY, and seconds to read the table out once; in turns, so that both find the same caches."""
    read, ready = [], []
    for _ in range(STARTS):
        started = time.monotonic()
        ledger.rows("COPY ledger TO STDOUT \\g /dev/null")
        read.append(time.monotonic() - started)
        started = time.monotonic()
        with running_server(folder, ledger.flag):
            ready.append(time.monotonic() - started)
    return {"ready_seconds": figure(ready), "read_seconds": figure(read)}


def fill_bare(growth, cluster, database, folder, semesters, programs, **flags):
    """(rows, seconds), as fill()"""
    found = ceiling(folder, make_tables(cluster, database), growth.method, batch=growth.batch, semesters=semesters,
                    programs=programs, **{"report-every": growth.catalog.size}, **flags)
    drop_tables(cluster, database)
    return [(growth.catalog.size, growth.catalog.size / interval["rows_per_second"])
            for interval in found["intervals"]]
