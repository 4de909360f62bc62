"""What the long runs of scripts/ share: a folder that one run at a time uses and the next one goes on from, and how
their figures are said and recorded."""

import contextlib
import datetime
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOUND, COULD_NOT_RUN = 1, 3  # exit codes
LINE_EVERY_SECONDS = 15  # where there is no terminal


class CouldNotRun(Exception):
    """Something that a run needs is not there."""


def say(text=""):
    print(text, flush=True)


class Folder:
    """Where a run keeps what it needs, and state.json, from which a run that was interrupted goes on."""

    def __init__(self, path):
        self.path = path
        self._state = path / "state.json"

    @contextlib.contextmanager
    def locked(self):
        """Made, and ours alone until the block is left."""
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "lock", "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CouldNotRun(f"another run uses {self.path}: choose another --seed") from None
            yield

    def load(self):
        """What was saved last, or None."""
        return json.loads(self._state.read_text(encoding="utf-8")) if self._state.exists() else None

    def save(self, state):
        """Whole or not at all, also if we are killed meanwhile."""
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(self._state)

    def forget(self):
        self._state.unlink(missing_ok=True)


class Line:
    """One line that changes on a terminal; a line now and then elsewhere."""

    def __init__(self):
        self._next = time.monotonic() + LINE_EVERY_SECONDS

    def show(self, text, last=False):
        if sys.stdout.isatty():
            print(f"\r{text}\033[K", end="\n" if last else "", flush=True)
        elif last or time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_EVERY_SECONDS
            say(text)


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else None


def times(values):
    """p50 / p99 / max of seconds."""
    if not values:
        return "none"
    return " / ".join(f"{quantile(values, part) * 1000:,.0f} ms" for part in (0.5, 0.99, 1))


def table(rows):
    """(name, value) as lines for people."""
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {value}" for name, value in rows]


def commit():
    """Of the sources as they are now; to be asked when they are built, not when a long run ends. Records of other runs
    are no sources."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    try:
        is_dirty = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/evidence")
        return git("rev-parse", "--short=12", "HEAD") + ("-dirty" if is_dirty else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a checkout of git)"


def record(name, title, commits, command, rows, text):
    """Writes docs/evidence/NAME.md. `commits`: of all that took part; `text`: lines below the table."""
    path = ROOT / "docs/evidence" / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([
        f"# {title}", "",
        f"{datetime.date.today().isoformat()}, commit {', then '.join(commits)}, {os.cpu_count()} cores. Made by", "",
        f"    {command}", "",
        "| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows), "", *text, ""]),
        encoding="utf-8")
    say(f"written: {path.relative_to(ROOT)}")
