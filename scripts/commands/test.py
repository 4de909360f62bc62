"""Builds the presets and runs every test. The last line counts them: N passed, N failed, N skipped.

From bare it takes some 25 minutes on 2 cores.
Exit codes: 0 all passed; 1 something failed; 2 incorrect usage; 128 + N ended by signal N."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from scripts.commands.shared import ROOT, CouldNotRun, end_group, install, new_parser, say
from scripts.commands.fuzz import fuzz, target_names
from scripts.commands.simulate import simulate
from scripts.commands.unit_filter import write_programs
from tests_py.harness.networks import remove_hosts_of_the_dead
from tests_py.harness.patroni.cluster import remove_left_over
from tests_py.harness.postgresql import FOLDERS, newest_bin_folder, remove_cluster, scratch_cluster
from tests_py.harness.stopping import Stopped, held, raise_on_signals

# unit: every suite, without sanitizers; apps: those of them that no sanitizer's preset has. smoke: a part of e2e.
# filter: e2e, with dti_server and faculty under the filter of system calls of their units
PARTS = ("unit", "apps", "asan", "tsan", "fuzz", "simulation", "e2e", "smoke", "filter")
DEFAULT_PARTS = ("apps", "asan", "tsan", "fuzz", "simulation", "e2e")
SUITE_SECONDS = 1200  # each of these is for what hangs, on a machine several times slower than usual
SUITE_JOBS = 2  # the longest ones wait for databases and disks most of the time
E2E_SECONDS = 3600
E2E_JOBS = 2  # a test waits for processes and disks most of the time; the tests of a file follow one another
FUZZ_SECONDS = 10  # a target, beside its corpus
FUZZ_JOBS = 2
FUZZ_SEED = 1  # what changes nothing must not fail; scripts/fuzz tries new ones
SIMULATION_SECONDS = 60  # the same seeds each time; scripts/simulate tries new ones
SIMULATION_JOBS = 2
E2E_END_SECONDS = 30  # for pytest to undo its fixtures
SUITE = re.compile(r"^(unit_\w+|contract)$")
SUITES_OF_APPS = {"unit_apps", "unit_bench", "unit_simulation"}


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, report, name):
        """Counts a JUnit report; a suite that left none counts as one failure."""
        try:
            cases = list(ElementTree.parse(report).getroot().iter("testcase"))
        except (OSError, ElementTree.ParseError):
            say(f"{name}: ended without a report")
            self.failed += 1
            return 1
        failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
        skipped = sum(1 for case in cases if case.find("skipped") is not None)
        self.failed += failed
        self.skipped += skipped
        self.passed += len(cases) - failed - skipped
        return failed


def run_in_group(command, seconds=None, end_seconds=0, **options):
    """Runs the command in a session of its own. Returns its exit status, or None if it took longer than `seconds`.
    However the wait ends, it ends all processes of that session: with SIGINT first if `end_seconds` lets them clean
    up."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None and end_seconds:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(end_seconds)
        end_group(process)


def build(counts, preset):
    started = time.monotonic()
    say(f"== building {preset}")
    if run_in_group([ROOT / "scripts/build", preset]) != 0:
        say(f"the build of {preset} failed: what it did build runs all the same")
        counts.failed += 1
        return False
    say(f"   {time.monotonic() - started:.0f} s")
    return True


class Suite:
    """One GoogleTest program; its output is shown if something failed."""

    def __init__(self, preset, binary, folder, environment):
        self._name = f"{preset}/{binary.name}"
        self._report = folder / f"{preset}-{binary.name}.xml"
        self._log = folder / f"{preset}-{binary.name}.log"
        self._command = [str(binary), f"--gtest_output=xml:{self._report}", "--gtest_brief=1"]
        if preset == "tsan":
            # Newer kernels place memory where GCC 12's thread sanitizer cannot have it.
            self._command = ["setarch", "-R", *self._command]
        self._environment = environment

    def start(self):
        self._started = time.monotonic()
        with open(self._log, "wb") as out:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=out,
                                             stderr=subprocess.STDOUT, env=self._environment, start_new_session=True)

    def has_ended(self):
        return self._process.poll() is not None or time.monotonic() > self._started + SUITE_SECONDS

    def end(self):
        """Ends all that it has started; the exit status, or None if it still ran."""
        status = self._process.poll()
        end_group(self._process)
        return status

    def count(self, counts):
        seconds = time.monotonic() - self._started
        status = self.end()
        output = self._log.read_text(errors="replace")
        if status is None:
            output += f"\nstill ran after {SUITE_SECONDS} s"
        failed = counts.add(self._report, self._name)
        for reason in sorted(set(re.findall(r"^.*Skipped\n(.*)$", output, re.MULTILINE))):
            say(f"   skipped: {reason}")
        if status != 0 and failed == 0:  # a sanitizer's report, a crash
            counts.failed += 1
        if status != 0:
            say(output)
        say(f"   {self._name}: {'ok' if status == 0 else 'FAILED'}, {seconds:.0f} s")


def suites_of(part, folder, conninfo):
    preset = folder_of(PRESETS[part])
    environment = {**os.environ, "DTI_TEST_POSTGRESQL": conninfo} if conninfo else dict(os.environ)
    environment["TSAN_OPTIONS"] = f"suppressions={ROOT}/cmake/tsan.supp halt_on_error=0 exitcode=66"
    environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
    binaries = sorted(path for path in (ROOT / "build" / preset / "bin").iterdir() if is_of(part, path.name))
    assert binaries, f"build/{preset}/bin holds no suite"
    return [Suite(preset, binary, folder, environment) for binary in binaries]


def run_suites(counts, parts, folder, conninfo):
    """Side by side. The slowest part's come first, and of each the contract, so that no long one is left alone."""
    say(f"== unit and contract suites: {', '.join(parts)}")
    waiting = [suite for part in reversed(parts) for suite in suites_of(part, folder, conninfo)]
    running = []
    try:
        while waiting or running:
            while waiting and len(running) < SUITE_JOBS:
                with held():
                    waiting[0].start()
                    running.append(waiting.pop(0))
            for suite in [suite for suite in running if suite.has_ended()]:
                suite.count(counts)
                running.remove(suite)
            time.sleep(0.05)
    finally:
        for suite in running:
            suite.end()


def run_fuzz_targets(counts):
    say("== fuzz targets")
    results = []
    built = [name for name in target_names() if (ROOT / f"build/fuzz/bin/fuzz_{name}").exists()]
    fuzz(built, FUZZ_SECONDS, FUZZ_JOBS, FUZZ_SEED, results)
    for result in results:
        counts.failed += 1 if result.findings else 0
        counts.passed += 0 if result.findings else 1


def run_e2e(counts, folder, selection, programs=ROOT / "build/dev/bin", name="e2e"):
    say("== end to end" + (": under the filter of system calls" if name == "filter" else ""))
    report = folder / f"{name}.xml"
    clusters = f"dti-pg-{os.getpid()}-"
    patroni_clusters = f"dti-patroni-{os.getpid()}-"
    environment = {**os.environ, "DTI_BIN_DIR": str(programs), "DTI_TEST_CLUSTERS": clusters,
                   "DTI_PATRONI_FOLDERS": patroni_clusters}
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"--junit-xml={report}",
               f"--numprocesses={E2E_JOBS}", "--dist=loadfile", *selection, "tests_py", "clients/python/tests"]
    try:
        status = run_in_group(command, E2E_SECONDS, E2E_END_SECONDS, cwd=ROOT, env=environment)
    finally:
        for left in FOLDERS.glob(clusters + "*"):  # by a pytest that had to be killed
            remove_cluster(left)
        remove_left_over(patroni_clusters)
        remove_hosts_of_the_dead()
    if status is None:
        say(f"still ran after {E2E_SECONDS} s")
    if counts.add(report, name) == 0 and status != 0:
        counts.failed += 1


def run_filter(counts, folder):
    units = ROOT / "packaging/systemd"
    with tempfile.TemporaryDirectory(prefix="dti-filter-") as programs:
        os.chmod(programs, 0o755)  # some tests run a program as another user
        write_programs(ROOT / "build/dev/bin", Path(programs),
                       {"dti_server": units / "dti-server.service", "faculty": units / "dti-faculty@.service"})
        run_e2e(counts, folder, [], programs, "filter")


def run_simulation(counts, folder):
    """Two processes of seeds; each must reach every named cell. Counts as one test."""
    say("== simulation")
    binary = ROOT / "build/dev/bin/simulation"
    campaign = simulate(binary, 1, SIMULATION_SECONDS, SIMULATION_JOBS, folder, all_cells=True)
    for line in campaign.violations:
        say(line)
    for name in campaign.unreached():
        say(f"   never reached: {name}")
    say(f"   {campaign.summary()}")
    if campaign.is_good():
        counts.passed += 1
    else:
        counts.failed += 1


def try_to_make_cluster(counts, stack):
    """A PostgreSQL for the contract suites, as a libpq string; None if there is none."""
    if not newest_bin_folder():
        return None
    try:
        cluster = stack.enter_context(scratch_cluster())
    except Exception as fault:  # the other suites can run all the same
        say(f"a PostgreSQL cluster cannot be made: {fault}")
        counts.failed += 1
        return None
    return f"host={cluster.folder} port={cluster.port} user=postgres dbname=postgres"


SUITE_PARTS = ("unit", "apps", "asan", "tsan")
PRESETS = {"unit": "dev", "asan": "asan", "tsan": "tsan", "fuzz": "fuzz",
           **dict.fromkeys(("apps", "simulation", "e2e", "smoke", "filter"), "dev-programs")}  # by part
DAEMONS = {"dti_server", "faculty", "program", "dtictl"}
PROGRAMS = {"simulation": {"simulation"}, "e2e": DAEMONS, "smoke": DAEMONS, "filter": DAEMONS}  # that a part runs


def folder_of(preset):
    """Of build/, in which a preset is built."""
    return preset.removesuffix("-programs")


def is_of(part, suite):
    return SUITE.match(suite) and (part != "apps" or suite in SUITES_OF_APPS)


def was_built(part):
    """Whether the part has what it runs; a suite or a fuzz target that could not be built leaves the others."""
    folder = ROOT / "build" / folder_of(PRESETS[part]) / "bin"
    built = {path.name for path in folder.glob("*")}
    if part in PROGRAMS:
        return PROGRAMS[part] <= built
    return any(is_of(part, name) or name.startswith("fuzz_") for name in built)


def run_parts(counts, parts):
    """Builds the presets of the parts, and runs each part whose programs were built, even if others fail."""
    parts = [part for part in PARTS if part in parts and not (part == "apps" and "unit" in parts)]
    presets = dict.fromkeys(PRESETS[part] for part in parts)
    if "dev" in presets:  # which has the programs
        presets.pop("dev-programs", None)
    builds = {folder_of(preset): build(counts, preset) for preset in presets}
    for part in [part for part in parts if not was_built(part)]:
        say(f"== {part} is left out: what it runs was not built")
        counts.failed += 1 if builds[folder_of(PRESETS[part])] else 0  # else the build counts
        parts.remove(part)
    suites = [part for part in SUITE_PARTS if part in parts]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dti-tests-")))
        if suites:
            conninfo = try_to_make_cluster(counts, stack)
            attempt(counts, run_suites, counts, suites, folder, conninfo)
        if "fuzz" in parts:
            attempt(counts, run_fuzz_targets, counts)
        if "simulation" in parts:
            attempt(counts, run_simulation, counts, folder)
        if "e2e" in parts or "smoke" in parts:
            attempt(counts, run_e2e, counts, folder, [] if "e2e" in parts else ["-m", "smoke"])
        if "filter" in parts:
            attempt(counts, run_filter, counts, folder)


def attempt(counts, run, *arguments):
    """Runs one part; a fault in it is one failure, and the other parts run all the same."""
    try:
        run(*arguments)
    except Exception:
        traceback.print_exc()
        counts.failed += 1


def main():
    parser = new_parser("test", __doc__)
    parser.add_argument("part", nargs="*",
                        help=f"{', '.join(PARTS)}; default: {', '.join(DEFAULT_PARTS)}. unit: every suite, without "
                        "sanitizers; apps: those of them that asan and tsan do not have; smoke: a part of e2e; filter: e2e "
                        "with dti_server and faculty under the filter of system calls of their units")
    parts = parser.parse_args().part or DEFAULT_PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))} (they are: {', '.join(PARTS)})")
    raise_on_signals()
    started = time.monotonic()
    counts = Counts()
    status = None
    try:
        try:
            install("test", *(["filter"] if "filter" in parts else []))
        except CouldNotRun as fault:
            say(f"{fault}: what does without them is built and run")
            counts.failed += 1
        run_parts(counts, parts)
    except Stopped as stopped:
        say(f"\n{stopped}")
        status = stopped.exit_status
    except Exception:
        traceback.print_exc()
        counts.failed += 1
    say(f"== {time.monotonic() - started:.0f} s")
    say(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")
    sys.exit(status or (1 if counts.failed else 0))


if __name__ == "__main__":
    main()
