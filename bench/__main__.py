"""Measures dti, what people use instead and the bounds that the machine sets, in one run, and judges the targets."""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests_py")]
sys.dont_write_bytecode = True
os.environ["DTI_BIN_DIR"] = str(ROOT / "build/bench/bin")  # whatever the caller tests: these are built for speed

from bench.database import Fault  # noqa: E402
from bench.plan import PARTS, expected_seconds, make_plan  # noqa: E402
from bench.progress import minutes, say, say_wrong  # noqa: E402
from harness.postgresql import scratch_cluster  # noqa: E402
from harness.process import Process  # noqa: E402
from harness.stopping import Stopped, held, raise_on_signals  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter,
        epilog="parts:\n" + "\n".join(f"  {name:10} {what}" for name, what in PARTS.items()))
    parser.add_argument("--quick", action="store_true", help="within 3 minutes instead of 15, and less steady")
    parser.add_argument("--only", metavar="PART,...", help="some parts only")
    parser.add_argument("--out", metavar="FOLDER", type=Path,
                        help="where results.json, RESULTS.md and the plots go;\ndefault: bench, or build/bench-results "
                             "with --quick or --only")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments, and nothing else
    options = parser.parse_args()
    parts = options.only.split(",") if options.only is not None else list(PARTS)
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)} (they are: {', '.join(PARTS)})")
    options.plan = make_plan(options.quick, tuple(name for name in PARTS if name in parts))
    options.out = options.out or ROOT / ("build/bench-results" if options.quick or options.only else "bench")
    return options


def measure(plan):
    from bench.run import Run

    with contextlib.ExitStack() as stack:
        with held():
            folder = Path(tempfile.mkdtemp(prefix="dti-bench-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(Process.remove_all)
        return Run(plan, stack.enter_context(scratch_cluster()), folder).run()


def bench(options):
    """Measures, reports; is every ledger right?"""
    from bench import plots, report  # after the installation, of which --check does not know

    say(f"{'quick' if options.plan.quick else 'full'} run, about {minutes(expected_seconds(options.plan))}")
    results = measure(options.plan)
    report.write(results, options.out, plots.draw_all)
    report.show(results)
    say(f"\nwritten to {options.out} ({minutes(results['duration_seconds'])})")
    return report.check(results)


def main():
    options = parse_arguments()
    if options.check:
        return
    raise_on_signals()
    try:
        sys.exit(0 if bench(options) else 1)
    except (Fault, AssertionError, OSError) as fault:
        say_wrong(f"\nThe benchmark failed: {fault}")
        sys.exit(1)
    except Stopped as stopped:
        say(f"\n{stopped}")
        sys.exit(stopped.exit_status)


if __name__ == "__main__":
    main()
