#!/usr/bin/python3
"""Builds the presets and runs every suite; the last line is `N passed, N failed, N skipped`. See scripts/test."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests_py"))
sys.dont_write_bytecode = True

from harness.postgresql import Cluster, newest_bin_folder  # noqa: E402

SUITE_SECONDS = 600
E2E_SECONDS = 900
SUITE = re.compile(r"^(unit_\w+|contract)$")


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


def say(text):
    print(text, flush=True)


def build(preset):
    started = time.monotonic()
    say(f"== building {preset}")
    if subprocess.run([ROOT / "scripts/build", preset], stdin=subprocess.DEVNULL).returncode != 0:
        say(f"the build of {preset} failed")
        say("0 passed, 1 failed, 0 skipped")
        sys.exit(1)
    say(f"   {time.monotonic() - started:.0f} s")


def run_suite(counts, preset, binary, folder, environment):
    """One GoogleTest program; its output is shown if something failed."""
    name = f"{preset}/{binary.name}"
    report = folder / f"{preset}-{binary.name}.xml"
    command = [str(binary), f"--gtest_output=xml:{report}", "--gtest_brief=1"]
    if preset == "tsan":
        # Newer kernels place memory where GCC 12's thread sanitizer cannot have it.
        command = ["setarch", "-R", *command]
    started = time.monotonic()
    try:
        result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace", timeout=SUITE_SECONDS)
        output, status = result.stdout, result.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = f"{expired.stdout}\nstill ran after {SUITE_SECONDS} s", -1
    failed = counts.add(report, name)
    for reason in sorted(set(re.findall(r"^.*Skipped\n(.*)$", output, re.MULTILINE))):
        say(f"   skipped: {reason}")
    if status != 0 and failed == 0:  # a sanitizer's report, a crash
        counts.failed += 1
    if status != 0:
        say(output)
    say(f"   {name}: {'ok' if status == 0 else 'FAILED'}, {time.monotonic() - started:.0f} s")


def run_suites(counts, preset, folder, conninfo):
    environment = {**os.environ, "DTI_TEST_POSTGRESQL": conninfo} if conninfo else dict(os.environ)
    environment["TSAN_OPTIONS"] = f"suppressions={ROOT}/cmake/tsan.supp halt_on_error=0 exitcode=66"
    environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
    binaries = sorted(path for path in (ROOT / "build" / preset / "bin").iterdir() if SUITE.match(path.name))
    assert binaries, f"build/{preset}/bin holds no suite"
    say(f"== unit and contract suites, {preset}")
    for binary in binaries:
        run_suite(counts, preset, binary, folder, environment)


def run_e2e(counts, folder):
    say("== end to end")
    report = folder / "e2e.xml"
    environment = {**os.environ, "DTI_BIN_DIR": str(ROOT / "build/dev/bin")}
    try:
        status = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider",
                                 f"--junit-xml={report}", "tests_py"],
                                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, timeout=E2E_SECONDS).returncode
    except subprocess.TimeoutExpired:
        say(f"still ran after {E2E_SECONDS} s")
        status = -1
    if counts.add(report, "e2e") == 0 and status != 0:
        counts.failed += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", help="unit, asan, tsan, e2e; default: all")
    parts = parser.parse_args().part or ["unit", "asan", "tsan", "e2e"]
    unknown = set(parts) - {"unit", "asan", "tsan", "e2e"}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    started = time.monotonic()
    counts = Counts()
    presets = [preset for preset, part in (("dev", "unit"), ("asan", "asan"), ("tsan", "tsan")) if part in parts]
    for preset in [*presets, *(["dev"] if "e2e" in parts and "dev" not in presets else [])]:
        build(preset)
    cluster = Cluster() if presets and newest_bin_folder() else None
    try:
        with tempfile.TemporaryDirectory(prefix="dti-tests-") as folder:
            conninfo = f"host={cluster.folder} port={cluster.port} user=postgres dbname=postgres" if cluster else None
            for preset in presets:
                run_suites(counts, preset, Path(folder), conninfo)
            if "e2e" in parts:
                run_e2e(counts, Path(folder))
    finally:
        if cluster:
            cluster.remove()
    say(f"== {time.monotonic() - started:.0f} s")
    say(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")
    sys.exit(1 if counts.failed else 0)


if __name__ == "__main__":
    main()
