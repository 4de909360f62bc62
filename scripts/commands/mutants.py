"""Builds each mutant of tests/simulation/mutants in a copy of the sources, and simulates until a check catches it.

The last line counts: N caught, N survived, N failed to build.
Exit codes: 0 all were caught; 1 not so; 2 incorrect usage; 3 it could not run; 128 + N ended by signal N."""

import os
import re
import shutil
import subprocess
import time

from scripts.commands.shared import FOUND, ROOT, CouldNotRun, install, markdown_table, new_parser, run_command, say

PATCHES = ROOT / "tests/simulation/mutants"
WORK = ROOT / "build/mutants"
TREE = WORK / "tree"
SOURCES = ("CMakeLists.txt", "CMakePresets.json", "apps", "bench", "cmake", "data", "include", "packaging", "sql", "src",
           "tests")
BUILD = TREE / "build/dev"
CAUGHT = re.compile(r"^VIOLATION seed (\d+)(?: at [\d.]+ s)?: ([\w-]+): (.*)$", re.MULTILINE)
HANG_SECONDS = 60  # that one run may take more than the limit: a mutant may go round in circles


def copy_sources():
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, TREE / name)  # keeps the times, so that only what a mutant changes is built again
        else:
            shutil.copy2(source, TREE / name)


def patch(file, *, reverse=False):
    command = ["patch", "-p1", "--quiet", "--no-backup-if-mismatch", "-i", str(file)]
    subprocess.run(command + (["--reverse"] if reverse else []), cwd=TREE, check=True, stdout=subprocess.DEVNULL)


def configure():
    """As the preset dev, so that a compiler's cache has what is not changed."""
    os.environ["CCACHE_BASEDIR"] = str(TREE)
    subprocess.run(["cmake", "--preset", "dev"], cwd=TREE, check=True, stdout=subprocess.DEVNULL)


def build():
    """Whether it could be built."""
    result = subprocess.run(["cmake", "--build", str(BUILD), "--target", "simulation"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(result.stdout)
    return result.returncode == 0


def simulate(seconds):
    """What the simulation printed, and how long it took."""
    started = time.monotonic()
    command = [str(BUILD / "bin/simulation"), "--first=1", f"--seconds={seconds}"]
    try:
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                timeout=seconds + HANG_SECONDS).stdout
    except subprocess.TimeoutExpired:
        output = ""
    return output, time.monotonic() - started


def try_mutant(file, seconds):
    """A row of the table: name, outcome, seeds, seconds, check."""
    patch(file)
    try:
        if not build():
            return (file.stem, "failed", "", "", "does not build")
        output, took = simulate(seconds)
    finally:
        patch(file, reverse=True)
    caught = CAUGHT.search(output)
    if caught:
        return (file.stem, "caught", caught[1], f"{took:.1f}", caught[2])
    return (file.stem, "SURVIVED", "", f"{took:.1f}", "")


def read_options():
    parser = new_parser("mutants", __doc__)
    parser.add_argument("name", nargs="*", help="of mutants; default: all of them")
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="to simulate each, at most; default: 60")
    options = parser.parse_args()
    options.files = [file for file in sorted(PATCHES.rglob("*.patch")) if file.stem in options.name or not options.name]
    if unknown := set(options.name) - {file.stem for file in options.files}:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    return options


def main(options):
    install("test")
    if not shutil.which("patch"):
        raise CouldNotRun("the command patch is missing: Debian's package patch has it")
    copy_sources()
    configure()
    if not build():
        raise CouldNotRun("the sources do not build as they are")
    rows = []
    say("\n".join(markdown_table(("mutant", "", "by seed", "seconds", "check"), [])))
    for file in options.files:
        rows.append(try_mutant(file, options.seconds))
        say(f"| {' | '.join(rows[-1])} |")
    count = {outcome: sum(1 for row in rows if row[1] == outcome) for outcome in ("caught", "SURVIVED", "failed")}
    say(f"{count['caught']} caught, {count['SURVIVED']} survived, {count['failed']} failed to build")
    return 0 if count["caught"] == len(rows) else FOUND


if __name__ == "__main__":
    run_command("mutants", read_options, main)
