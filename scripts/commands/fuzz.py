"""Runs the fuzz targets of tests/fuzz, several at a time.

What was found stays in build/fuzz: the next run continues with corpus/TARGET, also after Ctrl-C, and findings/TARGET
has the inputs that broke a claim, which each run tries first.
Exit codes: 0 nothing found; 1 a finding; 2 incorrect usage; 3 the targets could not be built;
128 + N ended by signal N."""

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from scripts.commands.shared import (FOUND, ROOT, build, end_group, markdown_table, new_parser, run_command, say, whole_number,
                             write_evidence)
from tests_py.harness.stopping import Stopped, held

SOURCES = ROOT / "tests/fuzz"
BUILT = ROOT / "build/fuzz"
INPUT_BYTES_MAX = 4096
INPUT_SECONDS_MAX = 10  # for one input, under the sanitizers
MEMORY_MB_MAX = 2048
END_SECONDS = 300  # that a target may overrun its time: reading the corpus, or a machine that stands still
PROGRESS_SECONDS = 30
RETRIES_MAX = 3

STATUS_LINE = re.compile(r"^#(\d+)\s+\S+\s+cov: (\d+) ft: (\d+) corp: (\d+)/.*exec/s: (\d+)", re.MULTILINE)
EXECUTIONS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
RATE = re.compile(r"^stat::average_exec_per_sec:\s*(\d+)", re.MULTILINE)
ARTIFACT = re.compile(r"Test unit written to (\S+)")
REPLAYED = re.compile(r"^Running: (.*)$", re.MULTILINE)


def target_names():
    return sorted(source.name.removesuffix("_fuzz.cpp") for source in SOURCES.glob("*_fuzz.cpp"))


def shown(path):
    path = Path(path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


@dataclass
class Result:
    """What came of a target so far."""
    name: str
    executions: int = 0
    rate: int = 0  # executions a second
    edges: int = 0
    features: int = 0
    inputs: int = 0  # of the corpus, as libFuzzer holds it
    seeds: int = 0
    findings: list = field(default_factory=list)  # paths, or what happened instead

    def read(self, log, before):
        """Takes the figures from what libFuzzer has printed; `before` are the executions of earlier runs."""
        if statuses := STATUS_LINE.findall(log):
            executions, self.edges, self.features, self.inputs, self.rate = map(int, statuses[-1])
            self.executions = before + executions
        if found := EXECUTIONS.search(log):
            self.executions = before + int(found[1])
        if found := RATE.search(log):
            self.rate = int(found[1])


class Target:
    """Runs a target in steps: first its regressions, then new inputs."""

    def __init__(self, name, seconds, seed):
        self.result = Result(name)
        self.binary = BUILT / "bin" / f"fuzz_{name}"
        self.seeds = SOURCES / "corpus" / name
        self.corpus = BUILT / "corpus" / name
        self.findings = BUILT / "findings" / name
        self.log = BUILT / "logs" / f"{name}.log"
        for folder in (self.corpus, self.findings, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        self.seed = seed
        self.result.seeds = len(list(self.seeds.iterdir()))
        self._seconds = seconds
        self._executions = 0  # of runs that are over
        self._process = None
        self._step_began = 0  # in the log
        self._steps = self._run()

    def has_ended(self):
        """Starts the next step if the last one has ended."""
        return next(self._steps, True)

    def end(self, number):
        """Ends the process of the step; the figures so far stay."""
        if self._process:
            end_group(self._process, number, 5)
            self.read()

    def text(self):
        """The output of the step, or of the last one."""
        return self.log.read_bytes()[self._step_began:].decode(errors="replace")

    def read(self):
        self.result.read(self.text(), self._executions)

    def minimize(self):
        """Leaves of the corpus only what covers more than the seeds do."""
        merged = BUILT / "merged" / self.result.name
        shutil.rmtree(merged, ignore_errors=True)
        merged.mkdir(parents=True)
        seeds = {seed.read_bytes() for seed in self.seeds.iterdir()}
        for number, seed in enumerate(sorted(seeds)):
            (merged / f"seed-{number}").write_bytes(seed)
        self._start(["-merge=1", merged, self.corpus])
        if self._process.wait() != 0:
            say(f"   {self.result.name}: its corpus could not be minimized, see {shown(self.log)}")
            return
        before = len(list(self.corpus.iterdir()))
        for old in self.corpus.iterdir():
            old.unlink()
        for kept in merged.iterdir():
            if not kept.name.startswith("seed-"):
                shutil.move(kept, self.corpus / kept.name)
        shutil.rmtree(merged)
        say(f"   {self.result.name}: {before} found inputs became {len(list(self.corpus.iterdir()))}")

    def _run(self):
        """Both steps, and again if an input was slow: the machine may have stood still. Yields False meanwhile."""
        left = self._seconds
        for _ in range(1 + RETRIES_MAX):
            status = yield from self._replay()
            if status == 0:
                began = time.monotonic()
                status = yield from self._fuzz(left)
                left -= time.monotonic() - began
            if status == 0:
                return
            if status is None:
                self.result.findings.append(f"it did not end in time, see {shown(self.log)}")
                return
            if "libFuzzer: timeout" not in self.text():
                break
            self._executions = self.result.executions
        found = REPLAYED.findall(self.text()) or ARTIFACT.findall(self.text())
        self.result.findings.append(found[-1] if found else f"it ended badly, see {shown(self.log)}")

    def _replay(self):
        inputs = [*sorted(self.seeds.iterdir()), *sorted(self.findings.iterdir())]
        return self._step(inputs, END_SECONDS + INPUT_SECONDS_MAX)

    def _fuzz(self, seconds):
        for mended in self.findings.iterdir():  # all of them have just passed
            say(f"   {self.result.name}: {shown(mended)} passes now, and is removed")
            mended.unlink()
        dictionary = self._dictionary()
        options = [f"-max_total_time={max(1, round(seconds))}", f"-seed={self.seed}",
                   f"-max_len={INPUT_BYTES_MAX}", "-print_final_stats=1",
                   *([f"-dict={dictionary}"] if dictionary else [])]
        return self._step([*options, self.corpus, self.seeds], seconds + END_SECONDS)

    def _dictionary(self):
        """That of the target's name; of JSON for those that read it; or none."""
        own = SOURCES / f"dictionaries/{self.result.name}.dict"
        if own.exists():
            return own
        reads_json = "json_model.hpp" in (SOURCES / f"{self.result.name}_fuzz.cpp").read_text()
        return SOURCES / "dictionaries/json.dict" if reads_json else None

    def _step(self, arguments, seconds):
        """Runs the target. Yields False until it ends; its exit status, or None if it did not end in time."""
        self._start(arguments)
        deadline = time.monotonic() + seconds
        while (status := self._process.poll()) is None and time.monotonic() < deadline:
            yield False
        self.end(signal.SIGKILL)
        return status

    def _start(self, arguments):
        command = [self.binary, f"-timeout={INPUT_SECONDS_MAX}", f"-rss_limit_mb={MEMORY_MB_MAX}",
                   f"-artifact_prefix={self.findings}/", *arguments]
        environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}
        self._step_began = self.log.stat().st_size
        with open(self.log, "ab") as out, held():
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                             cwd=ROOT, env=environment, start_new_session=True)


def fuzz(names, seconds, jobs, seed, results):
    """Runs the targets, `jobs` at a time, and appends the result of each when it ends, also if Stopped ends it."""
    waiting = [Target(name, seconds, seed) for name in names]
    running = []
    told = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(waiting.pop(0))
            for target in [target for target in running if target.has_ended()]:
                running.remove(target)
                results.append(target.result)
                tell(target)
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                for target in running:
                    target.read()
                    say(f"   … {line_of(target.result)}")
            time.sleep(0.2)
    finally:
        for target in running:
            target.end(signal.SIGINT)
            results.append(target.result)


def line_of(result):
    return (f"{result.name}: {result.executions:,} executions, {result.rate:,}/s, {result.edges} edges, "
            f"{result.inputs} inputs")


def tell(target):
    result = target.result
    say(f"   {line_of(result)}: {'FAILED' if result.findings else 'ok'}")
    for finding in result.findings:
        say(target.text()[-4000:])
        if Path(finding).is_file():
            say(f"   replay it: build/fuzz/bin/fuzz_{result.name} {shown(finding)}")
        else:
            say(f"   {finding}")


def table(results):
    return markdown_table(
        ("target", "executions", "a second", "edges", "features", "seeds", "corpus", "findings"),
        [(f"`{result.name}`", f"{result.executions:,}", f"{result.rate:,}", result.edges, result.features, result.seeds,
          result.inputs, len(result.findings)) for result in sorted(results, key=lambda each: each.name)])


def record(results, options, built_of):
    """Writes docs/evidence/fuzz.md."""
    cache = (BUILT / "CMakeCache.txt").read_text()
    compiler = re.search(r"^DTI_CLANGXX:FILEPATH=(.*)$", cache, re.MULTILINE)[1]
    version = subprocess.check_output([compiler, "--version"], text=True).splitlines()[0]
    write_evidence(
        "fuzz", "Fuzzing: the last recorded run", built_of,
        f"fuzz --seconds={options.seconds} --jobs={options.jobs} --seed={options.seed}",
        [f"The compiler is {version}, with address and undefined-behaviour sanitizers. An input has at most "
         f"{INPUT_BYTES_MAX}", "bytes. What the targets claim is in [testing.md](../testing.md#fuzzing).", "",
         *table(results), "", """\
`executions`, `a second`: inputs tried, under the sanitizers. `edges`, `features`: libFuzzer's `cov` and `ft`, of the
target with all that is linked into it and instrumented. `seeds`: files in `tests/fuzz/corpus`. `corpus`: inputs that
libFuzzer held at the end, seeds and finds of earlier runs among them. `findings`: inputs that broke a claim."""])


def read_options():
    parser = new_parser("fuzz", __doc__)
    parser.add_argument("--seconds", type=whole_number(1), default=600, metavar="N",
                        help="of each target; default: 600")
    parser.add_argument("--jobs", type=whole_number(1), default=os.cpu_count(), metavar="N",
                        help="targets at a time; default: one a processor")
    parser.add_argument("--only", default="", metavar="TARGET,...", help="some targets; default: all")
    parser.add_argument("--seed", type=whole_number(1), default=int(time.time()), metavar="N",
                        help="of libFuzzer; default: a new one")
    parser.add_argument("--minimize", action="store_true",
                        help="then leave in corpus/TARGET only what covers more than tests/fuzz/corpus does")
    parser.add_argument("--record", action="store_true", help="write docs/evidence/fuzz.md")
    options = parser.parse_args()
    options.names = options.only.split(",") if options.only else target_names()
    if unknown := set(options.names) - set(target_names()):
        parser.error(f"no such target: {', '.join(sorted(unknown))} (they are: {', '.join(target_names())})")
    if options.record and options.only:
        parser.error("--record is for all targets, and so without --only")
    return options


def main(options):
    built_of = build("fuzz", "test")
    say(f"== {len(options.names)} targets, {options.seconds} s each, {options.jobs} at a time, seed {options.seed}")
    results = []
    status = 0
    try:
        fuzz(options.names, options.seconds, options.jobs, options.seed, results)
        if options.minimize:
            for name in options.names:
                Target(name, options.seconds, options.seed).minimize()
    except Stopped as stopped:
        say(f"\n{stopped}; the next run continues from build/fuzz/corpus")
        status = stopped.exit_status
    say("\n".join(table(results)))
    if options.record and status == 0:
        record(results, options, built_of)
    return status or (FOUND if any(result.findings for result in results) else 0)


if __name__ == "__main__":
    run_command("fuzz", read_options, main)
