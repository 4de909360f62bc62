"""Lanes of a long run: processes side by side, which print their figures as lines of JSON and end on SIGTERM."""

import contextlib
import dataclasses
import json
import os
import selectors
import shutil
import signal
import subprocess
import time

from scripts.commands.long_run import LongRun
from scripts.commands.shared import end_group, say


def lane_calls():
    """For the process of a lane: on_checked(figures), which prints them for its LaneProcess, and goes_on(), until SIGTERM.
    SIGINT is the run's."""
    asked_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.append(True))
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def on_checked(figures):
        print(json.dumps(dataclasses.asdict(figures)), flush=True)

    return on_checked, lambda: not asked_to_end


class LaneProcess:
    """`module` is run with these arguments; what it writes to stderr goes to a file beside `folder`."""

    def __init__(self, module, folder, arguments, figures_type, environment):
        self._type = figures_type
        self.figures = figures_type()
        self.log = folder.with_suffix(".log")
        self._rest = b""
        command = ["/usr/bin/python3", "-B", "-P", "-m", module, folder, *arguments]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env=environment, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self):
        """Takes what it has printed; False once there will be no more."""
        data = self.process.stdout.read()
        if data is None:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self.figures = self._type(**json.loads(lines[-1]))
        return data != b""

    def end(self, deadline):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        end_group(self.process)
        self.process.stdout.close()


class LaneRun(LongRun):
    """What derives from it starts its lanes in _start_lanes(). However it ends, it stops its lanes first."""

    lane_end_seconds = 120  # to end what was begun, and to remove all

    def __init__(self, folder, figures, built_of):
        super().__init__(folder, figures, built_of)
        self._lanes = []
        self._saved = 0.0

    def _start_lanes(self):
        raise NotImplementedError

    def _sweep(self):
        """Removes what a lane that had to be killed has left."""

    @property
    def figures(self):
        total = type(self.figures_before)()
        for part in (self.figures_before, *(lane.figures for lane in self._lanes)):
            total.add(part)
        return total

    def _work(self):
        for left in self.folder.glob("lane-*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            self._start_lanes()
            self._follow()
        finally:
            for lane in self._lanes:
                if lane.process.poll() is None:
                    lane.process.terminate()
            self._follow_to_the_end()
            self._save()
            self._sweep()
        self._show(last=True)
        failed = [lane for lane in self._lanes if lane.process.returncode != 0]
        for lane in failed:
            say(f"--- {lane.log}, exit status {lane.process.returncode}")
            say(lane.log.read_text(errors="replace")[-4000:])
        return not failed

    def _follow(self, deadline=None):
        """Reads what the lanes print until all have ended, one has failed, or it is late."""
        with selectors.DefaultSelector() as selector:
            for lane in self._lanes:
                if not lane.process.stdout.closed:
                    selector.register(lane.process.stdout, selectors.EVENT_READ, lane)
            while selector.get_map() and (deadline is None or time.monotonic() < deadline):
                for key, _ in selector.select(1):
                    if not key.data.read():
                        selector.unregister(key.fileobj)
                        if key.data.process.wait() != 0 and deadline is None:
                            return
                self._show()
                if time.monotonic() > self._saved + 1:
                    self._save()
                    self._saved = time.monotonic()

    def _follow_to_the_end(self):
        deadline = time.monotonic() + self.lane_end_seconds
        self._follow(deadline)
        for lane in self._lanes:
            lane.end(deadline)
