"""A run that can be interrupted: it has a folder, and the same command continues from the state there."""

import contextlib
import dataclasses
import fcntl
import json
import sys
import time

from scripts.commands.shared import FOUND, CouldNotRun, progress, say, table

LINE_EVERY_SECONDS = 15  # where there is no terminal


class LongRun:
    """What derives from it works in _work(), describes its figures in rows(), and judges them in too_slow().

    `figures` is a dataclass whose `sentences` are the faults that were found."""

    def __init__(self, folder, figures, built_of):
        self.folder = folder
        self.commits = [built_of]
        self.figures_before = figures
        self._state = folder / "state.json"
        self._seconds_before = 0.0
        self._started = time.monotonic()
        self._ended = None
        self._line = Line()

    @property
    def figures(self):
        return self.figures_before

    @property
    def seconds(self):
        """That it has worked, until now or until its end."""
        return self._seconds_before + (self._ended or time.monotonic()) - self._started

    @property
    def built_of(self):
        return ", then ".join(self.commits)

    def run(self):
        """The exit status."""
        with self._locked():
            self._load()
            if self.figures.sentences:
                self._report()
                say(f"that was found before; remove {self.folder} to start from nothing")
                return FOUND
            is_good = self._work()
            self._ended = time.monotonic()  # another run may follow before this one is recorded
            if not self._report() or not is_good:
                say(f"the stores and logs are in {self.folder}")
                return FOUND
            self._state.unlink(missing_ok=True)
            return 0

    def too_slow(self):
        """Sentences about what took longer than promised."""
        return []

    @contextlib.contextmanager
    def _locked(self):
        """The folder is made, and no other run uses it until the block is left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CouldNotRun(f"another run uses {self.folder}: choose another --seed") from None
            yield

    def _load(self):
        if not self._state.exists():
            return
        state = json.loads(self._state.read_text(encoding="utf-8"))
        self.figures_before = type(self.figures_before)(**state["figures"])
        self._seconds_before = state["seconds"]
        self.commits = list(dict.fromkeys([*state["commits"], *self.commits]))
        say(f"going on after {self.progress()}")

    def _save(self):
        """Whole or not at all, also if this process is killed meanwhile."""
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps({"figures": dataclasses.asdict(self.figures), "seconds": self.seconds,
                                   "commits": self.commits}), encoding="utf-8")
        new.replace(self._state)

    def _show(self, last=False):
        figures = self.figures
        self._line.show(f"{self.progress()}, {figures.answers:,} answers, {sum(figures.faults.values())} faults", last)

    def _report(self):
        """Says the figures and what is wrong with them; whether nothing is."""
        wrong = [*self.figures.sentences, *self.too_slow()]
        for line in [*table(self.rows()), *(f"  {sentence}" for sentence in wrong)]:
            say(line)
        return not wrong


class Line:
    """One line that changes on a terminal; a line now and then elsewhere."""

    def __init__(self):
        self._next = time.monotonic() + LINE_EVERY_SECONDS

    def show(self, text, last=False):
        if sys.stdout.isatty():
            progress(text, last)
        elif last or time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_EVERY_SECONDS
            say(text)


def times(values):
    """p50 / p99 / max of seconds."""
    ordered = sorted(values)
    return " / ".join(f"{ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000:,.0f} ms"
                      for part in (0.5, 0.99, 1)) if ordered else "none"
