"""Kills dti_server under load, a thousand times, on a real store, and compares every answer with the ledger.

An interrupted run continues when the same command is given again. State, logs and the stores of a run that found
something are in build/crash-runs. DTI_BIN_DIR names other binaries than build/release/bin.
Exit codes: 0 all as promised; 1 an answer was lost, doubled or changed, or a server did not come back;
2 incorrect usage; 3 it could not run; 128 + N ended by signal N."""

import contextlib
import json
import os
import selectors
import shutil
import subprocess
import time

from scripts.commands.shared import (ROOT, end_group, markdown_table, need_postgresql, new_parser, provide_binaries,
                             run_command, say, whole_number, write_evidence)
from scripts.commands.long_run import LongRun, times
from tests_py.harness.postgresql import FOLDERS, remove_cluster
from tests_py.harness.runs.run_figures import CrashFigures

RUNS = ROOT / "build/crash-runs"
LANE_END_SECONDS = 120  # to answer everything, stop the server, read the ledger and remove the cluster


class LaneProcess:
    """A lane in a process of its own (crash_lane.py)."""

    def __init__(self, run, number, kills, done, environment):
        options, folder = run.options, run.folder / f"lane-{number}"
        self.figures = CrashFigures()
        self.log = folder.with_suffix(".log")
        self._rest = b""
        command = ["/usr/bin/python3", "-B", "-P", "-m", "scripts.commands.crash_lane", folder, run.store, options.kill,
                   str(kills), f"{options.seed}/{number}/{done}"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env=environment, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self):
        """Takes what it has printed; False once there will be no more."""
        data = self.process.stdout.read()
        if data is None:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self.figures = CrashFigures(**json.loads(lines[-1]))
        return data != b""

    def end(self, deadline):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        end_group(self.process)
        self.process.stdout.close()


class CrashRun(LongRun):
    """The kills of one store, by lanes side by side. However it ends, it stops its lanes first."""

    def __init__(self, options, store, built_of):
        super().__init__(RUNS / f"{store}-{options.kill}-{options.seed}", CrashFigures(), built_of)
        self.options = options
        self.store = store
        self._lanes = []
        self._saved = 0.0

    @property
    def figures(self):
        total = CrashFigures()
        for part in (self.figures_before, *(lane.figures for lane in self._lanes)):
            total.add(part)
        return total

    def progress(self):
        return f"{self.figures.kills} kills of {self.options.kills} on {self.store}"

    def _work(self):
        for left in self.folder.glob("lane-*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        clusters = f"dti-pg-crash-{os.getpid()}-"
        environment = {**os.environ, "DTI_TEST_CLUSTERS": clusters}
        done = self.figures_before.kills
        todo = max(0, self.options.kills - done)
        jobs = min(self.options.jobs, todo)
        try:
            for number in range(jobs):
                share = todo // jobs + (number < todo % jobs)
                self._lanes.append(LaneProcess(self, number, share, done, environment))
            self._follow()
        finally:
            for lane in self._lanes:
                if lane.process.poll() is None:
                    lane.process.terminate()
            self._follow_to_the_end()
            self._save()
            for left in FOLDERS.glob(clusters + "*"):  # by a lane that had to be killed
                remove_cluster(left)
        self._show(last=True)
        failed = [lane for lane in self._lanes if lane.process.returncode != 0]
        for lane in failed:
            say(f"--- {lane.log}, exit status {lane.process.returncode}")
            say(lane.log.read_text(errors="replace")[-4000:])
        return not failed

    def _follow(self, deadline=None):
        """Reads what the lanes print until all have ended, one has failed, or it is late."""
        with selectors.DefaultSelector() as selector:
            for lane in self._lanes:
                if not lane.process.stdout.closed:
                    selector.register(lane.process.stdout, selectors.EVENT_READ, lane)
            while selector.get_map() and (deadline is None or time.monotonic() < deadline):
                for key, _ in selector.select(1):
                    if not key.data.read():
                        selector.unregister(key.fileobj)
                        if key.data.process.wait() != 0 and deadline is None:
                            return
                self._show()
                if time.monotonic() > self._saved + 1:
                    self._save()
                    self._saved = time.monotonic()

    def _follow_to_the_end(self):
        deadline = time.monotonic() + LANE_END_SECONDS
        self._follow(deadline)
        for lane in self._lanes:
            lane.end(deadline)

    def rows(self):
        figures, options = self.figures, self.options
        by_moment = ", ".join(f"{count} {moment}" for moment, count in sorted(figures.kills_by_moment.items()))
        rows = [
            ("store", self.store), ("killed", options.kill), ("kills", f"{figures.kills:,} ({by_moment})"),
            ("answers given", f"{figures.answers:,}, {figures.repeats:,} of them to repeats"),
            ("told to come again", f"{figures.told_to_come_again:,}"),
            *figures.fault_rows(),
            ("read back", f"{figures.entries:,} entries of {figures.semesters} semesters in {figures.stores} stores"),
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
