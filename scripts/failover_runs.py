#!/usr/bin/python3
"""Ends leaders; says how long nobody answered, and whether every answer is in the ledger. See scripts/failover-runs."""

import argparse
import dataclasses
import shutil
import sys
import time
from random import Random

from crash_runs import choose_binaries, exit_status, sources  # it also finds the harness
from long_run import FOUND, ROOT, CouldNotRun, Folder, Line, record, say, table, times

from harness.postgresql import newest_bin_folder, scratch_cluster
from harness.process import Process

RUNS = ROOT / "build/failover-runs"
NAMES = {"crash": "crash (SIGKILL)", "stop": "planned stop (SIGTERM)", "pause": "pause of three leases (SIGSTOP)"}
SAID = {"unanswered": "requests without an answer", "doubled": "doubled", "stale": "answered by a replaced leader",
        "lost": "answers that the ledger does not hold", "changed": "changed", "torn": "stored in part",
        "foreign": "stored and not asked for", "refused": "refused without a reason",
        "sums": "sums, order or rule broken"}


def wanted(options):
    return {"crash": options.crashes, "stop": options.stops, "pause": options.pauses}


def plan(options, done):
    """The kinds of the rounds that are left, in the order of the seed."""
    kinds = [kind for kind, count in wanted(options).items() for _ in range(count)]
    Random(f"{options.seed}: kinds").shuffle(kinds)
    left = {kind: count - done[kind] for kind, count in wanted(options).items()}
    chosen = []
    for kind in kinds:
        if left[kind] > 0:
            left[kind] -= 1
            chosen.append(kind)
    return chosen


class Run:
    """A folder with a state, which the next run of the same name goes on from."""

    def __init__(self, options):
        self._options = options
        self.folder = RUNS / f"{options.seed}-{options.lease_seconds}-{options.servers}"
        self._kept = Folder(self.folder)
        self._started = time.monotonic()
        self._seconds_before = 0.0
        self._line = Line()
        self.commits = [sources()]

    @property
    def seconds(self):
        return self._seconds_before + time.monotonic() - self._started

    def run(self):
        """The exit status."""
        from harness.failover_lane import Broken, FailoverLane
        with self._kept.locked():
            self._load()
            if self.figures.sentences:
                self._report()
                say(f"that was found before; remove {self.folder} to begin anew")
                return FOUND
            shutil.rmtree(self.folder / "stores", ignore_errors=True)
            options = self._options
            try:
                with scratch_cluster() as cluster:
                    lane = FailoverLane(self.folder / "stores", cluster, options.seed, options.lease_seconds,
                                        options.servers, figures=self.figures, on_checked=self._on_checked)
                    lane.run(plan(options, self.figures.rounds))
            except (Broken, AssertionError) as found:
                say(f"\n{found}")
                say(f"logs are in {self.folder}")
                self.figures.sentences = self.figures.sentences or [str(found)]
                self._save()
            finally:
                Process.remove_all()
            too_long = self._report()
            if self.figures.sentences or too_long:
                return FOUND
            self._kept.forget()
            return 0

    def _load(self):
        from harness.failover_lane import Figures
        self.figures = Figures()
        if state := self._kept.load():
            self.figures = Figures(**state["figures"])
            self._seconds_before = state["seconds"]
            self.commits = [*state["commits"], *(one for one in self.commits if one not in state["commits"])]
            say(f"going on after {sum(self.figures.rounds.values())} rounds")

    def _on_checked(self, figures):
        counts = ", ".join(f"{figures.rounds[kind]} of {count} {kind}" for kind, count in wanted(self._options).items())
        self._line.show(f"{counts}; {figures.answers:,} answers, {sum(figures.faults.values())} faults")
        self._save()

    def _save(self):
        self._kept.save({"figures": dataclasses.asdict(self.figures), "seconds": self.seconds,
                         "commits": self.commits})

    def _report(self):
        """Says all; what took too long."""
        too_long = too_slow(self._options, self.figures)
        for line in table(table_rows(self._options, self.figures, self.seconds)):
            say(line)
        for sentence in [*self.figures.sentences, *too_long]:
            say(f"  {sentence}")
        return too_long


def too_slow(options, figures):
    from harness.failover_lane import gap_max
    return [f"{NAMES[kind]}: nobody answered for {gap:.3f} s, and promised is less than {bound:g} s"
            for kind, gaps in figures.gaps.items() for bound in [gap_max(kind, options.lease_seconds)]
            for gap in gaps if gap >= bound]


def table_rows(options, figures, seconds):
    from harness.failover_lane import gap_max
    rows = [("servers, lease", f"{options.servers}, {options.lease_seconds} s")]
    for kind, name in NAMES.items():
        rows.append((f"{name}: how often", f"{figures.rounds[kind]:,}"))
        rows.append(("nobody answered, p50 / p99 / max",
                     f"{times(figures.gaps[kind])}; promised: < {gap_max(kind, options.lease_seconds):g} s"))
    rows += [("rounds not measured", figures.void),
             ("answers given", f"{figures.answers:,}, {figures.repeats:,} of them to repeats"),
             ("answers to real programs by a real faculty", f"{figures.program_answers:,}"),
             ("told to come again", f"{figures.told_to_come_again:,}"),
             ("answered by a leader after its pause, all in the ledger before", f"{figures.answered_after_pause:,}"),
             ("longest wait of a request", f"{figures.longest_wait * 1000:,.0f} ms"),
             ("longest wait of a real program", f"{figures.longest_program_wait * 1000:,.0f} ms")]
    rows += [(name, figures.faults[kind]) for kind, name in SAID.items()]
    return [*rows, ("read back, also by dtictl verify", f"{figures.entries:,} entries in {figures.stores} stores"),
            ("took", f"{seconds:,.0f} s, seed {options.seed}")]


def command(options):
    return (f"scripts/failover-runs --crashes={options.crashes} --stops={options.stops} --pauses={options.pauses} "
            f"--lease-seconds={options.lease_seconds} --servers={options.servers} --seed={options.seed} --record")


def write_evidence(options, run):
    """docs/evidence/failover-lease-N.md"""
    record(f"failover-lease-{options.lease_seconds}",
           f"{sum(run.figures.rounds.values()):,} failovers on PostgreSQL, lease of {options.lease_seconds} s",
           run.commits, command(options), table_rows(options, run.figures, run.seconds),
           ["Nobody answered: from the signal to the first answer of the next leader that a client had, under load,",
            "with clients, servers and database on one machine. Every answer that was ever given is compared with the",
            "ledger. What the rows mean is in [testing.md](../testing.md#failover-runs)."])


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/failover-runs", description=__doc__, allow_abbrev=False)
    parser.add_argument("--crashes", type=int, default=100)
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--pauses", type=int, default=50)
    parser.add_argument("--lease-seconds", type=int, default=1)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments, and nothing else
    options = parser.parse_args()
    counts = wanted(options).values()
    if min(counts) < 0 or not sum(counts):
        parser.error("--crashes, --stops and --pauses are at least 0, and not all of them are 0")
    if not 1 <= options.lease_seconds <= 20:
        parser.error("--lease-seconds is 1 to 20: a request waits for 25 s at most")
    if not 2 <= options.servers <= 9:
        parser.error("--servers is 2 to 9")
    return options


def run_all(options):
    if newest_bin_folder() is None:
        raise CouldNotRun("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    run = Run(options)
    status = run.run()
    if options.record and not status:
        write_evidence(options, run)
    return status


def main():
    options = arguments()
    if options.check:
        return 0
    choose_binaries()
    return exit_status("failover-runs", lambda: run_all(options))


if __name__ == "__main__":
    sys.exit(main())
