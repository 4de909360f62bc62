"""Rebuilds public reports of double booking against a real dti_server that is killed, and beside it the naive way in SQL.

A million requested programs race for rooms on each store, with copies, commands of the office, and servers that are killed
in the middle of it. After each round, a checker of its own and dtictl verify read the ledger. docs/challenge.md has the
scenarios and their sources. An interrupted run continues when the same command is given again. State, logs and the stores
of a run that found something are in build/challenge. DTI_BIN_DIR names other binaries than build/release/bin.
Exit codes: 0 no violation; 1 a violation, or the naive way shows none; 2 incorrect usage; 3 it could not run;
128 + N ended by signal N."""

import os

from scripts.commands.lanes import LaneProcess, LaneRun
from scripts.commands.shared import (ROOT, markdown_table, need_postgresql, new_parser, provide_binaries, run_command, say,
                             whole_number, write_evidence)
from tests_py.harness.challenge.figures import ChallengeFigures
from tests_py.harness.challenge.scenarios import SCENARIOS, tasks
from tests_py.harness.postgresql import FOLDERS, remove_cluster

RUNS = ROOT / "build/challenge"
PAGE = ROOT / "docs/challenge.md"
RESULT, AFTER_RESULT = "## The result\n", "## The columns\n"  # headings of the page
HEADER = ("scenario", "programs", "commands", "kills", "entries", "violations, dti_server", "violations, naive SQL")
STORES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class ChallengeRun(LaneRun):
    """All scenarios on one store, by lanes side by side."""

    lane_end_seconds = 300  # a lane finishes its round

    def __init__(self, options, store, built_of):
        super().__init__(RUNS / f"{store}-{options.requests}-{options.seed}", ChallengeFigures(), built_of)
        self.options = options
        self.store = store
        self._clusters = f"dti-pg-challenge-{os.getpid()}-"

    def progress(self):
        asked = sum(self.figures.requests.values())
        return f"{asked:,} of {self.options.requests:,} programs on {STORES[self.store]}"

    def _start_lanes(self):
        environment = {**os.environ, "DTI_TEST_CLUSTERS": self._clusters}
        before = self.figures_before
        todo = tasks(self.options.requests, before.rounds, before.naive_requests)
        jobs = min(self.options.jobs, len(todo))
        for number in range(jobs):
            self._lanes.append(LaneProcess("scripts.commands.challenge_lane", self.folder / f"lane-{number}",
                                           [self.store, f"{self.options.seed}/{number}/{sum(before.rounds.values())}",
                                            *todo[number::jobs]], ChallengeFigures, environment))

    def _sweep(self):
        for left in FOLDERS.glob(self._clusters + "*"):
            remove_cluster(left)

    def too_slow(self):
        """A naive way without a violation: then the scenario shows nothing."""
        figures = self.figures
        return [f"{key}: the naive way shows no violation in {figures.naive_requests[key]} requests"
                for key, faults in figures.naive_faults.items() if not faults]

    def cells(self):
        """One row for each scenario, and their sum."""
        figures = self.figures
        columns = (figures.requests, figures.commands, figures.kills, figures.entries, figures.faults)
        rows = [(scenario.name, *(f"{column.get(key, 0):,}" for column in columns),
                 f"{figures.naive_faults.get(key, 0):,} of {figures.naive_requests.get(key, 0):,}")
                for key, scenario in SCENARIOS.items()]
        return [*rows, ("all", *(f"{sum(column.values()):,}" for column in columns),
                        f"{sum(figures.naive_faults.values()):,} of {sum(figures.naive_requests.values()):,}")]

    def took(self):
        return (f"{self.figures.answers:,} answers in {self.seconds:,.0f} s on {STORES[self.store]}, "
                f"seed {self.options.seed}, {self.options.jobs} side by side")

    def rows(self):
        return [HEADER, *self.cells(), (self.took(), *[""] * (len(HEADER) - 1))]


def with_result(page, runs):
    """The text of the page with the violations of these runs as its result."""
    rows = [(cells[0][0], *(f"{found[5]} in {found[1]}" for found in cells), "; ".join(found[6] for found in cells))
            for cells in zip(*(run.cells() for run in runs))]
    header = ("scenario", *(f"violations on {STORES[run.store]}, in programs" for run in runs), "violations of the naive way, of how many")
    before, rest = page.split(RESULT)
    _, after = rest.split(AFTER_RESULT)
    lines = [*markdown_table(header, rows), "", "[The record](evidence/challenge.md) has the commit, and all columns.", ""]
    return f"{before}{RESULT}\n" + "\n".join(lines) + f"\n{AFTER_RESULT}{after}"


def write_record(runs, options):
    """docs/evidence/challenge.md, and the result on the page."""
    PAGE.write_text(with_result(PAGE.read_text(encoding="utf-8"), runs), encoding="utf-8")
    lines = []
    for run in runs:
        lines += [f"## {STORES[run.store]}", "", *markdown_table(HEADER, run.cells()), "", f"{run.took()}.", ""]
    write_evidence("challenge", f"Double bookings in {sum(sum(run.figures.requests.values()) for run in runs):,} requests",
                   runs[0].built_of, f"challenge --requests={options.requests} --seed={options.seed} --store={options.store} "
                   f"--jobs={options.jobs}", [*lines, "[challenge.md](../challenge.md) explains the scenarios and the columns."])


def read_options():
    parser = new_parser("challenge", __doc__)
    parser.add_argument("--requests", type=whole_number(1000), default=1_000_000, metavar="N",
                        help="programs to request on each store; a request for 5 programs counts 5; default: 1000000")
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both", help="default: both")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--jobs", type=whole_number(1), default=2, metavar="N",
                        help="servers at the same time; default: 2")
    parser.add_argument("--record", action="store_true", help="write docs/evidence/challenge.md, and the result in docs/challenge.md")
    return parser.parse_args()


def run_all(options):
    built_of = provide_binaries("release", "test")
    stores = ("sqlite", "postgresql") if options.store == "both" else (options.store,)
    if "postgresql" in stores:
        need_postgresql()
    status, runs = 0, []
    for store in stores:
        say(f"{STORES[store]}:")
        runs.append(ChallengeRun(options, store, built_of))
        status = runs[-1].run() or status
    if options.record and not status:
        write_record(runs, options)
    return status


if __name__ == "__main__":
    run_command("challenge", read_options, run_all, "; the same command continues from here")
