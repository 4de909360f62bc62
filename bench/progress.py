"""What the run is doing: one line for each part and repetition; on a terminal also the point under way."""

import contextlib
import sys
import time

from scripts.command import say

RED, PLAIN = "\033[31m", "\033[0m"


def say_wrong(text):
    """In red, where there is colour."""
    print(f"{RED}{text}{PLAIN}" if sys.stdout.isatty() else text, flush=True)


def step(text):
    if sys.stdout.isatty():
        print(f"\r  {text}\033[K", end="", flush=True)


@contextlib.contextmanager
def part(text):
    started = time.monotonic()
    step(text)
    yield
    end = "\r\033[K" if sys.stdout.isatty() else ""
    say(f"{end}  {text}: {time.monotonic() - started:.0f} s")


def minutes(seconds):
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} minutes"
