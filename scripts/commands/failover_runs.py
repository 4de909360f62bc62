"""Ends the leader of several dti_server on one PostgreSQL, under load, again and again: by SIGKILL, by SIGTERM, and by
SIGSTOP for three leases. Says how long no server answered, and compares every answer with the ledger.

Checked: the next leader answers within 1 s of a planned stop, within the lease and 1 s of a crash, and 0.5 s more of a
pause (after which a client leaves a silent server); no request without an answer, none answered twice, and no answer
that is not in the ledger.
An interrupted run continues when the same command is given again. State, logs and the folder of a run that found
something are in build/failover-runs. DTI_BIN_DIR names other binaries than build/release/bin.
Exit codes: 0 all as promised; 1 something was not; 2 incorrect usage; 3 it could not run; 128 + N ended by signal N."""

import shutil
from random import Random

from scripts.commands.shared import (ROOT, markdown_table, need_postgresql, new_parser, provide_binaries, run_command, say,
                             whole_number, write_evidence)
from scripts.commands.long_run import LongRun, times
from tests_py.harness.postgresql import scratch_cluster
from tests_py.harness.process import Process
from tests_py.harness.runs.run_figures import Broken, FailoverFigures, gap_max

RUNS = ROOT / "build/failover-runs"
NAMES = {"crash": "crash (SIGKILL)", "stop": "planned stop (SIGTERM)", "pause": "pause of three leases (SIGSTOP)"}


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


class FailoverRun(LongRun):
    def __init__(self, options, built_of):
        folder = RUNS / f"{options.seed}-{options.lease_seconds}-{options.servers}"
        super().__init__(folder, FailoverFigures(), built_of)
        self._options = options

    def progress(self):
        return ", ".join(f"{self.figures.rounds[kind]} of {count} {kind}"
                         for kind, count in wanted(self._options).items())

    def _work(self):
        from tests_py.harness.runs.failover_lane import FailoverLane  # needs pyzmq, which is installed by now
        shutil.rmtree(self.folder / "stores", ignore_errors=True)
        options = self._options
        try:
            with scratch_cluster() as cluster:
                lane = FailoverLane(self.folder / "stores", cluster, options.seed, options.lease_seconds,
                                    options.servers, figures=self.figures, on_checked=self._on_checked)
                lane.run(plan(options, self.figures.rounds))
        except (Broken, AssertionError) as found:
            say(f"\n{found}")
            self.figures.sentences = self.figures.sentences or [str(found)]
            self._save()
        finally:
            Process.remove_all()
        return True

    def _on_checked(self, _):
        self._show()
        self._save()

    def too_slow(self):
        return too_slow(self._options, self.figures)

    def rows(self):
        options, figures = self._options, self.figures
        rows = [("servers, lease", f"{options.servers}, {options.lease_seconds} s")]
        for kind, name in NAMES.items():
            rows.append((f"{name}: how often", f"{figures.rounds[kind]:,}"))
            rows.append(("no answers, p50 / p99 / max",
                         f"{times(figures.gaps[kind])}; promised: < {gap_max(kind, options.lease_seconds):g} s"))
        rows += [("rounds not measured", figures.void),
                 ("answers given", f"{figures.answers:,}, {figures.repeats:,} of them to repeats"),
                 ("answers to real programs by a real faculty", f"{figures.program_answers:,}"),
                 ("told to come again", f"{figures.told_to_come_again:,}"),
                 *figures.life_rows(),
                 ("answered by a leader after its pause, all in the ledger before",
                  f"{figures.answered_after_pause:,}"),
                 ("longest wait of a request", f"{figures.longest_wait * 1000:,.0f} ms"),
                 ("longest wait of a real program", f"{figures.longest_program_wait * 1000:,.0f} ms")]
        return [*rows, *figures.fault_rows(),
                ("read back, also by dtictl verify", f"{figures.entries:,} entries in {figures.stores} stores"),
                ("took", f"{self.seconds:,.0f} s, seed {options.seed}")]

    def write_evidence(self):
        """docs/evidence/failover-lease-N.md"""
        options = self._options
        write_evidence(
            f"failover-lease-{options.lease_seconds}",
            f"{sum(self.figures.rounds.values()):,} failovers on PostgreSQL, lease of {options.lease_seconds} s",
            self.built_of,
            f"failover-runs --crashes={options.crashes} --stops={options.stops} --pauses={options.pauses} "
            f"--lease-seconds={options.lease_seconds} --servers={options.servers} --seed={options.seed}",
            [*markdown_table(("", ""), self.rows()), "",
             "No answers: from the signal to the first answer of the next leader that a client had, under load,",
             "with clients, servers and database on one machine. Every answer that was ever given is compared with the",
             "ledger. [testing.md](../testing.md#failover-runs) explains the rows."])


def too_slow(options, figures):
    return [f"{NAMES[kind]}: no server answered for {gap:.3f} s; the limit is {bound:g} s"
            for kind, gaps in figures.gaps.items() for bound in [gap_max(kind, options.lease_seconds)]
            for gap in gaps if gap >= bound]


def read_options():
    parser = new_parser("failover-runs", __doc__)
    for kind, count in (("crashes", 100), ("stops", 100), ("pauses", 50)):
        parser.add_argument(f"--{kind}", type=whole_number(0), default=count, metavar="N", help=f"default: {count}")
    parser.add_argument("--lease-seconds", type=whole_number(1, 20), default=1, metavar="N",
                        help="of the servers, 1 to 20: a request waits for 25 s at most; default: 1")
    parser.add_argument("--servers", type=whole_number(2, 9), default=2, metavar="N", help="default: 2")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--record", action="store_true", help="write docs/evidence/failover-lease-N.md")
    options = parser.parse_args()
    if not sum(wanted(options).values()):
        parser.error("not all of --crashes, --stops and --pauses may be 0")
    return options


def run_all(options):
    built_of = provide_binaries("release", "test")
    need_postgresql()
    run = FailoverRun(options, built_of)
    status = run.run()
    if options.record and not status:
        run.write_evidence()
    return status


if __name__ == "__main__":
    run_command("failover-runs", read_options, run_all, "; the same command continues from here")
