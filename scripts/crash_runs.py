#!/usr/bin/python3
"""Kills servers in some lanes side by side, adds up what the lanes found, and says it. See scripts/crash-runs."""

import argparse
import contextlib
import dataclasses
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from long_run import (COULD_NOT_RUN, FOUND, LINE_EVERY_SECONDS, ROOT, CouldNotRun, Folder, Line,  # noqa: F401
                      commit, record, say, table, times)

sys.path.insert(0, str(ROOT / "tests_py"))
sys.dont_write_bytecode = True

from harness.postgresql import FOLDERS, newest_bin_folder, remove_cluster  # noqa: E402
from harness.stopping import Stopped, raise_on_signals  # noqa: E402

RUNS = ROOT / "build/crash-runs"
BINARIES = ROOT / "build/release/bin"
LANE_END_SECONDS = 120  # to answer everything, stop the server, read the ledger and remove the cluster


def choose_binaries():
    """Those of the release preset, if nobody says otherwise."""
    os.environ["DTI_BIN_DIR"] = os.environ.get("DTI_BIN_DIR") or str(BINARIES)


class LaneProcess:
    """A lane in a process of its own, which prints its figures as a line of JSON after each check."""

    def __init__(self, folder, number, options, store, kills, done, environment):
        self.figures = new_figures()
        self.log = folder / f"lane-{number}.log"
        self._rest = b""
        command = ["/usr/bin/python3", "-B", __file__, f"--lane={folder / f'lane-{number}'}", f"--store={store}",
                   f"--kill={options.kill}", f"--kills={kills}", f"--lane-seed={options.seed}/{number}/{done}"]
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
            self.figures = figures_from(json.loads(lines[-1]))
        return data != b""

    def end(self, deadline):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


def new_figures():
    from harness.crash_lane import Figures  # needs pyzmq, which may still have to be installed when arguments are read
    return Figures()


def figures_from(fields):
    figures = new_figures()
    for name, value in fields.items():
        setattr(figures, name, value)
    return figures


class Run:
    """The kills of one store: a folder with a state, which the next run of the same name goes on from."""

    def __init__(self, options, store):
        self._options = options
        self._store = store
        self.folder = RUNS / f"{store}-{options.kill}-{options.seed}"
        self._kept = Folder(self.folder)
        self._before = new_figures()
        self._seconds_before = 0.0
        self._lanes = []
        self._line = Line()
        self._started = time.monotonic()
        self._saved = 0.0
        self.commits = [sources()]

    @property
    def figures(self):
        total = new_figures()
        for part in (self._before, *(lane.figures for lane in self._lanes)):
            total.add(part)
        return total

    @property
    def seconds(self):
        return self._seconds_before + time.monotonic() - self._started

    def run(self):
        """The exit status. Whatever ends it, the lanes end in order first, and the state is kept."""
        with self._kept.locked():
            self._load()
            if self._before.sentences:
                self._report([])
                say(f"that was found before; remove {self.folder} to begin anew")
                return FOUND
            self._remove_lanes()
            failed = self._run_lanes()
            self._show(last=True)
            self._report(failed)
            if failed:
                return FOUND
            self._kept.forget()
            return 0

    def _load(self):
        if state := self._kept.load():
            self._before = figures_from(state["figures"])
            self._seconds_before = state["seconds"]
            self.commits = [*state["commits"], *(one for one in self.commits if one not in state["commits"])]
            say(f"{self._store}: going on after {self._before.kills} kills")

    def _remove_lanes(self):
        for left in self.folder.glob("lane-*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def _save(self):
        self._kept.save({"figures": dataclasses.asdict(self.figures), "seconds": self.seconds,
                         "commits": self.commits})
        self._saved = time.monotonic()

    def _show(self, last=False):
        figures = self.figures
        self._line.show(f"{self._store}: {figures.kills} of {self._options.kills} kills, {figures.answers:,} answers, "
                        f"{sum(figures.faults.values())} faults", last)

    def _run_lanes(self):
        """The lanes that failed."""
        clusters = f"dti-pg-crash-{os.getpid()}-"
        environment = {**os.environ, "DTI_TEST_CLUSTERS": clusters}
        done = self._before.kills
        todo = max(0, self._options.kills - done)
        jobs = min(self._options.jobs, max(1, todo))
        try:
            for number in range(jobs if todo else 0):
                share = todo // jobs + (number < todo % jobs)
                self._lanes.append(LaneProcess(self.folder, number, self._options, self._store, share, done,
                                               environment))
            self._follow()
        finally:
            for lane in self._lanes:
                if lane.process.poll() is None:
                    lane.process.terminate()
            self._follow_to_the_end()
            self._save()
            for left in FOLDERS.glob(clusters + "*"):  # by a lane that had to be killed
                remove_cluster(left)
        return [lane for lane in self._lanes if lane.process.returncode != 0]

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

    def _follow_to_the_end(self):
        deadline = time.monotonic() + LANE_END_SECONDS
        self._follow(deadline)
        for lane in self._lanes:
            lane.end(deadline)

    def _report(self, failed):
        for line in table(table_rows(self._options, self._store, self.figures, self.seconds)):
            say(line)
        for sentence in self.figures.sentences:
            say(f"  {sentence}")
        for lane in failed:
            say(f"--- {lane.log}, exit status {lane.process.returncode}")
            say(lane.log.read_text(errors="replace")[-4000:])
        if failed:
            say(f"the stores and logs are in {self.folder}")


def table_rows(options, store, figures, seconds):
    by_moment = ", ".join(f"{count} {moment}" for moment, count in sorted(figures.kills_by_moment.items()))
    rows = [
        ("store", store), ("killed", options.kill), ("kills", f"{figures.kills:,} ({by_moment})"),
        ("answers given", f"{figures.answers:,}, {figures.repeats:,} of them to repeats"),
        ("told to come again", f"{figures.told_to_come_again:,}"),
        ("lost", figures.faults["lost"]), ("doubled", figures.faults["doubled"]),
        ("changed", figures.faults["changed"]), ("stored in part", figures.faults["torn"]),
        ("stored and not asked for", figures.faults["foreign"]),
        ("refused without a reason", figures.faults["refused"]),
        ("sums, order or rule broken", figures.faults["sums"]),
        ("read back", f"{figures.entries:,} entries of {figures.semesters} semesters in {figures.stores} stores"),
        ("time to READY, p50 / p99 / max", times(figures.ready))]
    if figures.back:
        rows.append(("database back to served, p50 / p99 / max", times(figures.back)))
    return [*rows, ("took", f"{seconds:,.0f} s, seed {options.seed}, {options.jobs} side by side")]


def command(options, store):
    return (f"scripts/crash-runs --store={store} --kill={options.kill} --kills={options.kills} --seed={options.seed} "
            f"--jobs={options.jobs} --record")


def sources():
    """What the binaries were built of, as far as we know."""
    if Path(os.environ["DTI_BIN_DIR"]).resolve() != BINARIES:
        return "unknown (binaries of DTI_BIN_DIR)"
    return commit()


def write_evidence(run, options, store):
    """docs/evidence/crash-STORE.md, or crash-STORE-KILL.md."""
    record(f"crash-{store}" + ("" if options.kill == "server" else f"-{options.kill}"),
           f"{run.figures.kills:,} kills on {'SQLite' if store == 'sqlite' else 'PostgreSQL'}", run.commits,
           command(options, store), table_rows(options, store, run.figures, run.seconds),
           ["Each kill is a SIGKILL under load, and every answer that was ever given is compared with the ledger after "
            "it.", "What the rows mean is in [testing.md](../testing.md#crash-runs)."])


def dump(cluster, store, path):
    """The database as SQL: the cluster will be removed."""
    with open(path, "wb") as out:
        subprocess.run(["pg_dump", "-h", cluster.folder, "-p", str(cluster.port), "-U", "postgres", store.database],
                       stdout=out, check=True)


def run_lane(options):
    """In a process of its own. SIGTERM: the kill under way is finished, all is checked, the cluster is removed."""
    from harness.crash_lane import Broken, Lane
    from harness.database_faults import let_recover_quickly
    from harness.postgresql import scratch_cluster
    asked_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.append(True))
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def on_checked(figures):
        print(json.dumps(dataclasses.asdict(figures)), flush=True)

    with scratch_cluster() if options.store == "postgresql" else contextlib.nullcontext() as cluster:
        if cluster:
            let_recover_quickly(cluster)
        lane = Lane(Path(options.lane), cluster, options.lane_seed, options.kill, on_checked=on_checked,
                    goes_on=lambda: not asked_to_end)
        try:
            lane.run(options.kills)
        except Broken as broken:
            print(broken, file=sys.stderr)
            if cluster:
                dump(cluster, lane.store, Path(options.lane) / "store.sql")
            return FOUND
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/crash-runs", description=__doc__, allow_abbrev=False)
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--kill", choices=("server", "database", "both"), default="server")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments, and nothing else
    parser.add_argument("--lane", help=argparse.SUPPRESS)
    parser.add_argument("--lane-seed", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kills < 1 or options.jobs < 1:
        parser.error("--kills and --jobs are at least 1")
    if options.kill != "server" and options.store != "postgresql":
        parser.error(f"--kill={options.kill} needs --store=postgresql: SQLite has no process of its own")
    return options


def run_all(options):
    stores = ("sqlite", "postgresql") if options.store == "both" else (options.store,)
    if "postgresql" in stores and newest_bin_folder() is None:
        raise CouldNotRun("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    status = 0
    for store in stores:
        run = Run(options, store)
        found = run.run()
        status = status or found
        if options.record and not found:
            write_evidence(run, options, store)
    return status


def exit_status(name, run):
    """That of a long run, or of what ended it, which is said."""
    raise_on_signals()
    try:
        return run()
    except Stopped as stopped:
        say(f"\n{stopped}; the same command goes on from here")
        return stopped.exit_status
    except CouldNotRun as fault:
        print(f"{name}: {fault}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    return COULD_NOT_RUN


def main():
    options = arguments()
    if options.check:
        return 0
    choose_binaries()
    if options.lane:
        return run_lane(options)
    return exit_status("crash-runs", lambda: run_all(options))


if __name__ == "__main__":
    sys.exit(main())
