"""The process that runs one process of the environment, restarts it when it ends, and ends it when asked."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time

from system import ENVIRONMENT, Failure, is_removed

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
ANNOUNCEMENT_SECONDS = 0.05  # between two readings of the log of a process that is not ready
FOLDER_SECONDS = 2  # between two checks that the folder still exists
RESTART_SECONDS_MAX = 30
PROCESS_STOP_SECONDS = 20


class End(Exception):
    """The process must end, and the supervisor with it."""


class Supervisor:
    """It runs in the folder of the process, as the leader of a session or as the first process of a unit of systemd.

    While `start` has not confirmed that the process is ready, the end of start is the end of the supervisor too: an
    interrupted start leaves no process behind. systemd restarts the supervisor if its exit code is not 0."""

    def __init__(self, instance):
        self._instance = instance
        self._is_confirmed = False
        self._process = None

    def run(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # they are received in _wait()
        os.chdir(self._instance.folder)
        self._folder = os.open(".", os.O_RDONLY)
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another supervisor runs already")
            return 0
        self._is_confirmed = not self._instance.starter.exists()  # systemd has restarted the supervisor
        try:
            return self._run_again_and_again()
        except End as end:
            say(f"ends, because {end}")
            return 0
        finally:
            self._stop()

    def _run_again_and_again(self):
        failures = 0
        while True:
            was_ready = self._run_once()
            if not self._is_confirmed and not (was_ready and self._start_is_over()):
                return 0  # start shows the log
            self._is_confirmed = True
            failures = 0 if was_ready else failures + 1
            seconds = min(2 ** failures, RESTART_SECONDS_MAX)
            say(f"starts the process again in {seconds} s")
            self._pause(seconds)

    def _run_once(self):
        """Returns when the process has ended: was it ready?"""
        is_ready = False
        try:
            self._instance.log.skip()
            self._start()
            while self._process.poll() is None:
                if self._instance.log.read_and_cut() and not is_ready:
                    self._instance.mark_ready()
                    is_ready = True
                self._wait(FOLDER_SECONDS if is_ready else ANNOUNCEMENT_SECONDS)
        except (Failure, OSError) as error:  # for example, the disk is full
            say(f"the process cannot be supervised: {error}")
            self._stop()
            return False
        self._instance.mark_not_ready()
        self._instance.process.remove()
        status = self._process.returncode
        say(f"the process ended {f'by signal {-status}' if status < 0 else f'with exit code {status}'}")
        return is_ready

    def _start(self):
        command = self._instance.kind.command(self._instance.folder, self._instance.description)
        # Its stdout and stderr are ours: the log. Its signals are not blocked.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=ENVIRONMENT, preexec_fn=unblock_signals)
        self._instance.process.write(self._process.pid)

    def _stop(self):
        if self._process and self._process.poll() is None:
            self._process.send_signal(self._instance.kind.stop_signal)
            self._process.send_signal(signal.SIGCONT)
            try:
                self._process.wait(PROCESS_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with contextlib.suppress(FileNotFoundError):
            self._instance.mark_not_ready()
            self._instance.process.remove()

    def _pause(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._wait(min(left, FOLDER_SECONDS))

    def _wait(self, seconds):
        """Until a signal arrives, at most that long."""
        received = signal.sigtimedwait(SIGNALS, seconds)
        if received and received.si_signo != signal.SIGCHLD:
            raise End(f"it received {signal.Signals(received.si_signo).name}")
        if is_removed(self._folder):
            raise End("its folder was removed")
        if not self._is_confirmed and not self._instance.starter.read():
            self._is_confirmed = self._instance.is_ready() and self._start_is_over()
            if not self._is_confirmed:
                raise End("the command that started it has ended too early")

    def _start_is_over(self):
        return not self._instance.starter.exists()


def unblock_signals():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def say(text):
    with contextlib.suppress(OSError):  # the disk is full
        print(f"supervisor: {text}", flush=True)
