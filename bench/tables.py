"""The results as tables, for a terminal and for a page."""

import textwrap
from dataclasses import dataclass, field

from bench.figures import MARK, WIDE, marked, milliseconds, number, percent
from bench.plan import PROGRAMS_A_REQUEST
from bench.targets import judge_all

TITLES = {"memory": "memory:", "sqlite": "SQLite", "postgresql": "PostgreSQL"}
OTHERS = {"hot-row": "one hot row", "select-for-update": "SELECT … FOR UPDATE", "stored-function": "stored function"}


@dataclass(frozen=True)
class Table:
    title: str
    header: tuple
    rows: list
    texts: set = field(default_factory=lambda: {0})  # columns that are words; the others are numbers
    note: str = ""


def as_text(table, width=120):
    """For a terminal; the widest column of words is folded so that all fits."""
    rows = [table.header, *table.rows]
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(table.header))]
    for widest in sorted(table.texts, key=lambda i: -widths[i])[:1]:
        widths[widest] = max(20, min(widths[widest], width - sum(widths) + widths[widest] - 2 * len(widths)))
    lines = [table.title]
    for row in [table.header, tuple("-" * each for each in widths), *table.rows]:
        cells = [textwrap.wrap(str(cell), widths[i]) or [""] for i, cell in enumerate(row)]
        for part in range(max(map(len, cells))):
            texts = [cell[part] if part < len(cell) else "" for cell in cells]
            lines.append("  " + "  ".join(
                text.ljust(widths[i]) if i in table.texts else text.rjust(widths[i])
                for i, text in enumerate(texts)).rstrip())
    return "\n".join(lines + [f"  {line}" for line in textwrap.wrap(table.note, width - 2)])


def as_markdown(table):
    def line(cells):
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    rule = line("---" if i in table.texts else "---:" for i in range(len(table.header)))
    lines = [f"## {table.title}", "", line(table.header), rule, *map(line, table.rows)]
    return "\n".join(lines + (["", table.note] if table.note else []))


def targets_table(results):
    rows = [(verdict.target.number, verdict.target.what, verdict.needed, verdict.result, verdict.verdict)
            for verdict in judge_all(results)]
    return Table("Targets", ("", "target", "needed", "result", ""), rows, {1, 2, 3, 4})


def all_tables(results):
    """Those for which something was measured, the targets first."""
    tables = [targets_table(results), *throughput(results), *latency(results),
              *(make(results) for make in (others, ceiling, open_loop, repeats, monitoring, secured, growth, verified))]
    return [table for table in tables if table.rows]


def series(results):
    """Title -> points by requests in flight, of all that dti_load drove."""
    found = {title: results["ours"][store] for store, title in TITLES.items() if store in results.get("ours", {})}
    return {**found, **({"bare echo": results["echo"]} if "echo" in results else {})}


def in_flights(points):
    return sorted(points, key=int)


def by_in_flight(results, title, name, shown, note=""):
    """A column for each store."""
    columns = series(results)
    rows = [(at, *(shown(points[at][name]) if at in points else "" for points in columns.values()))
            for at in in_flights({at for points in columns.values() for at in points})]
    return Table(title, ("in flight", *columns), rows, set(), note)


def throughput(results):
    return [by_in_flight(results, "Requests a second, closed loop", "requests_per_second", marked),
            by_in_flight(results, "Decisions a second, closed loop", "decisions_per_second", marked,
                         "The echo decides nothing: its column counts the programs that its requests name.")]


def latency(results):
    return [by_in_flight(results, f"Latency, closed loop: {name}, ms", key, milliseconds)
            for name, key in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"))]


def others(results):
    rows = [(OTHERS[name], connections, marked(point["transactions_per_second"]), milliseconds(point["p50_us"]),
             milliseconds(point["p99_us"])) for name, points in results.get("others", {}).items()
            for connections, point in points.items()]
    return Table("What people use instead, on the same PostgreSQL",
                 ("by", "connections", "transactions/s", "p50, ms", "p99, ms"), rows,
                 note="A transaction grants one program. Latencies are those of every transaction (pgbench --log).")


def ceiling(results):
    rows = [(method, batch, marked(point["rows_per_second"]), milliseconds(point["p50_us"]),
             milliseconds(point["p99_us"]), percent(point["encode_share"]["median"]))
            for method, points in results.get("ceiling", {}).items() for batch, point in points.items()]
    return Table("The ledger's table alone, one connection",
                 ("method", "rows a batch", "rows/s", "p50, ms", "p99, ms", "encoding"), rows,
                 note="The latency is that of a batch. `insert` of one row is one commit of one entry. Rows/s are "
                      "those of the time of writing; encoding is the share of the whole time in which the rows were "
                      "made and nothing was written.")


def open_loop(results):
    rows = [(TITLES[store], number(point["rate"]), *(number(point[name] / 1000) for name in (
        "p50_us", "p99_us", "p999_us", "max_us")))
            for store, point in results.get("open_loop", {}).items()]
    return Table("Open loop at half of the greatest throughput, ms from when a request was due",
                 ("store", "requests/s due", "p50", "p99", "p99.9", "max"), rows,
                 note="Of one run each. Every request that was due in it counts, however late it was sent or answered.")


def repeats(results):
    rows = []
    for at, point in results.get("repeats", {}).items():
        fresh, again = (point[name]["requests_per_second"] for name in ("fresh", "repeats"))
        rows.append((at, marked(fresh), marked(again), number(again["median"] / fresh["median"]),
                     milliseconds(point["repeats"]["p50_us"]), milliseconds(point["repeats"]["p99_us"])))
    return Table("Repeats, PostgreSQL", ("in flight", "fresh, requests/s", "repeats, requests/s", "ratio",
                                         "repeats p50, ms", "p99, ms"), rows, set())


def monitoring(results):
    rows = [(at, marked(point["without"]), marked(point["with"]), number(point["ratio"]["median"]))
            for at, point in results.get("monitoring", {}).items()]
    return Table("Monitoring, SQLite", ("in flight", "without --http, requests/s", "with --http and a scrape a second",
                                        "ratio, median of the pairs"), rows, set())


def secured(results):
    rows = [(at, marked(point["plain"]), marked(point["secured"]), number(point["ratio"]["median"]),
             *(milliseconds(point[f"{name}_{which}_us"]) for which in ("p50", "p99") for name in ("plain", "secured")))
            for at, point in results.get("secured", {}).items()]
    return Table("Secured endpoints, SQLite", ("in flight", "plain, requests/s", "secured", "ratio, median of the pairs",
                                               "p50 plain, ms", "secured", "p99 plain, ms", "secured"), rows, set())


def growth(results):
    if "growth" not in results:
        return Table("", (), [])
    all_of_it = results["growth"]
    rows = [(what, number(all_of_it[name]["early_rate"]), number(all_of_it[name]["late_rate"]),
             number(all_of_it[name]["ratio"])) for name, what in (
                 ("ours", "dti_server"), ("bare", "the bare table, the same order"),
                 ("one_semester", "the bare table, one semester with as many programs")) if name in all_of_it]
    memory, restart = all_of_it["memory"], all_of_it["restart"]
    early, late = (f"{all_of_it[name][0]:,} to {all_of_it[name][1]:,}" for name in ("early_rows", "late_rows"))
    empty, small, large = (f"{number(memory[f'{name}_bytes'] / 2**20)} MiB" for name in ("empty", "first", "last"))
    bare = all_of_it["bare"]
    return Table(f"Growth to {all_of_it['rows']:,} rows, PostgreSQL, decisions/s",
                 ("", f"rows {early}", f"rows {late}", "ratio"), rows, note=(
                     f"The server is resident with {empty} before the first allocation, {small} with "
                     f"{memory['first_allocations']:,} and {large} with {memory['last_allocations']:,}: from there to "
                     f"here {number(memory['bytes_per_allocation'])} bytes each, with all programs of a semester "
                     "holding. A semester keeps what its programs hold in pages of 1,024 programs: in the worst "
                     "case, one program of each 1,024, every allocation costs a page of some 20 KiB. It is ready "
                     "again after "
                     f"{marked(restart['ready_seconds'])} s; the table is read out (`COPY ledger TO STDOUT`) in "
                     f"{marked(restart['read_seconds'])} s. The bare table takes batches of {bare['batch']:,} rows by "
                     f"{bare['method']}. Rates are medians of steps of "
                     f"{all_of_it['rows'] // all_of_it['semesters']:,} rows, the early ones of "
                     f"{all_of_it['early_runs']} run(s); memory is of one run; the times to be ready and to read are "
                     f"medians of {len(restart['ready_seconds']['values'])}."))


def verified(results):
    rows = [(each["ledger"], f"{each['semesters']:,}", f"{each['entries']:,}", f"{each['grants']:,}",
             f"WRONG: {'; '.join(each['faults'])}" if each["faults"] else "ok") for each in results.get("verified", [])]
    return Table("Ledgers verified by SQL", ("ledger", "semesters", "entries", "grants", ""), rows, {0, 4}, note=(
        "In each: capacity = left + granted; head = number of entries; no program was granted twice; grants = programs "
        "that the driver asked for and was answered, warm-up included."))


def how_measured(results):
    """Sentences about the run."""
    catalog, points = results["catalog"], results["points"]
    usual, many = points["dti_load"], points["dti_load from 1024 in flight"]
    of_memory = points.get("dti_load on memory: and the echo")
    sentences = [
        f"{results['repetitions']} repetitions, interleaved; each figure is the median, but for the open loop, "
        "which is of one run, and the growth, which says how. One whose spread ((greatest - "
        f"least) / median) is over {percent(WIDE)} is marked with {MARK}: the machine did something else meanwhile, or "
        "the thing is unsteady.",
        "Driver, server and database share the machine's cores. PostgreSQL has the settings that initdb gives it; it "
        "and SQLite flush every commit to the disk before anything is answered.",
        f"A request names {PROGRAMS_A_REQUEST} programs of one faculty, each for 1 classroom and 1 lab, in a random "
        "order of the programs; none is asked for twice in a semester. A decision is one program granted.",
        f"Each repetition begins with a fresh copy of a store with {catalog['faculties']:,} faculties of "
        f"{catalog['programs']:,} programs. It goes from the most requests in flight to the fewest, so that the "
        "greatest throughput meets the emptiest table, as it does where the table is measured alone.",
        f"A point lasts {usual['seconds']:g} s after {usual['warm_up']:g} s that do not count; from 1,024 in flight, "
        f"{many['seconds']:g} s after {many['warm_up']:g} s; pgbench {points['pgbench']['seconds']:g} s; the table "
        f"alone {points['ledger_ceiling']['seconds']:g} s.",
    ]
    if of_memory:
        sentences.append(
            f"A point of memory: and of the echo lasts {of_memory['seconds']:g} s after {of_memory['warm_up']:g} s: "
            "memory: has one semester a server, and uses its programs up so fast that each point gets a new server and "
            "no longer a window than its programs suffice for; the echo gets the same, to be comparable.")
    if "bytes" in results:
        sentences.append(f"A request has {number(results['bytes']['request'])} bytes, its reply "
                         f"{number(results['bytes']['reply'])}: of the server, and of the echo.")
    return sentences
