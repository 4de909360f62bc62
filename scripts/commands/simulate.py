"""Simulates the whole in virtual time with new seeds, in processes side by side.

It says every 15 s how far it is, and can be interrupted: the next one continues. A violation names its seed, with which
build/dev/bin/simulation --seed=N --trace shows the same run again.
Exit codes: 0 nothing was violated and every named cell was reached (it takes some three thousand seeds); 1 not so;
2 incorrect usage; 3 it could not run; 128 + N ended by signal N."""

import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from scripts.commands.shared import (ROOT, build, end_group, markdown_table, new_parser, run_command, say, whole_number,
                             write_evidence)
from scripts.commands.long_run import Line
from tests_py.harness.stopping import Stopped, held

WORK = ROOT / "build/simulation"
BINARY = ROOT / "build/dev/bin/simulation"
NEXT_SEED = WORK / "next_seed"
SUMMARY = re.compile(r"^(?P<seeds>\d+) seeds from \d+, (?P<decided>\d+) requests decided, (?P<events>\d+) events, "
                     r"(?P<virtual_seconds>\d+) s of virtual time", re.MULTILINE)
VIOLATION = re.compile(r"^VIOLATION .*$", re.MULTILINE)
MARGIN_SECONDS = 120  # for one run more than the time allows
PART_SECONDS = 15  # of a campaign; what an interruption can lose


class Campaign:
    """The results of processes side by side."""

    def __init__(self):
        self.sums = Counter()  # of SUMMARY, by name
        self.seeds_of_one_max = 0  # of the process that has simulated most
        self.cells = Counter()  # by name; 0: not reached yet
        self.violations = []

    def add(self, output, cells_path):
        """Adds the output of a process, and the cells that it reached."""
        summary = SUMMARY.search(output)
        self.violations += VIOLATION.findall(output)
        if summary:
            self.sums.update({name: int(count) for name, count in summary.groupdict().items()})
            self.seeds_of_one_max = max(self.seeds_of_one_max, int(summary["seeds"]))
        elif not VIOLATION.search(output):
            self.violations.append("a process ended without a summary: " + output[-500:])
        if cells_path.exists():
            counts = (line.split(" ", 1) for line in cells_path.read_text().splitlines())
            self.cells.update({name: int(count) for count, name in counts})

    def add_part(self, part):
        """Adds the results of a part that began where this campaign ends."""
        self.sums.update(part.sums)
        self.violations += part.violations
        self.cells.update(part.cells)

    def unreached(self):
        return sorted(name for name, count in self.cells.items() if count == 0)

    def is_good(self):
        return not self.violations and bool(self.cells) and not self.unreached()

    def summary(self):
        reached = len(self.cells) - len(self.unreached())
        sums = self.sums
        return (f"{sums['seeds']:,} seeds, {sums['decided']:,} requests decided, {sums['events']:,} events, "
                f"{sums['virtual_seconds']:,} s of virtual time, {reached} of {len(self.cells)} cells, "
                f"{len(self.violations)} violations")


def simulate(binary, first, seconds, jobs, folder, all_cells=False):
    """Runs the simulation in `jobs` processes, which share the seeds from `first` on."""
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
            end_group(process)
    return campaign


def run_in_parts(options, campaign, first, end):
    """Until the time `end` or a violation; what is done of it is in `campaign`, also when it is interrupted."""
    line = Line()
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        binary = shutil.copy2(BINARY, folder)  # a build meanwhile does not change what is run
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
    sums = campaign.sums
    rarest = sorted(campaign.cells.items(), key=lambda cell: (cell[1], cell[0]))[:15]
    lines = [*markdown_table(("", ""), [
        ("seeds", f"{sums['seeds']:,}, from {first} on"),
        ("processes, and how long", f"{jobs}, {seconds:.0f} s"),
        ("requests decided", f"{sums['decided']:,}"),
        ("events", f"{sums['events']:,}"),
        ("virtual time", f"{sums['virtual_seconds'] / 3600:,.0f} h"),
        ("cells reached", f"{len(campaign.cells) - len(campaign.unreached())} of {len(campaign.cells)}"),
        ("violations", len(campaign.violations))]), "",
        "The cells that were reached least:", "",
        *markdown_table(("cell", "times"), [(f"`{name}`", f"{count:,}") for name, count in rarest]), "",
        "What is simulated and checked is in [testing.md](../testing.md)."]
    if campaign.violations:
        lines += ["", "Violations:", "", *(f"- `{line}`" for line in campaign.violations)]
    write_evidence("simulation", "A campaign of the simulation", built_of,
                   f"simulate --seconds={seconds:.0f} --jobs={jobs} --first={first}", lines)


def read_options():
    parser = new_parser("simulate", __doc__)
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="how long; default: 60")
    parser.add_argument("--jobs", type=whole_number(1), default=2, metavar="N", help="processes; default: 2")
    parser.add_argument("--first", type=int, metavar="SEED",
                        help="default: the one after the last time's last (build/simulation/next_seed)")
    parser.add_argument("--record", action="store_true", help="write docs/evidence/simulation.md")
    options = parser.parse_args()
    if options.seconds <= 0:
        parser.error("--seconds must be more than 0")
    return options


def main(options):
    built_of = build("dev", "test")
    WORK.mkdir(parents=True, exist_ok=True)
    first = options.first
    if first is None:
        first = int(NEXT_SEED.read_text()) if NEXT_SEED.exists() else 1
    started = time.monotonic()
    campaign = Campaign()
    status = 0
    try:
        run_in_parts(options, campaign, first, started + options.seconds)
    except Stopped as stopped:
        say(f"\n{stopped}; the next run continues from here")
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
    run_command("simulate", read_options, main)
