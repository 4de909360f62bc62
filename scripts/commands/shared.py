"""What the commands share: how they read options, get what they need, say and record what they found, and end."""

import argparse
import contextlib
import datetime
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

from tests_py.harness.postgresql import newest_bin_folder
from tests_py.harness.stopping import Stopped, raise_on_signals

ROOT = Path(__file__).resolve().parents[2]
FOUND, COULD_NOT_RUN = 1, 3  # exit codes


class CouldNotRun(Exception):
    """Something that a command needs is not there."""


def new_parser(name, text):
    """`text`: the docstring of the module."""
    return argparse.ArgumentParser(prog=f"scripts/{name}", description=text, allow_abbrev=False,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)


def whole_number(least, most=None):
    """The type of an option."""
    def read(text):
        number = int(text)
        if number < least or (most is not None and number > most):
            bound = f"at least {least}" if most is None else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"must be {bound}, not {text}")
        return number
    read.__name__ = "whole number"
    return read


def run_command(name, read_options, main, when_stopped=""):
    """Ends this process with the exit status of main(options), or of the failure that ended it, which is printed."""
    options = read_options()
    raise_on_signals()
    status = COULD_NOT_RUN
    try:
        status = main(options)
    except Stopped as stopped:
        say(f"\n{stopped}{when_stopped}")
        status = stopped.exit_status
    except CouldNotRun as fault:
        print(f"{name}: {fault}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    sys.exit(status)


# What a command needs.


def install(*purposes):
    """Installs the packages of these purposes of scripts/install-dependencies that are missing."""
    if subprocess.call([ROOT / "scripts/install-dependencies", "build", *purposes]) != 0:
        raise CouldNotRun("packages are missing and could not be installed")


def build(preset, *purposes):
    """Installs what is missing, and builds. Returns the commit, which may be another one when a long run ends."""
    install(*purposes)
    if subprocess.call([ROOT / "scripts/build", preset]) != 0:
        raise CouldNotRun("the build failed")
    return commit()


def provide_binaries(preset, *purposes):
    """Builds the preset, unless DTI_BIN_DIR names other binaries. Returns what they are built of."""
    if os.environ.get("DTI_BIN_DIR"):
        return "unknown (binaries of DTI_BIN_DIR)"
    os.environ["DTI_BIN_DIR"] = str(ROOT / "build" / preset / "bin")
    return build(preset, *purposes)


def need_postgresql():
    if newest_bin_folder() is None:
        raise CouldNotRun("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")


def end_group(process, number=None, seconds=0):
    """Ends all that a process with a session of its own has started: by that signal if it ends soon, else by SIGKILL."""
    if number and process.poll() is None:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# What a command says and records.


def say(text=""):
    print(text, flush=True)


def progress(text, last=False):
    """One line that changes on a terminal; elsewhere only the last text."""
    if sys.stdout.isatty():
        print(f"\r  {text}\033[K", end="\n" if last else "", flush=True)
    elif last:
        say(f"  {text}")


def table(rows):
    """Rows of cells as lines, with the columns one below the other."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def markdown_table(header, rows):
    """The same as lines of markdown."""
    return [f"| {' | '.join(map(str, row))} |" for row in (header, ["---"] * len(header), *rows)]


def commit():
    """The commit of this checkout, marked if a file was changed since. Records of other runs do not count."""
    def git(*arguments):
        return subprocess.run(["git", "--no-optional-locks", *arguments], cwd=ROOT, check=True, capture_output=True,
                              text=True).stdout.strip()
    try:
        is_changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/evidence")
        return git("rev-parse", "--short=12", "HEAD") + (" with changes" if is_changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a checkout of git)"


def write_evidence(name, title, built_of, made_by, lines):
    """Writes docs/evidence/NAME.md. `made_by`: the command line."""
    path = ROOT / "docs/evidence" / f"{name}.md"
    path.write_text("\n".join([
        f"# {title}", "",
        f"{datetime.date.today().isoformat()}, commit {built_of}, {os.cpu_count()} cores. Made by", "",
        f"    scripts/{made_by} --record", "", *lines, ""]), encoding="utf-8")
    say(f"written: {path.relative_to(ROOT)}")
