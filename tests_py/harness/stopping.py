"""Ctrl-C, SIGTERM and SIGHUP as one exception, so that every `finally` runs and nothing is left behind."""

import contextlib
import signal

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked us to end."""

    def __init__(self, number):
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_status = 128 + number


class _State:
    holds = 0
    waiting = None  # the signal that came meanwhile
    stopping = False


def raise_on_signals():
    """From now on the first of these signals raises Stopped; the clean-up is not interrupted by another one."""
    for number in NUMBERS:
        signal.signal(number, _on_signal)


def _on_signal(number, _frame):
    if _State.stopping:
        return
    if _State.holds:
        _State.waiting = _State.waiting or number
        return
    _State.stopping = True
    raise Stopped(number)


@contextlib.contextmanager
def held():
    """For what must not be interrupted half-way, such as making a thing and noting that it is there."""
    _State.holds += 1
    try:
        yield
    finally:
        _State.holds -= 1
        number = None if _State.holds else _State.waiting
    if number:
        _State.waiting = None
        _on_signal(number, None)
