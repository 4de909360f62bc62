"""Kills dti_server under load, a thousand times, on a real store, and compares every answer with the ledger.

An interrupted run continues when the same command is given again. State, logs and the stores of a run that found
something are in build/crash-runs. DTI_BIN_DIR names other binaries than build/release/bin.
Exit codes: 0 all as promised; 1 an answer was lost, doubled or changed, or a server did not come back;
2 incorrect usage; 3 it could not run; 128 + N ended by signal N."""

import os

from scripts.commands.lanes import LaneProcess, LaneRun
from scripts.commands.long_run import times
from scripts.commands.shared import (ROOT, markdown_table, need_postgresql, new_parser, provide_binaries, run_command,
                             whole_number, write_evidence)
from tests_py.harness.postgresql import FOLDERS, remove_cluster
from tests_py.harness.runs.run_figures import CrashFigures

RUNS = ROOT / "build/crash-runs"


class CrashRun(LaneRun):
    """The kills of one store, by lanes side by side."""

    def __init__(self, options, store, built_of):
        super().__init__(RUNS / f"{store}-{options.kill}-{options.seed}", CrashFigures(), built_of)
        self.options = options
        self.store = store
        self._clusters = f"dti-pg-crash-{os.getpid()}-"

    def progress(self):
        return f"{self.figures.kills} kills of {self.options.kills} on {self.store}"

    def _start_lanes(self):
        environment = {**os.environ, "DTI_TEST_CLUSTERS": self._clusters}
        options, done = self.options, self.figures_before.kills
        todo = max(0, options.kills - done)
        jobs = min(options.jobs, todo)
        for number in range(jobs):
            share = todo // jobs + (number < todo % jobs)
            self._lanes.append(LaneProcess("scripts.commands.crash_lane", self.folder / f"lane-{number}",
                                           [self.store, options.kill, str(share), f"{options.seed}/{number}/{done}"],
                                           CrashFigures, environment))

    def _sweep(self):
        for left in FOLDERS.glob(self._clusters + "*"):
            remove_cluster(left)

    def rows(self):
        figures, options = self.figures, self.options
        by_moment = ", ".join(f"{count} {moment}" for moment, count in sorted(figures.kills_by_moment.items()))
        rows = [
            ("store", self.store), ("killed", options.kill), ("kills", f"{figures.kills:,} ({by_moment})"),
            ("answers given", f"{figures.answers:,}, {figures.repeats:,} of them to repeats"),
            ("told to come again", f"{figures.told_to_come_again:,}"),
            *figures.life_rows(),
            *figures.fault_rows(),
            ("read back, also by dtictl verify", f"{figures.entries:,} entries of {figures.semesters} semesters in {figures.stores} stores"),
            ("time to READY, p50 / p99 / max", times(figures.ready))]
        if figures.back:
            rows.append(("database back to served, p50 / p99 / max", times(figures.back)))
        return [*rows, ("took", f"{self.seconds:,.0f} s, seed {options.seed}, {options.jobs} side by side")]

    def write_evidence(self):
        """docs/evidence/crash-STORE.md, or crash-STORE-KILL.md."""
        options = self.options
        write_evidence(
            f"crash-{self.store}" + ("" if options.kill == "server" else f"-{options.kill}"),
            f"{self.figures.kills:,} kills on {'SQLite' if self.store == 'sqlite' else 'PostgreSQL'}", self.built_of,
            f"crash-runs --store={self.store} --kill={options.kill} --kills={options.kills} --seed={options.seed} "
            f"--jobs={options.jobs}",
            [*markdown_table(("", ""), self.rows()), "",
             "Each kill is a SIGKILL under load. After it, every answer since the start of the run is compared with the "
             "ledger.",
             "[testing.md](../testing.md#crash-runs) explains the rows."])


def read_options():
    parser = new_parser("crash-runs", __doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both", help="default: both")
    parser.add_argument("--kill", choices=("server", "database", "both"), default="server",
                        help="server (default), PostgreSQL itself, or either and both at once")
    parser.add_argument("--kills", type=whole_number(1), default=1000, metavar="N", help="of each store; default: 1000")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--jobs", type=whole_number(1), default=2, metavar="N",
                        help="servers at the same time; default: 2")
    parser.add_argument("--record", action="store_true", help="write docs/evidence/crash-STORE.md")
    options = parser.parse_args()
    if options.kill != "server" and options.store != "postgresql":
        parser.error(f"--kill={options.kill} needs --store=postgresql: SQLite has no process of its own")
    return options


def run_all(options):
    built_of = provide_binaries("release", "test")
    stores = ("sqlite", "postgresql") if options.store == "both" else (options.store,)
    if "postgresql" in stores:
        need_postgresql()
    status = 0
    for store in stores:
        run = CrashRun(options, store, built_of)
        found = run.run()
        status = status or found
        if options.record and not found:
            run.write_evidence()
    return status


if __name__ == "__main__":
    run_command("crash-runs", read_options, run_all, "; the same command continues from here")
