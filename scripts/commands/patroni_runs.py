"""Two dti_server on three PostgreSQL under Patroni with a three-node etcd, each on a host of its own (network namespaces),
synchronous and strict. Processes are killed and frozen, networks cut, disks filled, under load. Says how long no grant was
answered, and compares every answer with the ledger.

Checked: no answer is lost, doubled or changed; each request is answered in the end; no server answers on a stale primary
for longer than its lease and 1 s; dtictl verify passes.
Patroni comes from PyPI, into build/patroni. It needs root. An interrupted run continues when the same command is given
again. State, logs and the folder of a run that found something are in build/patroni-runs. DTI_BIN_DIR names other
binaries than build/release/bin.
Exit codes: 0 all as promised; 1 something was not; 2 incorrect usage; 3 it could not run; 128 + N ended by signal N."""

import os
import subprocess
from random import Random

from scripts.commands.lanes import LaneProcess, LaneRun
from scripts.commands.shared import (ROOT, CouldNotRun, install, markdown_table, new_parser, provide_binaries,
                             run_command, say, table, whole_number, write_evidence)
from tests_py.harness.patroni.cluster import remove_left_over, remove_left_over_of_the_dead
from tests_py.harness.patroni.faults import KINDS
from tests_py.harness.patroni.programs import DEBIAN, NEWEST, NO_ROOT, install_patroni, missing, version_of
from tests_py.harness.patroni.settings import used
from tests_py.harness.runs.patroni_figures import PatroniFigures
from tests_py.harness.runs.patroni_lane import STALE_SLACK_SECONDS, STORE_TIMEOUT_SECONDS

RUNS = ROOT / "build/patroni-runs"
SENTENCE_MAX = 200
HEADER = ("fault", "rounds", "primary moved", "no grants, p50 / max", "after its end, max", "whole again, p50 / max",
          "requests that waited > 1 s, p50 / max")


def plan(options, done):
    """The kinds of the rounds that are left, in the order of the seed. Each kind comes once before any comes again."""
    random = Random(f"{options.seed}: kinds")
    chosen = []
    for number in range(options.faults):
        kinds = list(options.kinds)
        random.shuffle(kinds)
        chosen += [kind for kind in kinds if done[kind] <= number]
    return chosen


class PatroniRun(LaneRun):
    lane_end_seconds = 400  # a round and the end of a store

    def __init__(self, options, patroni, built_of):
        """`patroni`: its true version."""
        super().__init__(RUNS / f"{options.version}-lease-{options.lease_seconds}-{options.seed}", PatroniFigures(),
                         built_of)
        self._options = options
        self._folders = f"dti-patroni-{os.getpid()}-"
        self._patroni = patroni if options.version != DEBIAN else f"{patroni} (Debian's package)"

    @property
    def command(self):
        options = self._options
        return (f"patroni-runs --faults={options.faults} --seed={options.seed} --patroni={options.version} "
                f"--lease-seconds={options.lease_seconds} --jobs={options.jobs}"
                + ("" if options.kinds == list(KINDS) else f" --kinds={','.join(options.kinds)}"))

    def progress(self):
        options = self._options
        done = sum(self.figures.rounds[kind] for kind in options.kinds)
        return f"{done} faults of {len(options.kinds) * options.faults}, {self.figures.promotions} promotions"

    def _start_lanes(self):
        options = self._options
        commands = self.figures_before.commands
        if commands[-1:] != [self.command]:
            commands.append(self.command)
        kinds = plan(options, self.figures_before.rounds)
        jobs = min(options.jobs, len(kinds))
        seed = f"{options.seed}/{sum(self.figures_before.rounds.values())}"
        for number in range(jobs):
            self._lanes.append(LaneProcess(
                "scripts.commands.patroni_lane", self.folder / f"lane-{number}",
                [options.version, f"{seed}/{number}", str(options.lease_seconds), ",".join(kinds[number::jobs])],
                PatroniFigures, {**os.environ, "DTI_PATRONI_FOLDERS": self._folders}))

    def _sweep(self):
        remove_left_over(self._folders, [lane.process.pid for lane in self._lanes])

    def fault_table(self):
        figures = self.figures
        rows = []
        for kind in self._options.kinds:
            waiting = sorted(figures.stalled[kind])
            whole = sorted(figures.whole[kind])
            if waiting:
                rows.append((KINDS[kind].title, figures.rounds[kind], figures.moved[kind], seconds_of(figures.gaps[kind]),
                             f"{max(figures.return_gaps[kind]):.1f} s",
                             f"{whole[len(whole) // 2]:.0f} / {whole[-1]:.0f} s",
                             f"{waiting[len(waiting) // 2]} / {waiting[-1]}"))
        return rows

    def rows(self):
        options, figures = self._options, self.figures
        read_back = (f"{figures.entries:,} entries in {figures.stores} stores" if figures.entries
                     else "none: the run ended before the end of its first store")
        return [("Patroni, lease, store timeout", f"{self._patroni}, {options.lease_seconds} s, "
                                                  f"{STORE_TIMEOUT_SECONDS} s"),
                ("faults", f"{sum(figures.rounds.values()):,}"),
                ("rounds not counted: the fault did not happen", figures.void),
                ("promotions, by the timelines", f"{figures.promotions:,}"),
                ("promotions that no fault asked for", figures.unexpected),
                ("answers given", f"{figures.answers:,}, {figures.repeats:,} of them to repeats"),
                ("told to come again", f"{figures.told_to_come_again:,}"),
                ("commits whose wait was cancelled", figures.cancelled),
                ("answers on a stale primary", f"{figures.stale_answers:,}, each of them in the ledger"),
                ("the last of them, after the primary had lost its standbys",
                 f"{seconds_of(figures.stale)}; promised: < {options.lease_seconds + STALE_SLACK_SECONDS} s"),
                ("longest wait of a request", f"{max(figures.waits, default=0):.1f} s"),
                ("times the measuring process stood still for > 0.25 s", figures.stalls),
                ("load of the machine, median", f"{median(figures.loads):.0f} for {os.cpu_count()} processors"),
                *figures.fault_rows(),
                ("rounds not completed: what they waited for did not come about", figures.given_up),
                ("read back, also by dtictl verify", read_back),
                ("took", f"{self.seconds:,.0f} s, seed {options.seed}, {options.jobs} side by side")]

    def _report(self):
        for line in table([HEADER, *self.fault_table()]):
            say(line)
        return super()._report()

    def write_evidence(self):
        """docs/evidence/patroni.md, or patroni-VERSION.md"""
        options, figures = self._options, self.figures
        settings = [(f"`{name}`", f"`{value}`".lower() if isinstance(value, bool) else f"`{value}`", reason)
                    for name, value, reason in used()]
        write_evidence(
            "patroni" if options.version == NEWEST else f"patroni-{options.version}",
            f"{sum(figures.rounds.values()):,} rounds of PostgreSQL under Patroni {self._patroni}", self.built_of,
            self.command,
            [*(["The run was interrupted. Its earlier parts had other options:", "",
                *(f"    scripts/{command}" for command in figures.commands[:-1]), ""] if figures.commands[1:] else []),
             *markdown_table(HEADER, self.fault_table()), "", *markdown_table(("", ""), self.rows()), "",
             "## Settings", "", f"etcd {etcd_version()}, {postgresql_version()}.", "",
             *markdown_table(("setting", "value", "reason"), settings), "",
             *found_lines(figures),
             "## Timelines", "",
             "After each fault: the timeline, its primary, and the fault. Each cluster starts at 1.", "",
             "; ".join(f"{timeline} {primary} {kind}" for timeline, primary, kind in figures.history) + ".", "",
             "## Limits", "",
             "Everything was on one machine, with one clock and the data in memory. There was no watchdog. Patroni 4.1.5",
             "and earlier set `synchronous_standby_names` to `*` while they know no candidate, so that any standby may",
             "confirm a commit then ([Operations](../operations.md#postgresql-under-patroni)).",
             "[testing.md](../testing.md#runs-under-patroni) explains the rows and compares the times with others."])


def found_lines(figures):
    """The first sentences, each cut: the state of the run has them whole."""
    if not figures.sentences:
        return []
    more = sum(figures.faults.values()) - len(figures.sentences)
    return ["## Found", "", *(f"- {shortened(sentence)}" for sentence in figures.sentences),
            *([f"- and {more} more"] if more > 0 else []), ""]


def shortened(sentence):
    return sentence if len(sentence) <= SENTENCE_MAX else sentence[:SENTENCE_MAX] + "…"


def median(values):
    return sorted(values)[len(values) // 2] if values else 0


def seconds_of(values):
    """p50 / max: with so few values, the 99th percentile is the maximum."""
    if not values:
        return "none"
    if max(values) < 1:
        return f"{median(values) * 1000:,.0f} / {max(values) * 1000:,.0f} ms"
    return f"{median(values):.1f} / {max(values):.1f} s"


def etcd_version():
    return _first_line("etcd", "--version").rsplit(" ", 1)[-1]


def postgresql_version():
    return _first_line("psql", "--version").replace("psql (PostgreSQL)", "PostgreSQL").split(" (")[0]


def _first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def kinds_of(text):
    kinds = text.split(",")
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(kind)
    return kinds


kinds_of.__name__ = f"list of kinds ({', '.join(KINDS)})"


def read_options():
    parser = new_parser("patroni-runs", __doc__)
    parser.add_argument("--faults", type=whole_number(1), default=20, metavar="N", help="of each kind; default: 20")
    parser.add_argument("--kinds", type=kinds_of, default=list(KINDS), metavar="KIND,…",
                        help=f"default: all: {', '.join(KINDS)}")
    parser.add_argument("--patroni", dest="version", default=NEWEST, metavar="VERSION",
                        help=f"of PyPI, or {DEBIAN}: Debian's own package; default: {NEWEST}")
    parser.add_argument("--lease-seconds", type=whole_number(1, 20), default=5, metavar="N",
                        help="of the servers; default: 5")
    parser.add_argument("--jobs", type=whole_number(1), default=1, metavar="N",
                        help="clusters at the same time; more make the times longer; default: 1")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--record", action="store_true",
                        help="write docs/evidence/patroni.md, or patroni-VERSION.md, whatever was found")
    return parser.parse_args()


def run_all(options):
    if os.geteuid() != 0:
        raise CouldNotRun(NO_ROOT)
    built_of = provide_binaries("release", "test")
    install("patroni", *(["patroni-of-debian"] if options.version == DEBIAN else []))
    reason = missing()
    if reason:
        raise CouldNotRun(reason)
    remove_left_over_of_the_dead()
    try:
        patroni = version_of(install_patroni(options.version))
    except OSError as fault:
        raise CouldNotRun(str(fault)) from None
    run = PatroniRun(options, patroni, built_of)
    status = run.run()
    if options.record:
        run.write_evidence()
    return status


if __name__ == "__main__":
    run_command("patroni-runs", read_options, run_all, "; the same command continues from here")
