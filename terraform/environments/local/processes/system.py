"""Folders and processes as the kernel shows them."""

import contextlib
import os
import signal
import time
from pathlib import Path

POLL_SECONDS = 0.02
KILL_SECONDS = 10  # for the kernel to end a process after SIGKILL
# Nothing of the caller's environment: a variable such as DTI_SEMESTER or PGHOST would change what the processes do.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"}


class Failure(Exception):
    """The text tells the operator the cause and the remedy."""


def allow_search(folder):
    """If this user is root, PostgreSQL runs as another user and needs to pass through the folder."""
    if os.geteuid() == 0:
        folder.chmod(0o711)


def is_removed(descriptor):
    return os.fstat(descriptor).st_nlink == 0


def start_time(pid):
    """In clock ticks since the boot; None if the process has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class PidFile:
    """A process id with its start time: another process that gets the same id later is never signalled."""

    def __init__(self, path):
        self._path = path

    def write(self, pid):
        temporary = self._path.with_suffix(".new")
        temporary.write_text(f"{pid} {start_time(pid)}\n")
        temporary.rename(self._path)

    def read(self):
        """The id of the process; None if it has ended."""
        try:
            pid, started = map(int, self._path.read_text().split())
        except (OSError, ValueError):
            return None
        return pid if start_time(pid) == started else None

    def exists(self):
        return self._path.exists()

    def remove(self):
        self._path.unlink(missing_ok=True)


def find_process(last_arguments):
    """The id of the process of this user whose command ends so; None if there is none."""
    end = os.fsencode("".join(f"\0{argument}" for argument in last_arguments) + "\0")
    for entry in filter(str.isdigit, os.listdir("/proc")):
        process = Path("/proc", entry)
        with contextlib.suppress(OSError):  # it has ended
            if (process / "cmdline").read_bytes().endswith(end) and process.stat().st_uid == os.geteuid():
                return int(entry)
    return None


def end_process(find, number, seconds):
    """Sends the signal to the process that `find` returns, waits for its end, and kills it if that takes longer."""
    _send(find, number)
    _send(find, signal.SIGCONT)
    if not _wait(find, seconds):
        _send(find, signal.SIGKILL)
        if not _wait(find, KILL_SECONDS):
            raise Failure(f"process {find()} does not end, although it was killed")


def _send(find, number):
    if pid := find():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait(find, seconds):
    deadline = time.monotonic() + seconds
    while find():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
