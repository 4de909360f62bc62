"""The commands of scripts/: what they say at once, and that they leave nothing behind when they are interrupted."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.postgresql import FOLDERS, newest_bin_folder
from harness.process import ROOT, STOP_SECONDS, binary, until

SCRIPTS = ROOT / "scripts"
COSTLY = ("apt-get", "cmake", "sudo")


@pytest.fixture
def tools(tmp_path):
    """A PATH on which whatever costs something leaves a mark."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in COSTLY:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >>{tmp_path}/mark\nexit 99\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def call(environment, name, *arguments):
    result = subprocess.run([SCRIPTS / name, *arguments], env=environment, stdin=subprocess.DEVNULL, timeout=30,
                            capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("name", ["build", "demo", "test", "install-dependencies"])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_costs_nothing(tmp_path, tools, name, flag):
    status, stdout, stderr = call(tools, name, flag)
    assert (status, stderr) == (0, "") and stdout.strip()
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name, arguments", [
    ("build", ["relaese"]), ("build", ["release", "dev"]), ("demo", ["--store", "oracle"]), ("demo", ["--kept"]),
    ("demo", ["fast"]), ("test", ["units"]), ("test", ["--fast"]), ("install-dependencies", ["everything"])])
def test_bad_arguments_are_exit_2_and_cost_nothing(tmp_path, tools, name, arguments):
    status, _, stderr = call(tools, name, *arguments)
    assert status == 2 and arguments[-1].lstrip("-") in stderr or "one preset" in stderr
    assert not (tmp_path / "mark").exists()


def test_without_apt_the_list_is_printed_and_the_build_may_go_on(tmp_path):
    (tmp_path / "bash").symlink_to("/bin/bash")
    status, _, stderr = call({**os.environ, "PATH": str(tmp_path)}, "install-dependencies", "build")
    assert status == 0 and "libzmq3-dev" in stderr


def session(leader):
    """The processes of that session that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


class Demo:
    """scripts/demo.py in a session of its own, with its temporary folders where they can be counted."""

    def __init__(self, folder, *arguments):
        self.folder = folder / "tmp"
        self.folder.mkdir()
        self.clusters = f"dti-pg-{os.getpid()}-demo-"
        self._output = folder / "output"
        environment = {**os.environ, "TMPDIR": str(self.folder), "DTI_TEST_CLUSTERS": self.clusters,
                       "DTI_BIN_DIR": os.path.dirname(binary("dti_server"))}
        with open(self._output, "wb") as output:
            self._popen = subprocess.Popen(["/usr/bin/python3", SCRIPTS / "demo.py", *arguments], env=environment,
                                           stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                           start_new_session=True)

    @property
    def output(self):
        return self._output.read_text()

    def wait_for(self, text):
        until(lambda: text in self.output or self._popen.poll() is not None, 30, f"«{text}»")

    def end(self, number):
        """The exit status, and what is left of it."""
        self._popen.send_signal(number)
        try:
            status = self._popen.wait(STOP_SECONDS)
        finally:
            self._popen.kill()
        return status, session(self._popen.pid), list(self.folder.iterdir()), self.left_clusters()

    def left_clusters(self):
        return list(FOLDERS.glob(self.clusters + "*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path, number):
    demo = Demo(tmp_path)
    demo.wait_for("faculties ready")
    assert demo.end(number) == (128 + number, [], [], [])
    last = demo.output.splitlines()[-1]
    assert last == f"stopped by {number.name}"
    assert "Traceback" not in demo.output and "--- stderr" not in demo.output


@pytest.mark.parametrize("half_way", ["postgresql.conf", "postmaster.pid"])
def test_a_demo_that_is_interrupted_while_it_makes_its_cluster_leaves_nothing_behind(tmp_path, half_way):
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    demo = Demo(tmp_path, "--store=postgresql")
    until(lambda: any((folder / "data" / half_way).exists() for folder in demo.left_clusters()), 30, half_way)
    started = time.monotonic()
    assert demo.end(signal.SIGTERM) == (143, [], [], [])
    assert time.monotonic() - started < 5
    assert "Traceback" not in demo.output
