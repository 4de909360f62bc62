"""scripts/fuzz: what it tells and leaves of targets that find something, find nothing, or are interrupted."""

import os
import re
import signal
import subprocess

import pytest

from tests_py.harness.process import ROOT, HANG_SECONDS, until

# A target as libFuzzer builds it: it replays files, and continues with folders. «bad» breaks its claim.
TARGET = """#!/bin/bash
prefix= folder= files=()
for argument; do
  case $argument in
    -artifact_prefix=*) prefix=${argument#*=} ;;
    -*) ;;
    *) if [ -d "$argument" ]; then folder=${folder:-$argument}; else files+=("$argument"); fi ;;
  esac
done
for file in "${files[@]}"; do
  echo "Running: $file"
  if grep -q bad "$file"; then echo "broken claim"; exit 77; fi
done
[ -n "$folder" ] || exit 0
echo "#4096	NEW    cov: 512 ft: 700 corp: 33/4Kb lim: 8 exec/s: 2048 rss: 50Mb"
if [ -e "$MARK.wait" ]; then echo $$ >"$MARK.pid"; sleep 60; fi
if [ -e "$MARK.slow" ]; then
  rm "$MARK.slow"; echo slow >"${prefix}timeout-1"; echo "ERROR: libFuzzer: timeout after 10 seconds"; exit 70
fi
echo found >"$folder/found"
echo "stat::number_of_executed_units: 5000"
echo "stat::average_exec_per_sec:     1000"
if [ -e "$MARK.find" ]; then echo bad >"${prefix}crash-1"; echo "Test unit written to ${prefix}crash-1"; exit 77; fi
"""


class Fuzz:
    """The script with one fake target, in folders of its own."""

    def __init__(self, folder):
        self.seeds = folder / "sources/corpus/fake"
        self.built = folder / "built"
        self.mark = folder / "mark"
        self.findings = self.built / "findings/fake"
        for made in (self.seeds, self.findings, self.built / "bin"):
            made.mkdir(parents=True)
        (self.seeds / "seed").write_text("good")
        (folder / "sources/fake_fuzz.cpp").write_text("")
        binary = self.built / "bin/fuzz_fake"
        binary.write_text(TARGET.replace("$MARK", str(self.mark)))
        binary.chmod(0o755)
        self._code = (f"from pathlib import Path\nfrom scripts.commands import fuzz, shared\n"
                      f"fuzz.SOURCES = Path('{folder}/sources')\nfuzz.BUILT = Path('{self.built}')\n"
                      "fuzz.build = lambda *_: None\n"
                      "shared.run_command('fuzz', fuzz.read_options, fuzz.main)")

    def start(self):
        return subprocess.Popen(["/usr/bin/python3", "-B", "-c", self._code, "--seconds=1", "--jobs=1"],
                                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def run(self):
        """The exit status and the output."""
        process = self.start()
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.fixture
def fuzz(tmp_path):
    return Fuzz(tmp_path)


def row_of(output):
    """The figures in the table's only row."""
    row = re.search(r"^\| `fake` \| (.*) \|$", output, re.MULTILINE)
    return row[1].split(" | ")


def test_a_run_without_findings_is_0_and_tells_its_figures(fuzz):
    status, output = fuzz.run()
    assert status == 0 and row_of(output) == ["5,000", "1,000", "512", "700", "1", "33", "0"]
    assert (fuzz.built / "corpus/fake/found").exists()


def test_a_seed_that_breaks_a_claim_is_a_finding_and_named(fuzz):
    (fuzz.seeds / "worse").write_text("bad")
    status, output = fuzz.run()
    assert status == 1 and row_of(output)[-1] == "1" and "broken claim" in output
    assert f"replay it: build/fuzz/bin/fuzz_fake {fuzz.seeds}/worse" in output


def test_an_input_that_is_found_is_kept_and_replayed_until_it_passes(fuzz):
    (mark := fuzz.mark.with_name("mark.find")).touch()
    status, output = fuzz.run()
    found = fuzz.findings / "crash-1"
    assert status == 1 and found.exists() and f"fuzz_fake {found}" in output
    mark.unlink()
    assert fuzz.run()[0] == 1 and found.exists()
    found.write_text("good")  # as if the target had been mended
    assert fuzz.run()[0] == 0 and not found.exists()


def test_an_input_that_was_slow_once_and_not_again_is_no_finding(fuzz):
    fuzz.mark.with_name("mark.slow").touch()
    status, output = fuzz.run()
    assert status == 0 and row_of(output)[0] == "9,096" and list(fuzz.findings.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_run_tells_what_it_has_and_leaves_no_process(fuzz, number):
    fuzz.mark.with_name("mark.wait").touch()
    pid = fuzz.mark.with_name("mark.pid")
    process = fuzz.start()
    until(lambda: pid.exists() and pid.read_text(), what="the target's start")
    process.send_signal(number)
    output, _ = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 128 + number and row_of(output)[:2] == ["4,096", "2,048"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
