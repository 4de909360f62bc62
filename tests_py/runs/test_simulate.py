"""scripts/simulate: what a campaign adds up, where the next one continues, and what counts as a failure."""

import os
import re
import signal
import subprocess

import pytest

from tests_py.harness.postgresql import is_gone
from tests_py.harness.process import ROOT, until

SIMULATION = """#!/bin/sh
for argument; do case $argument in
  --first=*) first=${argument#*=} ;; --step=*) step=${argument#*=} ;; --cells=*) cells=${argument#*=} ;; esac; done
echo "$first $step" >>"$MARKS/asked"
echo $$ >"$MARKS/pid"
[ ! -e "$MARKS/hang" ] || { : >"$MARKS/hangs"; sleep 60; }
printf '2 common\\n%s rare\\n' "${RARE:-1}" >"$cells"
[ -z "$SAYS" ] || { echo "$SAYS"; exit 1; }
echo "3 seeds from $first, 30 requests decided, 300 events, 7 s of virtual time in 0.1 s, 2 of 2 cells"
"""


class Script:
    """scripts/simulate with a simulation that only says what it was asked, and with folders of its own."""

    def __init__(self, folder):
        self.folder = folder
        binary = folder / "simulation"
        binary.write_text(SIMULATION)
        binary.chmod(0o755)
        self._code = ("from pathlib import Path\nfrom scripts.commands import simulate, shared\n"
                      f"simulate.WORK = Path({str(folder)!r}) / 'work'\nsimulate.BINARY = {str(binary)!r}\n"
                      "simulate.build = lambda *_: None\n"
                      "simulate.NEXT_SEED = simulate.WORK / 'next_seed'\n"
                      "shared.run_command('simulate', simulate.read_options, simulate.main)")

    def start(self, *arguments, **environment):
        return subprocess.Popen(["/usr/bin/python3", "-B", "-c", self._code, *arguments], cwd=ROOT,
                                env={**os.environ, "MARKS": str(self.folder), **environment},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *arguments, **environment):
        """The exit status, and what it said."""
        process = self.start("--seconds=0.2", *arguments, **environment)
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        return process.returncode, output

    def asked(self):
        """(first seed, step) of each process so far, in order."""
        return sorted(tuple(map(int, line.split())) for line in (self.folder / "asked").read_text().splitlines())


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path)


def test_all_parts_are_added_up_and_no_seed_is_tried_twice_also_by_the_next_run(script):
    status, output = script.run("--jobs=2")
    assert status == 0, output
    processes = len(script.asked())
    assert f"{3 * processes:,} seeds, {30 * processes:,} requests decided, {300 * processes:,} events" in output
    assert "2 of 2 cells, 0 violations" in output
    assert script.run("--jobs=2")[0] == 0
    assert script.asked() == [(1 + 6 * (i // 2) + i % 2, 2) for i in range(len(script.asked()))]
    assert len(script.asked()) > processes


def test_a_named_first_seed_does_not_change_where_the_next_run_goes_on(script):
    assert script.run("--first=1000", "--jobs=1")[0] == 0
    assert script.run("--jobs=1")[0] == 0
    assert {first for first, _ in script.asked()} >= {1, 1000}


@pytest.mark.parametrize("environment, said", [
    ({"SAYS": "VIOLATION seed 7 at 1.5 s: head: it is elsewhere"}, "VIOLATION seed 7 at 1.5 s: head"),
    ({"SAYS": "Segmentation fault"}, "ended without a summary: Segmentation fault"),
    ({"RARE": "0"}, "never reached: rare")], ids=["a violation", "a crash", "a cell that was not reached"])
def test_what_is_wrong_is_said_and_exit_1(script, environment, said):
    status, output = script.run(**environment)
    assert status == 1 and said in output, output


def test_an_interrupted_campaign_says_what_it_has_done_ends_its_processes_and_the_next_one_goes_on(script):
    process = script.start("--seconds=60", "--jobs=1")
    try:
        until((script.folder / "work/next_seed").exists, what="the end of a part")
        (script.folder / "hang").touch()
        until((script.folder / "hangs").exists, what="a part that hangs")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130 and "continues from here" in output and "Traceback" not in output, output
    assert int(re.search(r"^([\d,]+) seeds, ", output, re.MULTILINE)[1].replace(",", "")) >= 3
    assert is_gone([int((script.folder / "pid").read_text())])
    (script.folder / "hang").unlink()
    begun = script.asked()[-1]  # the seeds in progress are run again
    assert script.run("--jobs=1")[0] == 0
    assert script.asked().count(begun) == 2
