"""Runs the real binaries: waits for their lines instead of sleeping, and judges how they end."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests_py.harness.stopping import held

ROOT = Path(__file__).resolve().parents[2]
HANG_SECONDS = 60  # for what comes soon or never: a bound for hangs, on a machine many times slower than usual
BROKEN_STDOUT = {"full": ">/dev/full", "closed": ">&-"}  # as a shell writes it
FAULTS = re.compile(r"check failed|AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:", re.IGNORECASE)


def binary(name):
    folder = Path(os.environ.get("DTI_BIN_DIR", ROOT / "build/dev/bin"))
    return str((folder / name).resolve())


def clean_environment(home, extra=None):
    """The caller's environment without what would change a setting or a default path of the binaries."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DTI_", "PG", "XDG_", "STATE_DIRECTORY"))}
    return {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8", **(extra or {})}


class Process:
    """One running binary. Its stdout is read line by line; its stderr goes to a file, or to the descriptor `stderr`."""

    _living = set()  # those that were not removed yet

    def __init__(self, arguments, folder, env=None, stderr=None):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("*.stderr")))
        self.name = Path(arguments[0]).name
        self._stderr = folder / f"{self.name}-{number}.stderr"
        self._arguments = arguments
        self._lines = queue.Queue()
        self._seen = []
        self._judged = False
        with open(self._stderr, "wb") as log, held():
            self._popen = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           stderr=log if stderr is None else stderr, env=clean_environment(folder, env), cwd=folder)
            Process._living.add(self)
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

    def _read(self):
        for line in self._popen.stdout:
            self._lines.put(line.decode())
        self._lines.put(None)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def log(self):
        return self._stderr.read_text(errors="replace")

    def describe(self):
        return (f"\n--- {' '.join(self._arguments)}\n--- exit status: {self._popen.poll()}\n"
                f"--- stdout: {self._seen}\n--- stderr:\n{self.log}\n---\n")

    def line(self, start, seconds=HANG_SECONDS):
        """The rest of the next stdout line that begins with `start`, or with one of several, and a space."""
        starts = (start,) if isinstance(start, str) else start
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line «{start} …» within {seconds} s{self.describe()}") from None
            if line is None:
                self._lines.put(None)
                raise AssertionError(f"ended without a line «{start} …»{self.describe()}")
            self._seen.append(line)
            first, _, rest = line.rstrip("\n").partition(" ")
            if first in starts:
                return rest

    def stdout(self):
        """All of stdout, once the process has ended."""
        self._reader.join(HANG_SECONDS)
        while not self._lines.empty():
            if (line := self._lines.get()) is not None:
                self._seen.append(line)
        return "".join(self._seen)

    def signal(self, number):
        self._popen.send_signal(number)

    def exit_status(self, within=HANG_SECONDS):
        """Waits for the end, and returns the exit status (-9 for SIGKILL)."""
        self._judged = True
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {within} s{self.describe()}") from None

    def has_ended(self):
        return self._popen.poll() is not None

    def crash(self):
        """SIGKILL, and gone when this returns."""
        self._popen.kill()
        self.exit_status()

    def stop(self, within=HANG_SECONDS):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.exit_status(within)

    def finish(self, exit_status):
        """Stops what still runs, and checks how it ended; an end that the test has judged is not judged again."""
        if not self._judged:
            assert not self.has_ended(), f"ended by itself{self.describe()}"
            status = self.stop()
            assert status == exit_status, f"exit status {status}{self.describe()}"
        assert not FAULTS.search(self.log), f"a fault in the log{self.describe()}"

    def remove(self):
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        self._reader.join(HANG_SECONDS)
        self._popen.stdout.close()
        Process._living.discard(self)

    @staticmethod
    def remove_all():
        """The processes that were started and have no owner yet, because the start was interrupted."""
        for process in list(Process._living):
            process.remove()


class Daemon(Process):
    """A dti_server or a faculty that has said where it can be reached."""

    endpoint = ""

    @property
    def address(self):
        return self.endpoint.removeprefix("tcp://")

    @property
    def port(self):
        return int(self.endpoint.rsplit(":", 1)[1])

    def wait_ready(self, seconds=HANG_SECONDS):
        """It leads; for a server that stands by also once more."""
        self.endpoint = self.line("READY", seconds)
        return self

    def wait_standby(self, seconds=HANG_SECONDS):
        self.endpoint = self.line("STANDBY", seconds)
        return self

    def wait_listening(self):
        """It leads or stands by, whichever the moment brings."""
        self.endpoint = self.line(("READY", "STANDBY"))
        return self


@contextlib.contextmanager
def owned(process, exit_status=0):
    """Ends the process when the block is left; shows its log if anything failed."""
    try:
        yield process
        process.finish(exit_status)
    except Exception:  # not KeyboardInterrupt
        sys.stderr.write(process.describe())
        raise
    finally:
        process.remove()


@contextlib.contextmanager
def running(folder, *flags, env=None, exit_status=0, name="dti_server", ready=True, standby=False, stderr=None):
    """A dti_server on a port that the system picks, ready to serve, or standing by.
    On leaving: SIGTERM, the exit status, and a log without failed checks and sanitizer reports."""
    port = "--port=0" if name == "dti_server" else "--listen-port=0"
    given = any(str(flag).startswith((port.split("=")[0], "--listen=")) for flag in flags)
    daemon = Daemon([binary(name), *([] if given else [port]), *map(str, flags)], folder, env, stderr)
    with owned(daemon, exit_status):
        if standby:
            daemon.wait_standby()
        elif ready:
            daemon.wait_ready()
        yield daemon


def running_faculty(folder, *flags, **options):
    return running(folder, *flags, name="faculty", **options)


def start_program(folder, *flags, env=None, name="program"):
    """A program that has been started; it answers through exit_status() and stdout()."""
    return Process([binary(name), *map(str, flags)], folder, env)


def run(folder, name, *flags, env=None, seconds=HANG_SECONDS):
    """Runs a binary that is expected to end by itself: its exit status, stdout and stderr."""
    process = Process([binary(name), *map(str, flags)], folder, env)
    with owned(process):
        status = process.exit_status(seconds)
    return status, process.stdout(), process.log


def run_with_broken_stdout(folder, redirection, name, *flags, seconds=HANG_SECONDS):
    """Like run(), with a stdout of BROKEN_STDOUT; the exit status, and stderr."""
    result = subprocess.run(["/bin/sh", "-c", f'exec "$0" "$@" {redirection}', binary(name), *map(str, flags)],
                            cwd=folder, env=clean_environment(folder), stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, timeout=seconds)
    return result.returncode, result.stderr


def memory_mib(process, what="VmHWM"):
    """The most memory that the process has used so far; with VmRSS: its memory now."""
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {what}")


def until(condition, seconds=HANG_SECONDS, what="the condition"):
    """Waits until the condition holds, and returns what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        time.sleep(0.01)
    return result
