#!/usr/bin/python3
"""Simulates the whole in virtual time, one run a seed, in processes side by side, and counts what was reached.

Goes on where the last time ended (build/simulation/next_seed), so that each time new seeds are tried. With --record it
writes docs/evidence/simulation.md. Exit code 0 only if nothing was violated and every named cell was reached."""

import argparse
import datetime
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build/simulation"
NEXT_SEED = WORK / "next_seed"
RECORD = ROOT / "docs/evidence/simulation.md"
SUMMARY = re.compile(r"^(\d+) seeds from \d+, (\d+) requests decided, (\d+) events, (\d+) s of virtual time",
                     re.MULTILINE)
VIOLATION = re.compile(r"^VIOLATION .*$", re.MULTILINE)
MARGIN_SECONDS = 120  # for one run more than the time allows


class Campaign:
    """What processes side by side have simulated."""

    def __init__(self):
        self.seeds = self.decided = self.events = self.virtual_seconds = 0
        self.cells = {}
        self.violations = []

    def add(self, output, cells_path):
        summary = SUMMARY.search(output)
        self.violations += VIOLATION.findall(output)
        if summary:
            self.seeds += int(summary[1])
            self.decided += int(summary[2])
            self.events += int(summary[3])
            self.virtual_seconds += int(summary[4])
        elif not VIOLATION.search(output):
            self.violations.append("a process ended without a summary: " + output[-500:])
        if cells_path.exists():
            for line in cells_path.read_text().splitlines():
                count, name = line.split(" ", 1)
                self.cells[name] = self.cells.get(name, 0) + int(count)

    def unreached(self):
        return sorted(name for name, count in self.cells.items() if count == 0)

    def is_good(self):
        return not self.violations and bool(self.cells) and not self.unreached()

    def summary(self):
        reached = len(self.cells) - len(self.unreached())
        return (f"{self.seeds} seeds, {self.decided} requests decided, {self.events} events, "
                f"{self.virtual_seconds} s of virtual time, {reached} of {len(self.cells)} cells, "
                f"{len(self.violations)} violations")


def simulate(binary, first, seconds, jobs, folder, all_cells=False):
    """Runs the simulation in so many processes, each with every so manieth seed from `first` on."""
    folder.mkdir(parents=True, exist_ok=True)
    campaign = Campaign()
    processes = []
    for job in range(jobs):
        cells = folder / f"cells-{job}"
        cells.unlink(missing_ok=True)
        command = [str(binary), f"--first={first + job}", f"--step={jobs}", f"--seconds={seconds}", f"--cells={cells}",
                   *(["--all-cells"] if all_cells else [])]
        processes.append((subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                           errors="replace"), cells))
    try:
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
                process.kill()
                process.wait()
    return campaign


def commit():
    result = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    changed = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=ROOT, capture_output=True,
                             text=True).stdout.strip()
    return result.stdout.strip() + (" with changes" if changed else "")


def record(campaign, first, jobs, seconds):
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    rarest = sorted(campaign.cells.items(), key=lambda cell: (cell[1], cell[0]))[:15]
    lines = ["# A campaign of the simulation", "",
             "Written by `scripts/simulate --record`; [testing](../testing.md) says what is simulated and checked.", "",
             "| | |", "| --- | --- |",
             f"| date | {datetime.date.today().isoformat()} |",
             f"| commit | {commit()} |",
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


def main():
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=60, help="how long; default: 60")
    parser.add_argument("--hours", type=float, help="how long, instead")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side; default: 2")
    parser.add_argument("--first", type=int, help="the first seed; default: the one after the last time's last")
    parser.add_argument("--binary", type=Path, default=ROOT / "build/dev/bin/simulation")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.relative_to(ROOT)}")
    options = parser.parse_args()
    if not options.binary.exists():
        sys.exit(f"simulate: there is no {options.binary}: run scripts/build dev")
    seconds = options.hours * 3600 if options.hours else options.seconds
    first = options.first
    if first is None:
        first = int(NEXT_SEED.read_text()) if NEXT_SEED.exists() else 1
    started = time.monotonic()
    campaign = simulate(options.binary, first, seconds, options.jobs, WORK)
    if options.first is None:
        # Beyond what any process can have got to: none did more seeds than all together.
        NEXT_SEED.write_text(f"{first + options.jobs * (campaign.seeds + 1)}\n")
    for line in campaign.violations:
        print(line)
    for name in campaign.unreached():
        print(f"never reached: {name}")
    if options.record:
        record(campaign, first, options.jobs, time.monotonic() - started)
    print(campaign.summary())
    sys.exit(0 if campaign.is_good() else 1)


if __name__ == "__main__":
    main()
