#!/usr/bin/python3
"""Simulates the whole in virtual time, one run a seed, and counts what was reached. See scripts/simulate."""

import argparse
import datetime
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from long_run import ROOT, Line, commit, say

sys.path.insert(0, str(ROOT / "tests_py"))
sys.dont_write_bytecode = True

from harness.stopping import Stopped, held, raise_on_signals  # noqa: E402

WORK = ROOT / "build/simulation"
BINARY = ROOT / "build/dev/bin/simulation"
NEXT_SEED = WORK / "next_seed"
RECORD = ROOT / "docs/evidence/simulation.md"
SUMMARY = re.compile(r"^(\d+) seeds from \d+, (\d+) requests decided, (\d+) events, (\d+) s of virtual time",
                     re.MULTILINE)
VIOLATION = re.compile(r"^VIOLATION .*$", re.MULTILINE)
MARGIN_SECONDS = 120  # for one run more than the time allows
PART_SECONDS = 15  # of a campaign; what an interruption can lose


class Campaign:
    """What processes side by side have simulated."""

    def __init__(self):
        self.seeds = self.decided = self.events = self.virtual_seconds = 0
        self.seeds_of_one_max = 0  # of the process that has done most
        self.cells = {}
        self.violations = []

    def add(self, output, cells_path):
        summary = SUMMARY.search(output)
        self.violations += VIOLATION.findall(output)
        if summary:
            self.seeds += int(summary[1])
            self.seeds_of_one_max = max(self.seeds_of_one_max, int(summary[1]))
            self.decided += int(summary[2])
            self.events += int(summary[3])
            self.virtual_seconds += int(summary[4])
        elif not VIOLATION.search(output):
            self.violations.append("a process ended without a summary: " + output[-500:])
        if cells_path.exists():
            for line in cells_path.read_text().splitlines():
                count, name = line.split(" ", 1)
                self.cells[name] = self.cells.get(name, 0) + int(count)

    def add_part(self, part):
        """What came of a part that began where this ends."""
        for name in ("seeds", "decided", "events", "virtual_seconds", "violations"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        for name, count in part.cells.items():
            self.cells[name] = self.cells.get(name, 0) + count

    def unreached(self):
        return sorted(name for name, count in self.cells.items() if count == 0)

    def is_good(self):
        return not self.violations and bool(self.cells) and not self.unreached()

    def summary(self):
        reached = len(self.cells) - len(self.unreached())
        return (f"{self.seeds:,} seeds, {self.decided:,} requests decided, {self.events:,} events, "
                f"{self.virtual_seconds:,} s of virtual time, {reached} of {len(self.cells)} cells, "
                f"{len(self.violations)} violations")


def simulate(binary, first, seconds, jobs, folder, all_cells=False):
    """Runs the simulation in so many processes, each with every so manieth seed from `first` on."""
    folder.mkdir(parents=True, exist_ok=True)
    campaign = Campaign()
    processes = []
    try:
        for job in range(jobs):
            cells = folder / f"cells-{job}"
            cells.unlink(missing_ok=True)
            command = [str(binary), f"--first={first + job}", f"--step={jobs}", f"--seconds={seconds}",
                       f"--cells={cells}", *(["--all-cells"] if all_cells else [])]
            with held():
                processes.append((subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                                   stderr=subprocess.STDOUT, text=True, errors="replace",
                                                   start_new_session=True), cells))
        for process, cells in processes:
            patience = seconds * (6 if all_cells else 1) + MARGIN_SECONDS
            try:
                output, _ = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                output = f"VIOLATION a run that does not end, after {patience} s"
            campaign.add(output, cells)
    finally:
        for process, _ in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return campaign


def run_in_parts(options, campaign, first, end):
    """Until the time `end` or a violation; what is done of it is in `campaign`, also when it is interrupted."""
    line = Line()
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        binary = shutil.copy2(options.binary, folder)  # a build meanwhile does not change what is run
        while not campaign.violations and (left := end - time.monotonic()) > 0:
            part = simulate(binary, first, min(PART_SECONDS, left), options.jobs, Path(folder))
            with held():
                campaign.add_part(part)
                first += options.jobs * max(1, part.seeds_of_one_max)
                if options.first is None:
                    NEXT_SEED.write_text(f"{first}\n")
            line.show(campaign.summary())


def record(campaign, built_of, first, jobs, seconds):
    """Writes docs/evidence/simulation.md."""
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    rarest = sorted(campaign.cells.items(), key=lambda cell: (cell[1], cell[0]))[:15]
    lines = ["# A campaign of the simulation", "",
             "Written by `scripts/simulate --record`; [testing](../testing.md) says what is simulated and checked.", "",
             "| | |", "| --- | --- |",
             f"| date | {datetime.date.today().isoformat()} |",
             f"| commit | {built_of}, {os.cpu_count()} cores |",
             f"| seeds | {campaign.seeds:,}, from {first} on |",
             f"| processes, and how long | {jobs}, {seconds:.0f} s |",
             f"| requests decided | {campaign.decided:,} |",
             f"| events | {campaign.events:,} |",
             f"| virtual time | {campaign.virtual_seconds / 3600:,.0f} h |",
             f"| cells reached | {len(campaign.cells) - len(campaign.unreached())} of {len(campaign.cells)} |",
             f"| violations | {len(campaign.violations)} |", "",
             "The cells that were reached least:", "", "| cell | times |", "| --- | --- |",
             *(f"| `{name}` | {count:,} |" for name, count in rarest), ""]
    if campaign.violations:
        lines += ["Violations:", "", *(f"- `{line}`" for line in campaign.violations), ""]
    RECORD.write_text("\n".join(lines))


def read_options():
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--first", type=int)
    parser.add_argument("--binary", type=Path, default=BINARY)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments, and nothing else
    options = parser.parse_args()
    options.seconds = options.seconds if options.hours is None else options.hours * 3600
    if options.seconds <= 0 or options.jobs < 1:
        parser.error("--seconds and --hours are more than 0, and --jobs is at least 1")
    if options.record and options.binary != BINARY:
        parser.error("--record goes without --binary: of which commit it is would not be known")
    return options


def main():
    options = read_options()
    if options.check:
        return 0
    if not options.binary.exists():
        print(f"simulate: there is no {options.binary}", file=sys.stderr)
        return 3
    raise_on_signals()
    WORK.mkdir(parents=True, exist_ok=True)
    first = options.first
    if first is None:
        first = int(NEXT_SEED.read_text()) if NEXT_SEED.exists() else 1
    built_of = commit()
    started = time.monotonic()
    campaign = Campaign()
    status = 0
    try:
        run_in_parts(options, campaign, first, started + options.seconds)
    except Stopped as stopped:
        say(f"\n{stopped}; the next run goes on from here")
        status = stopped.exit_status
    for line in campaign.violations:
        say(line)
    if not status:
        for name in campaign.unreached():
            say(f"never reached: {name}")
        if options.record:
            record(campaign, built_of, first, options.jobs, time.monotonic() - started)
    say(campaign.summary())
    return 1 if campaign.violations else status or (0 if campaign.is_good() else 1)


if __name__ == "__main__":
    sys.exit(main())
