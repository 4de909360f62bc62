"""Measures dti, what people use instead and the bounds that the machine sets, in one run, and judges the targets.

Exit codes: 0 every ledger was right and every target was measured; 1 not so; 2 incorrect usage; 3 it could not run;
128 + N ended by signal N."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from bench.database import Fault
from bench.plan import PARTS, make_plan
from scripts.commands.shared import FOUND, ROOT, need_postgresql, new_parser, provide_binaries, run_command, say
from tests_py.harness.postgresql import scratch_cluster
from tests_py.harness.process import Process
from tests_py.harness.stopping import held


def read_options():
    parser = new_parser("bench", __doc__)
    parser.epilog = "parts:\n" + "\n".join(f"  {name:10} {what}" for name, what in PARTS.items())
    parser.add_argument("--quick", action="store_true", help="within 3 minutes instead of 15, and less steady")
    parser.add_argument("--only", metavar="PART,...", help="some parts only")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=ROOT / "build/bench-results",
                        help="where results.json, RESULTS.md and the plots go; default: build/bench-results")
    parser.add_argument("--record", action="store_true", help="write bench/RESULTS.md too")
    options = parser.parse_args()
    parts = options.only.split(",") if options.only is not None else list(PARTS)
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)} (they are: {', '.join(PARTS)})")
    if options.record and (options.quick or options.only):
        parser.error("--record is for a full run, and so without --quick and --only")
    options.plan = make_plan(options.quick, tuple(name for name in PARTS if name in parts))
    return options


def measure(plan):
    from bench.run import Run

    with contextlib.ExitStack() as stack:
        with held():
            folder = Path(tempfile.mkdtemp(prefix="dti-bench-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(Process.remove_all)
        return Run(plan, stack.enter_context(scratch_cluster()), folder).run()


def main(options):
    os.environ.pop("DTI_BIN_DIR", None)  # the benchmark measures an optimised build, not the one that the caller tests
    commit = provide_binaries("bench", "bench")
    need_postgresql()
    from bench import plots, report  # the plots need a package that may have been missing

    say("quick run, within 3 minutes" if options.plan.quick else "full run, within 15 minutes")
    try:
        results = {**measure(options.plan), "commit": commit}
    except (Fault, AssertionError, OSError) as fault:
        say(f"\nThe benchmark failed: {fault}")
        return FOUND
    report.write(results, options.out)
    plots.draw_all(results, options.out)
    if options.record:
        shutil.copy(options.out / "RESULTS.md", ROOT / "bench")
    report.show(results)
    say(f"\nwritten to {options.out} ({report.minutes(results['duration_seconds'])})")
    return 0 if report.check(results) else FOUND


if __name__ == "__main__":
    run_command("bench", read_options, main)
